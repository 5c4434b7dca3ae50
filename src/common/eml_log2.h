/** Logarithms in 1/256 of a power of two, in integers and without a table. */
#ifndef EML_LOG2_H
#define EML_LOG2_H

#include <stdint.h>

#include "eml_integer.h"

/** The nearest integer to 256 log2(x), for x > 0: within 0.52 of it, and exact for powers of two.

Squaring a number from 1 to 2 doubles its logarithm: what it reaches is the logarithm's next bit. */
static inline int32_t eml_log2_u64(uint64_t x) {
    // The highest bit's place is the whole part.
    uint32_t result = 31;
    while (x >> 32 != 0) {
        x >>= 16;
        result += 16;
    }
    uint32_t mantissa = (uint32_t)x;
#if EML_INTEGER_COUNTS
    const uint32_t zeros = eml_leading_zeros(mantissa);
    mantissa <<= zeros;
    result -= zeros;
#else
    for (uint32_t step = 16; step > 0; step /= 2) {
        if (mantissa >> (32 - step) == 0) {
            mantissa <<= step;
            result -= step;
        }
    }
#endif
    // 16 bits of it, squared and rounded, stay below 2^16. There is one bit more, for rounding; the
    // mark above all bits arrives at the top with the last.
    mantissa >>= 16;
    result |= 1u << 22;
    do {
        mantissa = mantissa * mantissa + (1 << 14);
        result *= 2;
        if (mantissa >> 31 != 0) {
            mantissa >>= 1;
            result++;
        }
        mantissa >>= 15;
    } while (result >> 31 == 0);
    return (int32_t)((result + 1 - (1u << 31)) / 2);
}

#endif // EML_LOG2_H
