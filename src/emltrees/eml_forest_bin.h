/** Uses a tree ensemble where it lies in memory: emlmpy's binary form, at any alignment.

    0   'EMLT', version 1, kind, feature type, leaf bits
    8   n_features, n_classes, threshold bytes, link bytes, n_trees (2 bytes), n_nodes (2)
    16  n_leaves (2), label bytes (2), n_base, has_scale, 0, 0
    24  total bytes (4), CRC-32 of all others (4)
    32  the arrays of eml_forest.h, in the order of their enum, without gaps

Everything is checked here, once: after EML_FOREST_OK prediction cannot leave the arrays and cannot
loop. The image must neither change nor move while the forest is used.
*/
#ifndef EML_FOREST_BIN_H
#define EML_FOREST_BIN_H

#include "eml_forest.h"
#include "eml_forest_error.h"

#define EML_FOREST_BIN_HEAD 32

/** The length that the head of a binary model says it has; 0 if this is no binary model. */
static inline uint32_t eml_forest_bin_bytes(const uint8_t *data, size_t bytes) {
    const bool is_bin = bytes >= EML_FOREST_BIN_HEAD && eml_forest_bits(data, 0) == 0x544c4d45;
    return is_bin ? (uint32_t)eml_forest_bits(data, 6) : 0;
}

static uint32_t eml_forest_crc(uint32_t crc, const uint8_t *data, size_t bytes) {
    // Bit by bit: 50 instructions a byte, but a table would take 1 KiB.
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (uint32_t bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1));
        }
    }
    return crc;
}

// What the kind and the classes demand of the number of base values.
static uint32_t eml_forest_needed_base(const EmlForest *self) {
    if (self->kind < EML_FOREST_BOOST) {
        return 0;
    }
    return self->kind == EML_FOREST_ISOLATE ? 2 : eml_forest_outputs(self);
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
        return leaf_bits == 32 && (boosts || self->n_classes == 0);
    }
#else
    if (kind != EML_FOREST_VOTE || type > EML_FOREST_UINT8) {
        return false;
    }
#endif
    return self->n_classes > 0 && (leaf_bits == 0 || leaf_bits == 8);
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

/** Makes a forest of a binary image. */
static inline EmlForestError eml_forest_bin(EmlForest *self, const uint8_t *data, size_t bytes) {
    self->n_trees = 0;
    if (bytes < EML_FOREST_BIN_HEAD || eml_forest_bin_bytes(data, bytes) != bytes) {
        return EML_FOREST_BAD_FILE;
    }
    const EmlForestUint16 *half = (const EmlForestUint16 *)data;
    if (data[4] != 1) {
        return EML_FOREST_BAD_HEADER;
    }
    uint32_t crc = eml_forest_crc(0xffffffffu, data, 28);
    crc = ~eml_forest_crc(crc, data + EML_FOREST_BIN_HEAD, bytes - EML_FOREST_BIN_HEAD);
    if ((uint32_t)eml_forest_bits(data, 7) != crc) {
        return EML_FOREST_BAD_FILE;
    }
    self->kind = data[5];
    self->feature_type = data[6];
    self->leaf_bits = data[7];
    self->n_features = data[8];
    self->n_classes = data[9];
    self->threshold_bytes = data[10];
    self->link_bytes = data[11];
    const uint16_t n_trees = half[6].value;
    self->n_nodes = half[7].value;
    self->n_leaves = half[8].value;
    self->label_bytes = half[9].value;
    self->n_base = data[20];
    self->has_scale = data[21];
    self->n_trees = n_trees;
    const uint32_t wide = self->feature_type == EML_FOREST_FLOAT32 ? 4 : self->threshold_bytes;
    const bool good = eml_forest_head_is_good(self) && n_trees > 0 && self->n_nodes > 0 &&
                      self->n_base == eml_forest_needed_base(self) &&
                      (self->n_leaves > 0) == (self->leaf_bits > 0) && self->link_bytes - 1u < 2 &&
                      self->threshold_bytes == wide && wide != 0 && wide != 3 &&
                      wide <= (self->feature_type == EML_FOREST_INT16   ? 2u
                               : self->feature_type == EML_FOREST_UINT8 ? 1u
                                                                        : 4u);
    uint32_t at = EML_FOREST_BIN_HEAD;
    for (uint32_t i = 0; i < EML_FOREST_ARRAYS; i++) {
        self->array[i] = data + at;
        at += eml_forest_array_bytes(self, i);
    }
    self->n_trees = 0;
    if (!good || at != bytes) {
        return EML_FOREST_BAD_HEADER;
    }
    const uint32_t n_leaves = self->leaf_bits == 0 ? self->n_classes : self->n_leaves;
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
    if (!eml_forest_measure(self)) {
        return EML_FOREST_BAD_NUMBER;
    }
    self->n_trees = n_trees;
    return EML_FOREST_OK;
}

#endif // EML_FOREST_BIN_H
