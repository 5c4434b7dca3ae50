// To the nearest integer, halves away from zero.
#include "../float_bits.h"

float roundf(float value);

float roundf(float value) {
    uint32_t bits = float_to_bits(value);
    int exponent = (int)(bits >> 23 & 0xff) - FLOAT_BIAS;
    if (exponent >= 23) { // has no fraction
        return value;
    }
    if (exponent < -1) {
        return float_from_bits(bits & FLOAT_SIGN);
    }
    if (exponent == -1) {
        return float_from_bits((bits & FLOAT_SIGN) | float_to_bits(1.0f));
    }
    bits += FLOAT_HIDDEN_BIT >> 1 >> exponent;
    return float_from_bits(bits & ~((FLOAT_HIDDEN_BIT - 1) >> exponent));
}
