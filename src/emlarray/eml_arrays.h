/** Loops over arrays of samples: sums, extremes, scaling, one channel of several.

Items are of a type that has MicroPython's typecode: 'b' and 'B' (8 bits), 'h' (int16), and 'f'
(float32) where it says so. Addresses are multiples of an item's bytes.

    int64_t sum = eml_array_reduce(EML_ARRAY_SUM, samples, samples, 'h', n);

Sums are exact: no input of up to 2^30 items overflows them. All are loops over int16, to which
bytes are brought in pieces, on the stack.
*/
#ifndef EML_ARRAYS_H
#define EML_ARRAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eml_attributes.h"

// How many int16 are summed in 32 bits; and how many bytes become int16 at a time.
#define EML_ARRAY_BLOCK 32768
#define EML_ARRAY_PIECE 64

// Two int16 at once.
typedef uint32_t EML_MAY_ALIAS eml_array_pair_t;

typedef enum {
    EML_ARRAY_SUM,
    EML_ARRAY_SUMSQ,
    EML_ARRAY_DOT,
    EML_ARRAY_DIFFERENCES, // the sum of |a[i + 1] - a[i]|
    EML_ARRAY_MAX,
    EML_ARRAY_MIN,
    EML_ARRAY_ARGMAX, // the first index of the largest item
} eml_array_operation_t;

static EML_ALWAYS_INLINE int32_t eml_array_add_pair(int32_t sum, uint32_t pair) {
#if defined(__ARM_FEATURE_DSP)
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(pair), "r"(0x00010001));
    return sum;
#else
    return sum + (int16_t)pair + ((int32_t)pair >> 16);
#endif
}

static EML_ALWAYS_INLINE uint64_t eml_array_add(uint64_t sum, uint32_t value) {
#if defined(__ARM_ARCH_6M__)
    // GCC copies both halves first.
    __asm__(".syntax unified\n adds %Q0, %1\n adcs %R0, %2"
            : "+l"(sum)
            : "l"(value), "l"(0)
            : "cc");
    return sum;
#else
    return sum + value;
#endif
}

static EML_ALWAYS_INLINE uint64_t eml_array_add_squares(uint64_t sum, uint32_t pair) {
#if defined(__ARM_FEATURE_DSP)
    __asm__("smlald %Q0, %R0, %1, %1" : "+r"(sum) : "r"(pair));
    return sum;
#else
    // Up to 2^31, so unsigned.
    const int32_t low = (int16_t)pair, high = (int32_t)pair >> 16;
    return eml_array_add(sum, (uint32_t)(low * low) + (uint32_t)(high * high));
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

EML_FAST static int64_t eml_array_dot_i16(const int16_t *a, const int16_t *b, size_t n) {
    int64_t sum = 0;
    for (const int16_t *const end = a + n; a != end;) {
        sum += *a++ * *b++;
    }
    return sum;
}

EML_FAST static uint32_t eml_array_differences_i16(const int16_t *x, size_t n) {
    uint32_t sum = 0;
    int32_t last = *x;
    for (const int16_t *const end = x + n; x != end;) {
        const int32_t item = *x++, difference = item - last;
        sum += (uint32_t)(difference < 0 ? -difference : difference);
        last = item;
    }
    return sum;
}

// The first of the largest items; with flip -1 of the smallest, as ~x is in reverse order.
EML_FAST static const int16_t *eml_array_extreme_i16(const int16_t *x, size_t n, int32_t flip) {
    const int16_t *found = x;
    int32_t most = *x ^ flip;
    for (const int16_t *const end = x + n; x != end; x++) {
        const int32_t item = *x ^ flip;
        if (item > most) {
            most = item;
            found = x;
        }
    }
    return found;
}

// How to read a type of ints: its sign bit, or the bit above those that it has. 0 for other types.
static EML_NOINLINE uint32_t eml_array_sign(char type) {
    return type == 'h' ? 0x8000 : type == 'b' ? 0x80 : type == 'B' ? 0x100 : 0;
}

// The bytes of an item, as a power of two.
static EML_ALWAYS_INLINE uint32_t eml_array_shift(uint32_t sign) {
    return sign == 0 ? 2 : sign == 0x8000 ? 1 : 0;
}

static EML_ALWAYS_INLINE int32_t eml_array_byte(const void *items, uint32_t sign, size_t i) {
    return (int32_t)((((const uint8_t *)items)[i] ^ sign) - sign);
}

// n items from the i-th as int16: where they are, or in work.
static EML_NOINLINE const int16_t *eml_array_int16(const void *items, uint32_t sign, size_t i,
                                                   size_t n, int16_t *work) {
    if (sign == 0x8000) {
        return (const int16_t *)items + i;
    }
    for (size_t k = 0; k < n; k++) {
        work[k] = (int16_t)eml_array_byte(items, sign, i + k);
    }
    return work;
}

// An operation on n items of a, of a and b if it is EML_ARRAY_DOT; extremes need one item.
static int64_t eml_array_reduce(eml_array_operation_t operation, const void *a, const void *b,
                                char type, size_t n) {
    int16_t work[2 * EML_ARRAY_PIECE] __attribute__((aligned(4)));
    const uint32_t sign = eml_array_sign(type);
    const int32_t flip = operation == EML_ARRAY_MIN ? -1 : 0;
    int64_t result = 0;
    int32_t extreme = INT32_MIN;
    size_t count;
    for (size_t i = 0; i < n; i += count) {
        const size_t most = sign == 0x8000 ? EML_ARRAY_BLOCK : EML_ARRAY_PIECE;
        count = n - i < most ? n - i : most;
        const int16_t *const x = eml_array_int16(a, sign, i, count, work);
        if (operation <= EML_ARRAY_DOT) {
            const int16_t *y = x;
            if (operation == EML_ARRAY_DOT) {
                y = eml_array_int16(b, sign, i, count, work + EML_ARRAY_PIECE);
            } else if ((uintptr_t)x % sizeof(eml_array_pair_t) == 0 && count >= 4) {
                count -= count % 4;
                const eml_array_pair_t *const pair = (const void *)x, *const end = pair + count / 2;
                result += operation == EML_ARRAY_SUM ? eml_array_sum_pairs(pair, end)
                                                     : (int64_t)eml_array_sumsq_pairs(pair, end);
                continue;
            } else {
                // What begins between two words, or ends there.
                count = 1;
            }
            result += operation == EML_ARRAY_SUM ? *x : eml_array_dot_i16(x, y, count);
        } else if (operation == EML_ARRAY_DIFFERENCES) {
            result += eml_array_differences_i16(x, count);
            // The next piece begins with the last item of this one.
            if (i + count < n) {
                count--;
            }
        } else {
            const int16_t *const found = eml_array_extreme_i16(x, count, flip);
            if ((*found ^ flip) > extreme) {
                extreme = *found ^ flip;
                result = (int64_t)(i + (size_t)(found - x));
            }
        }
    }
    return operation == EML_ARRAY_MAX || operation == EML_ARRAY_MIN ? extreme ^ flip : result;
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
    // The type of out has all values between; of floats all.
    int32_t least = INT32_MIN, most = INT32_MAX;
    if (out_sign != 0) {
        const uint32_t half = out_sign & 0x8080;
        least = eml_array_float_order(-(int32_t)half);
        most = eml_array_float_order((int32_t)(half != 0 ? half : out_sign) - 1);
    }
    for (size_t i = 0; i < n; i++) {
        eml_array_float_t x;
        if (in_sign == 0) {
            x.bits = ((const uint32_t *)in)[i];
        } else if (in_sign == 0x8000) {
            x.value = eml_array_float(((const int16_t *)in)[i]);
        } else {
            x.value = eml_array_float(eml_array_byte(in, in_sign, i));
        }
        x.value = (x.value + map->minus_in_min.value) * map->slope.value + map->out_min.value;
        x.bits = eml_array_clip(eml_array_clip(x.bits, low, high), least, most);
        if (out_sign == 0) {
            ((uint32_t *)out)[i] = x.bits;
            continue;
        }
        x.value += EML_ARRAY_ROUND;
        if (out_sign == 0x8000) {
            ((int16_t *)out)[i] = (int16_t)x.bits;
        } else {
            ((uint8_t *)out)[i] = (uint8_t)x.bits;
        }
    }
}

#endif // EML_ARRAYS_H
