// Loops of eml_statistics.h for CPUs with DSP instructions, such as a Cortex-M4: two samples in
// each register, and four in most rounds.
#ifndef EML_STATISTICS_ARMV7EM_H
#define EML_STATISTICS_ARMV7EM_H

#include <arm_acle.h>

// Loads four samples from x on, which goes on behind them.
#define EML_STATS_LOAD(x) \
    register uint32_t a __asm("r4"), b __asm("r5"); \
    __asm volatile("ldmia %0!, {%1, %2}" : "+r"(x), "=r"(a), "=r"(b) : : "memory")

static inline int32_t eml_stats_add(int32_t sum, uint32_t pair) {
    return __smlad((int32_t)pair, 0x00010001, sum);
}

// The sum of the greater ones of two pairs. SSUB16 notes the signs of differences of 17 bits, which
// do not wrap.
static inline int32_t eml_stats_add_greater(int32_t sum, uint32_t a, uint32_t b) {
    uint32_t greater;
    __asm("ssub16 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(greater) : "r"(a), "r"(b));
    return eml_stats_add(sum, greater);
}

// Lets two minima and two maxima include two samples.
static inline void eml_stats_widen(uint32_t *minima, uint32_t *maxima, uint32_t pair) {
    uint32_t unused;
    __asm("ssub16 %2, %0, %3\n\tsel %0, %3, %0\n\tssub16 %2, %1, %3\n\tsel %1, %1, %3"
          : "+&r"(*minima), "+&r"(*maxima), "=&r"(unused)
          : "r"(pair));
}

// Both lower halves, and both upper ones.
static inline uint32_t eml_stats_lower(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}
static inline uint32_t eml_stats_upper(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm("pkhtb %0, %2, %1, asr #16" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}

static EML_NOINLINE int32_t eml_stats_sum(const int16_t *x, uint32_t n) {
    const int16_t *const end = x + n;
    int32_t sum = 0;
    for (n /= 4; n != 0; n--) {
        EML_STATS_LOAD(x);
        sum = eml_stats_add(sum, a);
        sum = eml_stats_add(sum, b);
    }
    while (x != end) {
        sum += *x++;
    }
    return sum;
}

EML_STATS_LOOP int64_t eml_stats_dot(const int16_t *x, const int16_t *y, uint32_t n) {
    int64_t sum = n % 2 != 0 ? x[n - 1] * y[n - 1] : 0;
    const EmlStatsPair *other = (const EmlStatsPair *)(const void *)y;
    for (EML_STATS_PAIRS(pair, x, n)) {
        sum = __smlald((int32_t)*pair, (int32_t)*other++, sum);
    }
    return sum;
}

EML_STATS_LOOP EmlStatsPair eml_stats_extremes(const int16_t *x, uint32_t n) {
    const int16_t *const end = x + n;
    const uint32_t first = (uint16_t)*x;
    uint32_t minima = eml_stats_lower(first, first), maxima = minima;
    for (n /= 4; n != 0; n--) {
        EML_STATS_LOAD(x);
        eml_stats_widen(&minima, &maxima, a);
        eml_stats_widen(&minima, &maxima, b);
    }
    while (x != end) {
        eml_stats_widen(&minima, &maxima, eml_stats_lower((uint32_t)*x, (uint32_t)*x));
        x++;
    }
    // The lower halves include the upper ones.
    eml_stats_widen(&minima, &maxima, eml_stats_upper(minima, minima));
    eml_stats_widen(&minima, &maxima, eml_stats_upper(maxima, maxima));
    return eml_stats_lower(minima, maxima);
}

EML_STATS_LOOP int32_t eml_stats_deviations(const int16_t *x, uint32_t n, int32_t level,
                                            int32_t sum) {
    const int16_t *const end = x + n;
    const uint32_t levels = eml_stats_lower((uint32_t)level, (uint32_t)level);
    // |x - level| is twice the greater one without the sum of both.
    int32_t greater = 0;
    sum += (int32_t)n * level;
    for (n /= 4; n != 0; n--) {
        EML_STATS_LOAD(x);
        greater = eml_stats_add_greater(greater, a, levels);
        greater = eml_stats_add_greater(greater, b, levels);
    }
    for (; x != end; x++) {
        greater += *x > level ? *x : level;
    }
    return 2 * greater - sum;
}

EML_STATS_LOOP int32_t eml_stats_differences(const int16_t *x, uint32_t n, int32_t sum) {
    const int16_t *const end = x + n;
    // As if the first had one before it that is the same.
    uint32_t before = (uint32_t)*x << 16;
    int32_t greater = 0;
    sum = 2 * sum + *x - end[-1];
    for (n /= 4; n != 0; n--) {
        EML_STATS_LOAD(x);
        const uint32_t lower = eml_stats_lower(a, b);
        greater = eml_stats_add_greater(greater, lower, eml_stats_upper(a, b));
        greater = eml_stats_add_greater(greater, lower, eml_stats_upper(before, a));
        before = b;
    }
    for (int32_t last = (int32_t)before >> 16; x != end; x++) {
        greater += *x > last ? *x : last;
        last = *x;
    }
    return 2 * greater - sum;
}

#endif // EML_STATISTICS_ARMV7EM_H
