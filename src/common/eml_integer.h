#ifndef EML_INTEGER_H
#define EML_INTEGER_H
#include <stdint.h>
#include "eml_attributes.h"
static uint32_t eml_sqrt_u32(uint32_t v) {
    uint32_t root = 0, rest = v;
    for (uint32_t bit = 1u << 30; bit != 0; bit >>= 2) {
        const uint32_t trial = root + bit;
        root >>= 1;
        if (rest >= trial) { rest -= trial; root += bit; }
    }
    return root + (rest > root);
}
static uint64_t eml_divide_u64(uint64_t a, uint64_t b) { return a / b; }
static int32_t eml_mean(int32_t sum, uint32_t n) {
    const int64_t twice = 2 * (int64_t)sum + n;
    int64_t q = twice / (2 * (int64_t)n);
    if (q * 2 * n > twice) q--;
    return (int32_t)q;
}
static int16_t eml_saturate(int32_t x) { return (int16_t)(x < -32768 ? -32768 : x > 32767 ? 32767 : x); }
#endif
