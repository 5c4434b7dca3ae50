// The loop of eml_cnn_dot.h for CPUs with DSP instructions, such as a Cortex-M4.
#ifndef EML_CNN_DOT_ARMV7EM_H
#define EML_CNN_DOT_ARMV7EM_H

static inline uint32_t eml_cnn_pair(int32_t low, int32_t high) {
    return (low & 0xffff) | (uint32_t)high << 16;
}

#define EML_CNN_DOT4_PAIR \
    "ldrsb %[w0], [%[weights]], #1\n\t" \
    "ldrsb %[w1], [%[weights]], #1\n\t" \
    "ldrd %[x0], %[x1], [%[patch]], #8\n\t" \
    "pkhbt %[w0], %[w0], %[w1], lsl #16\n\t" \
    "smlad %[sum0], %[x0], %[w0], %[sum0]\n\t" \
    "smlad %[sum1], %[x1], %[w0], %[sum1]\n\t" \
    "ldrd %[x0], %[x1], [%[patch]], #8\n\t" \
    "smlad %[sum2], %[x0], %[w0], %[sum2]\n\t" \
    "smlad %[sum3], %[x1], %[w0], %[sum3]\n"

/** sums[p] = bias + the sum of pixel p's values * weights; reads at most one byte beyond odd
 * weights. */
static inline void eml_cnn_dot4(const uint32_t *patch, const int8_t *weights, uint32_t n_pairs,
                                int32_t bias, int32_t *sums) {
    const uint32_t *end = patch + 4 * n_pairs;
    int32_t sum0 = bias;
    int32_t sum1 = bias;
    int32_t sum2 = bias;
    int32_t sum3 = bias;
    uint32_t w0, w1, x0, x1;
    // Two pairs a round; an odd one goes first.
    __asm volatile("tst %[n], #1\n\t"
                   "bne 2f\n"
                   "1:\n\t" EML_CNN_DOT4_PAIR "2:\n\t" EML_CNN_DOT4_PAIR "cmp %[patch], %[end]\n\t"
                   "bne 1b\n\t"
                   : [patch] "+r"(patch), [weights] "+r"(weights), [sum0] "+r"(sum0),
                     [sum1] "+r"(sum1), [sum2] "+r"(sum2), [sum3] "+r"(sum3), [w0] "=&r"(w0),
                     [w1] "=&r"(w1), [x0] "=&r"(x0), [x1] "=&r"(x1)
                   : [end] "r"(end), [n] "r"(n_pairs)
                   : "cc", "memory");
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

#endif // EML_CNN_DOT_ARMV7EM_H
