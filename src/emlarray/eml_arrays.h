/** Loops over arrays of samples: sums, extremes, scaling, one channel of several.

Items are of a type that has MicroPython's typecode: 'b' and 'B' (8 bits), 'h' (int16), and 'f'
(float32) where it says so. Addresses are multiples of an item's bytes.

    eml_array_t array;
    eml_array_set(&array, samples, 'h', 2 * n);
    int64_t sum = eml_array_reduce(EML_ARRAY_SUM, &array, NULL);

Sums are exact: no input of up to 2^30 items overflows them. All are loops over int16, to which
bytes are brought in pieces, on the stack. CPUs are little-endian.
*/
#ifndef EML_ARRAYS_H
#define EML_ARRAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eml_attributes.h"

// How many bytes become int16 at a time.
#define EML_ARRAY_PIECE 64

// Two int16 at once.
typedef uint32_t EML_MAY_ALIAS eml_array_pair_t;

typedef union {
    float value;
    uint32_t bits;
} eml_array_float_t;

// 1.5 * 2^23: added to a float, it leaves the nearest int in the lowest bits, where that has no
// more than 22; and the order of all floats is kept.
#define EML_ARRAY_ROUND 0x4b400000u

// An array: n items of 2^shift bytes. (item ^ sign) - sign is the value of an item, or a float's
// bits. Of a type that is none of these, sign is 0.
typedef struct {
    void *items;
    size_t n;
    uint32_t sign, shift;
    eml_array_float_t round; // EML_ARRAY_ROUND, 0 for floats
    uint32_t type;
} eml_array_t;

typedef enum {
    EML_ARRAY_DOT = 3, // a binding may have other calls below
    EML_ARRAY_SUM,
    EML_ARRAY_SUMSQ,
    EML_ARRAY_DIFFERENCES, // the sum of |a[i + 1] - a[i]|
    EML_ARRAY_MAX,
    EML_ARRAY_MIN,
    EML_ARRAY_ARGMAX, // the first index of the largest item
    EML_ARRAY_MEAN,   // the sum: who calls divides it
} eml_array_operation_t;

// Adds an int32, or a uint32 with a high word of 0.
static EML_ALWAYS_INLINE int64_t eml_array_add(int64_t sum, uint32_t value, int32_t high) {
#if defined(__ARM_ARCH_6M__)
    // GCC copies both halves first.
    __asm__(".syntax unified\n adds %Q0, %1\n adcs %R0, %2"
            : "+l"(sum)
            : "l"(value), "l"(high)
            : "cc");
    return sum;
#else
    return sum + (int64_t)((uint64_t)(uint32_t)high << 32 | value);
#endif
}

// The sum of a[i] * b[i], or of a[i] * *b if the step of b is 0 and not 1.
EML_FAST EML_NOINLINE static int64_t eml_array_products(const int16_t *a, const int16_t *b,
                                                        size_t step, size_t n) {
    int64_t sum = 0;
    while (n != 0) {
#if defined(__ARM_FEATURE_DSP)
        // Four items at once.
        if (((uintptr_t)a | (uintptr_t)b) % 4 == 0 && n >= 4) {
            size_t left = n >> 2;
            uint64_t items, others;
            n &= 3;
            __asm__ volatile("1: ldrd %Q4, %R4, [%0], #8\n"
                             "ldrd %Q5, %R5, [%1]\n"
                             "add %1, %6\n"
                             "smlald %Q3, %R3, %Q4, %Q5\n"
                             "smlald %Q3, %R3, %R4, %R5\n"
                             "subs %2, #1\n"
                             "bne 1b"
                             : "+r"(a), "+r"(b), "+r"(left), "+r"(sum), "=&r"(items), "=&r"(others)
                             : "r"(8 * step)
                             : "cc", "memory");
            continue;
        }
#endif
        const int32_t product = *a++ * *b;
        b += step;
        n--;
        sum = eml_array_add(sum, (uint32_t)product, product >> 31);
    }
    return sum;
}

#if !defined(__ARM_FEATURE_DSP)
// Two pairs of items at a time, up to end.
EML_FAST static int64_t eml_array_sum_pairs(const eml_array_pair_t *pair,
                                            const eml_array_pair_t *end) {
    int64_t sum = 0;
    do {
        const uint32_t first = *pair++, second = *pair++;
        const int32_t four =
            (int16_t)first + ((int32_t)first >> 16) + (int16_t)second + ((int32_t)second >> 16);
        sum = eml_array_add(sum, (uint32_t)four, four >> 31);
    } while (pair != end);
    return sum;
}

static EML_ALWAYS_INLINE int64_t eml_array_add_squares(int64_t sum, uint32_t pair) {
    // Up to 2^31, so unsigned.
    const int32_t low = (int16_t)pair, high = (int32_t)pair >> 16;
    return eml_array_add(sum, (uint32_t)(low * low) + (uint32_t)(high * high), 0);
}

EML_FAST static int64_t eml_array_sumsq_pairs(const eml_array_pair_t *pair,
                                              const eml_array_pair_t *end) {
    int64_t sum = 0;
    do {
        const uint32_t first = *pair++, second = *pair++;
        sum = eml_array_add_squares(eml_array_add_squares(sum, first), second);
    } while (pair != end);
    return sum;
}
#endif

// The same, for at least one item; other CPUs than those above also take four items at once where
// all are multiplied by ones, or by themselves.
static int64_t eml_array_sums(const int16_t *a, const int16_t *b, size_t step, size_t n) {
#if !defined(__ARM_FEATURE_DSP)
    const bool squares = a == b;
    if (step == 0 || squares) {
        // From the first of which the address is a multiple of 4.
        const size_t head = (uintptr_t)a / 2 % 2;
        int64_t sum = eml_array_products(a, b, step, head);
        const eml_array_pair_t *const pair = (const void *)(a + head);
        const eml_array_pair_t *const end = pair + ((n - head) >> 2) * 2;
        if (pair != end) {
            sum += squares ? eml_array_sumsq_pairs(pair, end) : eml_array_sum_pairs(pair, end);
        }
        a = (const void *)end;
        return sum + eml_array_products(a, squares ? a : b, step, (n - head) & 3);
    }
#endif
    return eml_array_products(a, b, step, n);
}

// These take at least one item.
EML_FAST static int64_t eml_array_differences(const int16_t *x, size_t n) {
    const int16_t *const end = x + n;
    int64_t sum = 0;
    int32_t last = *x;
    do {
        const int32_t item = *x++, difference = item - last;
        sum = eml_array_add(sum, (uint32_t)(difference < 0 ? -difference : difference), 0);
        last = item;
    } while (x != end);
    return sum;
}

// The first of the largest items; with flip -1 of the smallest, as ~x is in reverse order.
EML_FAST static const int16_t *eml_array_extreme(const int16_t *x, size_t n, int32_t flip) {
    const int16_t *const end = x + n, *found = x;
    int32_t most = *x ^ flip;
    do {
        const int32_t item = *x ^ flip;
        if (item > most) {
            most = item;
            found = x;
        }
    } while (++x != end);
    return found;
}

// An array of these bytes.
static EML_ALWAYS_INLINE void eml_array_set(eml_array_t *array, void *items, uint32_t type,
                                            size_t bytes) {
    uint32_t sign = 0, shift = 0, round = EML_ARRAY_ROUND;
    if (type == 'b') {
        sign = 0x80;
    }
    if (type == 'B') {
        sign = 0x100;
    }
    if (type == 'h') {
        sign = 0x8000;
        shift = 1;
    }
    if (type == 'f') {
        sign = 0x80000000u;
        shift = 2;
        round = 0;
    }
    array->round.bits = round;
    array->items = items;
    array->n = bytes >> shift;
    array->sign = sign;
    array->shift = shift;
    array->type = type;
}

// n items from the i-th, at least one, as int16: where they are, or in work.
static EML_NOINLINE const int16_t *eml_array_int16(const eml_array_t *array, size_t i, size_t n,
                                                   int16_t *work) {
    if (array->shift == 1) {
        return (const int16_t *)array->items + i;
    }
    const uint8_t *const bytes = (const uint8_t *)array->items + i;
    const uint32_t sign = array->sign;
    do {
        n--;
        work[n] = (int16_t)((bytes[n] ^ sign) - sign);
    } while (n != 0);
    return work;
}

// An operation on the items of a, of a and b if it is EML_ARRAY_DOT; extremes need one item.
static int64_t eml_array_reduce(eml_array_operation_t operation, const eml_array_t *a,
                                const eml_array_t *b) {
    int16_t work[2][EML_ARRAY_PIECE] __attribute__((aligned(4)));
    int16_t ones[4] __attribute__((aligned(4)));
    eml_array_pair_t *const pairs = (void *)ones;
    pairs[0] = pairs[1] = 0x00010001;
    const int32_t flip = -(int32_t)(operation == EML_ARRAY_MIN);
    int64_t result = 0;
    int32_t extreme = INT32_MIN;
    size_t count;
    for (size_t i = 0; i < a->n; i += count) {
        count = a->n - i;
        if (a->shift == 0 && count > EML_ARRAY_PIECE) {
            count = EML_ARRAY_PIECE;
        }
        const int16_t *const x = eml_array_int16(a, i, count, work[0]);
        if (operation == EML_ARRAY_DIFFERENCES) {
            result += eml_array_differences(x, count);
            // The next piece begins with the last item of this one.
            if (i + count < a->n) {
                count--;
            }
        } else if (operation >= EML_ARRAY_MAX && operation <= EML_ARRAY_ARGMAX) {
            const int16_t *const found = eml_array_extreme(x, count, flip);
            if ((*found ^ flip) > extreme) {
                extreme = *found ^ flip;
                result =
                    operation == EML_ARRAY_ARGMAX ? (int64_t)(i + (size_t)(found - x)) : *found;
            }
        } else {
            const int16_t *y = x;
            size_t step = 1;
            if (operation == EML_ARRAY_DOT) {
                y = eml_array_int16(b, i, count, work[1]);
            } else if (operation != EML_ARRAY_SUMSQ) {
                y = ones;
                step = 0;
            }
            result += eml_array_sums(x, y, step, count);
        }
    }
    return result;
}

// One channel: as many items as out has, that many channels apart.
static void eml_array_deinterleave(const eml_array_t *samples, size_t channel, size_t channels,
                                   const eml_array_t *out) {
    const size_t bytes = (size_t)1 << out->shift;
    const uint8_t *from = (const uint8_t *)samples->items + channel * bytes;
    uint8_t *to = out->items;
    for (size_t n = out->n; n != 0; n--) {
        for (size_t i = 0; i != bytes; i++) {
            to[i] = from[i];
        }
        to += bytes;
        from += channels * bytes;
    }
}

// What linear_map needs of its limits; out_min may be above out_max.
typedef struct {
    eml_array_float_t in_min, in_max, out_min, out_max, slope;
} eml_array_map_t;

static EML_ALWAYS_INLINE bool eml_array_is_finite(uint32_t bits) { return bits << 1 < 0xff000000u; }

// Floats in the order of these ints, and back.
static EML_ALWAYS_INLINE int32_t eml_array_order(uint32_t bits) {
    return (int32_t)(bits ^ ((uint32_t)((int32_t)bits >> 31) >> 1));
}

// Of a value and two limits, in any order, the middle one.
static EML_NOINLINE int32_t eml_array_clip(int32_t value, int32_t low, int32_t high) {
    if (low > high) {
        const int32_t swap = low;
        low = high;
        high = swap;
    }
    return value < low ? low : value > high ? high : value;
}

// Maps all items of any of the types; ints are brought into their type's range and rounded, halves
// to even. in and out may be the same where items of out have no more bytes.
static void eml_array_map(const eml_array_map_t *map, const eml_array_t *in,
                          const eml_array_t *out) {
    const uint8_t *from = in->items;
    uint8_t *to = out->items;
    const uint32_t sign = in->sign, minus = sign - in->round.bits;
    // What the type of out has, all for floats.
    const int32_t least = (int32_t)(out->round.bits - (out->sign & 0x80008080u));
    const int32_t most = (int32_t)((uint32_t)least + (UINT32_MAX >> (32 - (8u << out->shift))));
    eml_array_float_t x;
    // The limits as they will be found below.
    x.value = map->out_min.value + out->round.value;
    const int32_t low = eml_array_clip(eml_array_order(x.bits), least, most);
    x.value = map->out_max.value + out->round.value;
    const int32_t high = eml_array_clip(eml_array_order(x.bits), least, most);
    const size_t in_bytes = (size_t)1 << in->shift, out_bytes = (size_t)1 << out->shift;
    for (size_t n = out->n; n != 0; n--) {
        uint32_t item = 0;
        size_t i = in_bytes;
        do {
            item = item << 8 | from[--i];
        } while (i != 0);
        from += in_bytes;
        x.bits = (item ^ sign) - minus;
        x.value -= in->round.value;
        x.value = (x.value - map->in_min.value) * map->slope.value + map->out_min.value;
        x.value += out->round.value;
        item =
            (uint32_t)eml_array_order((uint32_t)eml_array_clip(eml_array_order(x.bits), low, high));
        do {
            to[i++] = (uint8_t)item;
            item >>= 8;
        } while (i != out_bytes);
        to += out_bytes;
    }
}

#endif // EML_ARRAYS_H
