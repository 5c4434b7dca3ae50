#ifndef EML_STATISTICS_H
#define EML_STATISTICS_H
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "eml_front_format.h"
#include "eml_integer.h"
static int32_t eml_stats_sum(const int16_t *x, uint32_t n) { int32_t s = 0; while (n--) s += *x++; return s; }
static int eml_naive_cmp(const void *a, const void *b) { return *(const int16_t *)a - *(const int16_t *)b; }
static int16_t eml_naive_round(double x) { x = floor(x + 0.5); return (int16_t)(x < -32768 ? -32768 : x > 32767 ? 32767 : x); }
static double eml_naive_q(const int16_t *s, uint32_t n, int q) { uint32_t p = q * (n - 1), lo = p / 4; double f = (p % 4) / 4.0; return lo + 1 < n ? s[lo] + f * (s[lo + 1] - s[lo]) : s[lo]; }
static void eml_statistics(const int16_t *x, uint32_t n, uint32_t wanted, int16_t *work, int16_t *v) {
    (void)wanted;
    double m = 0, s2 = 0, mad = 0, m2 = 0, m3 = 0, m4 = 0, j = 0; int zc = 0, mc = 0;
    for (uint32_t i = 0; i < n; i++) { m += x[i]; s2 += (double)x[i] * x[i]; }
    m /= n;
    for (uint32_t i = 0; i < n; i++) { double d = x[i] - m; mad += fabs(d); m2 += d * d; m3 += d * d * d; m4 += d * d * d * d; }
    for (uint32_t i = 1; i < n; i++) { j += abs(x[i] - x[i - 1]); zc += (x[i] >= 0) != (x[i - 1] >= 0); mc += (x[i] >= m) != (x[i - 1] >= m); }
    memcpy(work, x, 2 * n); qsort(work, n, 2, eml_naive_cmp);
    v[0] = eml_naive_round(m); v[1] = eml_naive_round(sqrt(m2 / n)); v[2] = eml_naive_round(sqrt(s2 / n)); v[3] = eml_naive_round(mad / n);
    v[4] = work[0]; v[5] = work[n - 1]; v[6] = eml_naive_round(work[n - 1] - work[0]);
    v[7] = eml_naive_round(eml_naive_q(work, n, 2)); v[8] = eml_naive_round(eml_naive_q(work, n, 1)); v[9] = eml_naive_round(eml_naive_q(work, n, 3));
    v[10] = eml_naive_round(eml_naive_q(work, n, 3) - eml_naive_q(work, n, 1));
    m2 /= n; m3 /= n; m4 /= n;
    v[11] = m2 > 1e-9 ? eml_naive_round(256 * m3 / pow(m2, 1.5)) : 0; v[12] = m2 > 1e-9 ? eml_naive_round(256 * (m4 / m2 / m2 - 3)) : 0;
    v[13] = eml_naive_round(j / (n - 1)); v[14] = (int16_t)zc; v[15] = (int16_t)mc; v[16] = s2 ? eml_naive_round(256 * log2(s2 / n)) : -4096;
}
static int16_t eml_correlation(const int16_t *x, const int16_t *y, uint32_t n) {
    double a = 0, b = 0, ab = 0, aa = 0, bb = 0;
    for (uint32_t i = 0; i < n; i++) { a += x[i]; b += y[i]; ab += (double)x[i] * y[i]; aa += (double)x[i] * x[i]; bb += (double)y[i] * y[i]; }
    double c = (n * ab - a * b), d = (n * aa - a * a) * (n * bb - b * b);
    return d > 0 ? eml_naive_round(16384 * c / sqrt(d)) : 0;
}
#endif
