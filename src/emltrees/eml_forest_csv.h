/** Reads a tree ensemble from CSV, in pieces of any size: emlearn's files, and emlmpy's own.

emlearn's file, as convert(model, method='loadable').save(format='csv') writes it:

    f,64                    features
    c,10                    classes; 0: a regressor
    lb,0                    leaf bits: 0 hard vote, 2 to 8 soft vote, 32 values
    l,7                     a leaf: its class (hard vote), its value (32 bits), or
    l,[  0 127 128]         the classes' proportions, 255 is all; may go on over several lines
    r,140                   a tree: the number of its root node
    n,36,4.5,1,-3           a node: feature, threshold, left child, right child

Its older files have no lb row, and a hard vote. emlmpy's file starts with v,2 and has more rows, in
this order:

    v,2  k,<kind>  q,<feature type>
    m,<trees>,<nodes>,<leaves>,<bytes of a threshold>,<bytes of a link>,<bytes of labels>
    then f, c, lb as above
    yi,<int> or ys,<text>   label of each class; or none
    s,<scale>,<offset>      of each feature; or none
    b,<value>               start of each sum, or the two constants of an isolation forest
    l, r and n rows, and    e,<nodes>
    crc,<8 hex digits>      CRC-32 of all rows before, each with one LF, as the last

Version 1, which starts with v,1, has only three numbers in row m and no row crc.

Left means feature <= threshold. A child above 0 is that many nodes ahead, a child below 0 is leaf
-child - 1. Rows that start with ? are passed over. Lines end in LF or CRLF; the last needs no end.
A line has at most 127 bytes, but for rows that start with ? and leaves of proportions.

Everything is checked here, once: after EML_FOREST_OK from eml_forest_csv_end, prediction cannot
leave the arrays and cannot loop. A file that is cut anywhere is an error; only emlearn's format
cannot show a cut inside its very last number.

Memory: in version 2 each array is allocated once, at its size. Files without these numbers, and
those of unknown length, make arrays grow as their rows arrive.
*/
#ifndef EML_FOREST_CSV_H
#define EML_FOREST_CSV_H

#include "eml_forest.h"
#include "eml_forest_bin.h"
#include "eml_forest_error.h"

#define EML_FOREST_LINE_MAX 127
#define EML_FOREST_CSV_VERSION 2

/** Resizes memory like realloc; to 0 bytes, frees it and returns NULL. Does not return when there
is no memory: it raises or jumps, after which the forest still has all its arrays and no trees. */
typedef void *(*EmlForestResize)(void *memory, size_t bytes);

// The kinds of rows in the order in which a file has them, each as its letter; . is lb, # is crc.
#define EML_FOREST_ROWS "vkqmfc.ysblrne#"
enum {
    EML_FOREST_ROW_VERSION,
    EML_FOREST_ROW_KIND,
    EML_FOREST_ROW_TYPE,
    EML_FOREST_ROW_COUNTS,
    EML_FOREST_ROW_FEATURES,
    EML_FOREST_ROW_CLASSES,
    EML_FOREST_ROW_LEAF_BITS,
    EML_FOREST_ROW_LABEL,
    EML_FOREST_ROW_SCALE,
    EML_FOREST_ROW_BASE,
    EML_FOREST_ROW_LEAF,
    EML_FOREST_ROW_ROOT,
    EML_FOREST_ROW_NODE,
    EML_FOREST_ROW_END,
    EML_FOREST_ROW_CRC,
};

typedef struct EmlForestCsv {
    // What is near the start takes fewer bytes of Thumb-1 code.
    int8_t row;      // kind of the row read last, -1 before the first
    uint8_t version; // 0: emlearn's; else limit is what the file must hold
    bool in_leaf;    // inside the brackets of a soft leaf
    uint8_t length;  // of text
    uint8_t counted; // so many bytes of text are in the CRC already
    uint16_t n_labels;
    uint16_t n_scales;
    uint16_t n_proportions; // known of the soft leaf being read
    uint16_t label_bytes;   // of version 2, as row m says
    EmlForest *forest;
    EmlForestResize resize;
    uint32_t line;     // number of the line being read, from 1
    uint32_t furthest; // highest node that a root or a child has named so far
    uint32_t limit[3]; // of trees, nodes and leaves
    uint32_t n_trees;
    uint32_t file_bytes;                  // 0: unknown
    uint32_t capacity[EML_FOREST_ARRAYS]; // bytes
    EmlCrc crc;
    char text[EML_FOREST_LINE_MAX + 1];
} EmlForestCsv;

/** Empties the forest and starts reading a file into it.

The forest's arrays must be NULL or come from `resize`. file_bytes is the length of the file, 0 if
that is unknown. max_* limit what the file may hold. Until eml_forest_csv_end returns EML_FOREST_OK
the forest has no trees. */
static inline void eml_forest_csv_begin(EmlForestCsv *csv, EmlForest *forest,
                                        EmlForestResize resize, size_t file_bytes,
                                        uint32_t max_trees, uint32_t max_nodes,
                                        uint32_t max_leaves) {
    // Field by field: the reader and the forest need no memset, which a module would have to bring.
    csv->forest = forest;
    csv->resize = resize;
    csv->file_bytes = (uint32_t)file_bytes;
    eml_crc_begin(&csv->crc);
    for (uint32_t i = 0; i < EML_FOREST_ARRAYS; i++) {
        csv->capacity[i] = 0;
        forest->array[i] = resize((void *)forest->array[i], 0);
    }
    csv->line = 1;
    csv->furthest = 0;
    csv->limit[0] = max_trees;
    csv->limit[1] = max_nodes;
    csv->limit[2] = max_leaves;
    csv->n_trees = 0;
    csv->n_labels = 0;
    csv->n_scales = 0;
    csv->row = -1;
    csv->version = 0;
    csv->in_leaf = false;
    csv->length = 0;
    csv->counted = 0;
    forest->n_nodes = 0;
    forest->n_trees = 0;
    forest->n_leaves = 0;
    forest->label_bytes = 0;
    forest->leaf_bits = 0;
    forest->feature_type = EML_FOREST_INT16;
    forest->threshold_bytes = 1;
    forest->link_bytes = 1;
    forest->n_base = 0;
    forest->has_scale = 0;
}

// The bytes of an array of the whole file, as row m counts its items; of version 2.
static uint32_t eml_forest_csv_whole(const EmlForestCsv *csv, uint32_t which) {
    uint32_t items = csv->limit[1];
    if (which == EML_FOREST_ROOT) {
        items = csv->limit[0];
    } else if (which == EML_FOREST_LEAF) {
        items = csv->limit[2];
    } else if (which == EML_FOREST_BASE) {
        items = eml_forest_needed_base(csv->forest);
    } else if (which == EML_FOREST_SCALE) {
        items = csv->forest->n_features;
    } else if (which == EML_FOREST_LABEL) {
        items = csv->label_bytes;
    }
    return items * eml_forest_item_bytes(csv->forest, which);
}

// Makes an array hold so many bytes. Where it is unknown how many will follow, some are taken to
// spare, so that a file is read in few steps.
EML_FOREST_NOINLINE void eml_forest_csv_grow(EmlForestCsv *csv, uint32_t which, uint32_t bytes) {
    const uint8_t **array = &csv->forest->array[which];
    uint32_t capacity = bytes + bytes / 4 + 16;
    if (csv->version == EML_FOREST_CSV_VERSION) {
        const uint32_t whole = eml_forest_csv_whole(csv, which);
        if (csv->file_bytes != 0 || capacity > whole) {
            capacity = whole;
        }
    }
    *array = csv->resize((void *)*array, capacity);
    csv->capacity[which] = capacity;
}

// Makes room for `more` bytes behind `used`, and returns where they go.
static inline uint8_t *eml_forest_csv_room(EmlForestCsv *csv, uint32_t which, uint32_t used,
                                           uint32_t more) {
    if (used + more > csv->capacity[which]) {
        eml_forest_csv_grow(csv, which, used + more);
    }
    return (uint8_t *)csv->forest->array[which] + used;
}

static void eml_forest_csv_put(uint8_t *at, uint32_t bytes, uint32_t value) {
    for (; bytes > 0; bytes--) {
        *at++ = (uint8_t)value;
        value >>= 8;
    }
}

// Gives an array of single bytes two bytes an item; adds `more` to those that are at least `from`.
static void eml_forest_csv_widen(EmlForestCsv *csv, uint32_t which, uint32_t items, uint32_t from,
                                 uint32_t more) {
    uint8_t *array = eml_forest_csv_room(csv, which, 0, 2 * items);
    for (uint32_t i = items; i-- > 0;) { // from the end, because both share the memory
        const uint32_t value = array[i];
        eml_forest_csv_put(array + 2 * i, 2, value >= from ? value + more : value);
    }
}

// A decimal number as it stands in the file.
typedef struct EmlForestNumber {
    uint32_t digits;  // the first 9 or 10 digits
    int32_t exponent; // the number is digits * 10^exponent, without its sign
    uint32_t whole;   // the digits before the point, at most 429496729x
    bool fraction;    // whether a digit behind the point is not 0
    bool negative;
} EmlForestNumber;

// Reads a number and moves `at` behind it.
static bool eml_forest_csv_number(const char **at, EmlForestNumber *number) {
    const char *text = *at;
    uint32_t digits = 0, whole = 0;
    int32_t exponent = 0;
    bool fraction = false, any = false, point = false;
    number->negative = *text == '-';
    text += number->negative;
    for (;;) {
        for (uint32_t digit; (digit = (uint32_t)(*text - '0')) <= 9; text++) {
            any = true;
            if (digits < UINT32_MAX / 10) {
                digits = 10 * digits + digit;
                exponent -= point;
            } else {
                exponent += !point;
            }
            fraction |= point && digit != 0;
        }
        if (point) {
            break;
        }
        whole = digits;
        if (*text != '.') {
            break;
        }
        point = true;
        text++;
    }
    if (*text == 'e' && any) {
        // Writers use this below 1e-4 and above 1e5, with one digit before the point.
        text++;
        const bool small = *text == '-';
        text += small || *text == '+';
        int32_t power = 0;
        any = false;
        for (; *text >= '0' && *text <= '9' && power < 1000; text++) {
            power = 10 * power + (*text - '0');
            any = true;
        }
        any &= whole <= 9 && power > 4;
        exponent += small ? -power : power;
        fraction = small && digits != 0;
        whole = small || digits == 0 ? 0 : UINT32_MAX;
        point = true;
    }
    number->digits = digits;
    number->exponent = exponent;
    number->whole = whole;
    number->fraction = fraction;
    *at = text;
    return any;
}

// Reads a whole number between low and high. Not by eml_forest_csv_number: most numbers of a file
// are whole, and this takes half the instructions.
EML_FAST static bool eml_forest_csv_integer(const char **at, int32_t low, int32_t high,
                                            int32_t *value) {
    const char *text = *at;
    const bool negative = *text == '-';
    text += negative;
    const char *const first = text;
    int32_t whole = 0;
    for (uint32_t digit; (digit = (uint32_t)(*text - '0')) <= 9; text++) {
        if (whole >= 0x7fffffff / 10) {
            return false;
        }
        whole = 10 * whole + (int32_t)digit;
    }
    *value = negative ? -whole : whole;
    *at = text;
    return text != first && *text != '.' && *value >= low && *value <= high;
}

#if EML_FOREST_VALUES
// The bits of the float32 nearest to a number; false if it is too large for one.
static bool eml_forest_csv_float(const EmlForestNumber *number, int32_t *bits) {
    uint64_t fraction = number->digits; // times 2^power is the number, so far as it goes
    int32_t power = 63 + 127;
    int32_t exponent = number->exponent;
    if (fraction == 0 || exponent < -80) {
        *bits = 0;
        return true;
    }
    if (exponent > 40) {
        return false;
    }
    for (;;) {
        while (fraction >> 63 == 0) {
            fraction <<= 1;
            power--;
        }
        if (exponent > 0) { // times 10 / 16
            fraction = (fraction >> 1) + (fraction >> 3);
            power += 4;
            exponent--;
        } else if (exponent < 0) { // times 8 / 10
            fraction = (fraction >> 1) + (fraction >> 2);
            fraction += fraction >> 4;
            fraction += fraction >> 8;
            fraction += fraction >> 16;
            fraction += fraction >> 32;
            power -= 3;
            exponent++;
        } else {
            break;
        }
    }
    for (; power < 1; power++) { // below the normal range there are fewer digits
        fraction >>= 1;
    }
    const bool normal = fraction >> 63 != 0;
    const uint32_t rounded = (uint32_t)((fraction + ((uint64_t)1 << 39)) >> 40);
    // A carry out of 64 bits leaves 0 there, and adds 1 to the exponent.
    const uint32_t carry = normal && rounded >> 23 == 0 ? 1u << 24 : 0;
    const uint32_t result = ((uint32_t)(power - 1) << 23) + rounded + carry;
    *bits = (int32_t)(number->negative ? result | 0x80000000u : result);
    return result < 0x7f800000;
}

// Reads a float32 into the next 4 bytes of an array.
static EmlForestError eml_forest_csv_value(EmlForestCsv *csv, const char **at, uint32_t which,
                                           uint32_t used) {
    EmlForestNumber number;
    int32_t bits;
    if (!eml_forest_csv_number(at, &number) || !eml_forest_csv_float(&number, &bits)) {
        return EML_FOREST_BAD_NUMBER;
    }
    eml_forest_csv_put(eml_forest_csv_room(csv, which, used, 4), 4, (uint32_t)bits);
    return EML_FOREST_OK;
}

#endif

// Reads what row m says.
static EmlForestError eml_forest_csv_counts(EmlForestCsv *csv, const char **at) {
    EmlForest *self = csv->forest;
    int32_t count[6];
    const uint32_t n = csv->version == 1 ? 3 : 6;
    for (uint32_t i = 0; i < n; i++) {
        if ((i > 0 && *(*at)++ != ',') ||
            !eml_forest_csv_integer(at, i < 5, EML_FOREST_MAX_COUNT, &count[i])) {
            return EML_FOREST_BAD_NUMBER;
        }
        if (i < 3) {
            if ((uint32_t)count[i] > csv->limit[i]) {
                return EML_FOREST_TOO_MANY;
            }
            csv->limit[i] = (uint32_t)count[i];
        }
    }
    if (n == 6) {
        self->threshold_bytes = (uint8_t)count[3];
        self->link_bytes = (uint8_t)count[4];
        csv->label_bytes = (uint16_t)count[5];
        if (count[3] > 4 || count[4] > 2 || !eml_forest_widths_are_good(self)) {
            return EML_FOREST_BAD_NUMBER;
        }
    }
    return EML_FOREST_OK;
}

// The header is known but for labels, scale and base: refuses at once what it cannot be, and
// promises of more than the file can hold. A row is no shorter than what becomes of it, but for a
// scale's.
static EmlForestError eml_forest_csv_check_header(const EmlForestCsv *csv) {
    if (!eml_forest_head_is_good(csv->forest)) {
        return EML_FOREST_BAD_HEADER;
    }
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < EML_FOREST_FILED && csv->version == EML_FOREST_CSV_VERSION; i++) {
        bytes += i == EML_FOREST_SCALE ? 0 : eml_forest_csv_whole(csv, i);
    }
    return csv->file_bytes != 0 && bytes > csv->file_bytes ? EML_FOREST_INCOMPLETE : EML_FOREST_OK;
}

// The label of a class.
static EmlForestError eml_forest_csv_label(EmlForestCsv *csv, const char **at) {
    EmlForest *self = csv->forest;
    const char kind = (*at)[-2];
    const char *text = *at;
    const uint32_t length = (uint32_t)(csv->text + csv->length - text);
    if (kind == 'i') {
        const char *digit = text + (*text == '-');
        const char *const first = digit;
        while ((uint32_t)(*digit - '0') <= 9) {
            digit++;
        }
        if (digit == first || digit > first + 10 || *digit != '\0') {
            return EML_FOREST_BAD_LABEL;
        }
    }
    if (++csv->n_labels > self->n_classes || (csv->version == EML_FOREST_CSV_VERSION &&
                                              self->label_bytes + length + 2 > csv->label_bytes)) {
        return EML_FOREST_BAD_LABEL;
    }
    uint8_t *label = eml_forest_csv_room(csv, EML_FOREST_LABEL, self->label_bytes, length + 2);
    *label++ = (uint8_t)kind;
    for (; *text != '\0'; text++) {
        *label++ = (uint8_t)*text;
    }
    *label = 0;
    *at = text;
    self->label_bytes = (uint16_t)(self->label_bytes + length + 2);
    return EML_FOREST_OK;
}

// The rows before the leaves.
static EmlForestError eml_forest_csv_header(EmlForestCsv *csv, int32_t row, const char **at) {
    EmlForest *self = csv->forest;
    if (row == EML_FOREST_ROW_COUNTS) {
        return eml_forest_csv_counts(csv, at);
    }
    if (row == EML_FOREST_ROW_LABEL) {
        return eml_forest_csv_label(csv, at);
    }
#if EML_FOREST_VALUES
    if (row == EML_FOREST_ROW_SCALE) {
        const uint32_t used = 8u * csv->n_scales++;
        if (csv->n_scales > self->n_features) {
            return EML_FOREST_BAD_HEADER;
        }
        const EmlForestError error = eml_forest_csv_value(csv, at, EML_FOREST_SCALE, used);
        if (error != EML_FOREST_OK || *(*at)++ != ',') {
            return EML_FOREST_BAD_NUMBER;
        }
        return eml_forest_csv_value(csv, at, EML_FOREST_SCALE, used + 4);
    }
    if (row == EML_FOREST_ROW_BASE) {
        if (self->n_base == eml_forest_needed_base(self)) {
            return EML_FOREST_BAD_HEADER;
        }
        return eml_forest_csv_value(csv, at, EML_FOREST_BASE, 4u * self->n_base++);
    }
#else
    if (row == EML_FOREST_ROW_SCALE || row == EML_FOREST_ROW_BASE) {
        return EML_FOREST_BAD_HEADER;
    }
#endif
    int32_t value;
    if (!eml_forest_csv_integer(at, row == EML_FOREST_ROW_FEATURES, 255, &value)) {
        return EML_FOREST_BAD_NUMBER;
    }
    const uint8_t small = (uint8_t)value;
    if (row == EML_FOREST_ROW_VERSION) {
        csv->version = small;
        return value - 1u < EML_FOREST_CSV_VERSION ? EML_FOREST_OK : EML_FOREST_BAD_VERSION;
    }
    if (row == EML_FOREST_ROW_KIND) {
        self->kind = small;
    } else if (row == EML_FOREST_ROW_TYPE) {
        self->feature_type = small;
        self->threshold_bytes = value == EML_FOREST_FLOAT32 ? 4 : 1;
    } else if (row == EML_FOREST_ROW_FEATURES) {
        self->n_features = small;
    } else if (row == EML_FOREST_ROW_CLASSES) {
        self->n_classes = small;
        if (csv->version == 0) {
            self->kind = value == 0 ? EML_FOREST_MEAN : EML_FOREST_VOTE;
        }
    } else {
        // All soft leaves of emlearn are bytes, whatever number of steps they have.
        self->leaf_bits = value >= 2 && value < 8 ? 8 : small;
        return eml_forest_csv_check_header(csv);
    }
    return EML_FOREST_OK;
}

// Reads proportions up to the end of the line or of the leaf.
static EmlForestError eml_forest_csv_proportions(EmlForestCsv *csv, const char **at) {
    EmlForest *self = csv->forest;
    uint8_t *leaf = (uint8_t *)self->array[EML_FOREST_LEAF] + self->n_leaves * self->n_classes;
    for (;; (*at)++) {
        if (**at == '\0') {
            return EML_FOREST_OK;
        }
        if (**at == ']') {
            (*at)++;
            csv->in_leaf = false;
            self->n_leaves++;
            return csv->n_proportions == self->n_classes ? EML_FOREST_OK : EML_FOREST_BAD_LEAF;
        }
        if (**at == ' ') {
            continue;
        }
        int32_t value;
        if (!eml_forest_csv_integer(at, 0, 255, &value) || csv->n_proportions == self->n_classes) {
            return EML_FOREST_BAD_LEAF;
        }
        leaf[csv->n_proportions++] = (uint8_t)value;
        (*at)--;
    }
}

static EmlForestError eml_forest_csv_leaf(EmlForestCsv *csv, const char **at) {
    EmlForest *self = csv->forest;
    if (self->n_leaves == csv->limit[2]) {
        return EML_FOREST_TOO_MANY;
    }
#if EML_FOREST_VALUES
    if (self->leaf_bits == 32) {
        return eml_forest_csv_value(csv, at, EML_FOREST_LEAF, 4u * self->n_leaves++);
    }
#endif
    if (self->leaf_bits == 8) {
        if (*(*at)++ != '[') {
            return EML_FOREST_BAD_LEAF;
        }
        const uint32_t used = (uint32_t)self->n_leaves * self->n_classes;
        (void)eml_forest_csv_room(csv, EML_FOREST_LEAF, used, self->n_classes);
        csv->in_leaf = true;
        csv->n_proportions = 0;
        return eml_forest_csv_proportions(csv, at);
    }
    // A hard vote's leaves are needed while the file is read, to turn links to them into classes.
    int32_t value;
    if (!eml_forest_csv_integer(at, 0, self->n_classes - 1, &value)) {
        return EML_FOREST_BAD_LEAF;
    }
    *eml_forest_csv_room(csv, EML_FOREST_LEAF, self->n_leaves++, 1) = (uint8_t)value;
    return EML_FOREST_OK;
}

static EmlForestError eml_forest_csv_root(EmlForestCsv *csv, const char **at) {
    if (csv->n_trees == csv->limit[0]) {
        return EML_FOREST_TOO_MANY;
    }
    int32_t node;
    if (!eml_forest_csv_integer(at, 0, (int32_t)csv->limit[1] - 1, &node)) {
        return EML_FOREST_BAD_NUMBER;
    }
    eml_forest_csv_put(eml_forest_csv_room(csv, EML_FOREST_ROOT, 2 * csv->n_trees++, 2), 2,
                       (uint32_t)node);
    if ((uint32_t)node > csv->furthest) {
        csv->furthest = (uint32_t)node;
    }
    return EML_FOREST_OK;
}

// Reads a threshold t. For integers: floor(t) + 1, so that x < threshold is x <= t; 32768 or more
// means that all go left. For float32: its key + 1.
static bool eml_forest_csv_threshold(const EmlForestCsv *csv, const char **at, int32_t *threshold) {
    const EmlForest *self = csv->forest;
    if (csv->version != 0 && self->feature_type != EML_FOREST_FLOAT32) {
        // In emlmpy's files these are whole numbers, which take a third of the time.
        const int32_t low = self->feature_type == EML_FOREST_UINT8 ? -1 : -32769;
        const char *text = *at;
        if (eml_forest_csv_integer(&text, low, 32767, threshold)) {
            *at = text;
            ++*threshold;
            return true;
        }
    }
    EmlForestNumber number;
    if (!eml_forest_csv_number(at, &number)) {
        return false;
    }
#if EML_FOREST_VALUES
    if (self->feature_type == EML_FOREST_FLOAT32) {
        if (!eml_forest_csv_float(&number, threshold)) {
            return false;
        }
        *threshold = eml_forest_key(*threshold) + 1;
        return true;
    }
#endif
    int32_t whole = number.whole > 40000 ? 40000 : (int32_t)number.whole;
    whole = (number.negative ? -whole - number.fraction : whole) + 1; // floor(-2.5) is -3
    const int32_t low = self->feature_type == EML_FOREST_UINT8 ? 0 : -32768;
    *threshold = whole < low ? low : whole;
    return true;
}

// Reads a child and checks it: a jump ahead, or -1 - leaf (hard vote: the leaf's class).
static EmlForestError eml_forest_csv_child(EmlForestCsv *csv, const char **at, int32_t *child) {
    const EmlForest *self = csv->forest;
    if (*(*at)++ != ',' || !eml_forest_csv_integer(at, -70000, 70000, child)) {
        return EML_FOREST_BAD_NUMBER;
    }
    if (*child > 0) {
        const uint32_t target = (uint32_t)*child + self->n_nodes;
        if (target > csv->furthest) {
            csv->furthest = target;
        }
        return target < csv->limit[1] ? EML_FOREST_OK : EML_FOREST_TOO_MANY;
    }
    const uint32_t leaf = (uint32_t)(-1 - *child);
    if (leaf >= self->n_leaves) { // 0 is not a leaf either
        return EML_FOREST_BAD_CHILD;
    }
    if (self->leaf_bits == 0) {
        *child = -1 - self->array[EML_FOREST_LEAF][leaf];
    }
    return EML_FOREST_OK;
}

static EmlForestError eml_forest_csv_node(EmlForestCsv *csv, const char **at) {
    EmlForest *self = csv->forest;
    const uint32_t node = self->n_nodes;
    int32_t feature, threshold, child[2];
    if (node == csv->limit[1]) {
        return EML_FOREST_TOO_MANY;
    }
    if (!eml_forest_csv_integer(at, 0, 70000, &feature) || *(*at)++ != ',' ||
        !eml_forest_csv_threshold(csv, at, &threshold)) {
        return EML_FOREST_BAD_NUMBER;
    }
    if (feature >= self->n_features) {
        return EML_FOREST_BAD_FEATURE;
    }
    for (uint32_t side = 0; side < 2; side++) {
        const EmlForestError error = eml_forest_csv_child(csv, at, &child[side]);
        if (error != EML_FOREST_OK) {
            return error;
        }
    }
    const int32_t highest = self->feature_type == EML_FOREST_INT16   ? 32767
                            : self->feature_type == EML_FOREST_UINT8 ? 255
                                                                     : 0x7fffffff;
    if (threshold > highest) {
        // All values go left, which the threshold has no room to say.
        child[1] = child[0];
        threshold = 0;
    }
    const bool fixed = csv->version == EML_FOREST_CSV_VERSION;
    if (self->threshold_bytes == 1 && (threshold < 0 || threshold > 255)) {
        if (fixed) {
            return EML_FOREST_BAD_NUMBER;
        }
        eml_forest_csv_widen(csv, EML_FOREST_THRESHOLD, node, 256, 0);
        self->threshold_bytes = 2;
    }
    const int32_t jump = child[0] > child[1] ? child[0] : child[1];
    if (jump >= (int32_t)self->first_leaf && self->link_bytes == 1 && !fixed) {
        // Too far for a byte. Links to leaves move to the end of the new range.
        eml_forest_csv_widen(csv, EML_FOREST_LINK, 2 * node, self->first_leaf, 65536 - 256);
        self->first_leaf += 65536 - 256;
        self->link_bytes = 2;
    }
    if (jump >= (int32_t)self->first_leaf) {
        return EML_FOREST_TOO_FAR;
    }
    *eml_forest_csv_room(csv, EML_FOREST_FEATURE, node, 1) = (uint8_t)feature;
    uint32_t bytes = self->threshold_bytes;
    eml_forest_csv_put(eml_forest_csv_room(csv, EML_FOREST_THRESHOLD, node * bytes, bytes), bytes,
                       (uint32_t)threshold);
    bytes = self->link_bytes;
    uint8_t *link = eml_forest_csv_room(csv, EML_FOREST_LINK, 2 * node * bytes, 2 * bytes);
    for (uint32_t side = 0; side < 2; side++) {
        eml_forest_csv_put(link + side * bytes, bytes,
                           child[side] > 0 ? (uint32_t)child[side]
                                           : self->first_leaf - 1 - (uint32_t)child[side]);
    }
    self->n_nodes++;
    return EML_FOREST_OK;
}

// All leaves are known: decides which links will mean them. False if there are too many for links
// of the width that row m gives.
static bool eml_forest_csv_place_leaves(EmlForestCsv *csv) {
    EmlForest *self = csv->forest;
    const uint32_t n_leaves = self->leaf_bits == 0 ? self->n_classes : self->n_leaves;
    if (csv->version != EML_FOREST_CSV_VERSION) {
        self->link_bytes = n_leaves < 256 ? 1 : 2;
    }
    self->first_leaf = (self->link_bytes == 1 ? 256 : 65536) - n_leaves;
    return self->link_bytes == 2 || n_leaves < 256;
}

// Whether the row in csv->text is the checksum, and right. The rows before it are in csv->crc.
static bool eml_forest_csv_is_right(const EmlForestCsv *csv) {
    const uint32_t crc = eml_crc_value(&csv->crc);
    const char *name = "crc,";
    for (uint32_t i = 0; i < 12; i++) {
        const uint32_t digit = crc >> ((44 - 4 * i) & 31) & 15;
        const char expected =
            (char)(i < 4 ? (uint32_t)name[i] : digit + (digit < 10 ? '0' : 'a' - 10));
        if (csv->text[i] != expected) {
            return false;
        }
    }
    return csv->length == 12;
}

// Adds the first bytes of csv->text to the CRC, but for those that it has.
static void eml_forest_csv_count(EmlForestCsv *csv, uint32_t bytes) {
    if (csv->version == EML_FOREST_CSV_VERSION || csv->row < 0) {
        eml_crc_add(&csv->crc, csv->text + csv->counted, bytes - csv->counted);
    }
    csv->counted = 0;
}

// Finds out what kind of row begins at `at`, which is moved to the last letter of its name, and
// whether it may come next.
static EmlForestError eml_forest_csv_kind(EmlForestCsv *csv, const char **at) {
    const char *rows = EML_FOREST_ROWS;
    int8_t row = 0;
    while (row < EML_FOREST_ROW_CRC && rows[row] != **at) {
        row++;
    }
    if (row == EML_FOREST_ROW_LEAF && (*at)[1] == 'b') {
        row = EML_FOREST_ROW_LEAF_BITS;
    }
    *at += row == EML_FOREST_ROW_LEAF_BITS ||
           (row == EML_FOREST_ROW_LABEL && ((*at)[1] == 'i' || (*at)[1] == 's'));
    const int8_t last = csv->row;
    const bool again = row == last && row >= EML_FOREST_ROW_LABEL && row < EML_FOREST_ROW_END;
    const bool next = row == last + 1 || (last < 0 && row == EML_FOREST_ROW_FEATURES);
    // emlearn's older files have no lb row.
    const bool old = csv->version == 0 && last == EML_FOREST_ROW_CLASSES;
    const bool skipped =
        (last >= EML_FOREST_ROW_LEAF_BITS || old) && last < row && row <= EML_FOREST_ROW_LEAF;
    if (row >= EML_FOREST_ROW_CRC || !(again || next || skipped) || **at == '\0') {
        return EML_FOREST_BAD_ROW;
    }
    csv->row = row;
    if (old && row == EML_FOREST_ROW_LEAF && !eml_forest_head_is_good(csv->forest)) {
        return EML_FOREST_BAD_HEADER;
    }
    if (row == EML_FOREST_ROW_NODE && !again && !eml_forest_csv_place_leaves(csv)) {
        return EML_FOREST_TOO_FAR;
    }
    return EML_FOREST_OK;
}

// Reads what csv->text holds of a row.
EML_FOREST_NOINLINE EmlForestError eml_forest_csv_parse(EmlForestCsv *csv) {
    csv->text[csv->length] = '\0';
    const char *at = csv->text;
    EmlForestError error = EML_FOREST_OK;
    if (csv->in_leaf) {
        error = eml_forest_csv_proportions(csv, &at);
    } else if (*at == '?') {
        return EML_FOREST_OK;
    } else {
        // Most rows are nodes behind nodes.
        if (csv->row != EML_FOREST_ROW_NODE || *at != 'n') {
            error = eml_forest_csv_kind(csv, &at);
        }
        if (error == EML_FOREST_OK && at[1] != ',') {
            error = EML_FOREST_BAD_ROW;
        }
        at += 2;
        const int8_t row = csv->row;
        if (error != EML_FOREST_OK) {
            return error;
        }
        if (row == EML_FOREST_ROW_NODE) {
            error = eml_forest_csv_node(csv, &at);
        } else if (row < EML_FOREST_ROW_LEAF) {
            error = eml_forest_csv_header(csv, row, &at);
        } else if (row == EML_FOREST_ROW_LEAF) {
            error = eml_forest_csv_leaf(csv, &at);
        } else if (row == EML_FOREST_ROW_ROOT) {
            error = eml_forest_csv_root(csv, &at);
        } else {
            int32_t n_nodes;
            if (csv->version == 0 || !eml_forest_csv_integer(&at, 0, 70000, &n_nodes) ||
                n_nodes != csv->forest->n_nodes) {
                error = EML_FOREST_BAD_NUMBER;
            }
        }
    }
    if (error == EML_FOREST_OK && at != csv->text + csv->length) {
        error = EML_FOREST_BAD_NUMBER;
    }
    return error;
}

// Reads the line in csv->text.
EML_FOREST_NOINLINE EmlForestError eml_forest_csv_line(EmlForestCsv *csv) {
    if (csv->text[csv->length - 1] == '\r') {
        csv->length--;
    }
    if (csv->row == EML_FOREST_ROW_CRC) {
        return EML_FOREST_BAD_ROW;
    }
    if (csv->row == EML_FOREST_ROW_END && csv->version == EML_FOREST_CSV_VERSION &&
        csv->text[0] == 'c') {
        csv->row = EML_FOREST_ROW_CRC;
        return eml_forest_csv_is_right(csv) ? EML_FOREST_OK : EML_FOREST_BAD_CHECKSUM;
    }
    csv->text[csv->length] = '\n';
    eml_forest_csv_count(csv, csv->length + 1u);
    return eml_forest_csv_parse(csv);
}

// Takes what it can out of a full csv->text: all but the first and the last byte of an optional
// row, and the proportions that are whole. The last byte stays, since it may belong to the line
// end.
static EmlForestError eml_forest_csv_spill(EmlForestCsv *csv) {
    char *text = csv->text;
    uint32_t keep = csv->length - 1u;
    if (text[0] == '?' && !csv->in_leaf) {
        eml_forest_csv_count(csv, keep);
        text[1] = text[keep];
        csv->counted = 1;
        csv->length = 2;
        return EML_FOREST_OK;
    }
    do {
        keep--;
    } while (keep > 0 && text[keep] != ' ');
    if (keep == 0 || !(csv->in_leaf || text[2] == '[')) {
        return EML_FOREST_LINE_TOO_LONG;
    }
    const uint32_t length = csv->length;
    csv->length = (uint8_t)keep++;
    eml_forest_csv_count(csv, keep);
    const EmlForestError error = eml_forest_csv_parse(csv);
    if (error != EML_FOREST_OK) {
        return error;
    }
    csv->length = 0;
    while (keep < length) {
        text[csv->length++] = text[keep++];
    }
    return csv->in_leaf ? EML_FOREST_OK : EML_FOREST_LINE_TOO_LONG;
}

/** Ends a line, if there is one to end: for sources that give lines without line ends. */
static inline EmlForestError eml_forest_csv_end_line(EmlForestCsv *csv) {
    if (csv->length == 0) {
        return EML_FOREST_OK;
    }
    const EmlForestError error = eml_forest_csv_line(csv);
    if (error == EML_FOREST_OK) {
        csv->length = 0;
        csv->line++;
    }
    return error;
}

/** Reads the next `length` bytes of the file. After an error, csv->line is the line it is in. */
static inline EmlForestError eml_forest_csv_read(EmlForestCsv *csv, const char *data,
                                                 size_t length) {
    const char *const end = data + length;
    char *to = csv->text + csv->length;
    for (;;) {
        const size_t room = (size_t)(csv->text + EML_FOREST_LINE_MAX - to);
        const char *const stop = (size_t)(end - data) < room ? end : data + room;
        while (data != stop && *data != '\n') {
            *to++ = *data++;
        }
        csv->length = (uint8_t)(to - csv->text);
        if (data == end) {
            return EML_FOREST_OK;
        }
        EmlForestError error = EML_FOREST_BAD_ROW;
        if (*data != '\n') {
            error = eml_forest_csv_spill(csv);
        } else if (data++, to != csv->text) {
            error = eml_forest_csv_end_line(csv);
        }
        if (error != EML_FOREST_OK) {
            return error;
        }
        to = csv->text + csv->length;
    }
}

/** Ends the file. If EML_FOREST_OK, the forest is ready and takes no more memory than it needs. */
static inline EmlForestError eml_forest_csv_end(EmlForestCsv *csv) {
    EmlForest *self = csv->forest;
    EmlForestError error = eml_forest_csv_end_line(csv);
    if (error != EML_FOREST_OK) {
        return error;
    }
    csv->line -= csv->line > 1; // what is missing is missing from the last line on
    const int8_t last = csv->version == 0   ? EML_FOREST_ROW_NODE
                        : csv->version == 1 ? EML_FOREST_ROW_END
                                            : EML_FOREST_ROW_CRC;
    if (csv->row != last || csv->furthest >= self->n_nodes ||
        (csv->version != 0 && (csv->limit[0] != csv->n_trees || csv->limit[1] != self->n_nodes ||
                               csv->limit[2] != self->n_leaves))) {
        return EML_FOREST_INCOMPLETE;
    }
    if (self->leaf_bits == 0) {
        self->n_leaves = 0; // the links hold the classes
    }
    self->has_scale = csv->n_scales > 0;
    if (self->n_base != eml_forest_needed_base(self) ||
        (csv->n_labels != 0 && csv->n_labels != self->n_classes) ||
        (csv->version == EML_FOREST_CSV_VERSION && csv->label_bytes != self->label_bytes) ||
        (csv->n_scales != 0 && csv->n_scales != self->n_features)) {
        return EML_FOREST_INCOMPLETE;
    }
    if (!eml_forest_measure(self, csv->n_trees)) {
        return EML_FOREST_BAD_SUM;
    }
    for (uint32_t i = 0; i < EML_FOREST_ARRAYS; i++) {
        self->n_trees = (uint16_t)csv->n_trees;
        const uint32_t bytes = eml_forest_array_bytes(self, i);
        self->n_trees = 0; // resize may not return
        self->array[i] = csv->resize((void *)self->array[i], bytes);
    }
    self->n_trees = (uint16_t)csv->n_trees;
    return EML_FOREST_OK;
}

#endif // EML_FOREST_CSV_H
