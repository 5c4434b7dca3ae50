// Float to 64-bit integer, towards zero. What does not fit gives the nearest integer that does, NaN
// the largest.
#include "../float_bits.h"

uint64_t __fixunssfdi(float value);
int64_t __fixsfdi(float value);

uint64_t __fixunssfdi(float value) {
    uint32_t bits = float_to_bits(value);
    if ((bits & FLOAT_SIGN) && (bits & ~FLOAT_SIGN) <= FLOAT_INFINITY) {
        return 0;
    }
    int exponent = (int)(bits >> 23 & 0xff) - FLOAT_BIAS;
    if (exponent < 0) {
        return 0;
    }
    if (exponent > 63) {
        return UINT64_MAX;
    }
    uint64_t mantissa = (bits & (FLOAT_HIDDEN_BIT - 1)) | FLOAT_HIDDEN_BIT;
    return exponent >= 23 ? mantissa << (exponent - 23) : mantissa >> (23 - exponent);
}

int64_t __fixsfdi(float value) {
    uint32_t bits = float_to_bits(value);
    uint64_t magnitude = __fixunssfdi(float_from_bits(bits & ~FLOAT_SIGN));
    int negative = (bits & FLOAT_SIGN) && (bits & ~FLOAT_SIGN) <= FLOAT_INFINITY;
    if (magnitude > INT64_MAX) {
        return negative ? INT64_MIN : INT64_MAX;
    }
    return negative ? -(int64_t)magnitude : (int64_t)magnitude;
}
