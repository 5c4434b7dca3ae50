/** Roots, quotients and means of integers, where a CPU need not divide or multiply to 64 bits. */
#ifndef EML_INTEGER_H
#define EML_INTEGER_H

#include <stdbool.h>
#include <stdint.h>

#include "eml_attributes.h"

// Whether the CPU divides words by itself; elsewhere a library's routine would be larger.
#if defined(__ARM_FEATURE_IDIV) || defined(__riscv_div) || defined(__XTENSA__) || \
    defined(__x86_64__) || defined(__aarch64__)
#define EML_INTEGER_DIVIDES 1
#else
#define EML_INTEGER_DIVIDES 0
#endif

// Whether one instruction counts leading zeros; elsewhere a library's routine would bring a table.
#if __ARM_ARCH_ISA_THUMB >= 2 || defined(__XTENSA__) || defined(__x86_64__) || defined(__aarch64__)
#define EML_INTEGER_COUNTS 1
/** The leading zeros of v, which is not 0. */
static inline uint32_t eml_leading_zeros(uint32_t v) {
#if defined(__XTENSA__)
    // clang does not know the instruction.
    __asm("nsau %0, %0" : "+r"(v));
    return v;
#else
    return (uint32_t)__builtin_clz(v);
#endif
}
#else
#define EML_INTEGER_COUNTS 0
#endif

/** The nearest that fits. */
#if defined(__ARM_FEATURE_SAT)
static inline int16_t eml_saturate(int32_t value) {
    __asm("ssat %0, #16, %0" : "+r"(value));
    return (int16_t)value;
}
#elif defined(__XTENSA__)
static inline int16_t eml_saturate(int32_t value) {
    __asm("clamps %0, %0, 15" : "+r"(value));
    return (int16_t)value;
}
#else
static EML_UNUSED int16_t eml_saturate(int32_t value) {
    if (value < INT16_MIN) {
        return INT16_MIN;
    }
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value);
}
#endif

#if defined(__ARM_FP) && (__ARM_FP & 4) && defined(__GNUC__)
// Below the nearest root by at most one: a float's root is within 1/128 of the true one.
static inline uint32_t eml_sqrt_guess(uint32_t v) {
    float root = (float)v;
    __asm("vsqrt.f32 %0, %0" : "+t"(root));
    return (uint32_t)root;
}
#else
static inline uint32_t eml_sqrt_guess(uint32_t v) {
    if (v == 0) {
        return 0;
    }
    // The square m is v times a power of 4 that makes it 2^30 or more, or 1 to 4 in units of 2^30.
    uint32_t shift = 0, m = v;
#if EML_INTEGER_COUNTS
    shift = eml_leading_zeros(v) / 2;
    m <<= 2 * shift;
#else
    if (v >> 16 == 0) {
        m <<= 16;
        shift = 8;
    }
    for (; m >> 30 == 0; m <<= 2) {
        shift++;
    }
#endif
    // 1 / sqrt(m) in units of 2^-15: a line that is within 9 % of it, and one step of Halley's
    // method, which cubes that error.
    const uint32_t x = m >> 16;
    uint32_t y = (34944 * 128 - 39 * x) / 128;
    const int32_t gap = (1 << 15) - (int32_t)(((x * y >> 15) * y) >> 14);
    const int32_t step = (gap * (3 * gap + (4 << 15))) >> 18;
    y = (uint32_t)((int32_t)y + (((int32_t)y * step) >> 15));
    // The root, and one step of Newton's method, which squares the error and ends below.
    const uint32_t root = x * y >> 14;
    const int32_t rest = (int32_t)(m - root * root);
    return (root + (uint32_t)(((rest >> 8) * (int32_t)y) >> 23)) >> shift;
}
#endif

/** The integer nearest to the root of v: 9 instructions on a Cortex-M4F, about 60 on a Cortex-M0.
 */
static inline uint32_t eml_sqrt_u32(uint32_t v) {
    const uint32_t root = eml_sqrt_guess(v);
    return root + ((int32_t)(v - root * root) > (int32_t)root);
}

/** a / b, rounded down; b > 0. A power of two takes little time. */
static EML_UNUSED EML_NOINLINE uint64_t eml_divide(uint64_t a, uint32_t b) {
#if defined(__x86_64__) || defined(__aarch64__)
    return a / b;
#else
    if ((b & (b - 1)) == 0) {
        for (; b != 1; b >>= 1) {
            a >>= 1;
        }
        return a;
    }
    // The quotient comes in where the dividend goes out.
    uint32_t rest = 0;
    for (uint32_t i = 64; i != 0; i--) {
        const bool carry = rest >> 31 != 0;
        rest = rest << 1 | (uint32_t)(a >> 63);
        a <<= 1;
        if (carry || rest >= b) {
            rest -= b;
            a |= 1;
        }
    }
    return a;
#endif
}

/** sum / n to the nearest integer, halves up; n is 1 to 4096, and |sum| at most 2^16 n. */
static EML_UNUSED EML_NOINLINE int32_t eml_mean(int32_t sum, uint32_t n) {
#if EML_INTEGER_DIVIDES
    // Never negative, so that the quotient is rounded down.
    return (int32_t)(((uint32_t)(2 * sum) + n + (n << 17)) / (2 * n)) - (1 << 16);
#else
    if ((n & (n - 1)) == 0) {
        int32_t twice = 2 * sum + (int32_t)n;
        for (; n != 0; n >>= 1) {
            twice >>= 1;
        }
        return twice;
    }
    uint32_t rest = (uint32_t)(2 * sum) + n + (n << 17);
    uint32_t quotient = 0, bit = 1 << 17, divisor = n << 18;
    for (; bit != 0; bit >>= 1, divisor >>= 1) {
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= bit;
        }
    }
    return (int32_t)quotient - (1 << 16);
#endif
}

#endif // EML_INTEGER_H
