#ifndef EML_SPECTRUM_H
#define EML_SPECTRUM_H
#include "eml_fft_i16.h"
typedef struct { uint32_t log2_n; } EmlSpectrum;
static size_t eml_spectrum_bytes(uint32_t log2_n, bool taper) { (void)log2_n; (void)taper; return 4; }
static void eml_spectrum_begin(EmlSpectrum *s, uint32_t log2_n, bool taper, void *m) { (void)taper; (void)m; s->log2_n = log2_n | (uint32_t)taper << 8; }
static uint32_t eml_spectrum(const EmlSpectrum *s, const int16_t *x, const uint16_t *edges, uint32_t n_bands, uint32_t wanted, int16_t *w, int16_t *out) {
    (void)w; const uint32_t n = 1u << (s->log2_n & 255); uint32_t c = 0; double p[2100], m = 0, t, cs = 0; const double pi = 3.14159265358979;
    for (uint32_t i = 0; i < n; i++) m += x[i];
    m = floor(m / n + .5);
    uint32_t peak = 1;
    for (uint32_t k = 0; k <= n / 2; k++) { double re = 0, im = 0; for (uint32_t i = 0; i < n; i++) { double v = (x[i] - m) * (s->log2_n >> 8 ? .5 - .5 * cos(2 * pi * i / n) : 1); re += v * cos(2 * pi * i * k / n); im += v * sin(2 * pi * i * k / n); } p[k] = re * re + im * im; if (k > 1 && p[k] > p[peak] * 1.000001) peak = k; }
    for (uint32_t b = 0; b < n_bands; b++) { t = 0; for (uint32_t k = edges[b]; k < edges[b + 1]; k++) t += p[k]; out[c++] = eml_naive_round(256 * log2(t > 1 ? t : 1)); }
    if (wanted & 8) out[c++] = (int16_t)(8 * peak);
    if (wanted & 16) { t = 0; for (uint32_t k = 1; k <= n / 2; k++) { t += p[k]; cs += k * p[k]; } out[c++] = t > 0 ? eml_naive_round(8 * cs / t) : 0; }
    return c;
}
#endif
