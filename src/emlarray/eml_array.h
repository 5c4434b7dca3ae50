/** Loops over arrays of samples: sums, extremes, scaling, one channel of several.

Items are of a type that has MicroPython's typecode: 'b' and 'B' (8 bits), 'h' and 'H' (16 bits),
and 'f' (float32) where it says so. Addresses are multiples of an item's bytes.

    int64_t sum = eml_array_reduce(EML_ARRAY_SUM, samples, 'h', n);

Sums are exact: no input of up to 2^30 items overflows them. Sums and sums of squares of 'h' take
two items at once; the rest is one loop for all types, which takes few bytes.
*/
#ifndef EML_ARRAY_H
#define EML_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eml_attributes.h"

// How many int16 are summed in 32 bits.
#define EML_ARRAY_BLOCK 32768

// Two int16 at once.
typedef uint32_t EML_MAY_ALIAS eml_array_pair_t;

typedef enum {
    EML_ARRAY_SUM,
    EML_ARRAY_SUMSQ,
    EML_ARRAY_DIFFERENCES,
    EML_ARRAY_ARGMAX,
    EML_ARRAY_ARGMIN,
} eml_array_operation_t;

static EML_ALWAYS_INLINE int32_t eml_array_add_pair(int32_t sum, uint32_t pair) {
#if defined(__ARM_FEATURE_DSP)
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(pair), "r"(0x00010001));
    return sum;
#else
    return sum + (int16_t)pair + ((int32_t)pair >> 16);
#endif
}

static EML_ALWAYS_INLINE uint64_t eml_array_add_squares(uint64_t sum, uint32_t pair) {
#if defined(__ARM_FEATURE_DSP)
    __asm__("smlald %Q0, %R0, %1, %1" : "+r"(sum) : "r"(pair));
    return sum;
#else
    // Up to 2^31, so unsigned.
    const int32_t low = (int16_t)pair, high = (int32_t)pair >> 16;
    return sum + ((uint32_t)(low * low) + (uint32_t)(high * high));
#endif
}

// Both: two pairs at a time, up to end.
EML_FAST static int32_t eml_array_sum_pairs(const eml_array_pair_t *pair,
                                            const eml_array_pair_t *end) {
    int32_t sum = 0;
    for (; pair != end; pair += 2) {
        sum = eml_array_add_pair(eml_array_add_pair(sum, pair[0]), pair[1]);
    }
    return sum;
}

EML_FAST static uint64_t eml_array_sumsq_pairs(const eml_array_pair_t *pair,
                                               const eml_array_pair_t *end) {
    uint64_t sum = 0;
    for (; pair != end; pair += 2) {
        sum = eml_array_add_squares(eml_array_add_squares(sum, pair[0]), pair[1]);
    }
    return sum;
}

// How to read a type of ints: its sign bit, or the bit above those that it has. 0 for other types.
static EML_NOINLINE uint32_t eml_array_sign(char type) {
    return type == 'h'   ? 0x8000
           : type == 'H' ? 0x10000
           : type == 'b' ? 0x80
           : type == 'B' ? 0x100
                         : 0;
}

// The bytes of an item, as a power of two.
static EML_ALWAYS_INLINE uint32_t eml_array_shift(uint32_t sign) {
    return sign == 0 ? 2 : sign > 0x100 ? 1 : 0;
}

static EML_ALWAYS_INLINE int32_t eml_array_item(const void *items, uint32_t sign, size_t i) {
    const uint32_t item = sign > 0x100 ? ((const uint16_t *)items)[i] : ((const uint8_t *)items)[i];
    return (int32_t)((item ^ sign) - sign);
}

EML_UNUSED static int64_t eml_array_dot(const void *a, const void *b, char type, size_t n);

// Sum, sum of squares, or sum of |x[i + 1] - x[i]|; or the first index of the largest or smallest
// item, where there is one.
static EML_NOINLINE int64_t eml_array_reduce(eml_array_operation_t operation, const void *items,
                                             char type, size_t n) {
    const uint32_t sign = eml_array_sign(type);
    int64_t result = 0;
    size_t i = 0;
    if (type == 'h' && operation <= EML_ARRAY_SUMSQ) {
        // What begins between two words is summed from the next on.
        const size_t head = (uintptr_t)items % sizeof(eml_array_pair_t) != 0 ? 1 : EML_ARRAY_BLOCK;
        if (n > head) {
            return eml_array_reduce(operation, items, type, head) +
                   eml_array_reduce(operation, (const int16_t *)items + head, type, n - head);
        }
        i = n / 4 * 4;
        const eml_array_pair_t *const pair = items, *const end = pair + i / 2;
        result = operation == EML_ARRAY_SUM ? eml_array_sum_pairs(pair, end)
                                            : (int64_t)eml_array_sumsq_pairs(pair, end);
    }
    if (operation == EML_ARRAY_SUMSQ) {
        const uint8_t *const rest = (const uint8_t *)items + (i << eml_array_shift(sign));
        return result + eml_array_dot(rest, rest, type, n - i);
    }
    int32_t last = 0;
    for (; i < n; i++) {
        const int32_t item = eml_array_item(items, sign, i);
        int32_t change = item - last;
        if (operation >= EML_ARRAY_ARGMAX) {
            if (operation == EML_ARRAY_ARGMIN) {
                change = -change;
            }
            if (i != 0 && change <= 0) {
                continue;
            }
            result = (int64_t)i;
        } else if (operation == EML_ARRAY_DIFFERENCES) {
            result += i == 0 ? 0 : change < 0 ? -change : change;
        } else {
            result += item;
        }
        last = item;
    }
    return result;
}

// The sum of a[i] * b[i], of two arrays of one type.
static EML_NOINLINE int64_t eml_array_dot(const void *a, const void *b, char type, size_t n) {
    const uint32_t sign = eml_array_sign(type);
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        // Within 32 bits, those of 'H' without a sign.
        const uint32_t product =
            (uint32_t)eml_array_item(a, sign, i) * (uint32_t)eml_array_item(b, sign, i);
        sum += type == 'H' ? product : (uint64_t)(int32_t)product;
    }
    return (int64_t)sum;
}

// One channel: n items, that many channels apart.
static void eml_array_deinterleave(const void *samples, char type, size_t channel, size_t channels,
                                   void *out, size_t n) {
    const uint32_t shift = eml_array_shift(eml_array_sign(type));
    for (size_t i = 0; i < n; i++, channel += channels) {
        if (shift == 0) {
            ((uint8_t *)out)[i] = ((const uint8_t *)samples)[channel];
        } else if (shift == 1) {
            ((uint16_t *)out)[i] = ((const uint16_t *)samples)[channel];
        } else {
            ((uint32_t *)out)[i] = ((const uint32_t *)samples)[channel];
        }
    }
}

typedef union {
    float value;
    uint32_t bits;
} eml_array_float_t;

// (x + minus_in_min) * slope + out_min, between out_min and out_max, either of which may be the
// larger.
typedef struct {
    eml_array_float_t minus_in_min, in_max, out_min, out_max, slope;
} eml_array_map_t;

static EML_ALWAYS_INLINE bool eml_array_is_finite(uint32_t bits) { return bits << 1 < 0xff000000u; }

// Floats in the order of these ints, and back.
static EML_ALWAYS_INLINE int32_t eml_array_order(uint32_t bits) {
    return (int32_t)(bits ^ ((uint32_t)((int32_t)bits >> 31) >> 1));
}

static EML_NOINLINE uint32_t eml_array_clip(uint32_t bits, int32_t low, int32_t high) {
    const int32_t order = eml_array_order(bits);
    return (uint32_t)eml_array_order((uint32_t)(order < low ? low : order > high ? high : order));
}

// 1.5 * 2^23: added to a float below 2^22, it leaves the nearest int in the lowest bits.
#define EML_ARRAY_ROUND 12582912.0f
#define EML_ARRAY_ROUND_BITS 0x4b400000u

static EML_ALWAYS_INLINE float eml_array_float(int32_t value) {
    eml_array_float_t x;
    x.bits = EML_ARRAY_ROUND_BITS + (uint32_t)value;
    return x.value + -EML_ARRAY_ROUND;
}

static EML_NOINLINE int32_t eml_array_float_order(int32_t value) {
    eml_array_float_t x;
    x.value = eml_array_float(value);
    return eml_array_order(x.bits);
}

// Maps n items of any of the types; ints are brought into their type's range and rounded, halves to
// even. in and out may be the same where items of out have no more bytes.
static void eml_array_map(const eml_array_map_t *map, const void *in, char in_type, void *out,
                          char out_type, size_t n) {
    const uint32_t in_sign = eml_array_sign(in_type), out_sign = eml_array_sign(out_type);
    int32_t low = eml_array_order(map->out_min.bits), high = eml_array_order(map->out_max.bits);
    if (low > high) {
        const int32_t swap = low;
        low = high;
        high = swap;
    }
    // All values that the type of out has: +-infinity of float32.
    int32_t least = -0x7f800001, most = 0x7f800000;
    if (out_sign != 0) {
        const uint32_t half = out_sign & 0x8080;
        least = eml_array_float_order(-(int32_t)half);
        most = eml_array_float_order((int32_t)(half != 0 ? half : out_sign) - 1);
    }
    for (size_t i = 0; i < n; i++) {
        eml_array_float_t x;
        if (in_sign == 0) {
            x.bits = ((const uint32_t *)in)[i];
        } else {
            x.value = eml_array_float(eml_array_item(in, in_sign, i));
        }
        x.value = (x.value + map->minus_in_min.value) * map->slope.value + map->out_min.value;
        x.bits = eml_array_clip(eml_array_clip(x.bits, low, high), least, most);
        if (out_sign == 0) {
            ((uint32_t *)out)[i] = x.bits;
            continue;
        }
        x.value += EML_ARRAY_ROUND;
        if (out_sign > 0x100) {
            ((uint16_t *)out)[i] = (uint16_t)x.bits;
        } else {
            ((uint8_t *)out)[i] = (uint8_t)x.bits;
        }
    }
}

#endif // EML_ARRAY_H
