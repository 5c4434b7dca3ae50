// Transforms samples of all lengths, under sanitizers: any floats, any int16, any window.

#include "choices.h"
#include "eml_fft_f32.h"
#include "eml_fft_i16.h"

static float finite_float(void) {
    float value;
    do {
        value = any_float();
    } while (value - value != 0);
    return value;
}

static void fill_f32(float *samples, size_t n) {
    for (size_t i = 0; i < n; i++) {
        samples[i] = any_float();
    }
}

// Noise of any amplitude, or the most that there is.
static void fill_i16(int16_t *samples, size_t n) {
    const uint32_t kind = next_random() % 16;
    for (size_t i = 0; i < n; i++) {
        const int16_t noise = (int16_t)(next_random() << 4);
        samples[i] = (int16_t)(kind == 0 ? -32768 : kind == 1 ? 32767 : noise >> kind);
        if (kind == 2 || kind == 3) {
            samples[i] = noise < 0 ? -32768 : 32767;
        }
    }
}

static void try_f32(uint32_t log2_n, const float *twiddle) {
    const size_t n = (size_t)1 << log2_n;
    float *re = allocate(n, sizeof(float)), *im = allocate(n, sizeof(float));
    float *window = allocate(n, sizeof(float)), *work = allocate(n, sizeof(float));
    float *bins = allocate(n + 2, sizeof(float)), *powers = allocate(n / 2 + 1, sizeof(float));
    fill_f32(re, n);
    fill_f32(im, n);
    eml_fft_f32_real(re, NULL, log2_n, twiddle, 0, bins, bins);
    eml_fft_f32_real(re, NULL, log2_n, twiddle, 1, work, powers);
    eml_fft_f32_window(window, log2_n, EML_FFT_ONE / 2);
    eml_fft_f32_real(im, window, log2_n, twiddle, 1, work, powers);
    eml_fft_f32_run(re, im, log2_n, twiddle);
    free(re);
    free(im);
    free(window);
    free(work);
    free(bins);
    free(powers);
}

static void try_i16(uint32_t log2_n, const uint32_t *twiddle) {
    const size_t n = (size_t)1 << log2_n;
    int16_t *re = allocate(n, sizeof(int16_t)), *im = allocate(n + 2, sizeof(int16_t));
    uint32_t *work = allocate(n, sizeof(uint32_t));
    uint32_t *bins = allocate(n / 2 + 1, sizeof(uint32_t));
    float *values = allocate(n, sizeof(float));
    int16_t *window = allocate(n, sizeof(int16_t));
    for (size_t i = 0; i < n; i++) {
        values[i] = next_random() % 4 ? finite_float() : (float)(i & 1) - 0.5f;
    }
    const int32_t exponent = eml_fft_i16_exponent(values, (uint32_t)n);
    eml_fft_i16_window(values, (uint32_t)n, exponent, window);
    for (int call = 0; call < 4; call++) {
        fill_i16(re, n);
        fill_i16(im, n);
        eml_fft_i16_real(re, call % 2 ? window : NULL, log2_n, twiddle, call / 2, bins);
        eml_fft_i16_copy(bins, (uint32_t)n / 2 + 1, im);
        eml_fft_i16_run(re, im, log2_n, twiddle, work);
    }
    free(re);
    free(im);
    free(work);
    free(bins);
    free(values);
    free(window);
}

static uint32_t rounds_done;

static void once(void) {
    const uint32_t log2_n = 3 + (below(2) == 1 ? below(10) : below(5));
    const size_t twiddles = ((size_t)3 << log2_n) / 4;
    float *f32 = allocate(2 * twiddles, sizeof(float));
    uint32_t *i16 = allocate(twiddles, sizeof(uint32_t));
    eml_fft_f32_fill(log2_n, f32);
    eml_fft_i16_fill(log2_n, i16);
    try_f32(log2_n, f32);
    try_i16(log2_n, i16);
    free(f32);
    free(i16);
    rounds_done++;
}

CHOICES_MAIN(once, rounds_done)
