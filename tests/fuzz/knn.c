// Any use of eml_knn.h, beside a plain computation of the same, under sanitizers.

#include "choices.h"
#include "eml_knn.h"
#include <math.h>

#define MAX_ITEMS 12
#define MAX_FEATURES 9

static int16_t feature(uint32_t kind) {
    const int16_t extremes[] = {-32768, 32767, -16384, 16383, -16385, 16384};
    if (kind == 0) {
        return extremes[below(6)];
    }
    return kind == 1 ? (int16_t)(below(65536) - 32768) : (int16_t)(below(200) - 100);
}

static uint64_t squared(const int16_t *one, const int16_t *other, uint32_t n_features) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n_features; i++) {
        const int64_t difference = (int64_t)one[i] - other[i];
        sum += (uint64_t)(difference * difference);
    }
    return sum;
}

// What a model should hold: the same items in a plain list.
typedef struct {
    int16_t features[MAX_ITEMS][MAX_FEATURES];
    int32_t targets[MAX_ITEMS];
    uint32_t n_items;
} List;

static void drop(List *list, uint32_t index) {
    list->n_items--;
    for (uint32_t i = index; i < list->n_items; i++) {
        memcpy(list->features[i], list->features[i + 1], sizeof(list->features[i]));
        list->targets[i] = list->targets[i + 1];
    }
}

static void check_search(EmlKnn *knn, const List *list, const int16_t *query) {
    const uint32_t k = knn->header.n_neighbors;
    REQUIRE(eml_knn_search(knn, query) == (list->n_items >= k));
    if (list->n_items < k) {
        return;
    }
    bool used[MAX_ITEMS] = {false};
    for (uint32_t i = 0; i < k; i++) {
        uint32_t best = MAX_ITEMS;
        uint64_t least = UINT64_MAX;
        for (uint32_t index = 0; index < list->n_items; index++) {
            const uint64_t distance = squared(query, list->features[index], knn->header.n_features);
            if (!used[index] && distance < least) {
                least = distance;
                best = index;
            }
        }
        used[best] = true;
        REQUIRE(knn->nearest[i] >> 16 == least);
        REQUIRE(eml_knn_found(knn, i) == best);
        eml_knn_distance(knn, i);
    }
    eml_knn_novelty(knn);
    if (knn->header.regression) {
        eml_knn_regress(knn);
    } else {
        eml_knn_vote(knn);
    }
}

static float number(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

// Whether a float32 is nearly a number; from where numbers are too small for a float32, any is.
static bool is_near(uint32_t bits, double expected) {
    const double limit = 3.4028234e38;
    const double error = number(bits) - (expected < limit ? expected : limit);
    return expected < 1e-36 || (error < 1e-5 * expected && error > -1e-5 * expected);
}

// Novelty as a mean distance and as a local outlier factor, in any unit, and what a threshold makes
// of it.
static void check_novelty(EmlKnn *knn, const List *list, const int16_t *query) {
    const uint32_t k = knn->header.n_neighbors, n_features = knn->header.n_features;
    if (!eml_knn_search(knn, query)) {
        return;
    }
    int32_t scale[2 * MAX_FEATURES + 1] = {0};
    scale[2 * n_features] = (int32_t)any_bits();
    int32_t *const before = knn->scale;
    void *memory = malloc(eml_knn_scale_bytes(&knn->header));
    eml_knn_set_scale(knn, memory, scale);
    REQUIRE(eml_knn_novelty(knn) < EML_KNN_INFINITE); // whatever the unit is
    const uint32_t unit = (1 + below(253)) << 23 | below(1 << 23);
    knn->scale[2 * n_features] = (int32_t)unit;
    double sum = 0;
    for (uint32_t i = 0; i < k; i++) {
        const double distance = sqrt((double)(knn->nearest[i] >> 16)) * number(unit);
        REQUIRE(is_near(eml_knn_distance(knn, i), distance));
        sum += distance;
    }
    const uint32_t mean = eml_knn_novelty(knn);
    REQUIRE(is_near(mean, sum / k));
    if (knn->header.regression && !knn->header.ring && !knn->header.weighted &&
        list->n_items == knn->header.max_items) {
        int32_t *k_distances = malloc(4u * list->n_items);
        for (uint32_t i = 0; i < list->n_items; i++) {
            k_distances[i] = (int32_t)any_bits();
        }
        eml_knn_set_k_distances(knn, k_distances);
        REQUIRE(eml_knn_novelty(knn) < EML_KNN_INFINITE);
        double reach = 0, density = 0;
        for (uint32_t i = 0; i < list->n_items; i++) {
            k_distances[i] =
                below(3) == 0 ? 0 : (int32_t)((127 + below(44)) << 23 | below(2) << 20);
        }
        for (uint32_t i = 0; i < k; i++) {
            const uint32_t index = eml_knn_found(knn, i);
            const double k_distance = floor(number((uint32_t)k_distances[index]));
            const double distance = (double)(knn->nearest[i] >> 16);
            reach += sqrt(distance > k_distance ? distance : k_distance) / k;
            // Densities of one sign, so that none of their digits cancel out.
            const uint32_t bits = (127 + below(20)) << 23;
            ((int32_t *)knn->targets)[index] = (int32_t)bits;
            density += (double)number(bits) / k;
        }
        const double expected = reach == 0 ? 1 : reach * number(unit) * density;
        if (reach * number(unit) > 1e-36 && reach * number(unit) < 1e37) {
            REQUIRE(is_near(eml_knn_novelty(knn), expected));
        }
        knn->k_distances = NULL;
        free(k_distances);
        for (uint32_t i = 0; i < list->n_items; i++) {
            ((int32_t *)knn->targets)[i] = list->targets[i];
        }
    }
    const uint32_t threshold = below(2) == 0 ? mean | (uint32_t)1 << 31 : any_bits();
    const bool taken = eml_knn_set_threshold(knn, threshold);
    REQUIRE(taken == (number(threshold) <= 0 && number(threshold) > -INFINITY));
    if (taken) {
        // Compared as bits: what is below the least normal float32 counts as less than that.
        REQUIRE((eml_knn_judge(knn) < 0) == (mean > (threshold & INT32_MAX)));
        REQUIRE(threshold == 0 || (knn->limit | (uint32_t)1 << 31) == threshold);
        knn->limit = EML_KNN_NO_LIMIT;
    }
    REQUIRE(knn->limit == EML_KNN_NO_LIMIT);
    knn->scale = before;
    free(memory);
}

// Raw units of any bits, in memory of exactly eml_knn_scale_bytes, are a NaN or int16.
static void check_quantize(EmlKnn *knn) {
    const uint32_t n_features = knn->header.n_features;
    int32_t scale[2 * MAX_FEATURES + 1] = {0}, raw[MAX_FEATURES];
    bool has_nan = false;
    for (uint32_t i = 0; i < n_features; i++) {
        scale[2 * i] = (int32_t)any_bits();
        scale[2 * i + 1] = (int32_t)any_bits();
        raw[i] = (int32_t)any_bits();
        has_nan |= eml_quantize_is_nan(raw[i]);
    }
    void *memory = malloc(eml_knn_scale_bytes(&knn->header));
    eml_knn_set_scale(knn, memory, scale);
    const int16_t *features = eml_knn_quantize(knn, raw, true);
    REQUIRE((features == NULL) == has_nan);
    for (uint32_t i = 0; !has_nan && i < n_features; i++) {
        REQUIRE(features[i] ==
                eml_quantize(raw[i], scale[2 * i], scale[2 * i + 1], INT16_MIN, INT16_MAX));
    }
    // An int16 is as the float32 that is equal to it.
    int16_t whole[MAX_FEATURES];
    for (uint32_t i = 0; i < n_features; i++) {
        whole[i] = feature(below(3));
        const float value = whole[i];
        memcpy(&raw[i], &value, sizeof(value));
    }
    features = eml_knn_quantize(knn, whole, false);
    for (uint32_t i = 0; i < n_features; i++) {
        REQUIRE(features[i] ==
                eml_quantize(raw[i], scale[2 * i], scale[2 * i + 1], INT16_MIN, INT16_MAX));
    }
    free(memory);
}

static void use(void) {
    List list = {.n_items = 0};
    EmlKnn knn;
    memset(&knn, 0, sizeof(knn));
    knn.header.max_items = (uint16_t)(1 + below(MAX_ITEMS));
    knn.header.n_features = (uint16_t)(1 + below(MAX_FEATURES));
    knn.header.n_neighbors = (uint16_t)(1 + below(knn.header.max_items));
    knn.header.ring = (uint16_t)below(2);
    knn.header.regression = (uint16_t)below(2);
    knn.header.weighted = (uint16_t)below(2);
    void *memory = malloc(eml_knn_bytes(&knn.header));
    eml_knn_begin(&knn, memory);
    const uint32_t kind = below(3);
    for (uint32_t step = 0; step < 40; step++) {
        int16_t *row = malloc(2u * knn.header.n_features);
        for (uint32_t i = 0; i < knn.header.n_features; i++) {
            row[i] = feature(kind);
        }
        if (below(8) == 0 && list.n_items > 0) {
            const uint32_t index = below(list.n_items);
            eml_knn_remove(&knn, index);
            drop(&list, index);
        } else if (below(20) == 0) {
            eml_knn_clear(&knn);
            list.n_items = 0;
        } else {
            // Any bits but those of infinite values and NaN.
            int32_t target = (int32_t)any_bits();
            if (!knn.header.regression) {
                target = (int16_t)target;
            } else if ((target >> 23 & 0xff) == 0xff) {
                target = 0;
            }
            const bool full = list.n_items == knn.header.max_items;
            if (full && knn.header.ring) {
                drop(&list, 0);
            }
            const int32_t index = eml_knn_add(&knn, row, target);
            REQUIRE(index == (full && !knn.header.ring ? -1 : (int32_t)list.n_items));
            if (index >= 0) {
                memcpy(list.features[index], row, 2u * knn.header.n_features);
                list.targets[index] = target;
                list.n_items++;
            }
        }
        REQUIRE(knn.header.n_items == list.n_items);
        for (uint32_t i = 0; i < list.n_items; i++) {
            REQUIRE(eml_knn_target(&knn, i) == list.targets[i]);
            REQUIRE(memcmp(eml_knn_item(&knn, i), list.features[i], 2u * knn.header.n_features) ==
                    0);
        }
        row[below(knn.header.n_features)] = feature(kind);
        check_search(&knn, &list, row);
        check_novelty(&knn, &list, row);
        free(row);
    }
    check_quantize(&knn);
    free(memory);
}

static uint32_t rounds_done;

static void once(void) {
    use();
    rounds_done++;
}

CHOICES_MAIN(once, rounds_done)
