// Reduces, maps and deinterleaves any arrays, under sanitizers, and compares what comes out with
// what plain loops over their items find: all types and lengths, at all alignments, any limits.

#include <math.h>

#include "choices.h"
#include "eml_arrays.h"

// More than two pieces.
#define MAX_ITEMS (2 * EML_ARRAY_PIECE + 70)

static const char TYPES[] = "bBhf";
static const size_t ITEM_BYTES[] = {1, 1, 2, 4};

// An array that ends where its memory ends, and begins some items after it.
typedef struct {
    void *memory;
    eml_array_t array;
    size_t kind; // the place in TYPES
} given_t;

static given_t new_array(size_t kind, size_t n) {
    given_t given;
    const size_t skip = below(4) * ITEM_BYTES[kind], bytes = n * ITEM_BYTES[kind];
    given.kind = kind;
    given.memory = allocate(1, skip + bytes);
    eml_array_set(&given.array, (char *)given.memory + skip, (uint32_t)TYPES[kind], bytes);
    REQUIRE(given.array.n == n && given.array.sign != 0);
    return given;
}

// Noise, the extremes, or few values; of floats any bits, or plain numbers.
static void fill(const given_t *given) {
    const uint32_t how = below(4);
    for (size_t i = 0; i < given->array.n; i++) {
        uint32_t item = how == 0   ? next_random()
                        : how == 1 ? below(3) - 1
                        : how == 2 ? (next_random() & 1 ? 0x8000u : 0x7fffu)
                                   : 0x8000u;
        if (given->array.shift == 0 && how >= 2) {
            item >>= 8;
        }
        if (TYPES[given->kind] == 'f') {
            const float value = how < 2 ? any_float() : (float)(int16_t)item / 256;
            memcpy((float *)given->array.items + i, &value, sizeof(value));
        } else if (given->array.shift == 1) {
            ((uint16_t *)given->array.items)[i] = (uint16_t)item;
        } else {
            ((uint8_t *)given->array.items)[i] = (uint8_t)item;
        }
    }
}

static double item_of(const given_t *given, size_t i) {
    const void *const items = given->array.items;
    return TYPES[given->kind] == 'b'   ? ((const int8_t *)items)[i]
           : TYPES[given->kind] == 'B' ? ((const uint8_t *)items)[i]
           : TYPES[given->kind] == 'h' ? ((const int16_t *)items)[i]
                                       : (double)((const float *)items)[i];
}

static void try_reductions(size_t kind, size_t n) {
    const given_t a = new_array(kind, n), b = new_array(kind, n);
    fill(&a);
    fill(&b);
    int64_t sum = 0, sumsq = 0, dot = 0, differences = 0, max = INT64_MIN, min = INT64_MAX, at = 0;
    for (size_t i = 0; i < n; i++) {
        const int64_t x = (int64_t)item_of(&a, i);
        sum += x;
        sumsq += x * x;
        dot += x * (int64_t)item_of(&b, i);
        if (i > 0) {
            const int64_t difference = x - (int64_t)item_of(&a, i - 1);
            differences += difference < 0 ? -difference : difference;
        }
        if (x > max) {
            max = x;
            at = (int64_t)i;
        }
        min = x < min ? x : min;
    }
    REQUIRE(eml_array_reduce(EML_ARRAY_SUM, &a.array, NULL) == sum);
    REQUIRE(eml_array_reduce(EML_ARRAY_MEAN, &a.array, NULL) == sum);
    REQUIRE(eml_array_reduce(EML_ARRAY_SUMSQ, &a.array, NULL) == sumsq);
    REQUIRE(eml_array_reduce(EML_ARRAY_DOT, &a.array, &b.array) == dot);
    REQUIRE(eml_array_reduce(EML_ARRAY_DOT, &a.array, &a.array) == sumsq);
    REQUIRE(eml_array_reduce(EML_ARRAY_DIFFERENCES, &a.array, NULL) == differences);
    if (n > 0) {
        REQUIRE(eml_array_reduce(EML_ARRAY_MAX, &a.array, NULL) == max);
        REQUIRE(eml_array_reduce(EML_ARRAY_MIN, &a.array, NULL) == min);
        REQUIRE(eml_array_reduce(EML_ARRAY_ARGMAX, &a.array, NULL) == at);
    }
    free(a.memory);
    free(b.memory);
}

static void try_deinterleave(size_t kind, size_t n) {
    const size_t channels = 1 + below(below(8) == 7 ? 255 : 4), channel = below((uint32_t)channels);
    const given_t samples = new_array(kind, n * channels), out = new_array(kind, n);
    const size_t bytes = ITEM_BYTES[kind];
    fill(&samples);
    eml_array_deinterleave(&samples.array, channel, channels, &out.array);
    for (size_t i = 0; i < n; i++) {
        REQUIRE(memcmp((char *)out.array.items + i * bytes,
                       (char *)samples.array.items + (i * channels + channel) * bytes, bytes) == 0);
    }
    free(samples.memory);
    free(out.memory);
}

// A limit that linear_map takes.
static float any_limit(void) {
    float value;
    do {
        value = below(4) == 0 ? any_float() : (float)(int32_t)(below(131073) - 65536) / 2;
    } while (!isfinite(value));
    return value;
}

static uint32_t mapped;

static void try_map(size_t kind, size_t out_kind, size_t n) {
    const given_t in = new_array(kind, n);
    fill(&in);
    given_t out = new_array(out_kind, n);
    eml_array_map_t map;
    map.in_min.value = any_limit();
    map.in_max.value = any_limit();
    map.out_min.value = any_limit();
    map.out_max.value = any_limit();
    const float span = map.in_max.value - map.in_min.value;
    map.slope.value = (map.out_max.value - map.out_min.value) / span;
    if (span != 0 && eml_array_is_finite(map.slope.bits)) {
        mapped++;
        eml_array_map(&map, &in.array, &out.array);
        const char type = TYPES[out_kind];
        const float low = fminf(map.out_min.value, map.out_max.value);
        const float high = fmaxf(map.out_min.value, map.out_max.value);
        const float least = type == 'b' ? -128 : type == 'B' ? 0 : type == 'h' ? -32768 : -INFINITY;
        const float most = type == 'b' ? 127 : type == 'B' ? 255 : type == 'h' ? 32767 : INFINITY;
        for (size_t i = 0; i < n; i++) {
            const float difference = (float)item_of(&in, i) - map.in_min.value;
            const float scaled = difference * map.slope.value;
            const float value = scaled + map.out_min.value;
            float near = fminf(fmaxf(fminf(fmaxf(value, low), high), least), most);
            float far = near;
            if (isnan(value)) {
                near = fminf(fmaxf(low, least), most);
                far = fminf(fmaxf(high, least), most);
            }
            if (type != 'f') {
                near = nearbyintf(near);
                far = nearbyintf(far);
            }
            const double found = item_of(&out, i);
            REQUIRE(found == near || found == far);
        }
        // In place, over what was read.
        if (out.array.shift <= in.array.shift) {
            eml_array_t over = out.array;
            over.items = in.array.items;
            eml_array_map(&map, &in.array, &over);
            REQUIRE(memcmp(over.items, out.array.items, n * ITEM_BYTES[out_kind]) == 0);
        }
    }
    free(in.memory);
    free(out.memory);
}

static void once(void) {
    const size_t n = below(below(4) == 3 ? MAX_ITEMS : 12);
    const size_t kind = below(4);
    if (kind < 3) {
        try_reductions(kind, n);
    }
    try_deinterleave(kind, n);
    try_map(kind, below(4), n);
}

CHOICES_MAIN(once, mapped)
