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

// Both predict rows of n_features items of the feature type, and return 0, or the number from 1 of
// the first row with a NaN, before which all is filled. index: a class, or +1 or -1, each row.

// trees_used: how many a vote needs, each row.
int32_t forest_classify(void *handle, const void *features, size_t rows, int32_t *index,
                        uint32_t *trees_used) {
    const EmlForest *forest = &((Twin *)handle)->forest;
    const size_t bytes = forest->n_features * item_bytes(forest);
    EmlForestSum sums[EML_FOREST_MAX_CLASSES];
    for (size_t row = 0; row < rows; row++) {
        const void *at = (const uint8_t *)features + row * bytes;
        if (eml_forest_has_nan(forest, at)) {
            return (int32_t)row + 1;
        }
        index[row] = eml_forest_predict(forest, at, sums, false, &trees_used[row]);
    }
    return 0;
}

// out: forest_outputs() values each row.
int32_t forest_predict(void *handle, const void *features, size_t rows, int32_t *index,
                       float *out) {
    const EmlForest *forest = &((Twin *)handle)->forest;
    const uint32_t n_outputs = eml_forest_outputs(forest);
    const size_t bytes = forest->n_features * item_bytes(forest);
    EmlForestSum sums[EML_FOREST_MAX_CLASSES];
    for (size_t row = 0; row < rows; row++) {
        const void *at = (const uint8_t *)features + row * bytes;
        if (eml_forest_has_nan(forest, at)) {
            return (int32_t)row + 1;
        }
        uint32_t used;
        index[row] = eml_forest_predict(forest, at, sums, true, &used);
        for (uint32_t i = 0; i < n_outputs; i++) {
            const int32_t bits = eml_forest_output(forest, sums, i);
            memcpy(&out[row * n_outputs + i], &bits, sizeof(bits));
        }
    }
    return 0;
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
