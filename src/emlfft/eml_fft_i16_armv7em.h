// Arithmetic of eml_fft_i16.h for CPUs with DSP instructions, such as a Cortex-M4.
#ifndef EML_FFT_I16_ARMV7EM_H
#define EML_FFT_I16_ARMV7EM_H

#include <arm_acle.h>

// sum + a.re b.re + a.im b.im
static inline uint32_t eml_fft_i16_dot(uint32_t a, uint32_t b, uint32_t sum) {
    // GCC would keep a register that is 0.
    if (__builtin_constant_p(sum) && sum == 0) {
        return (uint32_t)__smuad((int32_t)a, (int32_t)b);
    }
    return (uint32_t)__smlad((int32_t)a, (int32_t)b, (int32_t)sum);
}

// sum + a.re b.im - a.im b.re
static inline uint32_t eml_fft_i16_cross(uint32_t a, uint32_t b, uint32_t sum) {
    if (__builtin_constant_p(sum) && sum == 0) {
        return (uint32_t)__smusdx((int32_t)a, (int32_t)b);
    }
    return (uint32_t)__smlsdx((int32_t)a, (int32_t)b, (int32_t)sum);
}

// (a + b) / 2, rounded down.
static inline uint32_t eml_fft_i16_half_sum(uint32_t a, uint32_t b) {
    return (uint32_t)__shadd16((int32_t)a, (int32_t)b);
}

// (a - b) / 2, rounded down.
static inline uint32_t eml_fft_i16_half_difference(uint32_t a, uint32_t b) {
    return (uint32_t)__shsub16((int32_t)a, (int32_t)b);
}

// a + b, or the nearest that fits.
static inline uint32_t eml_fft_i16_sum(uint32_t a, uint32_t b) {
    return (uint32_t)__qadd16((int32_t)a, (int32_t)b);
}

// The complex number of the upper halves of two sums.
static inline uint32_t eml_fft_i16_pack(uint32_t re, uint32_t im) {
    uint32_t packed;
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(packed) : "r"(im), "r"(re));
    return packed;
}

#endif // EML_FFT_I16_ARMV7EM_H
