// 64-bit integer to float, rounded to nearest even.
#include "../float_bits.h"

float __floatundisf(uint64_t value);
float __floatdisf(int64_t value);

float __floatundisf(uint64_t value) {
    if (value == 0) {
        return 0.0f;
    }
    int zeros = __builtin_clzll(value);
    value <<= zeros;
    uint32_t mantissa = (uint32_t)(value >> 37) | ((value & ((1ull << 37) - 1)) != 0);
    return float_round(0, FLOAT_BIAS + 63 - zeros, mantissa);
}

float __floatdisf(int64_t value) {
    return value < 0 ? -__floatundisf(-(uint64_t)value) : __floatundisf((uint64_t)value);
}
