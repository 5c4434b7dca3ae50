/** Fast Fourier transforms of int16 samples in block floating point: no float anywhere.

All samples share one exponent. Each stage knows the largest magnitude in its input, and shifts its
results by no more than it takes to keep them within 16 bits; each result is rounded once. Real
input is scaled up to 16 bits first, so quiet signals keep their precision.

The structure is that of eml_fft_f32.h. A complex number is two int16, real part first. All memory
belongs to the caller and is aligned to 4 bytes.
*/
#ifndef EML_FFT_I16_H
#define EML_FFT_I16_H

#include "eml_fft_f32.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

typedef struct EmlFftI16 {
    int16_t re, im;
} EmlFftI16;

/** Fills the twiddles of a length: 3/4 n pairs of cosine and sine, 1 being 32767. */
static inline void eml_fft_i16_fill(EmlFftI16 *twiddle, uint32_t log2_n) {
    for (uint32_t k = 0; k < 3u << (log2_n - 2); k++, twiddle++) {
        int32_t cosine, sine;
        eml_fft_cos_sin(k, log2_n, &cosine, &sine);
        twiddle->re = (int16_t)((cosine - (cosine >> 15) + (1 << 14)) >> 15);
        twiddle->im = (int16_t)((sine - (sine >> 15) + (1 << 14)) >> 15);
    }
}

/** Quantises a window of n floats, the largest becoming 16 bits; returns the exponent e.

A value is its integer times 2^(e - 15). */
static inline int32_t eml_fft_i16_window(const float *values, uint32_t n, int16_t *window) {
    const uint32_t *bits = (const uint32_t *)(const void *)values;
    uint32_t largest = 0;
    for (uint32_t k = 0; k < n; k++) {
        const uint32_t magnitude = bits[k] & 0x7fffffff;
        largest = magnitude > largest ? magnitude : largest;
    }
    // One more than needed, should the largest be rounded up.
    const int32_t exponent = (int32_t)((largest + 0x80) >> 23) - 126;
    for (uint32_t k = 0; k < n; k++) {
        const int32_t shift = exponent + 135 - (int32_t)(bits[k] >> 23 & 0xff);
        int32_t value = (int32_t)((bits[k] & 0x7fffff) | 0x800000);
        value = shift > 25 || largest < 0x800000 ? 0 : ((value >> (shift - 1)) + 1) >> 1;
        window[k] = (int16_t)(bits[k] >> 31 ? -value : value);
    }
    return exponent;
}

// What tells the number of bits of a sample when ORed over all.
static inline uint32_t eml_fft_i16_span(int32_t value) { return (uint32_t)(value ^ (value >> 31)); }

// Bits b such that all |values| are below 2^b, or are -2^b.
static int32_t eml_fft_i16_bits(uint32_t span) {
    int32_t bits = 0;
    for (; span != 0; span >>= 1) {
        bits++;
    }
    return bits;
}

// The greater of a square so far and that of a complex number's magnitude.
static inline uint32_t eml_fft_i16_square(uint32_t largest, int32_t re, int32_t im) {
    const uint32_t square = (uint32_t)(re * re) + (uint32_t)(im * im);
    return square > largest ? square : largest;
}

// The shift that keeps numbers within 16 bits when the largest of them, given by its square, grows
// by a power of two. 2 is for what rounding adds.
static int32_t eml_fft_i16_shift(uint32_t square, uint32_t growth) {
    const uint32_t limit = (32767u >> growth) - 2;
    int32_t shift = 0;
    for (; square > limit * limit; square >>= 2) {
        shift++;
    }
    return shift;
}

// One radix-4 stage, as eml_fft_f32_stage; results are shifted right. Returns the square of the
// largest.
static EML_FFT_FAST uint32_t eml_fft_i16_stage(EmlFftI16 *z, size_t n, size_t quarter,
                                               const EmlFftI16 *twiddle, size_t twiddle_step,
                                               int32_t shift) {
    EmlFftI16 *const end = z + n;
    const size_t q = quarter;
    const int32_t half = 1 << (12 + shift);
    shift += 13;
    uint32_t largest = 0;
    for (size_t k = 0; k < quarter; k++, z++) {
        const EmlFftI16 w1 = twiddle[k * twiddle_step];
        const EmlFftI16 w2 = twiddle[2 * k * twiddle_step];
        const EmlFftI16 w3 = twiddle[3 * k * twiddle_step];
        for (EmlFftI16 *a = z; a < end; a += 4 * q) {
            EmlFftI16 *const b = a + q, *const c = b + q, *const d = c + q;
            int32_t br, bi, cr, ci, dr, di;
            if (k == 0) {
                br = b->re * (1 << 13);
                bi = b->im * (1 << 13);
                cr = c->re * (1 << 13);
                ci = c->im * (1 << 13);
                dr = d->re * (1 << 13);
                di = d->im * (1 << 13);
            } else {
                br = (b->re * w2.re + b->im * w2.im) >> 2;
                bi = (b->im * w2.re - b->re * w2.im) >> 2;
                cr = (c->re * w1.re + c->im * w1.im) >> 2;
                ci = (c->im * w1.re - c->re * w1.im) >> 2;
                dr = (d->re * w3.re + d->im * w3.im) >> 2;
                di = (d->im * w3.re - d->re * w3.im) >> 2;
            }
            const int32_t ar = a->re * (1 << 13) + half, ai = a->im * (1 << 13) + half;
            const int32_t even_r = ar + br, even_i = ai + bi;
            const int32_t odd_r = ar - br, odd_i = ai - bi;
            const int32_t sum_r = cr + dr, sum_i = ci + di;
            const int32_t gap_r = cr - dr, gap_i = ci - di;
            int32_t r = (even_r + sum_r) >> shift, i = (even_i + sum_i) >> shift;
            largest = eml_fft_i16_square(largest, r, i);
            a->re = (int16_t)r;
            a->im = (int16_t)i;
            r = (odd_r + gap_i) >> shift, i = (odd_i - gap_r) >> shift;
            largest = eml_fft_i16_square(largest, r, i);
            b->re = (int16_t)r;
            b->im = (int16_t)i;
            r = (even_r - sum_r) >> shift, i = (even_i - sum_i) >> shift;
            largest = eml_fft_i16_square(largest, r, i);
            c->re = (int16_t)r;
            c->im = (int16_t)i;
            r = (odd_r - gap_i) >> shift, i = (odd_i + gap_r) >> shift;
            largest = eml_fft_i16_square(largest, r, i);
            d->re = (int16_t)r;
            d->im = (int16_t)i;
        }
    }
    return largest;
}

// The first stage where the length is no power of 4.
static EML_FFT_FAST uint32_t eml_fft_i16_pairs(EmlFftI16 *z, size_t n, int32_t shift) {
    uint32_t largest = 0;
    const int32_t half = 1 << shift >> 1;
    for (const EmlFftI16 *end = z + n; z < end; z += 2) {
        const int32_t ar = z[0].re + half, ai = z[0].im + half;
        const int32_t br = z[1].re, bi = z[1].im;
        int32_t r = (ar + br) >> shift, i = (ai + bi) >> shift;
        largest = eml_fft_i16_square(largest, r, i);
        z[0].re = (int16_t)r;
        z[0].im = (int16_t)i;
        r = (ar - br) >> shift, i = (ai - bi) >> shift;
        largest = eml_fft_i16_square(largest, r, i);
        z[1].re = (int16_t)r;
        z[1].im = (int16_t)i;
    }
    return largest;
}

// Transforms n = 2^log2_n samples in place, from bit-reversed order into the natural one. *largest
// becomes the square of the largest result; returns the exponent.
static int32_t eml_fft_i16_from_reversed(EmlFftI16 *z, uint32_t log2_n, const EmlFftI16 *twiddle,
                                         size_t twiddle_step, uint32_t *largest) {
    const size_t n = (size_t)1 << log2_n;
    size_t quarter = 1;
    // Where nothing is turned, a sum of two or four has 1 or 2 bits more.
    int32_t shift = 2;
    int32_t exponent = 0;
    if (log2_n % 2 != 0) {
        *largest = eml_fft_i16_pairs(z, n, 1);
        exponent = 1;
        quarter = 2;
        shift = eml_fft_i16_shift(*largest, 2);
    }
    twiddle_step <<= log2_n - 2 - log2_n % 2;
    for (; quarter < n; quarter *= 4) {
        *largest = eml_fft_i16_stage(z, n, quarter, twiddle, twiddle_step, shift);
        exponent += shift;
        shift = eml_fft_i16_shift(*largest, 2);
        twiddle_step /= 4;
    }
    return exponent;
}

// The span of n samples.
static EML_FFT_FAST uint32_t eml_fft_i16_measure(const int16_t *samples, uint32_t n) {
    uint32_t span = 0;
    for (const int16_t *end = samples + n; samples < end; samples++) {
        span |= eml_fft_i16_span(*samples);
    }
    return span;
}

// Scales real samples to 15 bits, windows them, and puts pairs of them where the complex transform
// of half the length wants them.
static EML_FFT_FAST void eml_fft_i16_load(const int16_t *samples, const int16_t *window,
                                          int32_t bits, uint32_t half, EmlFftI16 *z) {
    const int32_t round = 1 << bits >> 1;
    uint32_t reversed = 0;
    for (uint32_t k = 0; k < half; k++) {
        EmlFftI16 *to = &z[reversed];
        if (window) {
            to->re = (int16_t)((samples[0] * window[0] + round) >> bits);
            to->im = (int16_t)((samples[1] * window[1] + round) >> bits);
            window += 2;
        } else {
            to->re = (int16_t)(samples[0] * (1 << (15 - bits)));
            to->im = (int16_t)(samples[1] * (1 << (15 - bits)));
        }
        samples += 2;
        reversed = eml_fft_next_reversed(reversed, half / 2);
    }
}

// From the half-length transform to the bins 0 to half of the real one, or to their powers, in
// place; results are shifted right.
static EML_FFT_FAST void eml_fft_i16_split(EmlFftI16 *z, uint32_t half, const EmlFftI16 *twiddle,
                                           int is_power, int32_t shift) {
    EmlFftI16 *back = z + half;
    const int32_t round = 1 << shift >> 1;
    int32_t xr = (z->re + z->im + round) >> shift, xi = 0;
    int32_t yr = (z->re - z->im + round) >> shift, yi = 0;
    const int32_t fine_round = 1 << (13 + shift);
    shift += 14;
    for (uint32_t k = half / 2;; k--) {
        if (is_power) {
            const uint32_t x = (uint32_t)(xr * xr) + (uint32_t)(xi * xi);
            const uint32_t y = (uint32_t)(yr * yr) + (uint32_t)(yi * yi);
            *(uint32_t *)(void *)z = x;
            *(uint32_t *)(void *)back = y;
        } else {
            z->re = (int16_t)xr;
            z->im = (int16_t)xi;
            back->re = (int16_t)yr;
            back->im = (int16_t)yi;
        }
        if (k == 0) {
            return;
        }
        z++;
        back--;
        twiddle++;
        const int32_t ar = z->re, ai = z->im, br = back->re, bi = back->im;
        const int32_t even_r = (ar + br) * (1 << 13) + fine_round;
        const int32_t even_i = (ai - bi) * (1 << 13);
        const int32_t odd_r = ai + bi, odd_i = br - ar;
        const int32_t c = twiddle->re, s = twiddle->im;
        const int32_t tr = (odd_r * c >> 2) + (odd_i * s >> 2);
        const int32_t ti = (odd_i * c >> 2) - (odd_r * s >> 2);
        xr = (even_r + tr) >> shift;
        xi = (ti + even_i + fine_round) >> shift;
        yr = (even_r - tr) >> shift;
        yi = (ti - even_i + fine_round) >> shift;
    }
}

/** Transforms n = 2^log2_n real samples into n/2 + 1 complex bins, or with is_power into their
squared magnitudes (uint32_t), both in z. twiddle is that of length n; window has n items, or is
NULL. Returns the exponent e: what numpy gives is a bin * 2^e, and a power * 2^(2 e), with the
window's exponent added by the caller to e. */
static inline int32_t eml_fft_i16_real(const int16_t *samples, const int16_t *window,
                                       uint32_t log2_n, const EmlFftI16 *twiddle, int is_power,
                                       EmlFftI16 *z) {
    const uint32_t half = 1u << (log2_n - 1);
    const int32_t bits = eml_fft_i16_bits(eml_fft_i16_measure(samples, 2 * half));
    eml_fft_i16_load(samples, window, bits, half, z);
    uint32_t largest;
    const int32_t exponent = eml_fft_i16_from_reversed(z, log2_n - 1, twiddle, 2, &largest);
    const int32_t shift = eml_fft_i16_shift(largest, 1);
    eml_fft_i16_split(z, half, twiddle, is_power, shift);
    return bits - 15 + exponent + shift;
}

/** Transforms 2^log2_n complex samples in place; work has 2^log2_n items. Returns the exponent. */
static inline int32_t eml_fft_i16_run(int16_t *re, int16_t *im, uint32_t log2_n,
                                      const EmlFftI16 *twiddle, EmlFftI16 *work) {
    const uint32_t n = 1u << log2_n;
    uint32_t span = eml_fft_i16_measure(re, n) | eml_fft_i16_measure(im, n);
    const int32_t up = 15 - eml_fft_i16_bits(span);
    uint32_t reversed = 0;
    for (uint32_t k = 0; k < n; k++) {
        work[reversed].re = (int16_t)(re[k] * (1 << up));
        work[reversed].im = (int16_t)(im[k] * (1 << up));
        reversed = eml_fft_next_reversed(reversed, n / 2);
    }
    const int32_t exponent = eml_fft_i16_from_reversed(work, log2_n, twiddle, 1, &span) - up;
    for (uint32_t k = 0; k < n; k++) {
        re[k] = work[k].re;
        im[k] = work[k].im;
    }
    return exponent;
}

#endif // EML_FFT_I16_H
