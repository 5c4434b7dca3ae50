/** Tree ensembles in integer arithmetic: the model in memory, and prediction.

A node asks `feature < threshold`: yes goes left, no goes right. For integers that is scikit-learn's
`feature <= t` with threshold = floor(t) + 1. float32 features are compared as integers in the same
order (eml_forest_key), so no float instruction runs. Sums of float32 leaves are fixed-point sums of
64 bits. All machines give the same bits.

Memory: eight arrays of bytes, little-endian, at any alignment, which belong to the caller: from
eml_forest_csv.h, which fills them, or eml_forest_bin.h, which points into a file that may lie in
flash. Both check everything once, so that prediction needs no checks. A node takes 4 to 9 bytes:
1 for the feature, 1, 2 or 4 for the threshold and 1 or 2 for each child, the same for all nodes.
A model with a scale has a ninth array, the caller's too, into which raw features are quantised.

Limits: 255 features, 255 classes, 65 000 nodes, trees and leaves; the longest jump from a node to
its child plus the number of leaves (hard vote: classes) must be below 65 536. Little-endian CPUs.

Not supported: missing values, categorical splits, several outputs.
*/
#ifndef EML_FOREST_H
#define EML_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eml_attributes.h"
#include "eml_quantize.h"

/** 0: only votes on int16 and uint8 features, without a scale: three quarters of the bytes. */
#ifndef EML_FOREST_VALUES
#define EML_FOREST_VALUES 1
#endif

// A build need not use all of these.
#define EML_FOREST_FUNCTION static EML_UNUSED

// For what is called from several places, or would grow its only caller's loop.
#define EML_FOREST_NOINLINE static EML_NOINLINE EML_UNUSED

#define EML_FOREST_MAX_CLASSES 255
#define EML_FOREST_MAX_COUNT 65000 // of nodes, trees and leaves

/** What the trees' leaves are, and what is made of them. */
enum {
    EML_FOREST_VOTE,        // classes (leaf_bits 0) or their proportions (8): the most votes
    EML_FOREST_MEAN,        // values: their mean
    EML_FOREST_BOOST,       // values: their sum; of two classes the second if sum >= 0
    EML_FOREST_BOOST_ABOVE, // the same, if sum > 0
    EML_FOREST_ISOLATE,     // path lengths: anomaly if their sum is below a limit
};

/** Types of features. */
enum { EML_FOREST_INT16, EML_FOREST_UINT8, EML_FOREST_FLOAT32 };

/** The arrays of a forest. */
enum {
    EML_FOREST_FEATURE,   // of each node, 1 byte
    EML_FOREST_THRESHOLD, // of each node, threshold_bytes: uint8, int16 or int32
    EML_FOREST_LINK,      // left and right of each node, link_bytes: a jump ahead, or a leaf
    EML_FOREST_ROOT,      // node of each tree, 2 bytes
    EML_FOREST_LEAF,      // of a soft vote n_classes proportions, 255 is all; or a float32; or none
    EML_FOREST_BASE,      // float32 each: start of each sum; of EML_FOREST_ISOLATE see below
    EML_FOREST_SCALE,     // float32 scale and offset of each feature, or none
    EML_FOREST_LABEL,     // of each class 'i' or 's', its text and a 0, or none
    EML_FOREST_FILED,     // the arrays up to here are those that a file holds
    EML_FOREST_ROW = EML_FOREST_FILED, // with scales: the quantised features of one row, or none
    EML_FOREST_ARRAYS = EML_FOREST_FILED + EML_FOREST_VALUES
};

struct EmlForest;

// Walks one tree from its root; returns the leaf (hard vote: the class). One function for each kind
// of model, so that the loop decides nothing about it: 10 to 14 instructions a node.
typedef uint32_t (*EmlForestWalk)(const struct EmlForest *self, const void *features,
                                  uint32_t node);

// The arrays come last: in Thumb-1 code a byte is only near if it is among the first 32.
typedef struct EmlForest {
    uint32_t first_leaf; // a link of first_leaf + i is leaf i (hard vote: class i)
    uint16_t n_nodes;
    uint16_t n_trees;  // 0: nothing is loaded, and prediction is not allowed
    uint16_t n_leaves; // 0 with a hard vote
    uint16_t label_bytes;
    uint8_t kind;
    uint8_t feature_type;
    uint8_t leaf_bits; // 0, 8 or 32
    uint8_t n_features;
    uint8_t n_classes; // 0: a regressor or EML_FOREST_ISOLATE
    uint8_t threshold_bytes;
    uint8_t link_bytes;
    uint8_t n_base;
    uint8_t has_scale;
    uint8_t exponent; // of the largest float32 that is summed
    uint8_t n_pure; // the first leaves of a vote, each of which is all for the class of its number
    EmlForestWalk walk;
    const uint8_t *array[EML_FOREST_ARRAYS];
} EmlForest;

// Items at any alignment. Where the CPU allows it, each is one load; on others, bytes.
typedef struct EML_PACKED {
    uint16_t value;
} EmlForestUint16;
typedef struct EML_PACKED {
    int16_t value;
} EmlForestInt16;
typedef struct EML_PACKED {
    int32_t value;
} EmlForestInt32;
typedef struct EML_PACKED {
    uint8_t value;
} EmlForestUint8;

/** Bytes of an item of each array. */
static uint32_t eml_forest_item_bytes(const EmlForest *self, uint32_t which) {
    if (which == EML_FOREST_THRESHOLD) {
        return self->threshold_bytes;
    }
    if (which == EML_FOREST_LINK) {
        return 2u * self->link_bytes;
    }
    if (which == EML_FOREST_ROOT || which == EML_FOREST_ROW) {
        return 2;
    }
    if (which == EML_FOREST_LEAF && self->leaf_bits == 8) {
        return self->n_classes;
    }
    if (which == EML_FOREST_SCALE) {
        return 8;
    }
    return which == EML_FOREST_BASE || (which == EML_FOREST_LEAF && self->leaf_bits == 32) ? 4 : 1;
}

/** Bytes of each array, in the order of the enum. */
static uint32_t eml_forest_array_bytes(const EmlForest *self, uint32_t which) {
    uint32_t items = self->n_nodes;
    if (which == EML_FOREST_ROOT) {
        items = self->n_trees;
    } else if (which == EML_FOREST_LEAF) {
        items = self->n_leaves;
    } else if (which == EML_FOREST_BASE) {
        items = self->n_base;
    } else if (which == EML_FOREST_LABEL) {
        items = self->label_bytes;
    } else if (which >= EML_FOREST_SCALE) {
        items = self->has_scale ? self->n_features : 0;
    }
    return items * eml_forest_item_bytes(self, which);
}

/** Values that prediction gives besides the class: one a class, or one. */
static inline uint32_t eml_forest_outputs(const EmlForest *self) {
    const uint32_t n_classes = self->n_classes;
    const bool one = self->kind != EML_FOREST_VOTE && (n_classes == 0 || n_classes == 2);
    return one ? 1 : n_classes;
}

/** Whether the one output is the prediction. */
static inline bool eml_forest_is_regressor(const EmlForest *self) {
    return self->n_classes == 0 && self->kind != EML_FOREST_ISOLATE;
}

/** Bytes of all arrays. */
static inline uint32_t eml_forest_bytes(const EmlForest *self) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < EML_FOREST_ARRAYS; i++) {
        bytes += eml_forest_array_bytes(self, i);
    }
    return bytes;
}

static inline int32_t eml_forest_bits(const uint8_t *items, uint32_t index) {
    return ((const EmlForestInt32 *)items)[index].value;
}

/** Turns the bits of a float32 into an integer that is ordered like the floats; -0.0 is just below
0.0, which no threshold tells apart. */
static inline int32_t eml_forest_key(int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

// From the left link to the right one where a value goes right.
#define EML_FOREST_STEP_IF(link, value, threshold) \
    if ((value) >= (threshold)) { \
        link++; \
    }
#define EML_FOREST_STEP_FLOAT(link, value, threshold) \
    EML_FOREST_STEP_IF(link, eml_forest_key(value), threshold)
#if defined(__arm__)
// Integers of 16 bits may be subtracted, which saves an instruction a node.
#define EML_FOREST_STEP(link, value, threshold) link += 1 + (((value) - (threshold)) >> 31)
#else
// A CPU that guesses where branches go is half as fast again with one.
#define EML_FOREST_STEP EML_FOREST_STEP_IF
#endif

#define EML_FOREST_WALK(name, feature_type, step, threshold_type, link_type) \
    static uint32_t name(const EmlForest *self, const void *features, uint32_t node) { \
        const feature_type *value = (const feature_type *)features; \
        const uint8_t *feature = self->array[EML_FOREST_FEATURE]; \
        const threshold_type *threshold = \
            (const threshold_type *)self->array[EML_FOREST_THRESHOLD]; \
        const link_type *links = (const link_type *)self->array[EML_FOREST_LINK]; \
        const uint32_t first_leaf = self->first_leaf; \
        uint32_t jump; \
        do { \
            const link_type *link = links + 2 * node; \
            step(link, value[feature[node]], threshold[node].value); \
            jump = link->value; \
            node += jump; \
        } while (jump < first_leaf); \
        return jump - first_leaf; \
    }

EML_FOREST_WALK(eml_forest_walk_int16_1_1, int16_t, EML_FOREST_STEP, EmlForestUint8, EmlForestUint8)
EML_FOREST_WALK(eml_forest_walk_int16_1_2, int16_t, EML_FOREST_STEP, EmlForestUint8,
                EmlForestUint16)
EML_FOREST_WALK(eml_forest_walk_int16_2_1, int16_t, EML_FOREST_STEP, EmlForestInt16, EmlForestUint8)
EML_FOREST_WALK(eml_forest_walk_int16_2_2, int16_t, EML_FOREST_STEP, EmlForestInt16,
                EmlForestUint16)
EML_FOREST_WALK(eml_forest_walk_uint8_1, uint8_t, EML_FOREST_STEP, EmlForestUint8, EmlForestUint8)
EML_FOREST_WALK(eml_forest_walk_uint8_2, uint8_t, EML_FOREST_STEP, EmlForestUint8, EmlForestUint16)
#if EML_FOREST_VALUES
EML_FOREST_WALK(eml_forest_walk_float_1, int32_t, EML_FOREST_STEP_FLOAT, EmlForestInt32,
                EmlForestUint8)
EML_FOREST_WALK(eml_forest_walk_float_2, int32_t, EML_FOREST_STEP_FLOAT, EmlForestInt32,
                EmlForestUint16)
#endif

static EmlForestWalk eml_forest_walk(const EmlForest *self) {
    const bool near = self->link_bytes == 1;
#if EML_FOREST_VALUES
    if (self->feature_type == EML_FOREST_FLOAT32) {
        return near ? eml_forest_walk_float_1 : eml_forest_walk_float_2;
    }
#endif
    if (self->feature_type == EML_FOREST_UINT8) {
        return near ? eml_forest_walk_uint8_1 : eml_forest_walk_uint8_2;
    }
    if (self->threshold_bytes == 1) {
        return near ? eml_forest_walk_int16_1_1 : eml_forest_walk_int16_1_2;
    }
    return near ? eml_forest_walk_int16_2_1 : eml_forest_walk_int16_2_2;
}

/** Whether a float32 among the features is no number; prediction is not allowed then. */
static inline bool eml_forest_has_nan(const EmlForest *self, const void *features) {
#if EML_FOREST_VALUES
    if (self->feature_type == EML_FOREST_FLOAT32) {
        for (uint32_t i = 0; i < self->n_features; i++) {
            if (eml_quantize_is_nan(((const int32_t *)features)[i])) {
                return true;
            }
        }
    }
#endif
    (void)self;
    (void)features;
    return false;
}

// What the proportions of a leaf add up to. A hard vote counts as much.
#define EML_FOREST_WHOLE 255u

// Adds up votes; see eml_forest_predict. Not inlined: in a caller with an array of variable length
// its loop would run on the stack.
static EML_NOINLINE uint32_t eml_forest_vote(const EmlForest *self, const void *features,
                                             uint32_t *votes, bool all, uint32_t *trees_used) {
    const EmlForestUint16 *root = (const EmlForestUint16 *)self->array[EML_FOREST_ROOT];
    const uint32_t n_classes = self->n_classes;
    uint32_t *vote = votes;
    do {
        *vote++ = 0;
    } while (vote != votes + n_classes);
    // What the trees left can still add to a class; out of reach if the vote must not end early.
    uint32_t still = EML_FOREST_WHOLE * self->n_trees + (all ? 1u << 31 : 0);
    uint32_t best = 0, best_votes = 0, second_votes = 0;
    do {
        const uint32_t leaf = self->walk(self, features, root->value);
        root++;
        still -= EML_FOREST_WHOLE;
        if (leaf < self->n_pure) {
            const uint32_t sum = votes[leaf] += EML_FOREST_WHOLE;
            if (leaf == best) {
                best_votes = sum;
            } else if (sum > best_votes) {
                second_votes = best_votes;
                best_votes = sum;
                best = leaf;
            } else if (sum > second_votes) {
                second_votes = sum;
            }
        } else {
            const uint8_t *proportion = self->array[EML_FOREST_LEAF] + leaf * n_classes;
            best_votes = second_votes = 0;
            for (uint32_t i = 0; i < n_classes; i++) {
                const uint32_t sum = votes[i] += proportion[i];
                if (sum > best_votes) {
                    second_votes = best_votes;
                    best_votes = sum;
                    best = i;
                } else if (sum > second_votes) {
                    second_votes = sum;
                }
            }
        }
        // Shifted: 0 when no tree is left.
    } while (best_votes <= second_votes + still && still << 1 != 0);
    *trees_used = (uint32_t)(root - (const EmlForestUint16 *)self->array[EML_FOREST_ROOT]);
    if (best_votes == second_votes) {
        for (best = 0; votes[best] != best_votes; best++) { // the lowest of equals
        }
    }
    return best;
}

/** The sum of the votes of a class, or of an output's values. */
#if EML_FOREST_VALUES
typedef int64_t EmlForestSum;
typedef uint64_t EmlForestUnsigned;
#else
typedef int32_t EmlForestSum;
typedef uint32_t EmlForestUnsigned;
#endif

/** Returns sum / divisor * 2^exponent as the bits of a float32, rounded to nearest, ties to even.

Integers only: float division would cost an armv6m module 700 bytes, and round otherwise elsewhere.
divisor: 1 to 2^31. Values beyond float32 are not expected; those below its normal range become 0.
About 8 instructions for each of 24 steps, and for each bit that sum and divisor differ in size. */
EML_FOREST_FUNCTION int32_t eml_forest_divide(EmlForestSum sum, uint32_t divisor,
                                              int32_t exponent) {
    const bool negative = (EmlForestUnsigned)sum > (EmlForestUnsigned)-1 >> 1;
    EmlForestUnsigned left = negative ? 0 - (EmlForestUnsigned)sum : (EmlForestUnsigned)sum;
    if (left == 0) {
        return 0;
    }
    EmlForestUnsigned step = divisor;
    while (left >= step << 1) {
        step <<= 1;
        exponent++;
    }
    while (left < step) {
        left <<= 1;
        exponent--;
    }
    // Now 1 <= left / step < 2: 24 bits of the quotient, the first of them always 1.
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 24; i++) {
        bits <<= 1;
        if (left >= step) {
            left -= step;
            bits |= 1;
        }
        left <<= 1;
    }
    if (left > step || (left == step && (bits & 1))) {
        bits++;
    }
    if (exponent < -126) {
        return 0;
    }
    // The addition takes the leading 1 off, and a carry out of the fraction is right.
    const int32_t result = (int32_t)(((uint32_t)(exponent + 126) << 23) + bits);
    return negative ? (int32_t)((uint32_t)result | 0x80000000u) : result;
}

#if EML_FOREST_VALUES
// Float32 values are summed as integers of 64 bits whose unit is 2^(exponent - 127 - 45): 24 bits
// of a value, 22 below those of the largest, and 18 above for the carries of 65 000 trees.
#define EML_FOREST_SUM_SHIFT 22

static int64_t eml_forest_fixed(const EmlForest *self, int32_t bits) {
    const int32_t exponent = (bits >> 23) & 255;
    const int32_t shift = EML_FOREST_SUM_SHIFT - (self->exponent - exponent);
    int64_t value = (bits & 0x7fffff) | 0x800000;
    if (exponent == 0 || shift < -24) {
        return 0; // too small to count
    }
    value = shift >= 0 ? value << shift : value >> -shift;
    return bits < 0 ? -value : value;
}

// Adds up the values of all trees: output i gets those of the trees i, i + n, i + 2 n ...
static void eml_forest_sum(const EmlForest *self, const void *features, EmlForestSum *sums) {
    const uint32_t n_outputs = eml_forest_outputs(self);
    for (uint32_t i = 0; i < n_outputs; i++) {
        sums[i] = self->kind == EML_FOREST_BOOST || self->kind == EML_FOREST_BOOST_ABOVE
                      ? eml_forest_fixed(self, eml_forest_bits(self->array[EML_FOREST_BASE], i))
                      : 0;
    }
    const EmlForestUint16 *root = (const EmlForestUint16 *)self->array[EML_FOREST_ROOT];
    for (uint32_t tree = 0, i = 0; tree < self->n_trees; tree++) {
        const uint32_t leaf = self->walk(self, features, root[tree].value);
        sums[i] += eml_forest_fixed(self, eml_forest_bits(self->array[EML_FOREST_LEAF], leaf));
        i = i + 1 == n_outputs ? 0 : i + 1;
    }
}

// 2^-x for 0 <= x < 256 in units of 2^-24, as the bits of a float32; the relative error is below
// 2e-7.
static int32_t eml_forest_power(uint32_t x) {
    // A polynomial of degree 5 through the Chebyshev points of 0..1, 30 bits behind the point.
    const uint32_t fraction = x << 8;
    uint32_t power = 1016701;
    power = 9888282 - (uint32_t)((uint64_t)power * fraction >> 32);
    power = 59375904 - (uint32_t)((uint64_t)power * fraction >> 32);
    power = 257890191 - (uint32_t)((uint64_t)power * fraction >> 32);
    power = 744256774 - (uint32_t)((uint64_t)power * fraction >> 32);
    power = 1073741764 - (uint32_t)((uint64_t)power * fraction >> 32);
    return eml_forest_divide(power, 1u << 30, -(int32_t)(x >> 24));
}

#endif

// The float32 nearest to votes / all, ties to even, as its bits; 0 <= votes <= all < 2^24.
static int32_t eml_forest_proportion(uint32_t votes, uint32_t all) {
#if (defined(__ARM_FP) && (__ARM_FP & 4)) || defined(__x86_64__)
    // Floats hold both numbers, and the CPU's division rounds once.
    const union {
        float value;
        int32_t bits;
    } proportion = {(float)(int32_t)votes / (float)(int32_t)all};
    return proportion.bits;
#else
    // 7 instructions a bit on a Cortex-M0, where eml_forest_divide takes twice as many.
    if (votes == 0) {
        return 0;
    }
    uint32_t exponent = 126;
    while (votes < all) {
        votes <<= 1;
        exponent--;
    }
    uint32_t bits = 1;
    votes -= all;
    do {
        votes <<= 1;
        bits <<= 1;
        if (votes >= all) {
            votes -= all;
            bits++;
        }
    } while (bits >> 23 == 0);
    votes <<= 1;
    bits += votes > all || (votes == all && (bits & 1));
    return (int32_t)((exponent << 23) + bits);
#endif
}

/** Predicts one row of features; returns the class, +1 or -1 of an isolation forest, else 0.

features: n_features items of the feature type, without NaN. sums: eml_forest_outputs() of them,
filled for eml_forest_output. all: add up all trees, which eml_forest_output needs; else a vote ends
as soon as no remaining tree can change its result. trees_used: how many were walked.
Cost: the depth of the trees walked; a soft vote adds n_classes steps for each. */
static inline int32_t eml_forest_predict(const EmlForest *self, const void *features,
                                         EmlForestSum *sums, bool all, uint32_t *trees_used) {
#if EML_FOREST_VALUES
    if (self->kind != EML_FOREST_VOTE) {
        *trees_used = self->n_trees;
        eml_forest_sum(self, features, sums);
        if (self->kind == EML_FOREST_ISOLATE) {
            const int32_t limit = eml_forest_bits(self->array[EML_FOREST_BASE], 1);
            return sums[0] < eml_forest_fixed(self, limit) ? -1 : 1;
        }
        if (self->n_classes == 2) {
            return sums[0] >= (self->kind == EML_FOREST_BOOST_ABOVE);
        }
        int32_t best = 0;
        for (int32_t i = 1; i < self->n_classes; i++) {
            if (sums[i] > sums[best]) {
                best = i;
            }
        }
        return best;
    }
#endif
    return (int32_t)eml_forest_vote(self, features, (uint32_t *)(void *)sums, all, trees_used);
}

/** The i-th output as the bits of a float32, from the sums of eml_forest_predict over all trees:
a class's proportion, the mean, the raw value of boosting, the score of an isolation forest. */
static inline int32_t eml_forest_output(const EmlForest *self, const EmlForestSum *sums,
                                        uint32_t i) {
#if EML_FOREST_VALUES
    if (self->kind != EML_FOREST_VOTE) {
        const uint32_t divisor = self->kind == EML_FOREST_MEAN ? self->n_trees : 1;
        const int32_t sum =
            eml_forest_divide(sums[i], divisor, self->exponent - 127 - 23 - EML_FOREST_SUM_SHIFT);
        if (self->kind != EML_FOREST_ISOLATE) {
            return sum;
        }
        const int32_t factor = eml_forest_bits(self->array[EML_FOREST_BASE], 0);
        const int64_t depth = eml_quantize_product(sum & 0x7fffffff, factor & 0x7fffffff);
        return (int32_t)((uint32_t)eml_forest_power((uint32_t)depth) | 0x80000000u);
    }
#endif
    return eml_forest_proportion(((const uint32_t *)(const void *)sums)[i],
                                 EML_FOREST_WHOLE * self->n_trees);
}

#if EML_FOREST_VALUES
/** Turns raw units into the model's, as eml_quantize does, limited to the feature type. raw: the
bits of n_features float32; out: n_features items of the feature type. Returns false, and writes
nothing, if one is no number. For models with has_scale. */
EML_FOREST_NOINLINE bool eml_forest_quantize(const EmlForest *self, const int32_t *raw, void *out) {
    for (uint32_t i = 0; i < self->n_features; i++) {
        if (eml_quantize_is_nan(raw[i])) {
            return false;
        }
    }
    const uint8_t *scale = self->array[EML_FOREST_SCALE];
    const bool is_byte = self->feature_type == EML_FOREST_UINT8;
    for (uint32_t i = 0; i < self->n_features; i++) {
        const int32_t units =
            eml_quantize(raw[i], eml_forest_bits(scale, 2 * i), eml_forest_bits(scale, 2 * i + 1),
                         is_byte ? 0 : -32768, is_byte ? 255 : 32767);
        if (is_byte) {
            ((uint8_t *)out)[i] = (uint8_t)units;
        } else {
            ((int16_t *)out)[i] = (int16_t)units;
        }
    }
    return true;
}
#endif

/** Sets `n_pure`, `exponent` and `walk`, the last part of loading a model of so many trees. Returns
false if a value is infinite or no number, or if a sum of one value a tree could pass float32. */
static inline bool eml_forest_measure(EmlForest *self, uint32_t n_trees) {
    self->walk = eml_forest_walk(self);
    uint32_t pure = self->leaf_bits == 0 ? self->n_classes : 0;
    if (self->leaf_bits == 8) {
        // As far as leaf i is 255 for class i and 0 for the others.
        const uint8_t *proportion = self->array[EML_FOREST_LEAF];
        uint32_t i = 0;
        while (pure < self->n_classes && pure < self->n_leaves &&
               *proportion++ == (i == pure ? 255 : 0)) {
            if (++i == self->n_classes) {
                i = 0;
                pure++;
            }
        }
    }
    self->n_pure = (uint8_t)pure;
    self->exponent = 0;
#if EML_FOREST_VALUES
    const uint32_t n_leaves = self->leaf_bits == 32 ? self->n_leaves : 0;
    uint32_t largest = 0;
    for (uint32_t i = 0; i < n_leaves + self->n_base; i++) {
        const int32_t bits = i < n_leaves
                                 ? eml_forest_bits(self->array[EML_FOREST_LEAF], i)
                                 : eml_forest_bits(self->array[EML_FOREST_BASE], i - n_leaves);
        const uint32_t exponent = (uint32_t)bits << 1 >> 24;
        if (exponent > largest) {
            largest = exponent;
        }
    }
    self->exponent = (uint8_t)largest;
    // A mean is no larger than its largest value. Other sums have a start besides their trees.
    return largest < 255 &&
           (self->kind <= EML_FOREST_MEAN || largest < 237 || n_trees < 1u << (254 - largest));
#else
    (void)n_trees;
    return true;
#endif
}

#endif // EML_FOREST_H
