// The host twin of emltrees: the kernel that runs on boards, compiled for this computer.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eml_forest_csv.h"

#define MESSAGE_BYTES 96

typedef struct {
    EmlForest forest;
    uint8_t *image; // of a binary model; else the forest's arrays are its own
} Twin;

// The kernel's resize function must not return without memory, which a PC has for any model.
static void *resize(void *memory, size_t bytes) {
    if (bytes == 0) {
        free(memory);
        return NULL;
    }
    void *resized = realloc(memory, bytes);
    if (resized == NULL) {
        abort();
    }
    return resized;
}

void forest_free(void *handle) {
    Twin *twin = handle;
    // Of a binary model, all arrays but that of a row are parts of the image.
    for (uint32_t i = twin->image == NULL ? 0 : EML_FOREST_ROW; i < EML_FOREST_ARRAYS; i++) {
        free((void *)twin->forest.array[i]);
    }
    free(twin->image);
    free(twin);
}

// A model from the bytes of a file, CSV or binary; NULL if it is refused, and then message, of
// MESSAGE_BYTES, says why.
void *forest_load(const uint8_t *data, size_t bytes, char *message) {
    Twin *twin = resize(NULL, sizeof(Twin));
    memset(twin, 0, sizeof(Twin));
    EmlForestError error;
    uint32_t line = 0;
    if (eml_forest_is_bin(data, bytes)) {
        twin->image = resize(NULL, bytes);
        memcpy(twin->image, data, bytes);
        error = eml_forest_bin(&twin->forest, twin->image, bytes);
        twin->forest.array[EML_FOREST_ROW] =
            resize(NULL, eml_forest_array_bytes(&twin->forest, EML_FOREST_ROW));
    } else {
        EmlForestCsv csv;
        eml_forest_csv_begin(&csv, &twin->forest, resize, bytes, EML_FOREST_MAX_COUNT,
                             EML_FOREST_MAX_COUNT, EML_FOREST_MAX_COUNT);
        error = eml_forest_csv_read(&csv, (const char *)data, bytes);
        if (error == EML_FOREST_OK) {
            error = eml_forest_csv_end(&csv);
        }
        line = csv.line;
    }
    if (error != EML_FOREST_OK) {
        const char *text = eml_forest_error_text(error);
        if (line > 0) {
            snprintf(message, MESSAGE_BYTES, "line %u: %s", (unsigned)line, text);
        } else {
            snprintf(message, MESSAGE_BYTES, "%s", text);
        }
        forest_free(twin);
        return NULL;
    }
    return twin;
}

// What emlmpy/trees/twin.py's Shape lists, in that order.
void forest_shape(void *handle, int32_t *shape) {
    const EmlForest *forest = &((Twin *)handle)->forest;
    const int32_t values[] = {forest->kind,       forest->feature_type, forest->leaf_bits,
                              forest->n_features, forest->n_classes,    forest->n_trees,
                              forest->n_nodes,    forest->n_leaves,     forest->threshold_bytes,
                              forest->link_bytes, forest->label_bytes,  forest->has_scale};
    memcpy(shape, values, sizeof(values));
}

// The label_bytes of all labels: a letter 'i' or 's', the text and a 0 each.
void forest_labels(void *handle, uint8_t *labels) {
    const EmlForest *forest = &((Twin *)handle)->forest;
    if (forest->label_bytes > 0) {
        memcpy(labels, forest->array[EML_FOREST_LABEL], forest->label_bytes);
    }
}

int32_t forest_outputs(void *handle) {
    return (int32_t)eml_forest_outputs(&((Twin *)handle)->forest);
}

size_t forest_bytes(void *handle) { return eml_forest_bytes(&((Twin *)handle)->forest); }

static size_t item_bytes(const EmlForest *forest) {
    return forest->feature_type == EML_FOREST_INT16   ? 2
           : forest->feature_type == EML_FOREST_UINT8 ? 1
                                                      : 4;
}

// Rows that go down a tree side by side. A PC waits for each node of a row, and guesses half of the
// ways wrong; meanwhile it can look at those of other rows.
#define LANES 8
// Rows whose leaves are found before they are counted: a tree stays in the CPU's nearest cache.
#define BLOCK_ROWS (8 * LANES)

// The kernel's EML_FOREST_WALK for LANES rows at once, n_features apart, without a branch at a
// node. A row that has reached its leaf stays at the node before it. leaf: those of the rows,
// stride apart.
#define WALK_LANES(name, feature_type, key, threshold_type, link_type) \
    static void name(const EmlForest *forest, const void *features, uint32_t root, uint32_t *leaf, \
                     size_t stride) { \
        const feature_type *value = (const feature_type *)features; \
        const uint8_t *feature = forest->array[EML_FOREST_FEATURE]; \
        const threshold_type *threshold = \
            (const threshold_type *)forest->array[EML_FOREST_THRESHOLD]; \
        const link_type *link = (const link_type *)forest->array[EML_FOREST_LINK]; \
        const uint32_t n_features = forest->n_features, first_leaf = forest->first_leaf; \
        uint32_t node[LANES], jump[LANES], going; \
        for (uint32_t lane = 0; lane < LANES; lane++) { \
            node[lane] = root; \
        } \
        do { \
            going = 0; \
            for (uint32_t lane = 0; lane < LANES; lane++) { \
                const uint32_t at = node[lane]; \
                const int32_t x = key(value[lane * n_features + feature[at]]); \
                jump[lane] = link[2 * at + (x >= threshold[at].value)].value; \
                const uint32_t goes = jump[lane] < first_leaf; \
                node[lane] = at + (jump[lane] & (0 - goes)); \
                going |= goes; \
            } \
        } while (going); \
        for (uint32_t lane = 0; lane < LANES; lane++) { \
            leaf[lane * stride] = jump[lane] - first_leaf; \
        } \
    }

#define SAME(value) (value)
WALK_LANES(lanes_int16_1_1, int16_t, SAME, EmlForestUint8, EmlForestUint8)
WALK_LANES(lanes_int16_1_2, int16_t, SAME, EmlForestUint8, EmlForestUint16)
WALK_LANES(lanes_int16_2_1, int16_t, SAME, EmlForestInt16, EmlForestUint8)
WALK_LANES(lanes_int16_2_2, int16_t, SAME, EmlForestInt16, EmlForestUint16)
WALK_LANES(lanes_uint8_1, uint8_t, SAME, EmlForestUint8, EmlForestUint8)
WALK_LANES(lanes_uint8_2, uint8_t, SAME, EmlForestUint8, EmlForestUint16)
WALK_LANES(lanes_float_1, int32_t, eml_forest_key, EmlForestInt32, EmlForestUint8)
WALK_LANES(lanes_float_2, int32_t, eml_forest_key, EmlForestInt32, EmlForestUint16)

typedef void (*LanesWalk)(const EmlForest *, const void *, uint32_t, uint32_t *, size_t);

// The one for a forest whose walk is the kernel's.
static LanesWalk lanes_walk(EmlForestWalk walk) {
    return walk == eml_forest_walk_float_1     ? lanes_float_1
           : walk == eml_forest_walk_float_2   ? lanes_float_2
           : walk == eml_forest_walk_uint8_1   ? lanes_uint8_1
           : walk == eml_forest_walk_uint8_2   ? lanes_uint8_2
           : walk == eml_forest_walk_int16_1_1 ? lanes_int16_1_1
           : walk == eml_forest_walk_int16_1_2 ? lanes_int16_1_2
           : walk == eml_forest_walk_int16_2_1 ? lanes_int16_2_1
                                               : lanes_int16_2_2;
}

// Finds the leaves of a block of rows, n_trees of them a row. Rows that fill no lanes go alone, by
// the kernel's walk.
static void find_leaves(const EmlForest *forest, const uint8_t *features, size_t rows,
                        uint32_t *leaf) {
    const EmlForestUint16 *root = (const EmlForestUint16 *)forest->array[EML_FOREST_ROOT];
    const LanesWalk walk = lanes_walk(forest->walk);
    const size_t bytes = forest->n_features * item_bytes(forest), n_trees = forest->n_trees;
    for (size_t tree = 0; tree < n_trees; tree++) {
        size_t row = 0;
        for (; row + LANES <= rows; row += LANES) {
            walk(forest, features + row * bytes, root[tree].value, leaf + row * n_trees + tree,
                 n_trees);
        }
        for (; row < rows; row++) {
            leaf[row * n_trees + tree] =
                forest->walk(forest, features + row * bytes, root[tree].value);
        }
    }
}

// Stands in for the kernel's walk where the leaves are known: features points to where the next one
// is.
static uint32_t next_leaf(const EmlForest *forest, const void *features, uint32_t node) {
    (void)forest;
    (void)node;
    const uint32_t **next = (const uint32_t **)(uintptr_t)features;
    return *(*next)++;
}

// Predicts rows of n_features items of the feature type; returns 0, or the number from 1 of the
// first row with a NaN. index: a class, or +1 or -1, each row. trees_used: how many a vote needs,
// each row, or NULL. out: forest_outputs() values each row, of all trees, or NULL.
static int32_t predict(const EmlForest *forest, const uint8_t *features, size_t rows,
                       int32_t *index, uint32_t *trees_used, float *out) {
    const size_t bytes = forest->n_features * item_bytes(forest);
    const uint32_t n_outputs = out == NULL ? 0 : eml_forest_outputs(forest);
    for (size_t row = 0; row < rows; row++) {
        if (eml_forest_has_nan(forest, features + row * bytes)) {
            return (int32_t)row + 1;
        }
    }
    EmlForest counting = *forest;
    counting.walk = next_leaf;
    EmlForestSum sums[EML_FOREST_MAX_CLASSES];
    const size_t most = rows < BLOCK_ROWS ? rows : BLOCK_ROWS;
    uint32_t *leaf = resize(NULL, (most * forest->n_trees + 1) * sizeof(*leaf));
    for (size_t row = 0; row < rows; row++) {
        const size_t in_block = row % BLOCK_ROWS;
        if (in_block == 0) {
            const size_t left = rows - row;
            find_leaves(forest, features + row * bytes, left < BLOCK_ROWS ? left : BLOCK_ROWS,
                        leaf);
        }
        const uint32_t *next = leaf + in_block * forest->n_trees;
        uint32_t used;
        index[row] = eml_forest_predict(&counting, &next, sums, out != NULL, &used);
        if (trees_used != NULL) {
            trees_used[row] = used;
        }
        for (uint32_t i = 0; i < n_outputs; i++) {
            const int32_t bits = eml_forest_output(forest, sums, i);
            memcpy(&out[row * n_outputs + i], &bits, sizeof(bits));
        }
    }
    resize(leaf, 0);
    return 0;
}

// As predict(features) on the device, which ends once a vote is decided.
int32_t forest_classify(void *handle, const void *features, size_t rows, int32_t *index,
                        uint32_t *trees_used) {
    return predict(&((Twin *)handle)->forest, features, rows, index, trees_used, NULL);
}

// As predict(features, out) on the device.
int32_t forest_predict(void *handle, const void *features, size_t rows, int32_t *index,
                       float *out) {
    return predict(&((Twin *)handle)->forest, features, rows, index, NULL, out);
}

// Turns rows of raw floats into the model's units. Returns 0, or the number from 1 of the first row
// with a NaN; the model must have a scale.
int32_t forest_quantize(void *handle, const float *raw, size_t rows, void *features) {
    const EmlForest *forest = &((Twin *)handle)->forest;
    for (size_t row = 0; row < rows; row++) {
        const size_t at = row * forest->n_features;
        if (!eml_forest_quantize(forest, (const int32_t *)(const void *)&raw[at],
                                 (uint8_t *)features + at * item_bytes(forest))) {
            return (int32_t)row + 1;
        }
    }
    return 0;
}
