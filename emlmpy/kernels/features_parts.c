// What tests and the fuzzer call of emlfeatures by itself: the statistics of one channel, and the
// integer arithmetic below them.

#include "eml_statistics.h"

void features_parts_statistics(const int16_t *x, uint32_t n, uint32_t wanted, int16_t *work,
                               int16_t *values) {
    int32_t wide[EML_FRONT_N_STATISTICS];
    eml_statistics(x, n, wanted, work, wide);
    for (uint32_t i = 0; i < EML_FRONT_N_STATISTICS; i++) {
        if (wanted & 1u << i) {
            values[i] = eml_saturate(wide[i]);
        }
    }
}

void features_parts_quartiles(const int16_t *x, uint32_t n, int16_t *work, int32_t *quarters) {
    const EmlStatsPair extremes = eml_stats_extremes(x, n);
    eml_quartiles(x, n, eml_stats_first(extremes), eml_stats_second(extremes), work, quarters);
}

int32_t features_parts_correlation(const int16_t *x, const int16_t *y, uint32_t n) {
    return eml_correlation(x, y, n);
}

uint32_t features_parts_root(uint32_t v) { return eml_sqrt_u32(v); }

uint64_t features_parts_quotient(uint64_t a, uint32_t b) { return eml_divide(a, b); }

int32_t features_parts_mean(int32_t sum, uint32_t n) { return eml_mean(sum, n); }
