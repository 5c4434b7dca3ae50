/** Fast Fourier transforms in float: complex ones in place, real ones of half the length.

Radix 4, decimation in time, with one radix-2 stage where the length asks for it. All memory belongs
to the caller. The twiddles of a length n are 3/4 n pairs of cosine and sine, and serve all shorter
lengths too.

Cost on a Cortex-M4F: about 21 000 instructions for 256 complex samples, 12 500 for the spectrum of
256 real ones.
*/
#ifndef EML_FFT_F32_H
#define EML_FFT_F32_H

#include "eml_fft_table.h"

#if defined(__SOFTFP__)
#define EML_FFT_HAS_FPU 0
#else
#define EML_FFT_HAS_FPU 1
#endif

#if EML_FFT_HAS_FPU
#define EML_FFT_F32_FAST EML_FAST
#else
// The time goes into the routines that add and multiply.
#define EML_FFT_F32_FAST
#endif

/** A number of EML_FFT_ONE as a float. */
static float eml_fft_float(int32_t number) { return (float)number * (1.0f / EML_FFT_ONE); }

/** Fills the twiddles of a length: 3/4 n pairs of cosine and sine. */
static inline void eml_fft_f32_fill(uint32_t log2_n, float *twiddle) {
    for (uint32_t k = 0; k < 3u << (log2_n - 2); k++) {
        int32_t cosine, sine;
        eml_fft_cos_sin(k, log2_n, &cosine, &sine);
        *twiddle++ = eml_fft_float(cosine);
        *twiddle++ = eml_fft_float(sine);
    }
}

// 0.54 in numbers of EML_FFT_ONE.
#define EML_FFT_0_54 579820585

/** Fills half of a periodic cosine window: (a - (1 - a) cos(2 pi k / n)) / 2, for a of EML_FFT_ONE.

a is 0.5 for Hann's window, 0.54 for Hamming's. */
static inline void eml_fft_f32_window(float *half_window, uint32_t log2_n, int32_t a) {
    for (uint32_t k = 0; k < 1u << log2_n; k++) {
        int32_t cosine, sine;
        eml_fft_cos_sin(k, log2_n, &cosine, &sine);
        half_window[k] = 0.5f * eml_fft_float(a - 4 * eml_fft_multiply(EML_FFT_ONE - a, cosine));
    }
}

/** Fills half of any window. */
static inline void eml_fft_f32_halve(float *half_window, const float *window, size_t n) {
    for (size_t k = 0; k < n; k++) {
        half_window[k] = 0.5f * window[k];
    }
}

// One radix-4 stage over n samples: blocks of 4 * quarter, in each of which one quarter follows the
// other in bit-reversed order. twiddle_step is the length of the twiddles over 4 * quarter.
static EML_FFT_F32_FAST void eml_fft_f32_stage(float *re, float *im, size_t stride, size_t n,
                                               size_t quarter, const float *twiddle,
                                               size_t twiddle_step) {
    const size_t q = quarter * stride;
    float *const end = re + n * stride;
    for (size_t k = 0; k < quarter; k++) {
        const float *w = twiddle + 2 * k * twiddle_step;
        const float c1 = w[0], s1 = w[1];
        w += 2 * k * twiddle_step;
        const float c2 = w[0], s2 = w[1];
        w += 2 * k * twiddle_step;
        const float c3 = w[0], s3 = w[1];
        float *i = im;
        for (float *r = re; r < end; r += 4 * q, i += 4 * q) {
            float br = r[q], bi = i[q];
            float cr = r[2 * q], ci = i[2 * q];
            float dr = r[3 * q], di = i[3 * q];
            // Without an FPU it pays not to multiply by 1.
            if (EML_FFT_HAS_FPU || k != 0) {
                float t = br;
                br = br * c2 + bi * s2;
                bi = bi * c2 - t * s2;
                t = cr;
                cr = cr * c1 + ci * s1;
                ci = ci * c1 - t * s1;
                t = dr;
                dr = dr * c3 + di * s3;
                di = di * c3 - t * s3;
            }
            const float ar = r[0], ai = i[0];
            const float even_r = ar + br, even_i = ai + bi;
            const float odd_r = ar - br, odd_i = ai - bi;
            const float sum_r = cr + dr, sum_i = ci + di;
            const float gap_r = cr - dr, gap_i = ci - di;
            r[0] = even_r + sum_r;
            i[0] = even_i + sum_i;
            r[q] = odd_r + gap_i;
            i[q] = odd_i - gap_r;
            r[2 * q] = even_r - sum_r;
            i[2 * q] = even_i - sum_i;
            r[3 * q] = odd_r - gap_i;
            i[3 * q] = odd_i + gap_r;
        }
        re += stride;
        im += stride;
    }
}

/** Transforms n = 2^log2_n samples in place, from bit-reversed order into the natural one.

Sample k is re[k * stride], im[k * stride]. twiddle is that of length n * twiddle_step. */
static void eml_fft_f32_from_reversed(float *re, float *im, size_t stride, uint32_t log2_n,
                                      const float *twiddle, size_t twiddle_step) {
    const size_t n = (size_t)1 << log2_n;
    size_t quarter = 1;
    if (log2_n % 2 != 0) {
        for (size_t k = 0; k < n * stride; k += 2 * stride) {
            const float ar = re[k], ai = im[k], br = re[k + stride], bi = im[k + stride];
            re[k] = ar + br;
            im[k] = ai + bi;
            re[k + stride] = ar - br;
            im[k + stride] = ai - bi;
        }
        quarter = 2;
    }
    twiddle_step <<= log2_n - 2 - log2_n % 2;
    for (; quarter < n; quarter *= 4) {
        eml_fft_f32_stage(re, im, stride, n, quarter, twiddle, twiddle_step);
        twiddle_step /= 4;
    }
}

/** Transforms 2^log2_n complex samples in place. twiddle is that of this length. */
static inline void eml_fft_f32_run(float *re, float *im, uint32_t log2_n, const float *twiddle) {
    const uint32_t n = 1u << log2_n;
    uint32_t reversed = 0;
    for (uint32_t k = 0; k < n; k++) {
        if (reversed > k) {
            float swap = re[k];
            re[k] = re[reversed];
            re[reversed] = swap;
            swap = im[k];
            im[k] = im[reversed];
            im[reversed] = swap;
        }
        reversed = eml_fft_next_reversed(reversed, n / 2);
    }
    eml_fft_f32_from_reversed(re, im, 1, log2_n, twiddle, 1);
}

// Multiplies n real samples by half a window, or by 1/2 if that is NULL, and puts pairs of them
// where the complex transform of half the length wants them.
static EML_FFT_F32_FAST void eml_fft_f32_load(const float *samples, const float *half_window,
                                              uint32_t half, float *z) {
    float no_window[2];
    no_window[0] = no_window[1] = 0.5f;
    const size_t step = half_window ? 2 : 0;
    half_window = half_window ? half_window : no_window;
    uint32_t reversed = 0;
    for (const float *end = samples + 2 * half; samples < end; samples += 2) {
        z[2 * reversed] = samples[0] * half_window[0];
        z[2 * reversed + 1] = samples[1] * half_window[1];
        half_window += step;
        reversed = eml_fft_next_reversed(reversed, half / 2);
    }
}

// From the half-length transform z to the bins 0 to half of the real one, or to their powers. out
// may be z.
static EML_FFT_F32_FAST void eml_fft_f32_split(const float *z, uint32_t half, const float *twiddle,
                                               int is_power, float *out) {
    const size_t width = is_power ? 1 : 2;
    float *back = out + half * width;
    const float *z_back = z + 2 * half;
    // A bin and its mirror image; of the first two the imaginary part is 0.
    float xr = 2.0f * (z[0] + z[1]), xi = 0;
    float yr = 2.0f * (z[0] - z[1]), yi = 0;
    for (uint32_t k = half / 2;; k--) {
        if (is_power) {
            *out = xr * xr + xi * xi;
            *back = yr * yr + yi * yi;
        } else {
            out[0] = xr;
            out[1] = xi;
            back[0] = yr;
            back[1] = yi;
        }
        if (k == 0) {
            return;
        }
        out += width;
        back -= width;
        z += 2;
        z_back -= 2;
        twiddle += 2;
        const float ar = z[0], ai = z[1], br = z_back[0], bi = z_back[1];
        const float even_r = ar + br, even_i = ai - bi;
        const float odd_r = ai + bi, odd_i = br - ar;
        const float c = twiddle[0], s = twiddle[1];
        const float tr = odd_r * c + odd_i * s, ti = odd_i * c - odd_r * s;
        xr = even_r + tr;
        xi = even_i + ti;
        yr = even_r - tr;
        yi = ti - even_i;
    }
}

/** Transforms n = 2^log2_n real samples into n/2 + 1 complex bins, or with is_power into the
squared magnitudes of these.

half_window is half the window, or NULL; twiddle is that of length n. work has n items, and may be
out if that has n + 2. */
static inline void eml_fft_f32_real(const float *samples, const float *half_window, uint32_t log2_n,
                                    const float *twiddle, int is_power, float *work, float *out) {
    const uint32_t half = 1u << (log2_n - 1);
    eml_fft_f32_load(samples, half_window, half, work);
    eml_fft_f32_from_reversed(work, work + 1, 2, log2_n - 1, twiddle, 2);
    eml_fft_f32_split(work, half, twiddle, is_power, out);
}

#endif // EML_FFT_F32_H
