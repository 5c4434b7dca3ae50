/** Quartiles of n int16 samples without sorting all of them: eml_statistics.h includes this.

Samples are counted in 128 bins of equal width, a power of two. Those in the bins that hold the
wanted ranks, mostly four bins with 23 samples of 256, are gathered in the order of their bins, and
sorted: by insertion if they are few, by Shell's method where an outlier makes the bins wide and one
of them holds many. That is never quadratic in n.

Cost: about 5 000 instructions for three quartiles of 256 samples on a Cortex-M4, 7 500 on a
Cortex-M0.
*/
#ifndef EML_QUANTILES_H
#define EML_QUANTILES_H

#define EML_QUANTILES_BINS 128u
// As many samples of one bin are sorted by insertion alone.
#define EML_QUANTILES_FEW 24

// The bin of a sample, which is base or more: the difference has 16 bits.
#define EML_QUANTILES_BIN(sample, base, shift) ((uint32_t)((sample) - (base)) >> (shift))

// Counts n samples.
static EML_FAST void eml_quantiles_count(const int16_t *x, uint32_t n, int32_t base, uint32_t shift,
                                         int16_t *counts) {
    EmlStatsPair *clear = (EmlStatsPair *)(void *)counts;
    for (const EmlStatsPair *const end = clear + EML_QUANTILES_BINS / 2; clear != end;) {
        *clear++ = 0;
    }
    for (const int16_t *const end = x + n; x != end;) {
        counts[EML_QUANTILES_BIN(*x++, base, shift)]++;
    }
}

// Turns the counts of bins that hold a wanted rank into the place of their first sample, less 2^15.
// at gets the places of the samples of six ranks: each quartile is between two, of which the second
// may not count. Returns how many places there are; *most is the most in one bin.
static uint32_t eml_quantiles_choose(int16_t *counts, uint32_t n, uint16_t *at,
                                              uint32_t *most) {
    uint32_t below = 0, n_few = 0, position = n - 1, rank = position / 4;
    int16_t *bin = counts;
    *most = 0;
    for (uint32_t i = 0; i < 6;) {
        uint32_t count;
        for (; count = (uint32_t)*bin, rank >= below + count; bin++) {
            below += count;
        }
        if (count > *most) {
            *most = count;
        }
        *bin++ = (int16_t)(n_few - 32768);
        // Ranks rise.
        for (; i < 6 && rank < below + count; i++) {
            at[i] = (uint16_t)(n_few + rank - below);
            if (i % 2 == 0) {
                rank += position % 4 != 0;
            } else {
                position += n - 1;
                rank = position / 4;
            }
        }
        below += count;
        n_few += count;
    }
    return n_few;
}

// Copies the samples of chosen bins to their places.
static EML_FAST void eml_quantiles_gather(const int16_t *x, uint32_t n, int32_t base,
                                          uint32_t shift, int16_t *bins, int16_t *few) {
    for (const int16_t *const end = x + n; x != end;) {
        const int32_t sample = *x++;
        int16_t *const bin = bins + EML_QUANTILES_BIN(sample, base, shift);
        const int32_t place = *bin;
        if (place < 0) {
            few[place & 0x7fff] = (int16_t)sample;
            *bin = (int16_t)(place + 1);
        }
    }
}

// Shell's method with Knuth's gaps, the first of which is given.
static void eml_quantiles_sort(int16_t *x, uint32_t n, uint32_t gap) {
    for (;;) {
        for (uint32_t next = gap; next < n; next++) {
            const int32_t sample = x[next];
            uint32_t place = next;
            for (; place >= gap && x[place - gap] > sample; place -= gap) {
                x[place] = x[place - gap];
            }
            x[place] = (int16_t)sample;
        }
        if (gap == 1) {
            return;
        }
        // (gap - 1) / 3, of the gaps there are.
        gap = gap * 21846u >> 16;
    }
}

/** q25, median and q75, each times 4, which is exact; of n samples from min to max. work has
n + 128 items; it and x are word-aligned. */
static void eml_quartiles(const int16_t *x, uint32_t n, int32_t min, int32_t max,
                                       int16_t *work, int32_t *quarters) {
    int16_t *const few = work + EML_QUANTILES_BINS;
    uint32_t shift = 0;
    while ((uint32_t)(max - min) >> shift >= EML_QUANTILES_BINS) {
        shift++;
    }
    eml_quantiles_count(x, n, min, shift, work);
    uint16_t at[6];
    uint32_t most;
    const uint32_t n_few = eml_quantiles_choose(work, n, at, &most);
    eml_quantiles_gather(x, n, min, shift, work, few);
    // Bins that are one value wide are in order.
    if (shift != 0) {
        uint32_t gap = 1;
        while (most > EML_QUANTILES_FEW && 3 * gap < most) {
            gap = 3 * gap + 1;
        }
        eml_quantiles_sort(few, n_few, gap);
    }
    for (uint32_t i = 0; i < 3; i++) {
        const int32_t part = (int32_t)((i + 1) * (n - 1) % 4);
        const int32_t sample = few[at[2 * i]];
        quarters[i] = 4 * sample + part * (few[at[2 * i + 1]] - sample);
    }
}

#endif // EML_QUANTILES_H
