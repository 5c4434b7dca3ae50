/** Products of fractions: their upper 32 bits, the same on all CPUs. */
#ifndef EML_MULTIPLY_H
#define EML_MULTIPLY_H

#include <stdint.h>

#include "eml_attributes.h"

/** a * b / 2^32 to the nearest integer, halves up; b is not negative. */
#if defined(__ARM_FEATURE_SIMD32)
static inline int32_t eml_multiply_high(int32_t a, int32_t b) {
    int32_t product;
    __asm("smmulr %0, %1, %2" : "=r"(product) : "r"(a), "r"(b));
    return product;
}
#elif defined(__arm__) && __ARM_ARCH_ISA_THUMB < 2
// Of halves, for a multiplication gives the lower 32 bits alone.
static EML_UNUSED EML_HOT int32_t eml_multiply_high(int32_t a, int32_t b) {
    const int32_t a_high = a >> 16, b_high = b >> 16;
    const uint32_t a_low = a & 0xffff, b_low = b & 0xffff;
    const int32_t middle = a_high * (int32_t)b_low + (int32_t)(a_low * b_low >> 16);
    const uint32_t other = a_low * (uint32_t)b_high + (middle & 0xffff) + 0x8000;
    return a_high * b_high + (middle >> 16) + (int32_t)(other >> 16);
}
#else
static inline int32_t eml_multiply_high(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1u << 31)) >> 32);
}
#endif

#endif // EML_MULTIPLY_H
