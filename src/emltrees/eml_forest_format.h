/** The numbers of formats/forest.toml, from which `make formats` writes this file. */
#ifndef EML_FOREST_FORMAT_H
#define EML_FOREST_FORMAT_H

// features
#define EML_FOREST_MAX_FEATURES 255
// classes
#define EML_FOREST_MAX_CLASSES 255
// trees, nodes, and leaves
#define EML_FOREST_MAX_COUNT 65000
#define EML_FOREST_MAX_COUNT_TEXT "65000"
// the longest jump from a node to its child, plus the leaves (of a hard vote: the classes)
#define EML_FOREST_MAX_LINKS 65535
// what the proportions of a leaf add up to, but for rounding
#define EML_FOREST_WHOLE 255u
// bytes of a line, but for optional rows and leaves of a soft vote
#define EML_FOREST_LINE_MAX 127
// version of the CSV form
#define EML_FOREST_CSV_VERSION 2
// version of the binary form
#define EML_FOREST_BIN_VERSION 1

/** What the trees' leaves are, and what is made of them. */
enum {
    // classifying tree or forest
    EML_FOREST_VOTE = 0,
    // tree or forest that predicts a number
    EML_FOREST_MEAN = 1,
    // GradientBoosting
    EML_FOREST_BOOST = 2,
    // HistGradientBoosting
    EML_FOREST_BOOST_ABOVE = 3,
    // IsolationForest
    EML_FOREST_ISOLATE = 4,
};

/** Types of features. */
enum {
    // int16
    EML_FOREST_INT16 = 0,
    // uint8
    EML_FOREST_UINT8 = 1,
    // float32
    EML_FOREST_FLOAT32 = 2,
};

/** What a leaf holds, as bits. */
enum {
    // hard vote: the number of a class
    EML_FOREST_HARD = 0,
    // soft vote: the proportion of each class, a byte, 255 is all
    EML_FOREST_SOFT = 8,
    // a float32
    EML_FOREST_NUMBER = 32,
};

// The rows of the text form in their order, each as its letter; . is lb, # is crc.
#define EML_FOREST_ROWS "vkqmfc.ysblrne#"
/** Their numbers. */
enum {
    // v,2
    EML_FOREST_ROW_VERSION = 0,
    // k,<kind>
    EML_FOREST_ROW_KIND = 1,
    // q,<feature type>
    EML_FOREST_ROW_TYPE = 2,
    // m,<trees>,<nodes>,<leaves>,<threshold bytes>,<link bytes>,<label bytes>
    EML_FOREST_ROW_COUNTS = 3,
    // f,<features>
    EML_FOREST_ROW_FEATURES = 4,
    // c,<classes>
    EML_FOREST_ROW_CLASSES = 5,
    // lb,<leaf bits>
    EML_FOREST_ROW_LEAF_BITS = 6,
    // yi,<int> or ys,<text>
    EML_FOREST_ROW_LABEL = 7,
    // s,<scale>,<offset>
    EML_FOREST_ROW_SCALE = 8,
    // b,<value>
    EML_FOREST_ROW_BASE = 9,
    // l,<leaf>
    EML_FOREST_ROW_LEAF = 10,
    // r,<node>
    EML_FOREST_ROW_ROOT = 11,
    // n,<feature>,<threshold>,<left>,<right>
    EML_FOREST_ROW_NODE = 12,
    // e,<nodes>
    EML_FOREST_ROW_END = 13,
    // crc,<8 hex digits>
    EML_FOREST_ROW_CRC = 14,
};

// Offsets. The fields in the head of the model's image, EMLT.
#define EML_FOREST_AT_VERSION 4
#define EML_FOREST_AT_KIND 5
#define EML_FOREST_AT_FEATURE_TYPE 6
#define EML_FOREST_AT_LEAF_BITS 7
#define EML_FOREST_AT_FEATURES 8
#define EML_FOREST_AT_CLASSES 9
#define EML_FOREST_AT_THRESHOLD_BYTES 10
#define EML_FOREST_AT_LINK_BYTES 11
#define EML_FOREST_AT_TREES 12
#define EML_FOREST_AT_NODES 14
#define EML_FOREST_AT_LEAVES 16
#define EML_FOREST_AT_LABEL_BYTES 18
#define EML_FOREST_AT_BASE 20
#define EML_FOREST_AT_HAS_SCALE 21

#endif // EML_FOREST_FORMAT_H
