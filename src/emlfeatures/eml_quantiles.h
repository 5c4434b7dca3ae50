/** Quartiles of n int16 samples without sorting all of them: eml_statistics.h includes this.

Samples are counted in 128 bins of equal width, a power of two. The bin that holds a quartile is
gathered, and its few samples are sorted. Where one bin holds many, as of samples with an outlier,
they are counted again in narrower bins: three times at most, so that the cost is linear in n,
whatever the samples.

Cost: about 5 500 instructions for three quartiles of 256 samples on a Cortex-M4, 9 000 on a
Cortex-M0.
*/
#ifndef EML_QUANTILES_H
#define EML_QUANTILES_H

#define EML_QUANTILES_BINS 128u
// As many samples are sorted by insertion.
#define EML_QUANTILES_FEW 24

// Counts n samples, which are base or more.
static EML_FAST void eml_quantiles_count(const int16_t *x, uint32_t n, int32_t base, uint32_t shift,
                                         uint16_t *counts) {
    EmlStatsPair *clear = (EmlStatsPair *)(void *)counts;
    for (const EmlStatsPair *const end = clear + EML_QUANTILES_BINS / 2; clear != end;) {
        *clear++ = 0;
    }
    for (const int16_t *const end = x + n; x != end;) {
        counts[(uint32_t)(*x++ - base) >> shift]++;
    }
}

// Copies those of n samples that are from base on and below base + width, in their order; to may be
// x. Returns where they end.
static EML_FAST int16_t *eml_quantiles_gather(const int16_t *x, uint32_t n, int32_t base,
                                              uint32_t width, int16_t *to) {
    for (const int16_t *const end = x + n; x != end;) {
        const int32_t sample = *x++;
        if ((uint32_t)(sample - base) < width) {
            *to++ = (int16_t)sample;
        }
    }
    return to;
}

static EML_FAST void eml_quantiles_sort(int16_t *x, const int16_t *end) {
    for (int16_t *next = x + 1; next < end; next++) {
        const int32_t sample = *next;
        int16_t *place = next;
        for (; place != x && place[-1] > sample; place--) {
            *place = place[-1];
        }
        *place = (int16_t)sample;
    }
}

// The least sample that is greater than one, which is not the greatest.
static EML_FAST int32_t eml_quantiles_next(const int16_t *x, uint32_t n, int32_t sample) {
    int32_t next = INT16_MAX;
    for (const int16_t *const end = x + n; x != end; x++) {
        if (*x > sample && *x < next) {
            next = *x;
        }
    }
    return next;
}

/** q25, median and q75, each times 4, which is exact; of n samples from min to max. work has
n + 128 items; it and x are word-aligned. */
static EML_NOINLINE void eml_quartiles(const int16_t *x, uint32_t n, int32_t min, int32_t max,
                                       int16_t *work, int32_t *quarters) {
    uint16_t *const counts = (uint16_t *)work;
    int16_t *const few = work + EML_QUANTILES_BINS;
    uint32_t first_shift = 0;
    while ((uint32_t)(max - min) >> first_shift >= EML_QUANTILES_BINS) {
        first_shift++;
    }
    bool is_counted = false;
    for (uint32_t position = n - 1; position < 4 * (n - 1); position += n - 1) {
        const int16_t *samples = x;
        uint32_t left = n, rank = position / 4, shift = first_shift;
        int32_t base = min;
        for (;;) {
            if (!is_counted) {
                eml_quantiles_count(samples, left, base, shift, counts);
            }
            is_counted = samples == x;
            const uint16_t *count = counts;
            for (; rank >= *count; count++) {
                rank -= *count;
            }
            base += (int32_t)(count - counts) << shift;
            left = (uint32_t)(eml_quantiles_gather(samples, left, base, 1u << shift, few) - few);
            if (left <= EML_QUANTILES_FEW || shift == 0) {
                break;
            }
            samples = few;
            is_counted = false;
            shift = shift < 7 ? 0 : shift - 7;
        }
        // If the last bin is one value wide, all of them are the same.
        if (shift != 0) {
            eml_quantiles_sort(few, few + left);
        }
        const int32_t sample = few[rank], part = position % 4;
        *quarters = 4 * sample;
        if (part != 0) {
            const int32_t next = rank + 1 < left ? few[rank + 1] : eml_quantiles_next(x, n, sample);
            *quarters += part * (next - sample);
        }
        quarters++;
    }
}

#endif // EML_QUANTILES_H
