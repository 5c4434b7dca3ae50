/** Reads a decision-tree ensemble from emlearn's CSV, in pieces of any size.

The file, as emlearn writes it with convert(model, method='loadable').save(format='csv'):

    f,64                    features
    c,10                    classes
    lb,0                    leaf bits: 0 hard vote, 2 to 8 soft vote
    l,7                     a leaf; of a hard vote its class, of a soft vote
    l,[  0 127 128]         the classes' proportions, 255 is all; may go on over several lines
    r,140                   a tree: the number of its root node
    n,36,4.5,1,-3           a node: feature, threshold, left child, right child

Left means feature <= threshold. A child above 0 is that many nodes ahead, a child below 0 is leaf
-child - 1. Lines end in LF or CRLF; the last needs no end. The rows stand in this order.

Everything is checked here: after EML_FOREST_OK from eml_forest_csv_end, prediction cannot leave
the arrays and cannot loop. A file that is cut anywhere is an error, except inside its very last
number, which the format cannot show.
*/
#ifndef EML_FOREST_CSV_H
#define EML_FOREST_CSV_H

#include "eml_forest.h"

#define EML_FOREST_LINE_MAX 127
#define EML_FOREST_MESSAGE_MAX 96

typedef enum EmlForestError {
    EML_FOREST_OK = 0,
    EML_FOREST_NO_MEMORY,
    EML_FOREST_LINE_TOO_LONG,
    EML_FOREST_UNKNOWN_ROW,
    EML_FOREST_ROW_ORDER,
    EML_FOREST_BAD_NUMBER,
    EML_FOREST_FIELD_COUNT,
    EML_FOREST_BAD_FEATURES,
    EML_FOREST_BAD_CLASSES,
    EML_FOREST_BAD_LEAF_BITS,
    EML_FOREST_BAD_LEAF_CLASS,
    EML_FOREST_BAD_PROPORTIONS,
    EML_FOREST_BAD_FEATURE,
    EML_FOREST_BAD_CHILD,
    EML_FOREST_BAD_LEAF,
    EML_FOREST_TOO_MANY_LEAVES,
    EML_FOREST_TOO_MANY_TREES,
    EML_FOREST_TOO_MANY_NODES,
    EML_FOREST_TOO_FAR,
    EML_FOREST_INCOMPLETE,
} EmlForestError;

/** The requirement that an error says was not met. */
static inline const char *eml_forest_error_text(EmlForestError error) {
    // One string in the order of the enum: a table of pointers would cost 4 bytes and a relocation
    // for each text, and xtensawin modules must not hold tables at all.
    const char *text = "ok\0"
                       "memory allocation failed\0"
                       "line must be at most 127 bytes\0"
                       "row must be f, c, lb, l, r or n\0"
                       "rows must be in the order f c lb l r n\0"
                       "number expected\0"
                       "wrong number of fields\0"
                       "features must be 1 to 255\0"
                       "classes must be 1 to 255\0"
                       "leaf bits must be 0 or 2 to 8\0"
                       "leaf class must be below the number of classes\0"
                       "leaf must have a proportion 0 to 255 for each class\0"
                       "feature must be below the number of features\0"
                       "child must be a later node or a leaf\0"
                       "leaf must exist\0"
                       "too many leaves for this model\0"
                       "too many trees for this model\0"
                       "too many nodes for this model\0"
                       "longest jump plus leaves must be below 65536\0"
                       "file is incomplete: a root or child names a node beyond its end";
    for (uint32_t i = 0; i < (uint32_t)error; i++) {
        while (*text++ != '\0') {
        }
    }
    return text;
}

/** Writes "line 12: number expected" for an error to text[EML_FOREST_MESSAGE_MAX]; gives its
 * length.
 */
static inline size_t eml_forest_message(uint32_t line, EmlForestError error, char *text) {
    char digits[10];
    uint32_t n_digits = 0;
    do {
        digits[n_digits++] = (char)('0' + line % 10);
        line /= 10;
    } while (line > 0);
    size_t length = 0;
    for (const char *from = "line "; *from != '\0'; from++) {
        text[length++] = *from;
    }
    while (n_digits > 0) {
        text[length++] = digits[--n_digits];
    }
    text[length++] = ':';
    text[length++] = ' ';
    for (const char *from = eml_forest_error_text(error); *from != '\0'; from++) {
        text[length++] = *from;
    }
    return length;
}

typedef struct EmlForestCsv {
    EmlForest *forest;
    uint32_t line;     // number of the line being read, from 1
    uint32_t furthest; // the highest node that a root or a child has named so far
    uint16_t n_trees;
    uint16_t max_trees;   // what the caller allows
    uint16_t max_nodes;   //
    uint16_t max_leaves;  //
    uint16_t proportions; // how many are known of the soft leaf being read
    uint8_t row;          // kind of the row read last
    bool in_leaf;         // inside the brackets of a soft leaf
    uint8_t length;       // of text
    char text[EML_FOREST_LINE_MAX + 1];
} EmlForestCsv;

// The kinds of rows, in the order in which a file has them.
enum {
    EML_FOREST_ROW_NONE,
    EML_FOREST_ROW_FEATURES,
    EML_FOREST_ROW_CLASSES,
    EML_FOREST_ROW_LEAF_BITS,
    EML_FOREST_ROW_LEAF,
    EML_FOREST_ROW_ROOT,
    EML_FOREST_ROW_NODE,
};

// Makes the array hold `count` items; the `used` items there are stay.
static EmlForestError eml_forest_resize(EmlForest *self, EmlForestArray *array, uint32_t count,
                                        uint32_t used, uint8_t item_bytes) {
    void *items = self->resize(array->items, (size_t)count * item_bytes);
    if (items == NULL && count > 0) {
        return EML_FOREST_NO_MEMORY;
    }
    if (item_bytes > array->item_bytes) {
        // From the end, because both widths share the memory.
        for (uint32_t i = used; i-- > 0;) {
            ((uint16_t *)items)[i] = ((uint8_t *)items)[i];
        }
    }
    array->items = items;
    array->capacity = count;
    array->item_bytes = item_bytes;
    return EML_FOREST_OK;
}

// Makes room for `more` items, and for some to spare, so that a file of unknown size is read in
// few steps. `limit` items are always enough.
static EmlForestError eml_forest_extend(EmlForest *self, EmlForestArray *array, uint32_t used,
                                        uint32_t more, uint32_t limit) {
    uint32_t count = used + more;
    if (count <= array->capacity) {
        return EML_FOREST_OK;
    }
    count += count / 4 + 8;
    return eml_forest_resize(self, array, count < limit ? count : limit, used, array->item_bytes);
}

static void eml_forest_put(EmlForestArray *array, uint32_t index, uint32_t value) {
    if (array->item_bytes == 1) {
        ((uint8_t *)array->items)[index] = (uint8_t)value;
    } else {
        ((uint16_t *)array->items)[index] = (uint16_t)value;
    }
}

// Starts again with items of 1 byte in the same memory.
static void eml_forest_narrow(EmlForestArray *array) {
    if (array->item_bytes == 2) {
        array->capacity *= 2;
    }
    array->item_bytes = 1;
}

/** Gives an empty forest the memory for so many trees and nodes of the smallest kind. */
static inline EmlForestError eml_forest_prepare(EmlForest *self, uint32_t trees, uint32_t nodes) {
    EmlForestError error = eml_forest_resize(self, &self->feature, nodes, 0, 1);
    error |= eml_forest_resize(self, &self->threshold, nodes, 0, 1);
    error |= eml_forest_resize(self, &self->link, 2 * nodes, 0, 1);
    error |= eml_forest_resize(self, &self->root, trees, 0, 2);
    return error;
}

/** Empties the forest and starts reading a file into it.

The forest's arrays keep their memory, which is used again. max_trees, max_nodes and max_leaves
limit what the file may hold; they are at most EML_FOREST_MAX_*. Until eml_forest_csv_end returns
EML_FOREST_OK the forest has no trees. */
static inline void eml_forest_csv_begin(EmlForestCsv *csv, EmlForest *forest, uint32_t max_trees,
                                        uint32_t max_nodes, uint32_t max_leaves) {
    forest->n_trees = 0;
    forest->n_nodes = 0;
    forest->n_leaves = 0;
    forest->feature.item_bytes = 1;
    forest->leaf.item_bytes = 1;
    forest->root.item_bytes = 2;
    eml_forest_narrow(&forest->threshold);
    eml_forest_narrow(&forest->link);
    csv->forest = forest;
    csv->line = 1;
    csv->furthest = 0;
    csv->n_trees = 0;
    csv->max_trees = (uint16_t)max_trees;
    csv->max_nodes = (uint16_t)max_nodes;
    csv->max_leaves = (uint16_t)max_leaves;
    csv->proportions = 0;
    csv->row = EML_FOREST_ROW_NONE;
    csv->in_leaf = false;
    csv->length = 0;
}

// Reads a whole number below 2^31 - 8 in size and moves `at` behind it.
static bool eml_forest_csv_integer(const char **at, int32_t *value) {
    const char *text = *at;
    const bool negative = *text == '-';
    text += negative;
    const char *first = text;
    uint32_t sum = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (sum >= 0x7fffffffu / 10) {
            return false;
        }
        sum = 10 * sum + (uint32_t)(*text - '0');
    }
    *value = negative ? -(int32_t)sum : (int32_t)sum;
    *at = text;
    return text != first;
}

// Reads a decimal number t and moves `at` behind it. Gives floor(t) + 1, limited to -32768..32768,
// which for every int16 x makes x < threshold the same as x <= t.
static bool eml_forest_csv_threshold(const char **at, int32_t *threshold) {
    const char *text = *at;
    const bool negative = *text == '-';
    text += negative;
    // First the shape: where the point is once the exponent has moved it.
    const char *digits = text;
    int32_t n_digits = 0;
    int32_t point = -1;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && point < 0); text++) {
        if (*text == '.') {
            point = n_digits;
        } else {
            n_digits++;
        }
    }
    if (n_digits == 0) {
        return false;
    }
    if (point < 0) {
        point = n_digits;
    }
    if (*text == 'e') {
        int32_t exponent;
        text++;
        text += *text == '+';
        if (!eml_forest_csv_integer(&text, &exponent)) {
            return false;
        }
        // A float64 has no exponent beyond 400, and a line no more than 127 digits.
        if (exponent < -1000 || exponent > 1000) {
            return false;
        }
        point += exponent;
    }
    *at = text;
    int32_t whole = 0;
    bool fraction = false;
    for (int32_t i = 0; i < n_digits || i < point; i++) {
        digits += *digits == '.';
        const int32_t digit = i < n_digits ? *digits++ - '0' : 0;
        if (i >= point) {
            fraction |= digit > 0;
        } else if (whole < 32768) {
            whole = 10 * whole + digit;
        }
    }
    // floor(-2.5) is -3, floor(-2.0) is -2.
    int32_t result = (negative ? -(whole + fraction) : whole) + 1;
    if (result > 32768) {
        result = 32768;
    } else if (result < -32768) {
        result = -32768;
    }
    *threshold = result;
    return true;
}

// Reads proportions up to the end of the line or of the leaf.
static EmlForestError eml_forest_csv_proportions(EmlForestCsv *csv, const char **at) {
    EmlForest *self = csv->forest;
    const uint32_t used = (uint32_t)self->n_leaves * self->n_classes;
    for (;;) {
        while (**at == ' ') {
            (*at)++;
        }
        if (**at == '\0') {
            return EML_FOREST_OK;
        }
        if (**at == ']') {
            (*at)++;
            csv->in_leaf = false;
            self->n_leaves++;
            return csv->proportions == self->n_classes ? EML_FOREST_OK : EML_FOREST_BAD_PROPORTIONS;
        }
        int32_t value;
        if (!eml_forest_csv_integer(at, &value) || value < 0 || value > 255 ||
            csv->proportions == self->n_classes) {
            return EML_FOREST_BAD_PROPORTIONS;
        }
        eml_forest_put(&self->leaf, used + csv->proportions, (uint32_t)value);
        csv->proportions++;
    }
}

static EmlForestError eml_forest_csv_leaf(EmlForestCsv *csv, const char **at) {
    EmlForest *self = csv->forest;
    if (self->n_leaves == csv->max_leaves) {
        return EML_FOREST_TOO_MANY_LEAVES;
    }
    const uint32_t size = self->soft ? self->n_classes : 1;
    const EmlForestError error =
        eml_forest_extend(self, &self->leaf, self->n_leaves * size, size, csv->max_leaves * size);
    if (error != EML_FOREST_OK) {
        return error;
    }
    if (self->soft) {
        if (*(*at)++ != '[') {
            return EML_FOREST_BAD_PROPORTIONS;
        }
        csv->in_leaf = true;
        csv->proportions = 0;
        return eml_forest_csv_proportions(csv, at);
    }
    int32_t value;
    if (!eml_forest_csv_integer(at, &value)) {
        return EML_FOREST_BAD_NUMBER;
    }
    if (value < 0 || value >= self->n_classes) {
        return EML_FOREST_BAD_LEAF_CLASS;
    }
    eml_forest_put(&self->leaf, self->n_leaves, (uint32_t)value);
    self->n_leaves++;
    return EML_FOREST_OK;
}

static EmlForestError eml_forest_csv_root(EmlForestCsv *csv, const char **at) {
    EmlForest *self = csv->forest;
    if (csv->n_trees == csv->max_trees) {
        return EML_FOREST_TOO_MANY_TREES;
    }
    const EmlForestError error =
        eml_forest_extend(self, &self->root, csv->n_trees, 1, csv->max_trees);
    if (error != EML_FOREST_OK) {
        return error;
    }
    int32_t node;
    if (!eml_forest_csv_integer(at, &node) || node < 0) {
        return EML_FOREST_BAD_NUMBER;
    }
    if (node >= csv->max_nodes) {
        return EML_FOREST_TOO_MANY_NODES;
    }
    eml_forest_put(&self->root, csv->n_trees, (uint32_t)node);
    csv->n_trees++;
    if ((uint32_t)node > csv->furthest) {
        csv->furthest = (uint32_t)node;
    }
    return EML_FOREST_OK;
}

// Gives links two bytes. Links to leaves move to the end of the new range.
static EmlForestError eml_forest_widen_links(EmlForest *self) {
    const uint32_t used = 2u * self->n_nodes;
    const EmlForestError error = eml_forest_resize(self, &self->link, self->link.capacity, used, 2);
    if (error != EML_FOREST_OK) {
        return error;
    }
    uint16_t *link = (uint16_t *)self->link.items;
    for (uint32_t i = 0; i < used; i++) {
        if (link[i] >= self->first_leaf) {
            link[i] = (uint16_t)(link[i] + (65536 - 256));
        }
    }
    self->first_leaf += 65536 - 256;
    return EML_FOREST_OK;
}

// All leaves are known: decides which links will mean them.
static EmlForestError eml_forest_place_leaves(EmlForest *self) {
    const uint32_t n_leaves = self->soft ? self->n_leaves : self->n_classes;
    if (n_leaves < 256) {
        self->first_leaf = 256 - n_leaves;
        return EML_FOREST_OK;
    }
    self->first_leaf = 65536 - n_leaves;
    return eml_forest_resize(self, &self->link, self->link.capacity / 2, 0, 2);
}

// Checks a child and turns it into a link.
static EmlForestError eml_forest_csv_child(EmlForestCsv *csv, int32_t child, uint32_t *link) {
    EmlForest *self = csv->forest;
    if (child < 0) {
        uint32_t leaf = (uint32_t)(-(child + 1));
        if (leaf >= self->n_leaves) {
            return EML_FOREST_BAD_LEAF;
        }
        if (!self->soft) {
            leaf = ((const uint8_t *)self->leaf.items)[leaf];
        }
        *link = self->first_leaf + leaf;
        return EML_FOREST_OK;
    }
    if (child == 0) {
        return EML_FOREST_BAD_CHILD;
    }
    const uint32_t target = (uint32_t)child + self->n_nodes;
    if (target >= csv->max_nodes) {
        return EML_FOREST_TOO_MANY_NODES;
    }
    if (target > csv->furthest) {
        csv->furthest = target;
    }
    *link = (uint32_t)child;
    return EML_FOREST_OK;
}

static EmlForestError eml_forest_csv_node(EmlForestCsv *csv, const char **at) {
    EmlForest *self = csv->forest;
    const uint32_t node = self->n_nodes;
    if (node == csv->max_nodes) {
        return EML_FOREST_TOO_MANY_NODES;
    }
    int32_t feature, threshold, left, right;
    if (!eml_forest_csv_integer(at, &feature) || *(*at)++ != ',' ||
        !eml_forest_csv_threshold(at, &threshold) || *(*at)++ != ',' ||
        !eml_forest_csv_integer(at, &left) || *(*at)++ != ',' ||
        !eml_forest_csv_integer(at, &right)) {
        return EML_FOREST_BAD_NUMBER;
    }
    if (feature < 0 || feature >= self->n_features) {
        return EML_FOREST_BAD_FEATURE;
    }
    EmlForestError error = EML_FOREST_OK;
    if (self->link.item_bytes == 1 &&
        (left >= (int32_t)self->first_leaf || right >= (int32_t)self->first_leaf)) {
        error = eml_forest_widen_links(self);
    }
    uint32_t left_link, right_link;
    if (error == EML_FOREST_OK) {
        error = eml_forest_csv_child(csv, left, &left_link);
    }
    if (error == EML_FOREST_OK) {
        error = eml_forest_csv_child(csv, right, &right_link);
    }
    if (error == EML_FOREST_OK &&
        (left >= (int32_t)self->first_leaf || right >= (int32_t)self->first_leaf)) {
        error = EML_FOREST_TOO_FAR;
    }
    if (threshold > 32767) {
        // Every int16 goes left, which the threshold itself has no room to say.
        right_link = left_link;
        threshold = 0;
    }
    if (error == EML_FOREST_OK && self->threshold.item_bytes == 1 &&
        (threshold < 0 || threshold > 255)) {
        error = eml_forest_resize(self, &self->threshold, self->threshold.capacity, node, 2);
    }
    if (error == EML_FOREST_OK) {
        error = eml_forest_extend(self, &self->feature, node, 1, csv->max_nodes);
    }
    if (error == EML_FOREST_OK) {
        error = eml_forest_extend(self, &self->threshold, node, 1, csv->max_nodes);
    }
    if (error == EML_FOREST_OK) {
        error = eml_forest_extend(self, &self->link, 2 * node, 2, 2u * csv->max_nodes);
    }
    if (error != EML_FOREST_OK) {
        return error;
    }
    eml_forest_put(&self->feature, node, (uint32_t)feature);
    eml_forest_put(&self->threshold, node, (uint32_t)threshold);
    eml_forest_put(&self->link, 2 * node, left_link);
    eml_forest_put(&self->link, 2 * node + 1, right_link);
    self->n_nodes++;
    return EML_FOREST_OK;
}

// The rows before the leaves: one number each.
static EmlForestError eml_forest_csv_header(EmlForestCsv *csv, uint8_t row, const char **at) {
    EmlForest *self = csv->forest;
    int32_t value;
    if (!eml_forest_csv_integer(at, &value)) {
        return EML_FOREST_BAD_NUMBER;
    }
    if (row == EML_FOREST_ROW_FEATURES) {
        self->n_features = (uint8_t)value;
        return value >= 1 && value <= EML_FOREST_MAX_FEATURES ? EML_FOREST_OK
                                                              : EML_FOREST_BAD_FEATURES;
    }
    if (row == EML_FOREST_ROW_CLASSES) {
        self->n_classes = (uint8_t)value;
        return value >= 1 && value <= EML_FOREST_MAX_CLASSES ? EML_FOREST_OK
                                                             : EML_FOREST_BAD_CLASSES;
    }
    self->soft = value != 0;
    return value == 0 || (value >= 2 && value <= 8) ? EML_FOREST_OK : EML_FOREST_BAD_LEAF_BITS;
}

// Reads the line in csv->text.
static EmlForestError eml_forest_csv_line(EmlForestCsv *csv) {
    if (csv->length > 0 && csv->text[csv->length - 1] == '\r') {
        csv->length--;
    }
    csv->text[csv->length] = '\0';
    const char *at = csv->text;
    EmlForestError error = EML_FOREST_OK;
    if (csv->in_leaf) {
        error = eml_forest_csv_proportions(csv, &at);
    } else {
        const char kind = *at;
        uint8_t row = EML_FOREST_ROW_NONE;
        if (kind == 'f') {
            row = EML_FOREST_ROW_FEATURES;
        } else if (kind == 'c') {
            row = EML_FOREST_ROW_CLASSES;
        } else if (kind == 'l' && at[1] == 'b') {
            row = EML_FOREST_ROW_LEAF_BITS;
            at++;
        } else if (kind == 'l') {
            row = EML_FOREST_ROW_LEAF;
        } else if (kind == 'r') {
            row = EML_FOREST_ROW_ROOT;
        } else if (kind == 'n') {
            row = EML_FOREST_ROW_NODE;
        }
        if (row == EML_FOREST_ROW_NONE || at[1] != ',') {
            return EML_FOREST_UNKNOWN_ROW;
        }
        at += 2;
        const bool again = row == csv->row && row >= EML_FOREST_ROW_LEAF;
        if (!again && row != csv->row + 1) {
            return EML_FOREST_ROW_ORDER;
        }
        if (row == EML_FOREST_ROW_LEAF) {
            error = eml_forest_csv_leaf(csv, &at);
        } else if (row == EML_FOREST_ROW_ROOT) {
            error = again ? EML_FOREST_OK : eml_forest_place_leaves(csv->forest);
            if (error == EML_FOREST_OK) {
                error = eml_forest_csv_root(csv, &at);
            }
        } else if (row == EML_FOREST_ROW_NODE) {
            error = eml_forest_csv_node(csv, &at);
        } else {
            error = eml_forest_csv_header(csv, row, &at);
        }
        csv->row = row;
    }
    if (error == EML_FOREST_OK && at != csv->text + csv->length) {
        error = EML_FOREST_FIELD_COUNT;
    }
    return error;
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
    for (size_t i = 0; i < length; i++) {
        if (data[i] != '\n') {
            if (csv->length == EML_FOREST_LINE_MAX) {
                return EML_FOREST_LINE_TOO_LONG;
            }
            csv->text[csv->length++] = data[i];
            continue;
        }
        if (csv->length == 0) {
            return EML_FOREST_UNKNOWN_ROW;
        }
        const EmlForestError error = eml_forest_csv_end_line(csv);
        if (error != EML_FOREST_OK) {
            return error;
        }
    }
    return EML_FOREST_OK;
}

/** Ends the file. If EML_FOREST_OK, the forest is ready and takes no more memory than it needs. */
static inline EmlForestError eml_forest_csv_end(EmlForestCsv *csv) {
    EmlForest *self = csv->forest;
    EmlForestError error = eml_forest_csv_end_line(csv);
    if (error != EML_FOREST_OK) {
        return error;
    }
    if (csv->line > 1) {
        csv->line--; // what is missing is missing from the last line on
    }
    if (csv->row != EML_FOREST_ROW_NODE || csv->furthest >= self->n_nodes) {
        return EML_FOREST_INCOMPLETE;
    }
    const uint32_t n_nodes = self->n_nodes;
    const uint32_t n_leaves = self->soft ? (uint32_t)self->n_leaves * self->n_classes : 0;
    EmlForestArray *array = &self->feature;
    error = eml_forest_resize(self, array, n_nodes, n_nodes, array->item_bytes);
    array = &self->threshold;
    error |= eml_forest_resize(self, array, n_nodes, n_nodes, array->item_bytes);
    array = &self->link;
    error |= eml_forest_resize(self, array, 2 * n_nodes, 2 * n_nodes, array->item_bytes);
    error |= eml_forest_resize(self, &self->root, csv->n_trees, csv->n_trees, 2);
    error |= eml_forest_resize(self, &self->leaf, n_leaves, n_leaves, 1);
    if (error == EML_FOREST_OK) {
        self->n_trees = csv->n_trees;
    }
    return error;
}

#endif // EML_FOREST_CSV_H
