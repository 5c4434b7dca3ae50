/** Fast Fourier transforms of int16 samples in block floating point: no float anywhere.

All samples share one exponent. Each stage knows how large its input is, and shifts its results by
no more than it takes to keep them within 16 bits; each result is rounded once. Samples are scaled
up to 16 bits first, so quiet signals keep their precision.

The structure is that of eml_fft_f32.h. A complex number is a uint32_t: the real part in the lower
16 bits, the imaginary one in the upper, as the instructions of a Cortex-M4 that multiply two pairs
at once want them. All memory belongs to the caller.

Cost: about 12 800 instructions for the spectrum of 256 real samples on a Cortex-M4, 35 700 on a
Cortex-M0.
*/
#ifndef EML_FFT_I16_H
#define EML_FFT_I16_H

#include "eml_fft_f32.h"

// A module that defines EML_FFT_I16_SMALL has the stages with fewer bytes.
#if defined(EML_FFT_I16_SMALL)
#define EML_FFT_I16_ROOM
#define EML_FFT_I16_STAGE EML_FAST EML_NOINLINE
#else
#define EML_FFT_I16_ROOM EML_FAST
#define EML_FFT_I16_STAGE EML_FAST
#endif

static inline int32_t eml_fft_i16_re(uint32_t a) { return (int16_t)a; }
static inline int32_t eml_fft_i16_im(uint32_t a) { return (int32_t)a >> 16; }

// Sums below are unsigned, for they may wrap on the way to a result that fits.

#if defined(__ARM_FEATURE_SIMD32)
#include "eml_fft_i16_armv7em.h"
#else
// sum + a.re b.re + a.im b.im
static inline uint32_t eml_fft_i16_dot(uint32_t a, uint32_t b, uint32_t sum) {
    return sum + (uint32_t)(eml_fft_i16_re(a) * eml_fft_i16_re(b)) +
           (uint32_t)(eml_fft_i16_im(a) * eml_fft_i16_im(b));
}

// sum + a.re b.im - a.im b.re
static inline uint32_t eml_fft_i16_cross(uint32_t a, uint32_t b, uint32_t sum) {
    return sum + (uint32_t)(eml_fft_i16_re(a) * eml_fft_i16_im(b)) -
           (uint32_t)(eml_fft_i16_im(a) * eml_fft_i16_re(b));
}

// The complex number of the upper halves of two sums.
static inline uint32_t eml_fft_i16_pack(uint32_t re, uint32_t im) {
    return re >> 16 | (im >> 16 << 16);
}

// (a + b) / 2, rounded down.
static inline uint32_t eml_fft_i16_half_sum(uint32_t a, uint32_t b) {
    return eml_fft_i16_pack((uint32_t)(eml_fft_i16_re(a) + eml_fft_i16_re(b)) << 15,
                            (uint32_t)(eml_fft_i16_im(a) + eml_fft_i16_im(b)) << 15);
}

// (a - b) / 2, rounded down.
static inline uint32_t eml_fft_i16_half_difference(uint32_t a, uint32_t b) {
    return eml_fft_i16_pack((uint32_t)(eml_fft_i16_re(a) - eml_fft_i16_re(b)) << 15,
                            (uint32_t)(eml_fft_i16_im(a) - eml_fft_i16_im(b)) << 15);
}

static inline uint32_t eml_fft_i16_clip(int32_t part) {
    return (uint32_t)(part > 32767 ? 32767 : part) << 16;
}

// a + b, or the nearest that fits; no part is below -32768.
static inline uint32_t eml_fft_i16_sum(uint32_t a, uint32_t b) {
    return eml_fft_i16_pack(eml_fft_i16_clip(eml_fft_i16_re(a) + eml_fft_i16_re(b)),
                            eml_fft_i16_clip(eml_fft_i16_im(a) + eml_fft_i16_im(b)));
}
#endif

// The complex conjugate; the imaginary part is not -32768.
static inline uint32_t eml_fft_i16_conjugate(uint32_t a) { return 2 * (a & 0xffff) - a; }

/** Fills the twiddles of a length: 3/4 n pairs of cosine and sine, where 1 is 16384.

All but the first are a little small, so that no sum of four of which some were turned is rounded up
to 32768. */
static inline void eml_fft_i16_fill(uint32_t log2_n, uint32_t *twiddle) {
    for (uint32_t k = 0; k < 3u << (log2_n - 2); k++) {
        int32_t cosine, sine;
        eml_fft_cos_sin(k, log2_n, &cosine, &sine);
        twiddle[k] = eml_fft_i16_pack((uint32_t)(cosine - (cosine >> 14) + (1 << 15)),
                                      (uint32_t)(sine - (sine >> 14) + (1 << 15)));
    }
    twiddle[0] = 1 << 14;
}

/** The least exponent of values of which one is infinite or NaN. Halves of floats have less. */
#define EML_FFT_NOT_FINITE 129

/** The exponent e with which eml_fft_i16_window quantises n values. */
static inline int32_t eml_fft_i16_exponent(const float *values, uint32_t n) {
    const uint32_t *bits = (const uint32_t *)(const void *)values;
    uint32_t largest = 0;
    for (uint32_t k = 0; k < n; k++) {
        const uint32_t magnitude = bits[k] & 0x7fffffff;
        largest = magnitude > largest ? magnitude : largest;
    }
    // One more than needed, should the largest be rounded up.
    return (int32_t)((largest + 0x100) >> 23) - 126;
}

/** Quantises a window of n floats, the largest becoming 16 bits.

A value is its integer times 2^(e - 15), where e is their eml_fft_i16_exponent. */
static inline void eml_fft_i16_window(const float *values, uint32_t n, int32_t exponent,
                                      int16_t *window) {
    const uint32_t *bits = (const uint32_t *)(const void *)values;
    for (uint32_t k = 0; k < n; k++) {
        const int32_t shift = exponent + 135 - (int32_t)(bits[k] >> 23 & 0xff);
        int32_t value = (int32_t)((bits[k] & 0x7fffff) | 0x800000);
        const int is_zero = shift > 25 || (bits[k] & 0x7f800000) == 0;
        value = is_zero ? 0 : ((value >> (shift - 1)) + 1) >> 1;
        window[k] = (int16_t)(bits[k] >> 31 ? -value : value);
    }
}

// Doubles or halves all numbers where the shift that keeps the sums of four of them within 16 bits
// is not 1 or 2; returns that shift, and adds to the exponent. squares are the ORed squares of the
// numbers' magnitudes.
static EML_FFT_I16_ROOM int32_t eml_fft_i16_make_room(uint32_t *z, size_t n, uint32_t squares,
                                              int32_t *exponent) {
    int32_t shift = 0;
    // The highest bit of all is that of the largest.
    for (; squares >> 26 != 0; squares >>= 2) {
        shift++;
    }
    if (shift == 1 || shift == 2) {
        return shift;
    }
    const uint32_t *const end = z + n;
    if (shift == 0) {
        *exponent -= 1;
        for (; z < end; z++) {
            *z = eml_fft_i16_sum(*z, *z);
        }
        return 1;
    }
    *exponent += 1;
    for (; z < end; z++) {
        *z = eml_fft_i16_half_sum(*z, 0x00010001);
    }
    return 2;
}

// A twiddle for sums that are shifted by 1 or 2: these are the upper halves, so for 1 it is
// doubled.
static inline uint32_t eml_fft_i16_twiddle(uint32_t w, int32_t shift) {
    return eml_fft_i16_sum(w, w & (uint32_t)(shift - 2));
}

// One radix-4 stage, as eml_fft_f32_stage; results are shifted right by 1 or 2. Returns the ORed
// squares of their magnitudes.
static EML_FFT_I16_STAGE uint32_t eml_fft_i16_stage(uint32_t *z, size_t n, size_t quarter,
                                           const uint32_t *twiddle, size_t twiddle_step,
                                           int32_t shift) {
    uint32_t *const end = z + n;
    const uint32_t one = eml_fft_i16_twiddle(1 << 14, shift);
    // Rounds 32767.5, which the first stage may come to, down.
    const uint32_t half = (1 << 15) - 1;
    uint32_t squares = 0;
    for (size_t k = 0; k < quarter * twiddle_step; k += twiddle_step, z++) {
        const uint32_t w1 = eml_fft_i16_twiddle(twiddle[k], shift);
        const uint32_t w2 = eml_fft_i16_twiddle(twiddle[2 * k], shift);
        const uint32_t w3 = eml_fft_i16_twiddle(twiddle[3 * k], shift);
        for (uint32_t *a = z; a < end; a += 4 * quarter) {
            uint32_t *const b = a + quarter, *const c = b + quarter, *const d = c + quarter;
            const uint32_t ar = eml_fft_i16_dot(*a, one, half);
            const uint32_t ai = eml_fft_i16_cross(one, *a, half);
            const uint32_t even_r = eml_fft_i16_dot(*b, w2, ar), odd_r = 2 * ar - even_r;
            const uint32_t even_i = eml_fft_i16_cross(w2, *b, ai), odd_i = 2 * ai - even_i;
            const uint32_t cr = eml_fft_i16_dot(*c, w1, 0), ci = eml_fft_i16_cross(w1, *c, 0);
            const uint32_t sum_r = eml_fft_i16_dot(*d, w3, cr), gap_r = 2 * cr - sum_r;
            const uint32_t sum_i = eml_fft_i16_cross(w3, *d, ci), gap_i = 2 * ci - sum_i;
            *a = eml_fft_i16_pack(even_r + sum_r, even_i + sum_i);
            squares |= eml_fft_i16_dot(*a, *a, 0);
            *b = eml_fft_i16_pack(odd_r + gap_i, odd_i - gap_r);
            squares |= eml_fft_i16_dot(*b, *b, 0);
            *c = eml_fft_i16_pack(even_r - sum_r, even_i - sum_i);
            squares |= eml_fft_i16_dot(*c, *c, 0);
            *d = eml_fft_i16_pack(odd_r - gap_i, odd_i + gap_r);
            squares |= eml_fft_i16_dot(*d, *d, 0);
        }
    }
    return squares;
}

// The first stage where the length is no power of 4; results are shifted right by 1.
static EML_FAST uint32_t eml_fft_i16_pairs(uint32_t *z, size_t n) {
    uint32_t squares = 0;
    for (const uint32_t *end = z + n; z < end; z += 2) {
        const uint32_t sum = eml_fft_i16_half_sum(z[0], z[1]);
        const uint32_t difference = eml_fft_i16_half_difference(z[0], z[1]);
        squares |= eml_fft_i16_dot(sum, sum, 0);
        squares |= eml_fft_i16_dot(difference, difference, 0);
        z[0] = sum;
        z[1] = difference;
    }
    return squares;
}

// Transforms n = 2^log2_n samples in place, from bit-reversed order into the natural one. *squares
// become the ORed squares of the results' magnitudes; returns the exponent.
static int32_t eml_fft_i16_from_reversed(uint32_t *z, uint32_t log2_n, const uint32_t *twiddle,
                                         size_t twiddle_step, uint32_t *squares) {
    const size_t n = (size_t)1 << log2_n;
    size_t quarter = 1;
    int32_t exponent = 0;
    // The first stage turns nothing: there 2 bits are enough for the parts, whatever the
    // magnitudes.
    *squares = 1 << 28;
    if (log2_n % 2 != 0) {
        *squares = eml_fft_i16_pairs(z, n);
        exponent = 1;
        quarter = 2;
    }
    twiddle_step <<= log2_n - 2 - log2_n % 2;
    for (; quarter < n; quarter *= 4) {
        const int32_t shift = eml_fft_i16_make_room(z, n, *squares, &exponent);
        *squares = eml_fft_i16_stage(z, n, quarter, twiddle, twiddle_step, shift);
        exponent += shift;
        twiddle_step /= 4;
    }
    return exponent;
}

// Where n samples, a multiple of 4, differ from their neighbour bits: OR these to those of others.
static EML_FAST uint32_t eml_fft_i16_changes(const int16_t *samples, uint32_t n) {
    uint32_t changes = 0;
    for (const int16_t *end = samples + n; samples < end; samples += 4) {
        const uint32_t first = (uint16_t)samples[0] | (uint32_t)samples[1] << 16;
        const uint32_t second = (uint16_t)samples[2] | (uint32_t)samples[3] << 16;
        changes |= first ^ first << 1;
        changes |= second ^ second << 1;
    }
    return changes;
}

// Bits b such that all |samples| are below 2^b, or are -2^b.
static int32_t eml_fft_i16_bits(uint32_t changes) {
    int32_t bits = 0;
    for (changes = (changes | changes >> 16) & 0xffff; changes > 1; changes >>= 1) {
        bits++;
    }
    return bits;
}

// Scales real samples to 16 bits, windows them, and puts pairs of them where the complex transform
// of half the length wants them.
static EML_FAST void eml_fft_i16_load(const int16_t *samples, const int16_t *window, int32_t bits,
                                      uint32_t half, uint32_t *z) {
    int16_t no_window[2];
    no_window[0] = no_window[1] = 1 << 14;
    int32_t up = 16 - bits;
    size_t step = 2;
    if (window == NULL) {
        window = no_window;
        up++;
        step = 0;
    }
    const int32_t round = (1 << 15) >> up;
    uint32_t reversed = 0;
    for (const int16_t *end = samples + 2 * half; samples < end; samples += 2) {
        z[reversed] = eml_fft_i16_pack((uint32_t)(samples[0] * window[0] + round) << up,
                                       (uint32_t)(samples[1] * window[1] + round) << up);
        window += step;
        reversed = eml_fft_next_reversed(reversed, half / 2);
    }
}

// From the half-length transform to the bins 0 to half of the real one, or to their powers, in
// place; results are half of the sums, shifted right by 1 or 2.
static EML_FAST void eml_fft_i16_split(uint32_t *z, uint32_t half, const uint32_t *twiddle,
                                       int is_power, int32_t shift) {
    uint32_t *back = z + half;
    const uint32_t one = eml_fft_i16_twiddle(1 << 14, shift), minus_one = 0x10000 - one;
    const uint32_t round = 1 << 15;
    const int32_t re = eml_fft_i16_re(*z), im = eml_fft_i16_im(*z);
    // A bin and its mirror image; of the first two the imaginary part is 0.
    uint32_t x = eml_fft_i16_pack(((uint32_t)(re + im) << (17 - shift)) + round, 0);
    uint32_t y = eml_fft_i16_pack(((uint32_t)(re - im) << (17 - shift)) + round, 0);
    for (;;) {
        *z = is_power ? eml_fft_i16_dot(x, x, 0) : x;
        *back = is_power ? eml_fft_i16_dot(y, y, 0) : y;
        if (z == back) {
            return;
        }
        z++;
        back--;
        const uint32_t w = eml_fft_i16_twiddle(*++twiddle, shift);
        const uint32_t w_back = eml_fft_i16_conjugate(w);
        const uint32_t a = *z, b = *back;
        const uint32_t even_r = eml_fft_i16_dot(b, one, eml_fft_i16_dot(a, one, round));
        const uint32_t even_i = eml_fft_i16_cross(minus_one, b, eml_fft_i16_cross(one, a, 0));
        const uint32_t tr = eml_fft_i16_cross(w_back, b, eml_fft_i16_cross(w, a, 0));
        const uint32_t ti = eml_fft_i16_dot(b, w_back, round) - eml_fft_i16_dot(a, w, 0);
        x = eml_fft_i16_pack(even_r + tr, ti + even_i);
        y = eml_fft_i16_pack(even_r - tr, ti - even_i);
    }
}

/** Transforms n = 2^log2_n real samples into n/2 + 1 complex bins, or with is_power into the
squared magnitudes of these, both in z.

window has n items, or is NULL; twiddle is that of length n. Returns the exponent e: what numpy
gives is a bin * 2^e, and a power * 2^(2 e), with the window's exponent added by the caller to e. */
static inline int32_t eml_fft_i16_real(const int16_t *samples, const int16_t *window,
                                       uint32_t log2_n, const uint32_t *twiddle, int is_power,
                                       uint32_t *z) {
    const uint32_t half = 1u << (log2_n - 1);
    const int32_t bits = eml_fft_i16_bits(eml_fft_i16_changes(samples, 2 * half));
    eml_fft_i16_load(samples, window, bits, half, z);
    uint32_t squares;
    int32_t exponent = eml_fft_i16_from_reversed(z, log2_n - 1, twiddle, 2, &squares);
    const int32_t shift = eml_fft_i16_make_room(z, half, squares, &exponent);
    eml_fft_i16_split(z, half, twiddle, is_power, shift);
    return bits - 16 + exponent + shift;
}

/** Copies complex numbers to where they need not be aligned, real and imaginary part in turn. */
static inline void eml_fft_i16_copy(const uint32_t *z, uint32_t count, int16_t *out) {
    for (const uint32_t *end = z + count; z < end; z++) {
        *out++ = (int16_t)eml_fft_i16_re(*z);
        *out++ = (int16_t)eml_fft_i16_im(*z);
    }
}

/** Transforms 2^log2_n complex samples in place; work has 2^log2_n items. Returns the exponent. */
static inline int32_t eml_fft_i16_run(int16_t *re, int16_t *im, uint32_t log2_n,
                                      const uint32_t *twiddle, uint32_t *work) {
    const uint32_t n = 1u << log2_n;
    const int32_t bits = eml_fft_i16_bits(eml_fft_i16_changes(re, n) | eml_fft_i16_changes(im, n));
    uint32_t reversed = 0;
    for (uint32_t k = 0; k < n; k++) {
        work[reversed] =
            eml_fft_i16_pack((uint32_t)re[k] << (31 - bits), (uint32_t)im[k] << (31 - bits));
        reversed = eml_fft_next_reversed(reversed, n / 2);
    }
    uint32_t squares;
    const int32_t exponent = eml_fft_i16_from_reversed(work, log2_n, twiddle, 1, &squares);
    for (uint32_t k = 0; k < n; k++) {
        re[k] = (int16_t)eml_fft_i16_re(work[k]);
        im[k] = (int16_t)eml_fft_i16_im(work[k]);
    }
    return exponent - 15 + bits;
}

#endif // EML_FFT_I16_H
