/** Cosines and sines for FFTs, without floating point and without stored tables. */
#ifndef EML_FFT_TABLE_H
#define EML_FFT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "eml_attributes.h"

// 1 in the numbers that are worked with here.
#define EML_FFT_ONE (1 << 30)

// Of numbers of EML_FFT_ONE this is a quarter of the product.
static inline int32_t eml_fft_multiply(int32_t a, int32_t b) {
    return (int32_t)((int64_t)a * b >> 32);
}

/** Cosine and sine of 2 pi k / 2^log2_n, for k from 0 to below 2^log2_n and log2_n from 3 to 14.

Right within 2^-27. */
static void eml_fft_cos_sin(uint32_t k, uint32_t log2_n, int32_t *cosine, int32_t *sine) {
    // The nearest quarter turn, and the angle from there: at most an eighth.
    const uint32_t quarter = (k + (1u << (log2_n - 3))) >> (log2_n - 2);
    const int32_t rest = ((int32_t)k - (int32_t)(quarter << (log2_n - 2))) * (1 << (14 - log2_n));
    // 2 pi / 2^14 is 411774 + 54546 / 2^16 in these numbers.
    const int32_t x = rest * 411774 + (rest * 54546 >> 16);
    const int32_t t = eml_fft_multiply(2 * x, 2 * x);
    // Taylor's series, its coefficients multiplied by rising powers of 4.
    int32_t s = 13634817 - eml_fft_multiply(t, 757490);
    s = 143165577 - eml_fft_multiply(t, s);
    s = 715827883 - eml_fft_multiply(t, s);
    s = x - eml_fft_multiply(2 * x, 16 * eml_fft_multiply(t, s)) / 8;
    int32_t c = 1704352 - eml_fft_multiply(t, 75749);
    c = 23860930 - eml_fft_multiply(t, c);
    c = 178956971 - eml_fft_multiply(t, c);
    c = 536870912 - eml_fft_multiply(t, c);
    c = EML_FFT_ONE - 4 * eml_fft_multiply(t, c);
    const int32_t swap = c;
    if (quarter % 2 != 0) {
        c = -s;
        s = swap;
    }
    *cosine = quarter & 2 ? -c : c;
    *sine = quarter & 2 ? -s : s;
}

#if __ARM_ARCH_ISA_THUMB >= 2
#include "eml_fft_table_armv7m.h"
#else
/** The next of the numbers 0 to n - 1 with their bits in reverse order, for n = 2 top. */
static inline uint32_t eml_fft_next_reversed(uint32_t reversed, uint32_t top) {
    while (reversed & top) {
        reversed ^= top;
        top >>= 1;
    }
    return reversed | top;
}
#endif

#endif // EML_FFT_TABLE_H
