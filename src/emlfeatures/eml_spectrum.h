/** Features of the power spectrum of int16 samples: energies of bands, the peak, the centroid.

The powers are those of numpy's |rfft((x - mean) * taper)|^2, where mean is the nearest integer to
the samples' (halves up) and taper is Hann's, periodic, or 1. They come from the int16 transform of
eml_fft_i16.h in one block exponent, which is folded into the results, and are added up in 64 bits:

    band       256 log2(max(1, sum of powers of bins first <= k < end)), the nearest integer
    peak       8 times the bin from 1 to n/2 with the largest power; the first of equals
    centroid   8 times the mean of the bins from 1 to n/2, each weighted by its power, the nearest
               integer; 0 if all powers are 0

The differences from the mean are tapered at their full 17 bits, and a length that is no power of 4
above 2 has its first stage done on the exact products; powers keep all 32 bits. What is left is the
rounding of the radix-4 stages: a bin's noise is about 90 dB below the loudest bin.

All memory belongs to the caller. Cost for 256 samples, Hann's taper and 6 bands: SEE BELOW
*/
#ifndef EML_SPECTRUM_H
#define EML_SPECTRUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eml_attributes.h"
#include "eml_fft_i16.h"
#include "eml_log2.h"
#include "eml_statistics.h"

/** What may be wanted. */
#define EML_SPECTRUM_BANDS 1
#define EML_SPECTRUM_PEAK 2
#define EML_SPECTRUM_CENTROID 4

/** The int16 that eml_spectrum needs as scratch. */
#define EML_SPECTRUM_SCRATCH(log2_n) (((size_t)1 << (log2_n)) + 2)

typedef struct EmlSpectrum {
    uint8_t log2_n;
    uint32_t *twiddle;
    // The first half of the taper, where 1 is 2^14; the second is 1 less that. NULL without one.
    int16_t *taper;
} EmlSpectrum;

/** The bytes of the tables. log2_n is from 3 to 12. */
static inline size_t eml_spectrum_bytes(uint32_t log2_n, bool taper) {
    return ((size_t)(taper ? 4 : 3)) << log2_n;
}

// a * b / 2^32, rounded down.
static inline uint32_t eml_spectrum_multiply(uint32_t a, uint32_t b) {
    return (uint32_t)((uint64_t)a * b >> 32);
}

// The sine of an angle of which 2^32 are a turn, where 1 is 2^30: within 2^-26. The tables have the
// bits that eml_fft_cos_sin would give, for which this takes half of its bytes.
static EML_NOINLINE int32_t eml_spectrum_sine(uint32_t angle) {
    // The nearest of the angles whose sine is 0 is so far away; then a quarter turn is 2^32.
    uint32_t x = 2 * angle;
    x = x >> 31 != 0 ? 0 - x : x;
    x = 2 * x - (x >> 31);
    const uint32_t t = eml_spectrum_multiply(x, x);
    // The polynomial of these terms that is nearest to the sine of up to a quarter turn.
    uint32_t p = 10033533 - eml_spectrum_multiply(t, 323885);
    p = 171129709 - eml_spectrum_multiply(t, p);
    p = 1387195753 - eml_spectrum_multiply(t, p);
    p = 3373259347u - eml_spectrum_multiply(t, p);
    const int32_t sine = (int32_t)(eml_spectrum_multiply(x, p) / 2);
    return angle >> 31 != 0 ? -sine : sine;
}

/** Fills the tables in memory, which is word-aligned and remains the caller's. */
static inline void eml_spectrum_begin(EmlSpectrum *self, uint32_t log2_n, bool taper,
                                      void *memory) {
    const uint32_t quarter = 1u << (log2_n - 2);
    self->log2_n = (uint8_t)log2_n;
    self->twiddle = memory;
    int16_t *const tapers = (int16_t *)(void *)(self->twiddle + 3 * quarter);
    self->taper = taper ? tapers : NULL;
    for (uint32_t k = 0; k < 3 * quarter; k++) {
        // As eml_fft_i16_fill.
        const uint32_t angle = k << (32 - log2_n);
        const int32_t sine = eml_spectrum_sine(angle);
        const int32_t cosine = eml_spectrum_sine(angle + (1u << 30));
        self->twiddle[k] = eml_fft_i16_pack((uint32_t)(cosine - (cosine >> 14) + (1 << 15)),
                                            (uint32_t)(sine - (sine >> 14) + (1 << 15)));
        if (taper && k < 2 * quarter) {
            tapers[k] = (int16_t)(((1u << 30) - (uint32_t)cosine + (1 << 16)) >> 17);
        }
    }
    *self->twiddle = 1 << 14;
}

// Takes the level off, tapers, and puts pairs of samples where the complex transform of half the
// length wants them, shifted up by `up`; with add, adds up those that are half the length apart, as
// a first stage of radix 2. Returns the ORed squares of the magnitudes.
static EML_NOINLINE uint32_t eml_spectrum_load(const int16_t *samples, uint32_t half, int32_t level,
                                           const int16_t *taper, int32_t up, bool add,
                                           uint32_t *z) {
    int16_t no_taper[2];
    no_taper[0] = no_taper[1] = 1 << 14;
    size_t step = 2;
    int32_t whole = 1 << 14;
    if (taper == NULL) {
        taper = no_taper;
        whole = 2 << 14;
        step = 0;
    }
    // Rounds 32767.5, which a difference may come to, down.
    const int32_t round = ((1 << 15) - 1) >> up;
    uint32_t reversed = 0, squares = 0;
    for (const int16_t *end = samples + half; samples < end; samples += 2) {
        // A difference has 17 bits, but with n samples is not above 65535 - 65535 / n: nothing
        // wraps.
        int32_t ar = (samples[0] - level) * taper[0] + round;
        int32_t ai = (samples[1] - level) * taper[1] + round;
        int32_t br = (samples[half] - level) * (whole - taper[0]);
        int32_t bi = (samples[half + 1] - level) * (whole - taper[1]);
        taper += step;
        if (add) {
            const int32_t sum_r = ar + br, sum_i = ai + bi;
            br = ar - br;
            bi = ai - bi;
            ar = sum_r;
            ai = sum_i;
        } else {
            br += round;
            bi += round;
        }
        const uint32_t a = eml_fft_i16_pack((uint32_t)ar << up, (uint32_t)ai << up);
        const uint32_t b = eml_fft_i16_pack((uint32_t)br << up, (uint32_t)bi << up);
        z[reversed] = a;
        z[reversed + 1] = b;
        squares |= eml_fft_i16_dot(a, a, 0);
        squares |= eml_fft_i16_dot(b, b, 0);
        reversed = eml_fft_next_reversed(reversed, half / 2);
    }
    return squares;
}

static inline uint32_t eml_spectrum_power(int32_t re, int32_t im) {
    return (uint32_t)re * (uint32_t)re + (uint32_t)im * (uint32_t)im;
}

// From the half-length transform to the powers of the bins 0 to half of the real one, in place;
// bins are 2^(15 - shift) times those of the half.
static EML_FAST void eml_spectrum_split(uint32_t *z, uint32_t half, const uint32_t *twiddle,
                                        int32_t shift) {
    uint32_t *back = z + half;
    // As small as the twiddles: powers stay below 2^32 where the bound of the bins is 2^16.
    const uint32_t one = (1 << 14) - 1, minus_one = 0x10000 - one;
    const uint32_t round = (1u << shift) >> 1;
    const int32_t re = eml_fft_i16_re(*z), im = eml_fft_i16_im(*z);
    *z = eml_spectrum_power((re + im) * (1 << (15 - shift)), 0);
    *back = eml_spectrum_power((re - im) * (1 << (15 - shift)), 0);
    while (++z <= --back) {
        const uint32_t w = *++twiddle;
        const uint32_t w_back = eml_fft_i16_conjugate(w);
        const uint32_t a = *z, b = *back;
        const uint32_t even_r = eml_fft_i16_dot(b, one, eml_fft_i16_dot(a, one, round));
        const uint32_t even_i = eml_fft_i16_cross(minus_one, b, eml_fft_i16_cross(one, a, 0));
        const uint32_t tr = eml_fft_i16_cross(w_back, b, eml_fft_i16_cross(w, a, 0));
        const uint32_t ti = eml_fft_i16_dot(b, w_back, round) - eml_fft_i16_dot(a, w, 0);
        *z = eml_spectrum_power((int32_t)(even_r + tr) >> shift, (int32_t)(ti + even_i) >> shift);
        *back =
            eml_spectrum_power((int32_t)(even_r - tr) >> shift, (int32_t)(ti - even_i) >> shift);
    }
}

// Powers of n samples, times 2^-e: returns e.
static EML_NOINLINE int32_t eml_spectrum_powers(const EmlSpectrum *self, const int16_t *samples, uint32_t *z) {
    const uint32_t log2_n = self->log2_n, half = 1u << (log2_n - 1);
    // The first by itself, should only the others be word-aligned.
    const uint32_t odd = (uintptr_t)samples / sizeof(*samples) % 2;
    const EmlStatsPair extremes = eml_stats_extremes(samples + odd, 2 * half - odd);
    const int32_t sum = eml_stats_sum(samples + odd, 2 * half - odd) + (odd != 0 ? *samples : 0);
    const int32_t level = (sum + (int32_t)half) >> log2_n;
    const int32_t least = eml_stats_first(extremes) - level;
    const int32_t most = eml_stats_second(extremes) - level, first = *samples - level;
    // Of a negative one those of its complement.
    const int32_t magnitudes = (least ^ least >> 31) | (most ^ most >> 31) | (first ^ first >> 31);
    int32_t bits = 0;
    while (magnitudes >> bits != 0) {
        bits++;
    }
    const bool add = log2_n % 2 == 0;
    uint32_t squares = eml_spectrum_load(samples, half, level, self->taper, 16 - bits, add, z);
    int32_t exponent = bits - 14;
    size_t quarter = 2, twiddle_step = half / 4;
    if (!add) {
        quarter = 1;
        twiddle_step = half / 2;
        // The first stage turns nothing: its sums of four fit with one bit, for no part is above
        // 2^14.
        squares = 1 << 26;
    }
    for (; quarter < half; quarter *= 4) {
        const int32_t shift = eml_fft_i16_make_room(z, half, squares, &exponent);
        squares = eml_fft_i16_stage(z, half, quarter, self->twiddle, twiddle_step, shift);
        exponent += shift;
        twiddle_step /= 4;
    }
    // Bins are less than sqrt(2) times as large as the half's: squared they need a bit more.
    int32_t shift = 0;
    for (; squares > 1; squares >>= 2) {
        shift++;
    }
    eml_spectrum_split(z, half, self->twiddle, shift);
    return 2 * (exponent + shift - 15);
}

// 8 times the mean of bins from 1 to half, weighted by powers.
static int32_t eml_spectrum_centroid(const uint32_t *powers, uint32_t half) {
    // Adding up the sums that begin at each bin takes it as often as its number says.
    uint64_t sum = 0, weighted = 0;
    for (const uint32_t *power = powers + half; power > powers; power--) {
        sum += *power;
        weighted += sum;
    }
    if (sum == 0) {
        return 0;
    }
    // A sum is below 2^43, and the mean below 2^12.
    sum <<= 12;
    uint32_t quotient = 0;
    for (uint32_t bit = 0; bit < 16; bit++) {
        weighted <<= 1;
        quotient <<= 1;
        if (weighted >= sum) {
            weighted -= sum;
            quotient++;
        }
    }
    return (int32_t)(quotient + 1) >> 1;
}

/** Features of 2^log2_n samples, at any halfword; returns how many.

out gets n_bands bands, whose bins are from edges[i] to below edges[i + 1], then peak and centroid,
as far as they are wanted. No edge is above n/2 + 1. scratch is word-aligned and has
EML_SPECTRUM_SCRATCH(log2_n) items. */
static inline uint32_t eml_spectrum(const EmlSpectrum *self, const int16_t *samples,
                                    const uint16_t *edges, uint32_t n_bands, uint32_t wanted,
                                    int16_t *scratch, int16_t *out) {
    uint32_t *const powers = (uint32_t *)(void *)scratch;
    const uint32_t half = 1u << (self->log2_n - 1);
    const int32_t exponent = eml_spectrum_powers(self, samples, powers);
    int16_t *const first = out;
    if (wanted & EML_SPECTRUM_BANDS) {
        for (; n_bands > 0; n_bands--, edges++) {
            uint64_t sum = 0;
            for (uint32_t k = edges[0]; k < edges[1]; k++) {
                sum += powers[k];
            }
            const int32_t band = sum == 0 ? 0 : eml_log2_u64(sum) + 256 * exponent;
            *out++ = (int16_t)(band < 0 ? 0 : band);
        }
    }
    if (wanted & EML_SPECTRUM_PEAK) {
        uint32_t peak = 1;
        for (uint32_t k = 2; k <= half; k++) {
            peak = powers[k] > powers[peak] ? k : peak;
        }
        *out++ = (int16_t)(8 * peak);
    }
    if (wanted & EML_SPECTRUM_CENTROID) {
        *out++ = (int16_t)eml_spectrum_centroid(powers, half);
    }
    return (uint32_t)(out - first);
}

#endif // EML_SPECTRUM_H
