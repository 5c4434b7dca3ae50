// Double to float, rounded to nearest even.
#include "../double_bits.h"
#include "../float_bits.h"

float __truncdfsf2(double value);

float __truncdfsf2(double value) {
    uint64_t bits = double_to_bits(value);
    uint32_t sign = (uint32_t)(bits >> 32) & FLOAT_SIGN;
    bits &= ~(1ull << 63);
    if (bits >= DOUBLE_INFINITY) {
        return float_from_bits(sign | (bits > DOUBLE_INFINITY ? FLOAT_NAN : FLOAT_INFINITY));
    }
    int exponent = (int)(bits >> 52) - DOUBLE_BIAS + FLOAT_BIAS;
    if (exponent < -27) { // less than half of the smallest float
        return float_from_bits(sign);
    }
    uint64_t mantissa = (bits & (DOUBLE_HIDDEN_BIT - 1)) | DOUBLE_HIDDEN_BIT;
    uint64_t lost = mantissa & ((1u << 26) - 1);
    return float_round(sign, exponent, (uint32_t)(mantissa >> 26) | (lost != 0));
}
