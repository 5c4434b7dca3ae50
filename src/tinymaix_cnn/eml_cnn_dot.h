/** The inner loop of an int8 convolution: four pixels at a time with the weights of one channel.

The pixels' inputs are widened once, to pairs of 16 bits, and serve all channels. The pairs of the
four pixels lie next to each other: pair 0 of pixels 0, 1, 2, 3, then pair 1 of them. A pair of
weights is widened on the way and serves four pixels.

Cortex-M4: SMLAD does a pair; 10 instructions for 8 multiplications.
Cortex-M0: one 32-bit multiplication does a pair too, see eml_cnn_dot_armv6m.h; 25 for 8.
Others: plain C.
*/
#ifndef EML_CNN_DOT_H
#define EML_CNN_DOT_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP)
#include "eml_cnn_dot_armv7em.h"
#elif defined(__ARM_ARCH_6M__)
#include "eml_cnn_dot_armv6m.h"
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
