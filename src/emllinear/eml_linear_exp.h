/** e^x and the few float32 conversions of linear models, computed with integers only: every CPU
gives the same bits, and CPUs without an FPU need no float routines for them.

Floats are handled as their bits, int32_t. The relative error of e^x is below 5e-7
(tests/linear/test_exp.py). Numbers below 2^-126 count as 0.
*/
#ifndef EML_LINEAR_EXP_H
#define EML_LINEAR_EXP_H

#include "eml_attributes.h"
#include <stdbool.h>
#include <stdint.h>

// 1 as the fractions here have it.
#define EML_LINEAR_ONE 0x40000000u // 2^30

typedef union EmlLinearBits {
    float value;
    int32_t bits;
} EmlLinearBits;

/** Whether these are the bits of a number, not of an infinity or a NaN. */
static inline bool eml_linear_is_finite(int32_t bits) { return (uint32_t)bits << 1 < 0xff000000u; }

/** An int in the order of the finite floats. */
static inline int32_t eml_linear_order(int32_t bits) {
    return bits >= 0 ? bits : (int32_t)(0x80000000u - (uint32_t)bits);
}

/** The bits of the float nearest to magnitude * 2^power, ties to even; infinite beyond 2^128. */
static EML_UNUSED EML_NOINLINE int32_t eml_linear_pack(uint64_t magnitude, int32_t power) {
    if (magnitude == 0) {
        return 0;
    }
    while (!(magnitude >> 63)) {
        magnitude <<= 1;
        power--;
    }
    const int32_t exponent = power + 190;
    if (exponent <= 0) {
        return 0;
    }
    if (exponent >= 255) {
        return 0x7f800000;
    }
    // The lowest bit also stands for all that is cut off below it.
    const uint32_t high = (uint32_t)(magnitude >> 32) | ((uint32_t)magnitude != 0);
    uint32_t rounded = high >> 8;
    rounded += ((high & 0xff) + (rounded & 1)) > 0x80;
    // The highest bit of the number adds 1 to the exponent, as does rounding up to 2.
    return (int32_t)(((uint32_t)(exponent - 1) << 23) + rounded);
}

/** The same of a signed number. */
static EML_UNUSED int32_t eml_linear_pack_signed(int64_t number, int32_t power) {
    const int32_t bits = eml_linear_pack((uint64_t)(number < 0 ? -number : number), power);
    return number < 0 ? (int32_t)((uint32_t)bits | 0x80000000u) : bits;
}

#if defined(__ARM_ARCH_6M__)
// The upper half of a product, in pieces of 16 bits: libgcc's 64-bit product takes more bytes.
static EML_UNUSED EML_NOINLINE uint32_t eml_linear_high(uint32_t a, uint32_t b) {
    const uint32_t high_a = a >> 16, low_a = a & 0xffff, high_b = b >> 16, low_b = b & 0xffff;
    const uint32_t middle = high_a * low_b + ((low_a * low_b) >> 16);
    return high_a * high_b + (middle >> 16) + ((low_a * high_b + (middle & 0xffff)) >> 16);
}
#else
static inline uint32_t eml_linear_high(uint32_t a, uint32_t b) {
    return (uint32_t)(((uint64_t)a * b) >> 32);
}
#endif

/** e^x is the result times 2^(*power - 30); the result is 2^30 to 2^31. x beyond 2^8 counts as 2^8
or -2^8. */
static EML_UNUSED EML_NOINLINE uint32_t eml_linear_exp(int32_t x, int32_t *power) {
    // x * log2(e), in units of 2^-22.
    const uint32_t exponent = (uint32_t)x << 1 >> 24;
    const uint32_t fraction = eml_linear_high(((uint32_t)x | 0x800000) << 8, 0xb8aa3b29u);
    int32_t logarithm = 370 << 22;
    if (exponent < 135) {
        logarithm = exponent < 104 ? 0 : (int32_t)(fraction >> (135 - exponent));
    }
    logarithm = x < 0 ? -logarithm : logarithm;
    *power = logarithm >> 22;
    // 2^f = 1 + f p(f), where p is the polynomial that fits best.
    const uint32_t f = (uint32_t)logarithm << 10;
    uint32_t sum = eml_linear_high(f, 0x001d5282) + 0x0096adf7;
    sum = eml_linear_high(f, sum) + 0x038fe980;
    sum = eml_linear_high(f, sum) + 0x0f5f8c9e;
    sum = eml_linear_high(f, sum) + 0x2c5c87a9;
    return eml_linear_high(f, sum) + EML_LINEAR_ONE;
}

/** e^-|x|, in units of 2^-30. */
static EML_UNUSED EML_NOINLINE uint32_t eml_linear_exp_fraction(int32_t x) {
    int32_t power;
    const uint32_t result = eml_linear_exp((int32_t)((uint32_t)x | 0x80000000u), &power);
    return power < -31 ? 0 : result >> -power;
}

/** a / b in units of 2^-31, cut off, where a <= b <= 2^31; just below 1 for a = b. */
static EML_UNUSED EML_NOINLINE uint32_t eml_linear_divide(uint32_t a, uint32_t b) {
    uint32_t quotient = 1; // 31 more bits push this one out
    do {
        a <<= 1;
        quotient <<= 1;
        if (a >= b) {
            a -= b;
            quotient++;
        }
    } while (!(quotient >> 31));
    return quotient << 1 >> 1;
}

#endif // EML_LINEAR_EXP_H
