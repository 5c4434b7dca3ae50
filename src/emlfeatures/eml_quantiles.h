/** Quartiles of n int16 samples without sorting all of them: eml_statistics.h includes this.

Samples are counted in 128 bins of equal width, a power of two. Those in the bins that hold the
wanted ranks, mostly four bins with 23 samples of 256, are gathered in the order of their bins, and
sorted: by insertion if they are few, by Shell's method where an outlier makes the bins wide and one
of them holds many. That is never quadratic in n.

Cost: about 6 200 instructions for three quartiles of 256 samples on a Cortex-M4, 7 500 on a
Cortex-M0.
*/
#ifndef EML_QUANTILES_H
#define EML_QUANTILES_H

#define EML_QUANTILES_BINS 128u
// As many samples of one bin are sorted by insertion alone.
#define EML_QUANTILES_FEW 24
// The first of Knuth's gaps: each is 3 times the next, and 1 more.
#define EML_QUANTILES_GAP 1093

// Counts n samples, which are base or more.
EML_STATS_LOOP void eml_quantiles_count(const int16_t *x, uint32_t n, int32_t base, uint32_t shift,
                                        int16_t *counts) {
    EmlStatsPair *clear = (EmlStatsPair *)(void *)(counts + EML_QUANTILES_BINS);
    do {
        *--clear = 0;
        __asm volatile("" : : : "memory"); // or it would become a call of memset
    } while (clear != (EmlStatsPair *)(void *)counts);
    if (n % 2 != 0) {
        counts[(uint32_t)(x[n - 1] - base) >> shift]++;
    }
    for (EML_STATS_PAIRS(pair, x, n)) {
        const EmlStatsPair both = *pair;
        counts[(uint32_t)(eml_stats_first(both) - base) >> shift]++;
        counts[(uint32_t)(eml_stats_second(both) - base) >> shift]++;
    }
}

// Copies the samples of chosen bins to their places.
EML_STATS_LOOP void eml_quantiles_gather(const int16_t *x, uint32_t n, int32_t base, uint32_t shift,
                                         int16_t *bins, int16_t *few) {
    const int16_t *const end = x + n;
    do {
        const int32_t sample = *x++;
        int16_t *const bin = bins + ((uint32_t)(sample - base) >> shift);
        const int32_t place = *bin;
        if (place < 0) {
            few[place + 32768] = (int16_t)sample;
            *bin = (int16_t)(place + 1);
        }
    } while (x != end);
}

// Shell's method.
static EML_NOINLINE void eml_quantiles_sort(int16_t *x, uint32_t n, uint32_t gap) {
    for (; gap != 0; gap = gap * 21846 >> 16) { // (gap - 1) / 3
        for (uint32_t next = gap; next < n; next++) {
            const int32_t sample = x[next];
            uint32_t place = next;
            for (; place >= gap && x[place - gap] > sample; place -= gap) {
                x[place] = x[place - gap];
            }
            x[place] = (int16_t)sample;
        }
    }
}

/** q25, median and q75, each times 4, which is exact; of n samples from min to max. work has
n + 128 items; it and x are word-aligned. */
static EML_NOINLINE void eml_quartiles(const int16_t *x, uint32_t n, int32_t min, int32_t max,
                                       int16_t *work, int32_t *quarters) {
    int16_t *const few = work + EML_QUANTILES_BINS;
    uint32_t shift = 0;
    while ((uint32_t)(max - min) >> shift >= EML_QUANTILES_BINS) {
        shift++;
    }
    eml_quantiles_count(x, n, min, shift, work);
    // Each quartile is between two ranks. The counts of bins that hold such a rank become the place
    // of their first sample, less 2^15.
    uint32_t end = 0, n_few = 0, places[6], off = 0;
    uint32_t gap = 1;
    int16_t *bin = work;
    for (uint32_t i = 0; i < 6; i++) {
        const uint32_t rank = (i / 2 + 1) * (n - 1) / 4 + i % 2;
        if (rank >= end) {
            uint32_t count;
            do {
                count = (uint32_t)*bin++;
                end += count;
            } while (rank >= end);
            bin[-1] = (int16_t)(n_few - 32768);
            n_few += count;
            off = end - n_few;
            if (count > EML_QUANTILES_FEW && shift != 0) {
                gap = EML_QUANTILES_GAP;
            }
        }
        places[i] = rank - off;
    }
    eml_quantiles_gather(x, n, min, shift, work, few);
    eml_quantiles_sort(few, n_few, gap);
    for (uint32_t i = 0; i < 3; i++) {
        const int32_t part = (int32_t)((i + 1) * (n - 1) % 4);
        const int32_t sample = few[places[2 * i]];
        quarters[i] = 4 * sample + part * (few[places[2 * i + 1]] - sample);
    }
}

#endif // EML_QUANTILES_H
