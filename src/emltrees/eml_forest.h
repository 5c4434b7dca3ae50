/** Decision-tree ensembles on integer features: the model in memory, and prediction.

A node asks `feature < threshold`: yes goes left, no goes right. For integer features that is
scikit-learn's `feature <= t` with threshold = floor(t) + 1, exactly.

Memory: 4 to 7 bytes a node. Thresholds take one byte while all of them lie in 0..255, else two.
Links take one byte while every child is near enough, else two. The three arrays belong to the
caller, who hands in the function that resizes them; nothing else is allocated. eml_forest_csv.h
fills a forest and checks all of it, so that prediction needs no checks.

Limits: 255 features, 255 classes, 65 000 nodes, 65 000 trees, and less than 65 536 for the
longest jump from a node to its child plus the number of leaves.

Not supported: missing values, categorical splits, several outputs.
*/
#ifndef EML_FOREST_H
#define EML_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EML_FOREST_MAX_FEATURES 255
#define EML_FOREST_MAX_CLASSES 255
#define EML_FOREST_MAX_NODES 65000
#define EML_FOREST_MAX_TREES 65000
#define EML_FOREST_MAX_LEAVES 65000

/** Resizes memory like realloc. Returns NULL, or does not return, when there is none. */
typedef void *(*EmlForestResize)(void *memory, size_t bytes);

/** An array of unsigned items of 1 or 2 bytes. */
typedef struct EmlForestArray {
    void *items;
    uint32_t capacity;  // in items
    uint8_t item_bytes; // 1 or 2
} EmlForestArray;

typedef struct EmlForest {
    EmlForestArray feature;   // of each node; 1 byte
    EmlForestArray threshold; // of each node; 2-byte items are int16
    EmlForestArray link;      // left and right of each node: a jump ahead, or a leaf
    EmlForestArray root;      // node of each tree; 2 bytes
    EmlForestArray leaf;      // hard vote: class of each leaf, dropped once loaded;
                              // soft vote: n_classes proportions of each leaf, 255 is all
    EmlForestResize resize;
    uint32_t first_leaf; // a link of first_leaf + i is leaf i (soft vote) or class i (hard vote)
    uint16_t n_nodes;
    uint16_t n_trees; // 0: nothing is loaded, and prediction is not allowed
    uint16_t n_leaves;
    uint8_t n_features;
    uint8_t n_classes;
    bool soft;
} EmlForest;

// Walks one tree from its root; returns the leaf (soft vote) or class (hard vote).
// One function for each pair of item sizes, so that the loop decides nothing about them.
#define EML_FOREST_WALK(name, threshold_type, link_type) \
    static uint32_t name(const EmlForest *self, const int16_t *features, uint32_t node) { \
        const uint8_t *feature = (const uint8_t *)self->feature.items; \
        const threshold_type *threshold = (const threshold_type *)self->threshold.items; \
        const uint32_t first_leaf = self->first_leaf; \
        for (;;) { \
            const link_type *link = (const link_type *)self->link.items + 2 * node; \
            if (features[feature[node]] >= threshold[node]) { \
                link++; \
            } \
            if (*link >= first_leaf) { \
                return *link - first_leaf; \
            } \
            node += *link; \
        } \
    }

EML_FOREST_WALK(eml_forest_walk_1_1, uint8_t, uint8_t)
EML_FOREST_WALK(eml_forest_walk_1_2, uint8_t, uint16_t)
EML_FOREST_WALK(eml_forest_walk_2_1, int16_t, uint8_t)
EML_FOREST_WALK(eml_forest_walk_2_2, int16_t, uint16_t)

/** Adds up the votes of all trees and returns the class with most, the lowest of equals.

features: n_features values. votes: n_classes sums, filled here; a tree adds 1 to its class (hard
vote) or its leaf's proportions, 0..255 each (soft vote). The forest must be loaded.
Cost: the depth of the trees, plus n_classes additions for each tree of a soft vote.
*/
static inline uint32_t eml_forest_vote(const EmlForest *self, const int16_t *features,
                                       uint32_t *votes) {
    uint32_t (*walk)(const EmlForest *, const int16_t *, uint32_t);
    if (self->threshold.item_bytes == 1) {
        walk = self->link.item_bytes == 1 ? eml_forest_walk_1_1 : eml_forest_walk_1_2;
    } else {
        walk = self->link.item_bytes == 1 ? eml_forest_walk_2_1 : eml_forest_walk_2_2;
    }
    const uint32_t n_classes = self->n_classes;
    for (uint32_t i = 0; i < n_classes; i++) {
        votes[i] = 0;
    }
    const uint16_t *root = (const uint16_t *)self->root.items;
    for (uint32_t tree = 0; tree < self->n_trees; tree++) {
        const uint32_t leaf = walk(self, features, root[tree]);
        if (self->soft) {
            const uint8_t *proportion = (const uint8_t *)self->leaf.items + leaf * n_classes;
            for (uint32_t i = 0; i < n_classes; i++) {
                votes[i] += proportion[i];
            }
        } else {
            votes[leaf]++;
        }
    }
    uint32_t best = 0;
    for (uint32_t i = 1; i < n_classes; i++) {
        if (votes[i] > votes[best]) {
            best = i;
        }
    }
    return best;
}

/** Returns votes / whole as the bits of a float32, rounded to nearest, ties to even.

For 0 <= votes <= whole < 2^24. Integers only: a float division would cost an armv6m module 700
bytes and give other machines the chance to round otherwise. About 5 instructions for each of 25
steps. */
static uint32_t eml_forest_ratio(uint32_t votes, uint32_t whole) {
    if (votes == 0) {
        return 0;
    }
    uint32_t exponent = 127;
    while (votes < whole) {
        votes <<= 1;
        exponent--;
    }
    // Now 1 <= votes / whole < 2: 24 bits of the quotient, the first of them always 1.
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 24; i++) {
        bits <<= 1;
        if (votes >= whole) {
            votes -= whole;
            bits |= 1;
        }
        votes <<= 1;
    }
    if (votes > whole || (votes == whole && (bits & 1))) {
        bits++;
    }
    // The addition, not an or: it takes the leading 1 off, and a carry out of the fraction is
    // right.
    return ((exponent - 1) << 23) + bits;
}

/** Turns the sums of eml_forest_vote into proportions 0..1, in place: each becomes a float32. */
static inline void eml_forest_proportions(const EmlForest *self, uint32_t *votes) {
    const uint32_t whole = self->soft ? 255u * self->n_trees : self->n_trees;
    for (uint32_t i = 0; i < self->n_classes; i++) {
        votes[i] = eml_forest_ratio(votes[i], whole);
    }
}

#endif // EML_FOREST_H
