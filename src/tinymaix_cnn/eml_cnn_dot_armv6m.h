// The loop of eml_cnn_dot.h for a Cortex-M0.
#ifndef EML_CNN_DOT_ARMV6M_H
#define EML_CNN_DOT_ARMV6M_H

// With X = x0 + x1 * 2^16 and W = w1 + w0 * 2^16, the upper half of the 32-bit product X * W is
// x0 * w0 + x1 * w1, which fits since no weight is -128, less 1 if x0 * w1 is negative. Adding bit
// 15, which a shift by 16 leaves in the carry, puts that right: x0 * w1 lies within 15 bits.
static inline uint32_t eml_cnn_pair(int32_t low, int32_t high) {
    return (uint32_t)low + ((uint32_t)high << 16);
}

/** sums[p] = bias + the sum of pixel p's values * weights; reads at most one byte beyond odd
 * weights. */
static inline void eml_cnn_dot4(const uint32_t *patch, const int8_t *weights, uint32_t n_pairs,
                                int32_t bias, int32_t *sums) {
    const uint32_t *end = patch + 4 * n_pairs;
    int32_t sum0 = bias;
    int32_t sum1 = bias;
    int32_t sum2 = bias;
    int32_t sum3 = bias;
    uint32_t w, x;
    __asm volatile(
        ".syntax unified\n"
        "1:\n\t"
        "ldrb %[w], [%[weights], #0]\n\t"
        "ldrb %[x], [%[weights], #1]\n\t"
        "adds %[weights], #2\n\t"
        "lsls %[w], %[w], #24\n\t"
        "asrs %[w], %[w], #8\n\t"
        "sxtb %[x], %[x]\n\t"
        "adds %[w], %[w], %[x]\n\t"
        "ldmia %[patch]!, {%[x]}\n\t"
        "muls %[x], %[w], %[x]\n\t"
        "asrs %[x], %[x], #16\n\t"
        "adcs %[sum0], %[x]\n\t"
        "ldmia %[patch]!, {%[x]}\n\t"
        "muls %[x], %[w], %[x]\n\t"
        "asrs %[x], %[x], #16\n\t"
        "adcs %[sum1], %[x]\n\t"
        "ldmia %[patch]!, {%[x]}\n\t"
        "muls %[x], %[w], %[x]\n\t"
        "asrs %[x], %[x], #16\n\t"
        "adcs %[sum2], %[x]\n\t"
        "ldmia %[patch]!, {%[x]}\n\t"
        "muls %[x], %[w], %[x]\n\t"
        "asrs %[x], %[x], #16\n\t"
        "adcs %[sum3], %[x]\n\t"
        "cmp %[patch], %[end]\n\t"
        "bne 1b\n\t"
        : [patch] "+l"(patch), [weights] "+l"(weights), [sum0] "+l"(sum0), [sum1] "+l"(sum1),
          [sum2] "+l"(sum2), [sum3] "+l"(sum3), [w] "=&l"(w), [x] "=&l"(x)
        : [end] "h"(end)
        : "cc", "memory");
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

#endif // EML_CNN_DOT_ARMV6M_H
