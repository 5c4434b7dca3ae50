// Counting of eml_fft_table.h for CPUs with an instruction that reverses bits, such as a Cortex-M3.
#ifndef EML_FFT_TABLE_ARMV7M_H
#define EML_FFT_TABLE_ARMV7M_H

/** The next of the numbers 0 to n - 1 with their bits in reverse order, for n = 2 top. */
static inline uint32_t eml_fft_next_reversed(uint32_t reversed, uint32_t top) {
    uint32_t number, one;
    __asm("rbit %0, %1" : "=r"(one) : "r"(top));
    __asm("rbit %0, %1" : "=r"(number) : "r"(reversed));
    number += one;
    __asm("rbit %0, %1" : "=r"(reversed) : "r"(number));
    return reversed;
}

#endif // EML_FFT_TABLE_ARMV7M_H
