/** The inner loop of an int8 convolution: four pixels at a time with the weights of one channel.

The pixels' inputs are widened once, to pairs of 16 bits, and serve all channels. The pairs of the
four pixels lie next to each other: pair 0 of pixels 0, 1, 2, 3, then pair 1 of them. A pair of
weights is widened on the way and serves four pixels.

Cortex-M4: SMLAD does a pair; 10 instructions for 8 multiplications.
Cortex-M0: one 32-bit multiplication does a pair too, see there; 25 for 8.
Others: plain C.
*/
#ifndef EML_CNN_DOT_H
#define EML_CNN_DOT_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP)

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

#elif defined(__ARM_ARCH_6M__)

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

#else

static inline uint32_t eml_cnn_pair(int32_t low, int32_t high) {
    return (low & 0xffff) | (uint32_t)high << 16;
}

/** sums[p] = bias + the sum of pixel p's values * weights; reads at most one byte beyond odd
 * weights. */
static inline void eml_cnn_dot4(const uint32_t *patch, const int8_t *weights, uint32_t n_pairs,
                                int32_t bias, int32_t *sums) {
    // Unsigned: a pixel beyond the last one holds anything, and its sum may wrap.
    uint32_t sum0 = (uint32_t)bias;
    uint32_t sum1 = (uint32_t)bias;
    uint32_t sum2 = (uint32_t)bias;
    uint32_t sum3 = (uint32_t)bias;
    for (uint32_t i = 0; i < n_pairs; i++) {
        const int32_t w0 = *weights++;
        const int32_t w1 = *weights++;
        sum0 += (uint32_t)((int16_t)patch[0] * w0 + ((int32_t)patch[0] >> 16) * w1);
        sum1 += (uint32_t)((int16_t)patch[1] * w0 + ((int32_t)patch[1] >> 16) * w1);
        sum2 += (uint32_t)((int16_t)patch[2] * w0 + ((int32_t)patch[2] >> 16) * w1);
        sum3 += (uint32_t)((int16_t)patch[3] * w0 + ((int32_t)patch[3] >> 16) * w1);
        patch += 4;
    }
    sums[0] = (int32_t)sum0;
    sums[1] = (int32_t)sum1;
    sums[2] = (int32_t)sum2;
    sums[3] = (int32_t)sum3;
}

#endif

/** The sum of n values * weights. */
static inline int32_t eml_cnn_dot1(const int8_t *values, const int8_t *weights, uint32_t n) {
    int32_t sum = 0;
#ifndef EML_CNN_SMALL
    for (; n >= 4; n -= 4) {
        sum += values[0] * weights[0];
        sum += values[1] * weights[1];
        sum += values[2] * weights[2];
        sum += values[3] * weights[3];
        values += 4;
        weights += 4;
    }
#endif
    for (; n > 0; n--) {
        sum += *values++ * *weights++;
    }
    return sum;
}

#endif // EML_CNN_DOT_H
