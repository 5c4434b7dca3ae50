/** Turns raw units into whole numbers: round(raw * scale + offset), halves away from zero.

    int16_t feature = (int16_t)eml_quantize(raw, scale, offset, -32768, 32767);

raw, scale and offset are the bits of float32. Only integers are computed with, so that every CPU
gives the same result. The product and the offset are cut off behind 24 bits of fraction; of either,
what is beyond 2^37 counts as 2^37, and what is below 2^-126 as 0. raw must not be a NaN
(eml_quantize_is_nan); an infinite one gives low or high, unless scale is 0. Cost: about 110
instructions on a Cortex-M4, 270 on a Cortex-M0.
*/
#ifndef EML_QUANTIZE_H
#define EML_QUANTIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "eml_attributes.h"

static inline bool eml_quantize_is_nan(int32_t bits) { return (bits & 0x7fffffff) > 0x7f800000; }

// The product of two float32 in units of 2^-24, from -2^61 to 2^61.
static EML_UNUSED int64_t eml_quantize_product(int32_t a, int32_t b) {
    const int32_t a_exponent = (a >> 23) & 255, b_exponent = (b >> 23) & 255;
    const int32_t shift = 276 - a_exponent - b_exponent;
    if (a_exponent == 0 || b_exponent == 0 || shift > 48) {
        return 0;
    }
    int64_t product = (int64_t)1 << 61;
    if (shift >= -12) {
        product = (int64_t)((a & 0x7fffff) | 0x800000) * (int32_t)((b & 0x7fffff) | 0x800000);
        product = shift < 0 ? product << -shift : product >> shift;
    }
    return (a ^ b) < 0 ? -product : product;
}

/** round(raw * scale + offset), but at least low and at most high. */
static EML_UNUSED int32_t eml_quantize(int32_t raw, int32_t scale, int32_t offset, int32_t low,
                                       int32_t high) {
    const int64_t value =
        eml_quantize_product(raw, scale) + eml_quantize_product(offset, 0x3f800000); // times 1.0
    // Rounded down, to which the half is added that makes halves go away from zero.
    const int64_t units = (value + (1 << 23) - (value < 0)) >> 24;
    if (units < low) {
        return low;
    }
    return units > high ? high : (int32_t)units;
}

#endif // EML_QUANTIZE_H
