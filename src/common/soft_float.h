/** Adds, subtracts and multiplies floats on CPUs that cannot, in place of the compiler's own
routines.

On a Cortex-M0 these take 400 bytes in place of 1600, and a sixth less time. Results are rounded to
the nearest, ties to even, as IEEE 754 says. What is left out: numbers below 2^-126 count as 0, but
to add 0 to one gives it back; -0 + 0 is -0; an operation on an infinity or a NaN returns that
operand, so infinity - infinity and 0 * infinity are infinite.

Include this once in a module that needs it. With SOFT_FLOAT_SMALL defined they are compiled for
size, and there is no conversion of ints.
*/
#ifndef EMLMPY_SOFT_FLOAT_H
#define EMLMPY_SOFT_FLOAT_H

#include <stdint.h>

#include "eml_attributes.h"

// What the compiler calls.
#if defined(__ARM_ARCH_6M__)
#define SOFT_FLOAT
#define soft_float_add __aeabi_fadd
#define soft_float_subtract __aeabi_fsub
#define soft_float_multiply __aeabi_fmul
#define soft_float_from_int __aeabi_i2f
#elif defined(__riscv_float_abi_soft)
#define SOFT_FLOAT
#define soft_float_add __addsf3
#define soft_float_subtract __subsf3
#define soft_float_multiply __mulsf3
#define soft_float_from_int __floatsisf
#endif

#if defined(SOFT_FLOAT)
// For 92 bytes they take a tenth less time.
#if defined(SOFT_FLOAT_SMALL)
#define SOFT_FLOAT_FAST
#else
#define SOFT_FLOAT_FAST EML_O2
#endif

// All take and return the bits of floats.
uint32_t soft_float_add(uint32_t a, uint32_t b);
uint32_t soft_float_subtract(uint32_t a, uint32_t b);
uint32_t soft_float_multiply(uint32_t a, uint32_t b);
uint32_t soft_float_from_int(int32_t value);

// The float nearest to fraction * 2^(exponent - 158). The lowest bit of the fraction also stands
// for all that was cut off below it; then the fraction is at least 2^26.
static EML_ALWAYS_INLINE uint32_t soft_float_pack(uint32_t sign, int32_t exponent,
                                                  uint32_t fraction) {
    if (fraction == 0) {
        return 0;
    }
    while (!(fraction >> 31)) {
        fraction <<= 1;
        exponent--;
    }
    if (exponent <= 0) {
        return sign;
    }
    if (exponent >= 255) {
        return sign | 0x7f800000;
    }
    uint32_t rounded = fraction >> 8;
    // To even: what is cut off, and 1 more if the number is odd, must exceed a half.
    rounded += ((fraction & 0xff) + (rounded & 1)) > 0x80;
    // The highest bit of the number adds 1 to the exponent, as does rounding up to 2.
    return sign + ((uint32_t)(exponent - 1) << 23) + rounded;
}

SOFT_FLOAT_FAST uint32_t soft_float_add(uint32_t a, uint32_t b) {
    if (a << 1 < b << 1) {
        const uint32_t swap = a;
        a = b;
        b = swap;
    }
    const uint32_t exponent = a << 1 >> 24, exponent_b = b << 1 >> 24;
    const uint32_t gap = exponent - exponent_b;
    if (exponent == 255 || exponent_b == 0 || gap > 25) {
        return a;
    }
    const uint32_t large = (a << 9 >> 2) | 1 << 30, small = (b << 9 >> 2) | 1 << 30;
    uint32_t shifted = small >> gap;
    shifted |= shifted << gap != small;
    return soft_float_pack(a >> 31 << 31, (int32_t)exponent + 1,
                           (int32_t)(a ^ b) < 0 ? large - shifted : large + shifted);
}

uint32_t soft_float_subtract(uint32_t a, uint32_t b) { return soft_float_add(a, b ^ 0x80000000); }

SOFT_FLOAT_FAST uint32_t soft_float_multiply(uint32_t a, uint32_t b) {
    const uint32_t sign = (a ^ b) >> 31 << 31;
    const uint32_t exponent_a = a << 1 >> 24, exponent_b = b << 1 >> 24;
    if (exponent_a == 255) {
        return a << 1 >> 1 | sign;
    }
    if (exponent_b == 255) {
        return b << 1 >> 1 | sign;
    }
    if (exponent_a == 0 || exponent_b == 0) {
        return sign;
    }
    // 24 bits by 24 bits in pieces of 12, and of that the upper 32.
    const uint32_t fraction_a = (a << 9 >> 9) | 1 << 23, fraction_b = (b << 9 >> 9) | 1 << 23;
    const uint32_t high_a = fraction_a >> 12, low_a = fraction_a & 0xfff;
    const uint32_t high_b = fraction_b >> 12, low_b = fraction_b & 0xfff;
    const uint32_t low = low_a * low_b;
    const uint32_t middle = high_a * low_b + low_a * high_b + (low >> 12);
    uint32_t product = ((high_a * high_b) << 8) + (middle >> 4);
    product |= (low << 20 | middle << 28) != 0;
    return soft_float_pack(sign, (int32_t)(exponent_a + exponent_b) - 126, product);
}

#if !defined(SOFT_FLOAT_SMALL)
uint32_t soft_float_from_int(int32_t value) {
    const uint32_t sign = (uint32_t)value >> 31 << 31;
    return soft_float_pack(sign, 158, sign ? 0 - (uint32_t)value : (uint32_t)value);
}
#endif
#endif

#endif // EMLMPY_SOFT_FLOAT_H
