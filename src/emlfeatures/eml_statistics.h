/** Statistics of n int16 samples of one channel, in integers.

    int32_t values[EML_FRONT_N_STATISTICS];
    eml_statistics(x, n, 1 << EML_FRONT_STD | 1 << EML_FRONT_MEDIAN, work, values);

n is 2 to 4096. Each statistic is the nearest integer to what numpy or scipy give, halves up, to be
limited to int16:

- mean, std (of the population), rms; min, max, range;
- mad, the mean of |x - mean|, where the mean is rounded;
- q25, median, q75, between samples as numpy.percentile is by default; iqr, q75 - q25;
- skew and kurtosis (of the population, without bias correction; 0 for normal samples) in 1/256,
  within 1 unit; 0 if all samples are the same;
- jerk, the mean of the n - 1 |x[i + 1] - x[i]|;
- zero_crossings and mean_crossings: how often x >= 0, or x >= mean, changes from one sample to the
  next;
- energy: 256 log2 of the mean square; -4096 if all samples are 0.

The loops are apart, so that what is not asked for costs nothing.

Cost: about 2 300 instructions for mean, mad, jerk, min and max of 256 samples on a Cortex-M4, 5 000
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
// Runs through the pairs of x; what is left of an odd number of samples is x[n - 1].
#define EML_STATS_PAIRS(pair, x, n) \
    const EmlStatsPair *pair = (const EmlStatsPair *)(const void *)(x), *end = pair + (n) / 2; \
    pair != end; \
    pair++

static EML_FAST int32_t eml_stats_sum(const int16_t *x, uint32_t n) {
    int32_t sum = n % 2 != 0 ? x[n - 1] : 0;
    for (EML_STATS_PAIRS(pair, x, n)) {
        const EmlStatsPair both = *pair;
        sum += eml_stats_first(both);
        sum += eml_stats_second(both);
    }
    return sum;
}

static EML_FAST int64_t eml_stats_dot(const int16_t *x, const int16_t *y, uint32_t n) {
    int64_t sum = 0;
    if (x == y) {
        // Two squares are 2^31 at most.
        for (EML_STATS_PAIRS(pair, x, n - n % 2)) {
            const int32_t first = eml_stats_first(*pair), second = eml_stats_second(*pair);
            sum += (uint32_t)(first * first) + (uint32_t)(second * second);
        }
        x += n - n % 2;
        y = x;
        n %= 2;
    }
    for (const int16_t *const end = x + n; x != end;) {
        sum += *x++ * *y++;
    }
    return sum;
}

static EML_FAST EmlStatsPair eml_stats_extremes(const int16_t *x, uint32_t n) {
    int32_t min = x[n - 1], max = min;
    for (EML_STATS_PAIRS(pair, x, n)) {
        int32_t less = eml_stats_first(*pair), more = eml_stats_second(*pair);
        if (less > more) {
            const int32_t swapped = less;
            less = more;
            more = swapped;
        }
        min = less < min ? less : min;
        max = more > max ? more : max;
    }
    return (uint16_t)min | (uint32_t)max << 16;
}

static EML_FAST int32_t eml_stats_deviations(const int16_t *x, uint32_t n, int32_t level,
                                             int32_t sum) {
    // Those above the level and those below deviate by sums whose difference is known.
    int32_t above = n % 2 != 0 && x[n - 1] > level ? x[n - 1] - level : 0;
    for (EML_STATS_PAIRS(pair, x, n)) {
        const int32_t first = eml_stats_first(*pair) - level;
        const int32_t second = eml_stats_second(*pair) - level;
        if (first > 0) {
            above += first;
        }
        if (second > 0) {
            above += second;
        }
    }
    return 2 * above - (sum - (int32_t)n * level);
}

static EML_FAST int32_t eml_stats_differences(const int16_t *x, uint32_t n, int32_t sum) {
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
    while (x != end) {
        const int32_t sample = *x++ - level;
        count += (uint32_t)(sample ^ last) >> 31;
        last = sample;
    }
    return count;
}

// --------------------------------------------------------------------------------------- moments

// n^2 times the covariance of x and y, or the variance of x, from their sums.
static EML_NOINLINE int64_t eml_stats_covariance(const int16_t *x, const int16_t *y, uint32_t n,
                                                 int32_t x_sum, int32_t y_sum) {
    return eml_stats_dot(x, y, n) * (int32_t)n - (int64_t)x_sum * y_sum;
}

// The root of a / b to the nearest integer, or INT32_MAX beyond int16; a is less than 2^62.
static EML_NOINLINE int32_t eml_stats_root(uint64_t a, uint32_t b) {
    const uint64_t square = eml_divide(4 * a, b);
    if (square >> 32 != 0) {
        return INT32_MAX;
    }
    const uint32_t v = (uint32_t)square;
    uint32_t twice = eml_sqrt_u32(v);
    // Rounded down, which with a bit more is exact. The nearest to 2^32 - 1 is 2^16.
    twice -= twice >> 16 != 0 || twice * twice > v;
    return (int32_t)((twice + 1) / 2);
}

// mantissa * 2^exponent; the mantissa's highest bit is set, or it is 0.
typedef struct EmlStatsNumber {
    uint32_t mantissa;
    int32_t exponent;
} EmlStatsNumber;

// Multiplies by |v|; rounds down, to 32 bits.
static EML_NOINLINE void eml_stats_times(EmlStatsNumber *self, int64_t v) {
    uint64_t product = v < 0 ? -(uint64_t)v : (uint64_t)v;
    for (uint32_t i = 0;; i++) {
        self->exponent += 32;
        for (; (int64_t)product > 0; product <<= 1) {
            self->exponent--;
        }
        const uint32_t upper = (uint32_t)(product >> 32);
        if (i != 0) {
            self->mantissa = upper;
            return;
        }
        product = (uint64_t)self->mantissa * upper;
    }
}

static inline EmlStatsNumber eml_stats_number(int32_t exponent) {
    EmlStatsNumber number;
    number.mantissa = 1u << 31;
    number.exponent = exponent - 31;
    return number;
}

// a / b to the nearest, which is at most 2^30; 0 if b is 0.
static EML_NOINLINE uint32_t eml_stats_ratio(const EmlStatsNumber *a, const EmlStatsNumber *b) {
    int32_t exponent = a->exponent - b->exponent;
    if (a->mantissa == 0 || b->mantissa == 0 || exponent < -2) {
        return 0;
    }
    uint64_t ratio = eml_divide((uint64_t)a->mantissa << 32, b->mantissa);
    for (; exponent != 31; exponent++) {
        ratio >>= 1;
    }
    return (uint32_t)((ratio + 1) / 2);
}

// skew and kurtosis; base and range are the least sample and its distance from the greatest.
static EML_COLD EML_NOINLINE void eml_stats_moments(const int16_t *x, uint32_t n, int32_t sum,
                                                    int32_t base, int32_t range, int32_t *values) {
    values[EML_FRONT_SKEW] = values[EML_FRONT_KURTOSIS] = 0;
    if (range == 0) {
        return;
    }
    // Deviations of 16 bits from a rounded mean, from which the true one is off by error / 2^14.
    uint32_t up = 0;
    while (range << up < 1 << 15) {
        up++;
    }
    sum = (sum - (int32_t)n * base) << up;
    const int32_t mean = eml_mean(sum, n);
    const int32_t error = eml_mean((sum - (int32_t)n * mean) * (1 << 14), n);
    int64_t second = 0, third = 0, fourth = 0;
    for (const int16_t *const end = x + n; x != end;) {
        const int32_t deviation = ((*x++ - base) << up) - mean;
        const uint32_t square = (uint32_t)deviation * (uint32_t)deviation;
        second += square;
        third += (int64_t)square * deviation;
        fourth += (int64_t)((uint64_t)(square >> 7) * (square >> 7));
    }
    fourth -= (third >> 26) * error;
    third -= (3 * second >> 14) * error;
    EmlStatsNumber moment = eml_stats_number(14 + 8), power = eml_stats_number(0);
    eml_stats_times(&moment, fourth);
    eml_stats_times(&moment, n);
    eml_stats_times(&power, second);
    eml_stats_times(&power, second);
    values[EML_FRONT_KURTOSIS] = (int32_t)eml_stats_ratio(&moment, &power) - 3 * 256;
    moment = eml_stats_number(16);
    eml_stats_times(&moment, third);
    eml_stats_times(&moment, third);
    eml_stats_times(&moment, n);
    eml_stats_times(&power, second);
    const int32_t skew = (int32_t)eml_sqrt_u32(eml_stats_ratio(&moment, &power));
    values[EML_FRONT_SKEW] = third < 0 ? -skew : skew;
}

/** Pearson's correlation in 1/16384; 0 if all samples of x or of y are the same. */
static EML_UNUSED EML_NOINLINE int16_t eml_correlation(const int16_t *x, const int16_t *y,
                                                       uint32_t n) {
    const int32_t x_sum = eml_stats_sum(x, n), y_sum = eml_stats_sum(y, n);
    const int64_t product = eml_stats_covariance(x, y, n, x_sum, y_sum);
    EmlStatsNumber square = eml_stats_number(30), power = eml_stats_number(0);
    eml_stats_times(&square, product);
    eml_stats_times(&square, product);
    eml_stats_times(&power, eml_stats_covariance(x, x, n, x_sum, x_sum));
    eml_stats_times(&power, eml_stats_covariance(y, y, n, y_sum, y_sum));
    // With one bit more, for rounding.
    const int32_t twice = (int32_t)eml_sqrt_u32(eml_stats_ratio(&square, &power));
    return (int16_t)(((product < 0 ? -twice : twice) + 1) >> 1);
}

#include "eml_quantiles.h"

/** The wanted statistics of x, a bit each, of which some are to be limited to int16. values has a
place for each statistic, also for those that are not wanted, and x[n] need not be there; work has
n + 128 items. All are word-aligned. */
static EML_UNUSED EML_NOINLINE void eml_statistics(const int16_t *x, uint32_t n, uint32_t wanted,
                                                   int16_t *work, int32_t *values) {
    const uint32_t quarters =
        1 << EML_FRONT_MEDIAN | 1 << EML_FRONT_Q25 | 1 << EML_FRONT_Q75 | 1 << EML_FRONT_IQR;
    const uint32_t moments = 1 << EML_FRONT_SKEW | 1 << EML_FRONT_KURTOSIS;
    const uint32_t squares = 1 << EML_FRONT_RMS | 1 << EML_FRONT_ENERGY;
    const int32_t sum = eml_stats_sum(x, n);
    const int32_t mean = eml_mean(sum, n);
    values[EML_FRONT_MEAN] = mean;
    if (wanted & 1 << EML_FRONT_STD) {
        values[EML_FRONT_STD] =
            eml_stats_root((uint64_t)eml_stats_covariance(x, x, n, sum, sum), n * n);
    }
    if (wanted & squares) {
        const int64_t square = eml_stats_dot(x, x, n);
        values[EML_FRONT_RMS] = eml_stats_root((uint64_t)square, n);
        values[EML_FRONT_ENERGY] = -4096;
        if (square != 0) {
            EmlStatsNumber number = eml_stats_number(-32);
            eml_stats_times(&number, square);
            values[EML_FRONT_ENERGY] =
                eml_log2_u64(eml_divide((uint64_t)number.mantissa << 32, n)) +
                number.exponent * 256;
        }
    }
    if (wanted & 1 << EML_FRONT_MAD) {
        values[EML_FRONT_MAD] = eml_mean(eml_stats_deviations(x, n, mean, sum), n);
    }
    if (wanted & 1 << EML_FRONT_JERK) {
        values[EML_FRONT_JERK] = eml_mean(eml_stats_differences(x, n, sum), n - 1);
    }
    if (wanted &
        (1 << EML_FRONT_MIN | 1 << EML_FRONT_MAX | 1 << EML_FRONT_RANGE | quarters | moments)) {
        const EmlStatsPair extremes = eml_stats_extremes(x, n);
        const int32_t min = eml_stats_first(extremes), max = eml_stats_second(extremes);
        values[EML_FRONT_MIN] = min;
        values[EML_FRONT_MAX] = max;
        values[EML_FRONT_RANGE] = max - min;
        if (wanted & quarters) {
            int32_t fours[3];
            eml_quartiles(x, n, min, max, work, fours);
            values[EML_FRONT_Q25] = (fours[0] + 2) >> 2;
            values[EML_FRONT_MEDIAN] = (fours[1] + 2) >> 2;
            values[EML_FRONT_Q75] = (fours[2] + 2) >> 2;
            values[EML_FRONT_IQR] = (fours[2] - fours[0] + 2) >> 2;
        }
        if (wanted & moments) {
            eml_stats_moments(x, n, sum, min, max - min, values);
        }
    }
    if (wanted & 1 << EML_FRONT_ZERO_CROSSINGS) {
        values[EML_FRONT_ZERO_CROSSINGS] = (int32_t)eml_stats_crossings(x, n, 0);
    }
    if (wanted & 1 << EML_FRONT_MEAN_CROSSINGS) {
        // An integer is at least the mean if it is at least the mean rounded up.
        const int32_t level = mean + (mean * (int32_t)n < sum);
        values[EML_FRONT_MEAN_CROSSINGS] = (int32_t)eml_stats_crossings(x, n, level);
    }
}

#endif // EML_STATISTICS_H
