/** k nearest neighbours on int16 features: items in memory, search, votes and means.

Squared Euclidean distances are exact for all int16 features. Neighbours are ordered by distance,
those of equal distance by index. Integers only, so that every CPU gives the same bits.

Memory, the caller's, in one block of eml_knn_bytes: for each item 2 bytes a feature and 2 for its
label (4 for a value), and 8 bytes for each neighbour that a search is to find. In a ring, when
all places are taken, the oldest item gives way; indices count from the oldest.

    EmlKnn knn = {.header = {.max_items = 100, .n_features = 8, .n_neighbors = 3}};
    eml_knn_begin(&knn, malloc(eml_knn_bytes(&knn.header)));
    eml_knn_add(&knn, features, label);
    if (eml_knn_search(&knn, features)) label = eml_knn_vote(&knn);

A model may have a scale and an offset for each feature, and then takes features in raw units too:

    eml_knn_set_scale(&knn, malloc(eml_knn_scale_bytes(&knn.header)), scales_and_offsets);
    const int16_t *features = eml_knn_quantize(&knn, raw_features, true); // of float32

It then also has the unit in which its distances are given. The novelty of a row is its mean
distance to its neighbours. A model whose values are local reachability densities may have the
k-distance of each item besides (eml_knn_set_k_distances); then novelty is the local outlier factor.
eml_knn_judge compares the score, which is -novelty, with a threshold.

Limits: those of eml_knn_format.h. Inserting into the list of neighbours takes up to n_neighbors
steps, so n_neighbors is meant to be small.
*/
#ifndef EML_KNN_H
#define EML_KNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eml_attributes.h" // EML_NOINLINE: smaller, or more registers for a loop
#include "eml_knn_format.h"
#include "eml_quantize.h"
#ifdef __ARM_FEATURE_SIMD32
#include <arm_acle.h>
#endif

/** What a model is, in the order in which files have it. The flags are 0 or 1. */
typedef struct EmlKnnHeader {
    uint16_t max_items;   // 1 to EML_KNN_MAX_ITEMS
    uint16_t n_features;  // 1 to EML_KNN_MAX_FEATURES
    uint16_t n_neighbors; // 1 to max_items
    uint16_t ring;        // a full model forgets its oldest item
    uint16_t regression;  // items have values, not labels
    uint16_t weighted;    // a neighbour counts 1 / distance
    uint16_t n_items;
} EmlKnnHeader;

typedef struct EmlKnn {
    EmlKnnHeader header; // set by the caller before eml_knn_begin, but for n_items
    uint16_t n_found;    // n_neighbors after a search, 0 once indices have changed
    uint16_t first;      // where item 0 is stored
    uint16_t reach;      // no feature of an item is beyond -reach - 1 or reach
    uint64_t *nearest;   // of the last search: squared distance << 16 | index, ascending
    void *targets;       // of each item its label, an int16, or its value, the bits of a float32
    int16_t *features;   // n_features of each item
    int32_t *scale;      // of each feature scale and offset, then the unit, float32 bits; or NULL
    const int32_t *k_distances; // squared, of each item, the bits of float32; or NULL
    uint32_t limit;             // -threshold, the bits of a float32; or EML_KNN_NO_LIMIT
} EmlKnn;

#define EML_KNN_NO_LIMIT UINT32_MAX
// Limits and values are below this, the bits of an infinite float32.
#define EML_KNN_INFINITE 0x7f800000u

// The features of all items, made even in number so that what follows is aligned.
static uint32_t eml_knn_n_stored(const EmlKnnHeader *header) {
    return ((uint32_t)header->max_items * header->n_features + 1) & ~1u;
}

/** The bytes of memory that such a model needs; below 2^30. */
static inline size_t eml_knn_bytes(const EmlKnnHeader *header) {
    return 8u * header->n_neighbors + 2u * eml_knn_n_stored(header) +
           (header->regression ? 4u : 2u) * header->max_items;
}

/** Forgets all items. */
static inline void eml_knn_clear(EmlKnn *self) {
    self->header.n_items = 0;
    self->n_found = 0;
    self->first = 0;
    self->reach = 0;
}

/** Starts an empty model in eml_knn_bytes of memory, aligned to 8 bytes. */
static inline void eml_knn_begin(EmlKnn *self, void *memory) {
    self->nearest = (uint64_t *)memory;
    self->features = (int16_t *)(self->nearest + self->header.n_neighbors);
    self->targets = self->features + eml_knn_n_stored(&self->header);
    self->scale = NULL;
    self->k_distances = NULL;
    self->limit = EML_KNN_NO_LIMIT;
    eml_knn_clear(self);
}

/** The bytes of memory that a scale takes. */
static inline size_t eml_knn_scale_bytes(const EmlKnnHeader *header) {
    return 10u * header->n_features + 4u;
}

/** Gives a model a scale, in eml_knn_scale_bytes of memory, aligned to 4 bytes: a copy of scale and
 * offset of each feature and of the unit, which is above 0, the bits of 2 n_features + 1 float32.
 *
 * Distances are those of int16 features, times the unit. */
static inline void eml_knn_set_scale(EmlKnn *self, void *memory, const int32_t *scale) {
    self->scale = (int32_t *)memory;
    for (uint32_t i = 0; i <= 2u * self->header.n_features; i++) {
        self->scale[i] = scale[i];
    }
}

// The bits of the float32 that is equal to an int16.
static int32_t eml_knn_float_of(int32_t whole) {
    uint32_t exponent = 149; // of 2^23, less 1: the leading 1 is added to it
    if (whole < 0) {
        whole = -whole;
        exponent += 256; // the sign is the bit above
    }
    for (; whole >> 23 == 0; whole <<= 1) {
        if (whole == 0) {
            return 0;
        }
        exponent--;
    }
    return (int32_t)((exponent << 23) + (uint32_t)whole);
}

/** Features in raw units, n_features int16, or the bits of as many float32, as those of items:
 * round(raw * scale + offset), within int16. NULL if one is a NaN. Only for a model with a scale,
 * whose memory the result lies in until the next call. */
static inline const int16_t *eml_knn_quantize(EmlKnn *self, const void *raw, bool floats) {
    const uint32_t n_features = self->header.n_features;
    const int32_t *scale = self->scale;
    int16_t *features = (int16_t *)(self->scale + 2 * n_features + 1);
    for (uint32_t i = 0; i < n_features; i++) {
        const int32_t bits =
            floats ? ((const int32_t *)raw)[i] : eml_knn_float_of(((const int16_t *)raw)[i]);
        if (eml_quantize_is_nan(bits)) {
            return NULL;
        }
        features[i] = (int16_t)eml_quantize(bits, scale[0], scale[1], INT16_MIN, INT16_MAX);
        scale += 2;
    }
    return features;
}

/** The bytes of all the memory that a model has. */
static inline size_t eml_knn_all_bytes(const EmlKnn *self) {
    const EmlKnnHeader *header = &self->header;
    size_t bytes = eml_knn_bytes(header);
    if (self->scale != NULL) {
        bytes += eml_knn_scale_bytes(header);
    }
    if (self->k_distances != NULL) {
        bytes += 4u * header->max_items;
    }
    return bytes;
}

/** Makes of a model of values one of local outlier factors. It is full, no ring, and does not
 * weight neighbours; an item's value is its local reachability density, and k_distances has the
 * square of its k-distance, in steps of int16 features, as the bits of a float32. Items must not
 * change any more. */
static inline void eml_knn_set_k_distances(EmlKnn *self, const int32_t *k_distances) {
    self->k_distances = k_distances;
}

/** Sets the threshold, the bits of a float32; false if it is above 0, infinite or a NaN. */
static inline bool eml_knn_set_threshold(EmlKnn *self, uint32_t threshold) {
    const uint32_t limit = threshold == 0 ? 0 : threshold ^ (uint32_t)1 << 31;
    if (limit >= EML_KNN_INFINITE) {
        return false;
    }
    self->limit = limit;
    return true;
}

// Where an item is stored; index may be one beyond the last.
static uint32_t eml_knn_place(const EmlKnn *self, uint32_t index) {
    index += self->first;
    return index < self->header.max_items ? index : index - self->header.max_items;
}

/** The features of an item below n_items. */
static inline int16_t *eml_knn_item(const EmlKnn *self, uint32_t index) {
    return self->features + eml_knn_place(self, index) * self->header.n_features;
}

/** The label of an item below n_items, an int16, or the bits of its value. */
static int32_t eml_knn_target(const EmlKnn *self, uint32_t index) {
    const uint32_t place = eml_knn_place(self, index);
    return self->header.regression ? ((int32_t *)self->targets)[place]
                                   : ((int16_t *)self->targets)[place];
}

// All bits that are used by the features, the sign's apart.
EML_NOINLINE static uint32_t eml_knn_reach(const int16_t *features, uint32_t n_features) {
    int32_t reach = 0;
    for (uint32_t i = 0; i < n_features; i++) {
        reach |= features[i] ^ (features[i] >> 15);
    }
    return (uint32_t)reach;
}

static void eml_knn_copy(int16_t *to, const int16_t *from, uint32_t n_features) {
    for (uint32_t i = 0; i < n_features; i++) {
        to[i] = from[i];
    }
}

static void eml_knn_put(EmlKnn *self, uint32_t index, const int16_t *features, int32_t target) {
    const uint32_t place = eml_knn_place(self, index);
    if (self->header.regression) {
        ((int32_t *)self->targets)[place] = target;
    } else {
        ((int16_t *)self->targets)[place] = (int16_t)target;
    }
    eml_knn_copy(eml_knn_item(self, index), features, self->header.n_features);
}

/** Adds an item with its label or the bits of its value; returns its index, -1 if there is no
 * room. */
static inline int32_t eml_knn_add(EmlKnn *self, const int16_t *features, int32_t target) {
    if (self->header.n_items == self->header.max_items) {
        if (!self->header.ring) {
            return -1;
        }
        self->first = (uint16_t)eml_knn_place(self, 1);
        self->header.n_items--;
        self->n_found = 0;
    }
    const uint32_t index = self->header.n_items++;
    self->reach |= (uint16_t)eml_knn_reach(features, self->header.n_features);
    eml_knn_put(self, index, features, target);
    return (int32_t)index;
}

/** Removes an item below n_items; the later ones move down by one. */
static inline void eml_knn_remove(EmlKnn *self, uint32_t index) {
    self->header.n_items--;
    self->n_found = 0;
    for (; index < self->header.n_items; index++) {
        eml_knn_put(self, index, eml_knn_item(self, index + 1), eml_knn_target(self, index + 1));
    }
}

// Puts a neighbour into its place in the list; the last one drops out.
EML_NOINLINE static void eml_knn_insert(EmlKnn *self, uint64_t distance, uint32_t index) {
    const uint64_t neighbor = distance << 16 | index;
    uint32_t i = self->header.n_neighbors - 1u;
    for (; i > 0 && self->nearest[i - 1] > neighbor; i--) {
        self->nearest[i] = self->nearest[i - 1];
    }
    self->nearest[i] = neighbor;
}

// The greatest square just fits in 32 bits.
static inline uint32_t eml_knn_square(int32_t difference) {
    return (uint32_t)difference * (uint32_t)difference;
}

// Adds the square of the difference of the features `at` bytes from the start, and moves `at` on.
// The empty assembly hides from the compiler what the two hold: it would use one register for each
// of four features, which a Cortex-M0 does not have.
#define EML_KNN_ADD_ONE \
    do { \
        distance += \
            eml_knn_square(*(const int16_t *)(query + at) - *(const int16_t *)(item + at)); \
        at += 2; \
        __asm__("" : "+r"(at), "+r"(distance)); \
    } while (0)

#ifdef __ARM_FEATURE_SIMD32
typedef uint32_t EML_MAY_ALIAS EmlKnnPair; // two features
#define EML_KNN_ADD_PAIR \
    do { \
        const int16x2_t difference = \
            __ssub16(*(const EmlKnnPair *)(query + at), *(const EmlKnnPair *)(item + at)); \
        distance = (uint32_t)__smlad(difference, difference, (int32_t)distance); \
        at += 4; \
    } while (0)
#else
#define EML_KNN_ADD_PAIR \
    EML_KNN_ADD_ONE; \
    EML_KNN_ADD_ONE
#endif

// A pass over items that are stored in a row.
typedef struct EmlKnnScan {
    const int16_t *query;
    const int16_t *item;
    uint32_t index; // of the item
    uint32_t end;   // the index behind the last item
    uint32_t n_features;
    uint64_t bound;    // nearer items are wanted
    uint64_t distance; // squared, of the item
} EmlKnnScan;

// Goes on to the next item that is nearer than the bound; false if there is none. An item is left
// as soon as its distance reaches the bound. Only where eml_knn_is_near.
EML_NOINLINE static bool eml_knn_next_near(EmlKnnScan *scan) {
    const char *const query = (const char *)scan->query;
    const char *item = (const char *)scan->item;
    const uint32_t end = 2 * scan->n_features;
    const uint32_t fours_end = end & ~7u;
    const uint32_t bound = (uint32_t)scan->bound; // all ones as long as any distance is wanted
    uint32_t distance;
    for (; scan->index < scan->end; scan->index++, item += end) {
        uint32_t at = 0; // in bytes
        distance = 0;
        while (at != fours_end) {
            EML_KNN_ADD_PAIR;
            EML_KNN_ADD_PAIR;
            if (distance >= bound) {
                goto next;
            }
        }
        while (at != end) {
            EML_KNN_ADD_ONE;
        }
        if (distance < bound) {
            scan->item = (const int16_t *)(const void *)item;
            scan->distance = distance;
            return true;
        }
    next:;
    }
    return false;
}

// The same for all features.
EML_NOINLINE static bool eml_knn_next_far(EmlKnnScan *scan) {
    for (; scan->index < scan->end; scan->index++) {
        const int16_t *item = scan->item;
        scan->distance = 0;
        for (uint32_t i = 0; scan->distance < scan->bound; i++) {
            if (i == scan->n_features) {
                return true;
            }
            scan->distance += eml_knn_square(scan->query[i] - item[i]);
        }
        scan->item += scan->n_features;
    }
    return false;
}

// Whether eml_knn_next_near may be used: 32 bits hold every distance of features that are not
// beyond -reach - 1 or reach, and pairs of features are aligned where they are loaded as words.
static bool eml_knn_is_near(const EmlKnn *self, const int16_t *query, uint32_t reach) {
#ifdef __ARM_FEATURE_SIMD32
    const bool aligned = (((uintptr_t)query | 2u * self->header.n_features) & 3) == 0;
#else
    (void)query;
    const bool aligned = true;
#endif
    const uint32_t difference = 2 * reach + 1;
    return aligned && reach < 0x4000 &&
           ((difference * difference >> 16) + 1) * self->header.n_features < 0xffff;
}

/** Finds the n_neighbors nearest items; false if there are fewer items. */
static inline bool eml_knn_search(EmlKnn *self, const int16_t *query) {
    const EmlKnnHeader *header = &self->header;
    const uint32_t k = header->n_neighbors;
    self->n_found = 0;
    if (header->n_items < k) {
        return false;
    }
    for (uint32_t i = 0; i < k; i++) {
        self->nearest[i] = UINT64_MAX;
    }
    const uint32_t reach = self->reach | eml_knn_reach(query, header->n_features);
    const bool near = eml_knn_is_near(self, query, reach);
    EmlKnnScan scan;
    scan.query = query;
    scan.item = eml_knn_item(self, 0);
    scan.index = 0;
    scan.end = (uint32_t)header->max_items - self->first;
    scan.n_features = header->n_features;
    if (scan.end > header->n_items) {
        scan.end = header->n_items;
    }
    for (;;) {
        scan.bound = self->nearest[k - 1] >> 16;
        if (near ? eml_knn_next_near(&scan) : eml_knn_next_far(&scan)) {
            eml_knn_insert(self, scan.distance, scan.index);
            scan.item += scan.n_features;
            scan.index++;
        } else if (scan.end < header->n_items) {
            // A ring goes on at the start of the memory.
            scan.item = self->features;
            scan.end = header->n_items;
        } else {
            break;
        }
    }
    self->n_found = (uint16_t)k;
    return true;
}

/** The index of the i-th nearest item of the last search, for i below n_found. */
static inline uint32_t eml_knn_found(const EmlKnn *self, uint32_t i) {
    return self->nearest[i] & 0xffff;
}

/** The label of the i-th nearest item, or the bits of its value. */
EML_NOINLINE static int32_t eml_knn_found_target(const EmlKnn *self, uint32_t i) {
    return eml_knn_target(self, eml_knn_found(self, i));
}

// The square root, rounded down.
EML_NOINLINE static uint32_t eml_knn_root(uint64_t square) {
    uint32_t root = 0;
    for (uint32_t bit = (uint32_t)1 << 31; bit != 0; bit >>= 1) {
        const uint32_t trial = root | bit;
        if ((uint64_t)trial * trial <= square) {
            root = trial;
        }
    }
    return root;
}

// numerator / denominator * 2^(bits - 1), rounded down. The numerator is below 2 * denominator,
// and that below 2^64.
EML_NOINLINE static uint64_t eml_knn_ratio(uint64_t numerator, uint64_t denominator,
                                           uint32_t bits) {
    uint64_t ratio = 0;
    for (; bits > 0; bits--) {
        ratio <<= 1;
        if (numerator >= denominator) {
            numerator -= denominator;
            ratio++;
        }
        numerator <<= 1;
    }
    return ratio;
}

// The bits of the float32 nearest to numerator / denominator * 2^exponent; 0 if that is below
// 2^-126. Both numbers are below 2^63, the denominator above 0.
static uint32_t eml_knn_float(uint64_t numerator, uint64_t denominator, int32_t exponent) {
    exponent += 126;
    while (numerator < denominator && exponent >= 0) {
        numerator <<= 1;
        exponent--;
    }
    while (numerator >> 1 >= denominator) {
        denominator <<= 1;
        exponent++;
    }
    if (exponent < 0) {
        return 0;
    }
    const uint32_t bits = (uint32_t)((eml_knn_ratio(numerator, denominator, 25) + 1) >> 1);
    // The leading 1 of the 24 bits, or a 2 that rounding made of it, goes to the exponent.
    return ((uint32_t)exponent << 23) + bits;
}

// The product of two float32 that are not negative, at most the largest of them all.
EML_NOINLINE static uint32_t eml_knn_product(uint32_t a, uint32_t b) {
    const int32_t exponent = (int32_t)(a >> 23) + (int32_t)(b >> 23) - 254;
    const uint32_t whole = 0x800000;
    if (a < whole || b < whole) {
        return 0;
    }
    const uint64_t product = (uint64_t)((a & (whole - 1)) | whole) * ((b & (whole - 1)) | whole);
    const uint32_t bits = eml_knn_float(product, (uint64_t)1 << 46, exponent);
    return bits < EML_KNN_INFINITE ? bits : EML_KNN_INFINITE - 1;
}

// The squared distance of the i-th nearest item; with k-distances no less than the item's.
EML_NOINLINE static uint64_t eml_knn_reachability(const EmlKnn *self, const int32_t *k_distances,
                                                  uint32_t i) {
    const uint64_t distance = self->nearest[i] >> 16;
    if (k_distances != NULL) {
        // There is no ring: an item is stored at its index. The product with 2^-24 is whole.
        const int32_t bits = k_distances[eml_knn_found(self, i)];
        const uint64_t k_distance = (uint64_t)eml_quantize_product(bits, 0x33800000);
        if (k_distance > distance) {
            return k_distance;
        }
    }
    return distance;
}

// The mean distance of the neighbours i to end, or their mean reachability distance, as a float32's
// bits.
static uint32_t eml_knn_mean(const EmlKnn *self, const int32_t *k_distances, uint32_t i,
                             uint32_t end) {
    uint64_t bits = 0; // of all of them: as many as the farthest one has
    for (uint32_t each = i; each < end; each++) {
        bits |= eml_knn_reachability(self, k_distances, each);
    }
    // The farthest one gets 62 to 64 bits, which give its root 31 or 32; the others are no longer.
    uint32_t shift = 0;
    while (bits >> 62 == 0 && shift < 62) {
        bits <<= 2;
        shift += 2;
    }
    const uint32_t count = end - i;
    uint64_t sum = 0;
    for (; i < end; i++) {
        sum += eml_knn_root(eml_knn_reachability(self, k_distances, i) << shift);
    }
    const uint32_t mean = eml_knn_float(sum, count, -(int32_t)(shift / 2));
    const int32_t *scale = self->scale;
    return scale == NULL ? mean
                         : eml_knn_product(mean, (uint32_t)scale[2 * self->header.n_features]);
}

/** The distance of the i-th nearest item of the last search, as the bits of a float32. */
static inline uint32_t eml_knn_distance(const EmlKnn *self, uint32_t i) {
    return eml_knn_mean(self, NULL, i, i + 1);
}

// What a neighbour counts: 2^30, or that times nearest distance / its distance.
static uint32_t eml_knn_weight(const EmlKnn *self, uint32_t i) {
    const uint64_t nearest = self->nearest[0] >> 16;
    const uint64_t distance = self->nearest[i] >> 16;
    if (!self->header.weighted || distance == nearest) {
        return (uint32_t)1 << 30;
    }
    return (eml_knn_root(eml_knn_ratio(nearest, distance, 63)) + 1) >> 1;
}

/** The label that counts most among the neighbours found, the smallest of equals. */
static inline int32_t eml_knn_vote(const EmlKnn *self) {
    uint64_t most = 0;
    int32_t winner = 0;
    for (uint32_t i = 0; i < self->header.n_neighbors; i++) {
        const int32_t label = eml_knn_found_target(self, i);
        uint32_t other = 0;
        while (eml_knn_found_target(self, other) != label) {
            other++;
        }
        if (other < i) {
            continue; // counted before
        }
        uint64_t votes = 0;
        for (; other < self->header.n_neighbors; other++) {
            if (eml_knn_found_target(self, other) == label) {
                votes += eml_knn_weight(self, other);
            }
        }
        if (votes > most || (votes == most && label < winner)) {
            most = votes;
            winner = label;
        }
    }
    return winner;
}

/** The mean of the neighbours' values, as the bits of a float32. Values below 2^-126 count as 0.

Unweighted, it is the float32 nearest to the mean unless values differ by more than 2^23 in size. */
EML_NOINLINE static uint32_t eml_knn_regress(const EmlKnn *self) {
    int32_t greatest = 0;
    for (uint32_t i = 0; i < self->header.n_neighbors; i++) {
        const int32_t exponent = eml_knn_found_target(self, i) >> 23 & 0xff;
        if (exponent > greatest) {
            greatest = exponent;
        }
    }
    int64_t sum = 0;
    uint64_t weights = 0;
    for (uint32_t i = 0; i < self->header.n_neighbors; i++) {
        const int32_t bits = eml_knn_found_target(self, i);
        const int32_t exponent = bits >> 23 & 0xff;
        int32_t mantissa = exponent > 0 ? (bits & 0x7fffff) | 0x800000 : 0;
        if (bits < 0) {
            mantissa = -mantissa;
        }
        const uint32_t weight = eml_knn_weight(self, i);
        // 54 bits, of which 47 are kept, so that 65535 of them can be added.
        int64_t part = (int64_t)weight * mantissa;
        for (int32_t shift = greatest - exponent + 7; shift > 0; shift--) {
            part >>= 1;
        }
        sum += part;
        weights += weight;
    }
    const uint32_t sign = sum < 0 ? (uint32_t)1 << 31 : 0;
    return eml_knn_float((uint64_t)(sum < 0 ? -sum : sum), weights, greatest - 143) | sign;
}

/** The mean distance of all neighbours found, or the local outlier factor, as the bits of a
 * float32.
 *
 * The factor is the neighbours' mean density times the mean reachability distance from them. Where
 * this is 0, all are one and the same point, and the factor is 1. */
EML_NOINLINE static uint32_t eml_knn_novelty(const EmlKnn *self) {
    const uint32_t mean = eml_knn_mean(self, self->k_distances, 0, self->header.n_neighbors);
    if (self->k_distances == NULL) {
        return mean;
    }
    return mean == 0 ? 127u << 23 : eml_knn_product(mean, eml_knn_regress(self));
}

/** -1 if -novelty is below the threshold, else 1. Only if there is a threshold. */
static inline int32_t eml_knn_judge(const EmlKnn *self) {
    return eml_knn_novelty(self) > self->limit ? -1 : 1;
}

#endif // EML_KNN_H
