// What emlmpy/fft.py calls: the kernels of emlfft, and the memory that emlfft.c gives them.

#include <stdlib.h>
#include <string.h>

#include "eml_fft_i16.h"

typedef struct Twin {
    uint32_t log2_n;
    int32_t window_exponent;
    float *twiddle, *half_window, *work;
    uint32_t *twiddle_i16;
    int16_t *window_i16;
} Twin;

void fft_free(Twin *self) {
    free(self->twiddle);
    free(self->half_window);
    free(self->work);
    free(self->twiddle_i16);
    free(self->window_i16);
    free(self);
}

// kind: 0 no window, 1 Hann, 2 Hamming, 3 the n values of window, which must be finite. NULL if
// memory is short.
Twin *fft_new(uint32_t log2_n, int32_t kind, const float *window) {
    const size_t n = (size_t)1 << log2_n;
    Twin *self = calloc(1, sizeof(Twin));
    if (self == NULL) {
        return NULL;
    }
    self->log2_n = log2_n;
    self->twiddle = calloc(n / 2 * 3, sizeof(float));
    self->work = calloc(n, sizeof(float));
    self->twiddle_i16 = calloc(n / 4 * 3, sizeof(uint32_t));
    if (kind != 0) {
        self->half_window = calloc(n, sizeof(float));
        self->window_i16 = calloc(n, sizeof(int16_t));
    }
    if (!self->twiddle || !self->work || !self->twiddle_i16 ||
        (kind != 0 && (!self->half_window || !self->window_i16))) {
        fft_free(self);
        return NULL;
    }
    eml_fft_f32_fill(log2_n, self->twiddle);
    eml_fft_i16_fill(log2_n, self->twiddle_i16);
    if (kind == 3) {
        eml_fft_f32_halve(self->half_window, window, n);
    } else if (kind != 0) {
        eml_fft_f32_window(self->half_window, log2_n, kind == 1 ? EML_FFT_ONE / 2 : EML_FFT_0_54);
    }
    if (kind != 0) {
        const int32_t exponent = eml_fft_i16_exponent(self->half_window, (uint32_t)n);
        eml_fft_i16_window(self->half_window, (uint32_t)n, exponent, self->window_i16);
        self->window_exponent = exponent + 1;
    }
    return self;
}

// Each row of n samples becomes n / 2 + 1 complex bins, or with is_power powers of the windowed
// ones.
void fft_real_f32(Twin *self, const float *in, size_t rows, int32_t is_power, float *out) {
    const size_t n = (size_t)1 << self->log2_n, n_out = is_power ? n / 2 + 1 : n + 2;
    for (; rows > 0; rows--, in += n, out += n_out) {
        eml_fft_f32_real(in, is_power ? self->half_window : NULL, self->log2_n, self->twiddle,
                         is_power, is_power ? self->work : out, out);
    }
}

// The same of int16, to be multiplied by 2^exponent of the row; a bin is two int16 in a word, its
// real part first.
void fft_real_i16(Twin *self, const int16_t *in, size_t rows, int32_t is_power, uint32_t *out,
                  int32_t *exponent) {
    const size_t n = (size_t)1 << self->log2_n;
    for (; rows > 0; rows--, in += n, out += n / 2 + 1) {
        const int32_t found = eml_fft_i16_real(in, is_power ? self->window_i16 : NULL, self->log2_n,
                                               self->twiddle_i16, is_power, out);
        *exponent++ = is_power ? 2 * (found + self->window_exponent) : found;
    }
}

// Complex samples in place, rows of n.
void fft_run_f32(Twin *self, float *re, float *im, size_t rows) {
    const size_t n = (size_t)1 << self->log2_n;
    for (; rows > 0; rows--, re += n, im += n) {
        eml_fft_f32_run(re, im, self->log2_n, self->twiddle);
    }
}

void fft_run_i16(Twin *self, int16_t *re, int16_t *im, size_t rows, int32_t *exponent) {
    const size_t n = (size_t)1 << self->log2_n;
    for (; rows > 0; rows--, re += n, im += n) {
        *exponent++ =
            eml_fft_i16_run(re, im, self->log2_n, self->twiddle_i16, (uint32_t *)self->work);
    }
}
