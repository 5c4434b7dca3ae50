/** Uses a tree ensemble where it lies in memory: emlmpy's binary form, at any alignment.

It is an image as eml_image.h describes them, with the letter T, the fields whose offsets
eml_forest_format.h has, and the arrays of eml_forest.h as its body, in the order of their enum and
without gaps. It is the last of its file: others may come before it.

Everything is checked here, once: after EML_FOREST_OK prediction cannot leave the arrays and cannot
loop. The image must neither change nor move while the forest is used.
*/
#ifndef EML_FOREST_BIN_H
#define EML_FOREST_BIN_H

#include "eml_forest.h"
#include "eml_forest_error.h"
#include "eml_image.h"

/** Whether data, a file or its first bytes, is binary and not CSV. */
static inline bool eml_forest_is_bin(const uint8_t *data, size_t bytes) {
    return bytes >= 3 && data[0] == 'E' && data[1] == 'M' && data[2] == 'L';
}

// What the kind and the classes demand of the number of base values.
static uint32_t eml_forest_needed_base(const EmlForest *self) {
    if (self->kind < EML_FOREST_BOOST) {
        return 0;
    }
    return self->kind == EML_FOREST_ISOLATE ? 2 : eml_forest_outputs(self);
}

// Whether bytes of thresholds and links fit the feature type.
static bool eml_forest_widths_are_good(const EmlForest *self) {
    const uint32_t wide = self->threshold_bytes;
    return self->link_bytes - 1u < 2 &&
           (self->feature_type == EML_FOREST_FLOAT32 ? wide == 4
                                                     : wide - 1u < 2u - self->feature_type);
}

// Whether kind, types and classes go together, and this build supports them.
static bool eml_forest_head_is_good(const EmlForest *self) {
    const uint32_t kind = self->kind, type = self->feature_type, leaf_bits = self->leaf_bits;
    if (self->n_features == 0) {
        return false;
    }
#if EML_FOREST_VALUES
    if (kind > EML_FOREST_ISOLATE || type > EML_FOREST_FLOAT32) {
        return false;
    }
    if (kind != EML_FOREST_VOTE) {
        const bool boosts = kind == EML_FOREST_BOOST || kind == EML_FOREST_BOOST_ABOVE;
        return leaf_bits == EML_FOREST_NUMBER && (boosts || self->n_classes == 0);
    }
#else
    if (kind != EML_FOREST_VOTE || type > EML_FOREST_UINT8) {
        return false;
    }
#endif
    return self->n_classes > 0 && (leaf_bits == EML_FOREST_HARD || leaf_bits == EML_FOREST_SOFT);
}

/** The labels of a model: n_classes texts, each a letter 'i' or 's', characters and a 0. */
static bool eml_forest_labels_are_good(const EmlForest *self) {
    const uint8_t *label = self->array[EML_FOREST_LABEL];
    uint32_t ends = 0;
    for (uint32_t i = 0; i < self->label_bytes; i++) {
        if ((i == 0 || label[i - 1] == 0) && label[i] != 'i' && label[i] != 's') {
            return false;
        }
        ends += label[i] == 0;
    }
    return self->label_bytes == 0 || (label[self->label_bytes - 1] == 0 && ends == self->n_classes);
}

/** Makes a forest of a binary file. */
static inline EmlForestError eml_forest_bin(EmlForest *self, const uint8_t *data, size_t bytes) {
    self->n_trees = 0;
    const size_t skip = eml_image_skip(data, bytes, EML_IMAGE_FOREST);
    if (skip == EML_IMAGE_DAMAGED || eml_image_bytes(data + skip, bytes - skip) != bytes - skip ||
        bytes == skip || !eml_image_is_whole(data + skip, bytes - skip)) {
        return EML_FOREST_BAD_FILE;
    }
    data += skip;
    bytes -= skip;
    const EmlForestUint16 *half = (const EmlForestUint16 *)data;
    if (data[EML_FOREST_AT_VERSION] != EML_FOREST_BIN_VERSION) {
        return EML_FOREST_BAD_VERSION;
    }
    self->kind = data[EML_FOREST_AT_KIND];
    self->feature_type = data[EML_FOREST_AT_FEATURE_TYPE];
    self->leaf_bits = data[EML_FOREST_AT_LEAF_BITS];
    self->n_features = data[EML_FOREST_AT_FEATURES];
    self->n_classes = data[EML_FOREST_AT_CLASSES];
    self->threshold_bytes = data[EML_FOREST_AT_THRESHOLD_BYTES];
    self->link_bytes = data[EML_FOREST_AT_LINK_BYTES];
    const uint16_t n_trees = half[EML_FOREST_AT_TREES / 2].value;
    self->n_nodes = half[EML_FOREST_AT_NODES / 2].value;
    self->n_leaves = half[EML_FOREST_AT_LEAVES / 2].value;
    self->label_bytes = half[EML_FOREST_AT_LABEL_BYTES / 2].value;
    self->n_base = data[EML_FOREST_AT_BASE];
    self->has_scale = data[EML_FOREST_AT_HAS_SCALE];
    self->n_trees = n_trees;
    const bool good = eml_forest_head_is_good(self) && n_trees > 0 && self->n_nodes > 0 &&
                      self->n_base == eml_forest_needed_base(self) &&
                      (self->n_leaves > 0) == (self->leaf_bits > 0) &&
                      eml_forest_widths_are_good(self) && self->has_scale <= EML_FOREST_VALUES;
    uint32_t at = EML_IMAGE_HEAD;
    for (uint32_t i = 0; i < EML_FOREST_FILED; i++) {
        self->array[i] = data + at;
        at += eml_forest_array_bytes(self, i);
    }
    self->n_trees = 0;
    if (!good || at != bytes) {
        return EML_FOREST_BAD_HEADER;
    }
    const uint32_t n_leaves = self->leaf_bits == EML_FOREST_HARD ? self->n_classes : self->n_leaves;
    const uint32_t links = self->link_bytes == 1 ? 256 : 65536;
    if (n_leaves >= links) {
        return EML_FOREST_TOO_FAR;
    }
    self->first_leaf = links - n_leaves;
    for (uint32_t node = 0; node < self->n_nodes; node++) {
        if (self->array[EML_FOREST_FEATURE][node] >= self->n_features) {
            return EML_FOREST_BAD_FEATURE;
        }
        for (uint32_t side = 2 * node; side < 2 * node + 2; side++) {
            const uint8_t *link = self->array[EML_FOREST_LINK];
            const uint32_t jump =
                links == 256 ? link[side] : ((const EmlForestUint16 *)link)[side].value;
            if (jump == 0 || (jump < self->first_leaf && node + jump >= self->n_nodes)) {
                return EML_FOREST_BAD_CHILD;
            }
        }
    }
    for (uint32_t tree = 0; tree < n_trees; tree++) {
        const EmlForestUint16 *root = (const EmlForestUint16 *)self->array[EML_FOREST_ROOT];
        if (root[tree].value >= self->n_nodes) {
            return EML_FOREST_BAD_CHILD;
        }
    }
    if (!eml_forest_labels_are_good(self)) {
        return EML_FOREST_BAD_LABEL;
    }
    if (!eml_forest_measure(self, n_trees)) {
        return EML_FOREST_BAD_SUM;
    }
    self->n_trees = n_trees;
    return EML_FOREST_OK;
}

#endif // EML_FOREST_BIN_H
