// Loops of eml_statistics.h for CPUs with DSP instructions, such as a Cortex-M4: eight samples a
// round, two in each of four registers that one instruction loads.
#ifndef EML_STATISTICS_ARMV7EM_H
#define EML_STATISTICS_ARMV7EM_H

#include <arm_acle.h>

// Loads eight samples from x on, which goes on behind them.
#define EML_STATS_LOAD(x) \
    register uint32_t a __asm("r4"), b __asm("r5"), c __asm("r6"), d __asm("r7"); \
    __asm volatile("ldmia %0!, {%1, %2, %3, %4}" \
                   : "+r"(x), "=r"(a), "=r"(b), "=r"(c), "=r"(d) \
                   : \
                   : "memory")

// The greater of two samples, and of the two beside them. SSUB16 notes the signs of differences of
// 17 bits, which do not wrap.
static inline uint32_t eml_stats_maxima(uint32_t a, uint32_t b) {
    uint32_t maxima;
    __asm("ssub16 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(maxima) : "r"(a), "r"(b));
    return maxima;
}

static inline uint32_t eml_stats_minima(uint32_t a, uint32_t b) {
    uint32_t minima;
    __asm("ssub16 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(minima) : "r"(a), "r"(b));
    return minima;
}

static inline int32_t eml_stats_add(int32_t sum, uint32_t pair) {
    return __smlad((int32_t)pair, 0x00010001, sum);
}

// The sum of the greater ones of pairs.
static inline int32_t eml_stats_add_maxima(int32_t sum, uint32_t a, uint32_t b) {
    return eml_stats_add(sum, eml_stats_maxima(a, b));
}

// The lower halves of two words, and their upper ones.
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
    for (n /= 8; n != 0; n--) {
        EML_STATS_LOAD(x);
        sum = eml_stats_add(sum, a);
        sum = eml_stats_add(sum, b);
        sum = eml_stats_add(sum, c);
        sum = eml_stats_add(sum, d);
    }
    for (; x != end; x++) {
        sum += *x;
    }
    return sum;
}

static EML_FAST int64_t eml_stats_dot(const int16_t *x, const int16_t *y, uint32_t n) {
    const EmlStatsPair *a = (const EmlStatsPair *)(const void *)x;
    const EmlStatsPair *b = (const EmlStatsPair *)(const void *)y;
    int64_t sum = 0;
    for (const EmlStatsPair *const end = a + n / 2; a != end;) {
        sum = __smlald((int32_t)*a++, (int32_t)*b++, sum);
    }
    return n % 2 != 0 ? sum + x[n - 1] * y[n - 1] : sum;
}

static EML_FAST EmlStatsPair eml_stats_extremes(const int16_t *x, uint32_t n) {
    const int16_t *const end = x + n;
    uint32_t minima = (uint16_t)*x * 0x00010001u, maxima = minima;
    for (n /= 8; n != 0; n--) {
        EML_STATS_LOAD(x);
        minima = eml_stats_minima(minima, a);
        maxima = eml_stats_maxima(maxima, a);
        minima = eml_stats_minima(minima, b);
        maxima = eml_stats_maxima(maxima, b);
        minima = eml_stats_minima(minima, c);
        maxima = eml_stats_maxima(maxima, c);
        minima = eml_stats_minima(minima, d);
        maxima = eml_stats_maxima(maxima, d);
    }
    for (; x != end; x++) {
        const uint32_t sample = (uint16_t)*x;
        minima = eml_stats_minima(minima, eml_stats_lower(sample, sample));
        maxima = eml_stats_maxima(maxima, eml_stats_lower(sample, sample));
    }
    return eml_stats_lower(eml_stats_minima(minima, minima >> 16),
                           eml_stats_maxima(maxima, maxima >> 16));
}

static EML_NOINLINE int32_t eml_stats_deviations(const int16_t *x, uint32_t n, int32_t level,
                                             int32_t sum) {
    const int16_t *const end = x + n;
    const uint32_t levels = eml_stats_lower((uint32_t)level, (uint32_t)level);
    // |x - level| is twice the greater one without the sum of both.
    int32_t greater = 0;
    sum += (int32_t)n * level;
    for (n /= 8; n != 0; n--) {
        EML_STATS_LOAD(x);
        greater = eml_stats_add_maxima(greater, a, levels);
        greater = eml_stats_add_maxima(greater, b, levels);
        greater = eml_stats_add_maxima(greater, c, levels);
        greater = eml_stats_add_maxima(greater, d, levels);
    }
    for (; x != end; x++) {
        greater += *x > level ? *x : level;
    }
    return 2 * greater - sum;
}

static EML_NOINLINE int32_t eml_stats_differences(const int16_t *x, uint32_t n, int32_t sum) {
    const int16_t *const end = x + n;
    // As if the first had one before it that is the same.
    uint32_t before = (uint32_t)*x << 16;
    int32_t greater = 0;
    sum = 2 * sum + *x - end[-1];
    for (n /= 8; n != 0; n--) {
        EML_STATS_LOAD(x);
        uint32_t lower = eml_stats_lower(a, b);
        greater = eml_stats_add_maxima(greater, lower, eml_stats_upper(a, b));
        greater = eml_stats_add_maxima(greater, lower, eml_stats_upper(before, a));
        lower = eml_stats_lower(c, d);
        greater = eml_stats_add_maxima(greater, lower, eml_stats_upper(c, d));
        greater = eml_stats_add_maxima(greater, lower, eml_stats_upper(b, c));
        before = d;
    }
    int32_t last = (int32_t)before >> 16;
    for (; x != end; x++) {
        greater += *x > last ? *x : last;
        last = *x;
    }
    return 2 * greater - sum;
}

#endif // EML_STATISTICS_ARMV7EM_H
