// Multiplication of eml_cnn_int8.h for CPUs with DSP instructions, such as a Cortex-M4.
#ifndef EML_CNN_INT8_ARMV7EM_H
#define EML_CNN_INT8_ARMV7EM_H

// The rounded upper half of twice a product: (value * multiplier + 2^30) >> 31.
// |value| < 2^30, 0 <= multiplier.
static inline int32_t eml_cnn_high(int32_t value, int32_t multiplier) {
    int32_t high;
    __asm("smmulr %0, %1, %2" : "=r"(high) : "r"(value * 2), "r"(multiplier));
    return high;
}

#endif // EML_CNN_INT8_ARMV7EM_H
