/** Statistics of n int16 samples of one channel, in integers.

    int16_t values[EML_FRONT_N_STATISTICS];
    eml_statistics(x, n, 1 << EML_FRONT_STD | 1 << EML_FRONT_MEDIAN, work, values);

n is 2 to 4096. Each statistic is the nearest integer to what numpy or scipy give, halves up, within
int16; where it says "about", within 1 of what they give:

- mean, std (of the population), rms; min, max, range;
- mad, about the mean of |x - mean|: from the rounded mean;
- q25, median, q75, between samples as numpy.percentile is by default; iqr, q75 - q25;
- skew and kurtosis, about 256 times scipy's: of the population, and 0 for normal samples; 0 if all
  samples are the same;
- jerk, the mean of the n - 1 |x[i + 1] - x[i]|;
- zero_crossings and mean_crossings: how often x >= 0, or x >= mean, changes from one sample to the
  next;
- energy: about 256 log2 of the mean square; -4096 if all samples are 0.

The loops are apart, so that what is not asked for costs nothing.

Cost: about 2 700 instructions for mean, mad, jerk, min and max of 256 samples on a Cortex-M4, 6 000
on a Cortex-M0.
*/
#ifndef EML_STATISTICS_H
#define EML_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

#include "eml_front_format.h"
#include "eml_integer.h"
#include "eml_log2.h"

// Two samples, the first in the lower half.
typedef uint32_t EML_MAY_ALIAS EmlStatsPair;

static inline int32_t eml_stats_first(EmlStatsPair pair) { return (int16_t)pair; }
static inline int32_t eml_stats_second(EmlStatsPair pair) { return (int32_t)pair >> 16; }

// A function that the time goes into; clang would inline it where it is called.
#define EML_STATS_LOOP static EML_NOINLINE EML_FAST

// Runs through the pairs of x; what is left of an odd number of samples is x[n - 1].
#define EML_STATS_PAIRS(pair, x, n) \
    const EmlStatsPair *pair = (const EmlStatsPair *)(const void *)(x), *end = pair + (n) / 2; \
    pair != end; \
    pair++

// ----------------------------------------------------------------------------------------- loops

// x is word-aligned in all of these.
//
// eml_stats_sum, eml_stats_dot (the sum of products);
// eml_stats_extremes: the least sample and the greatest;
// eml_stats_deviations: the sum of |x - level|, and eml_stats_differences: the sum of
// |x[i + 1] - x[i]|; sum is that of x.

#if defined(__ARM_FEATURE_SIMD32)
#include "eml_statistics_armv7em.h"
#else
EML_STATS_LOOP int32_t eml_stats_sum(const int16_t *x, uint32_t n) {
    int32_t sum = n % 2 != 0 ? x[n - 1] : 0;
    for (EML_STATS_PAIRS(pair, x, n)) {
        const EmlStatsPair both = *pair;
        sum += eml_stats_first(both);
        sum += eml_stats_second(both);
    }
    return sum;
}

EML_STATS_LOOP int64_t eml_stats_dot(const int16_t *x, const int16_t *y, uint32_t n) {
    int64_t sum = 0;
    const int16_t *const end = x + n;
    do {
        const int32_t product = *x++ * *y++;
#if defined(__ARM_ARCH_6M__)
        // GCC keeps the sum on the stack.
        __asm(".syntax unified\n\tadds %Q0, %1\n\tadcs %R0, %2"
              : "+l"(sum)
              : "l"(product), "l"(product >> 31)
              : "cc");
#else
        sum += product;
#endif
    } while (x != end);
    return sum;
}

EML_STATS_LOOP EmlStatsPair eml_stats_extremes(const int16_t *x, uint32_t n) {
    int32_t min = x[n - 1], max = min;
    for (EML_STATS_PAIRS(pair, x, n)) {
        const int32_t first = eml_stats_first(*pair), second = eml_stats_second(*pair);
        if (first < second) {
            min = first < min ? first : min;
            max = second > max ? second : max;
        } else {
            min = second < min ? second : min;
            max = first > max ? first : max;
        }
    }
    return (uint16_t)min | (uint32_t)max << 16;
}

EML_STATS_LOOP int32_t eml_stats_deviations(const int16_t *x, uint32_t n, int32_t level,
                                            int32_t sum) {
    // Those above the level and those below deviate by sums whose difference is known.
    int32_t above = n % 2 != 0 && x[n - 1] > level ? x[n - 1] - level : 0;
    for (EML_STATS_PAIRS(pair, x, n)) {
        const EmlStatsPair both = *pair;
        if (eml_stats_first(both) > level) {
            above += eml_stats_first(both) - level;
        }
        if (eml_stats_second(both) > level) {
            above += eml_stats_second(both) - level;
        }
    }
    return 2 * above - (sum - (int32_t)n * level);
}

EML_STATS_LOOP int32_t eml_stats_differences(const int16_t *x, uint32_t n, int32_t sum) {
    (void)sum;
    // What it rises by and what it falls by differ by the difference of the ends.
    int32_t last = x[0], rises = 0;
    for (EML_STATS_PAIRS(pair, x, n)) {
        const int32_t first = eml_stats_first(*pair);
        const int32_t second = eml_stats_second(*pair);
        if (first > last) {
            rises += first - last;
        }
        if (second > first) {
            rises += second - first;
        }
        last = second;
    }
    const int32_t end = x[n - 1];
    return 2 * (end > last ? rises + end - last : rises) - (end - x[0]);
}
#endif

/** How often x >= level changes. */
static EML_NOINLINE uint32_t eml_stats_crossings(const int16_t *x, uint32_t n, int32_t level) {
    const int16_t *const end = x + n;
    int32_t last = *x - level;
    uint32_t count = 0;
    do {
        const int32_t sample = *x++ - level;
        count += (uint32_t)(sample ^ last) >> 31;
        last = sample;
    } while (x != end);
    return count;
}

// --------------------------------------------------------------------------------------- moments

// n^2 times the covariance of x and y, or the variance of x, from their sums.
static EML_NOINLINE int64_t eml_stats_covariance(const int16_t *x, const int16_t *y, uint32_t n,
                                                 int32_t x_sum, int32_t y_sum) {
    return eml_stats_dot(x, y, n) * (int32_t)n - (int64_t)x_sum * y_sum;
}

// Limits what cannot be below int16.
#if defined(__ARM_FEATURE_SAT)
static inline int16_t eml_stats_limit(int32_t value) { return eml_saturate(value); }
#else
static EML_NOINLINE int16_t eml_stats_limit(int32_t value) {
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value);
}
#endif

// The root of a / b to the nearest integer, within int16. With 3/4 more the quotient can be rounded
// down: it is above r^2 + r if the root is r + 1/2 or more.
static EML_NOINLINE int16_t eml_stats_root(uint64_t a, uint32_t b) {
    return eml_stats_limit((int32_t)eml_sqrt_u32((uint32_t)eml_divide_u64(a + 3 * b / 4, b)));
}

// The root of v 4^k 2^-30, where k is such that it has 16 bits; *scaled is multiplied by 2^k. v is
// not 0, and below 2^62.
static EML_NOINLINE uint32_t eml_stats_scaled_root(uint64_t v, uint64_t *scaled) {
    for (; v >> 60 == 0; v <<= 2) {
        *scaled <<= 1;
    }
    return eml_sqrt_u32((uint32_t)(v >> 30));
}

// a / b to the nearest integer.
static EML_NOINLINE int32_t eml_stats_ratio(uint64_t a, uint64_t b) {
    return (int32_t)eml_divide_u64(a + b / 2, b);
}

// skew and kurtosis; base and range are the least sample and its distance from the greatest.
static EML_COLD EML_NOINLINE void eml_stats_moments(const int16_t *x, uint32_t n, int32_t sum,
                                                    int32_t base, int32_t range, int16_t *values) {
    values[EML_FRONT_SKEW] = values[EML_FRONT_KURTOSIS] = 0;
    if (range == 0) {
        return;
    }
    // Deviations are scaled up to 20 bits, so that it does not matter that the mean is rounded. The
    // standard deviation is more than 2^13 of these units.
    uint32_t up = 0;
    while (range << up < 1 << 15) {
        up++;
    }
    sum = (sum - (int32_t)n * base) << up;
    int32_t mean = eml_mean(sum, n);
    mean = 16 * mean + eml_mean(16 * (sum - (int32_t)n * mean), n);
    uint64_t second = 0, fourth = 0;
    int64_t third = 0;
    const int16_t *const end = x + n;
    do {
        const int32_t deviation = ((*x++ - base) << (up + 4)) - mean;
        const uint64_t precise = (uint64_t)((int64_t)deviation * deviation);
        second += precise;
        const uint32_t square = (uint32_t)((precise + (1 << 15)) >> 16);
        third += (int64_t)deviation * (int32_t)square;
        fourth += (uint64_t)square * square;
    } while (x != end);
    const uint64_t variance = eml_divide_u64(second, n) >> 8;
    values[EML_FRONT_KURTOSIS] = eml_stats_limit(
        eml_stats_ratio(eml_divide_u64(fourth, n) << 8, variance * variance >> 16) - 3 * 256);
    uint64_t cube = eml_divide_u64(third < 0 ? -(uint64_t)third : (uint64_t)third, n);
    const uint64_t root = eml_stats_scaled_root(variance, &cube);
    const int32_t skew = eml_stats_ratio(cube, variance * root << 3);
    values[EML_FRONT_SKEW] = (int16_t)(third < 0 ? -skew : skew);
}

/** Pearson's correlation of two channels in 1/16384; 0 if one is constant. */
static EML_UNUSED EML_COLD int16_t eml_correlation(const int16_t *x, const int16_t *y, uint32_t n) {
    const int32_t x_sum = eml_stats_sum(x, n), y_sum = eml_stats_sum(y, n);
    const uint64_t x_square = (uint64_t)eml_stats_covariance(x, x, n, x_sum, x_sum);
    const uint64_t y_square = (uint64_t)eml_stats_covariance(y, y, n, y_sum, y_sum);
    if (x_square == 0 || y_square == 0) {
        return 0;
    }
    const int64_t product = eml_stats_covariance(x, y, n, x_sum, y_sum);
    uint64_t scaled = product < 0 ? -(uint64_t)product : (uint64_t)product;
    const uint64_t x_root = eml_stats_scaled_root(x_square, &scaled);
    const uint64_t roots = x_root * eml_stats_scaled_root(y_square, &scaled);
    const int32_t correlation = eml_stats_ratio(scaled, roots << 16);
    return (int16_t)(product < 0 ? -correlation : correlation);
}

#include "eml_quantiles.h"

/** The wanted statistics of x, a bit each, in values[EML_FRONT_MEAN] and so on. What is in the
places of others is not defined. work has n + 128 items; it and x are word-aligned. */
static EML_UNUSED void eml_statistics(const int16_t *x, uint32_t n, uint32_t wanted, int16_t *work,
                                      int16_t *values) {
    const uint32_t quarters =
        1 << EML_FRONT_MEDIAN | 1 << EML_FRONT_Q25 | 1 << EML_FRONT_Q75 | 1 << EML_FRONT_IQR;
    const uint32_t moments = 1 << EML_FRONT_SKEW | 1 << EML_FRONT_KURTOSIS;
    const uint32_t squares = 1 << EML_FRONT_RMS | 1 << EML_FRONT_ENERGY;
    const int32_t sum = eml_stats_sum(x, n);
    const int32_t mean = eml_mean(sum, n);
    values[EML_FRONT_MEAN] = (int16_t)mean;
    if (wanted & 1 << EML_FRONT_STD) {
        values[EML_FRONT_STD] =
            eml_stats_root((uint64_t)eml_stats_covariance(x, x, n, sum, sum), n * n);
    }
    if (wanted & squares) {
        const uint64_t square = (uint64_t)eml_stats_dot(x, x, n);
        values[EML_FRONT_RMS] = eml_stats_root(square, n);
        // 2^21 times the mean is 2^63 at most, and 512 or more, so that to round it changes little.
        const uint64_t mean_square = eml_divide_u64((square << 21) + n / 2, n);
        values[EML_FRONT_ENERGY] =
            square == 0 ? -4096 : (int16_t)(eml_log2_u64(mean_square) - 21 * 256);
    }
    if (wanted & 1 << EML_FRONT_MAD) {
        values[EML_FRONT_MAD] = eml_stats_limit(eml_mean(eml_stats_deviations(x, n, mean, sum), n));
    }
    if (wanted & 1 << EML_FRONT_JERK) {
        values[EML_FRONT_JERK] = eml_stats_limit(eml_mean(eml_stats_differences(x, n, sum), n - 1));
    }
    if (wanted &
        (1 << EML_FRONT_MIN | 1 << EML_FRONT_MAX | 1 << EML_FRONT_RANGE | quarters | moments)) {
        const EmlStatsPair extremes = eml_stats_extremes(x, n);
        const int32_t min = eml_stats_first(extremes), max = eml_stats_second(extremes);
        values[EML_FRONT_MIN] = (int16_t)min;
        values[EML_FRONT_MAX] = (int16_t)max;
        values[EML_FRONT_RANGE] = eml_stats_limit(max - min);
        if (wanted & quarters) {
            int32_t fours[3];
            eml_quartiles(x, n, min, max, work, fours);
            values[EML_FRONT_Q25] = (int16_t)((fours[0] + 2) >> 2);
            values[EML_FRONT_MEDIAN] = (int16_t)((fours[1] + 2) >> 2);
            values[EML_FRONT_Q75] = (int16_t)((fours[2] + 2) >> 2);
            values[EML_FRONT_IQR] = eml_stats_limit((fours[2] - fours[0] + 2) >> 2);
        }
        if (wanted & moments) {
            eml_stats_moments(x, n, sum, min, max - min, values);
        }
    }
    if (wanted & 1 << EML_FRONT_ZERO_CROSSINGS) {
        values[EML_FRONT_ZERO_CROSSINGS] = (int16_t)eml_stats_crossings(x, n, 0);
    }
    if (wanted & 1 << EML_FRONT_MEAN_CROSSINGS) {
        // An integer is at least the mean if it is at least the mean rounded up.
        const int32_t level = mean * (int32_t)n < sum ? mean + 1 : mean;
        values[EML_FRONT_MEAN_CROSSINGS] = (int16_t)eml_stats_crossings(x, n, level);
    }
}

#endif // EML_STATISTICS_H
