// 32-bit integer to double, exact.
#include "../double_bits.h"

double __floatsidf(int32_t value);

double __floatsidf(int32_t value) {
    if (value == 0) {
        return double_from_bits(0);
    }
    uint64_t sign = value < 0 ? 1ull << 63 : 0;
    uint32_t magnitude = value < 0 ? -(uint32_t)value : (uint32_t)value;
    int zeros = __builtin_clz(magnitude);
    uint64_t exponent = (uint64_t)(DOUBLE_BIAS + 31 - zeros);
    uint64_t mantissa = (uint64_t)magnitude << (21 + zeros);
    return double_from_bits(sign | exponent << 52 | (mantissa & (DOUBLE_HIDDEN_BIT - 1)));
}
