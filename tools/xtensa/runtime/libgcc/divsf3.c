// Float division, rounded to nearest even.
#include "../float_bits.h"

float __divsf3(float dividend, float divisor);

float __divsf3(float dividend, float divisor) {
    uint32_t a = float_to_bits(dividend);
    uint32_t b = float_to_bits(divisor);
    uint32_t sign = (a ^ b) & FLOAT_SIGN;
    a &= ~FLOAT_SIGN;
    b &= ~FLOAT_SIGN;
    if (a > FLOAT_INFINITY || b > FLOAT_INFINITY || (a == b && (a == 0 || a == FLOAT_INFINITY))) {
        return float_from_bits(FLOAT_NAN);
    }
    if (a == FLOAT_INFINITY || b == 0) {
        return float_from_bits(sign | FLOAT_INFINITY);
    }
    if (a == 0 || b == FLOAT_INFINITY) {
        return float_from_bits(sign);
    }
    uint32_t remainder, d;
    int exponent = float_split(a, &remainder);
    exponent += FLOAT_BIAS - float_split(b, &d);
    if (remainder < d) { // so that the first bit of the quotient is 1
        remainder <<= 1;
        exponent--;
    }
    uint32_t quotient = 0;
    for (int bit = 0; bit < 27; bit++) {
        quotient <<= 1;
        if (remainder >= d) {
            remainder -= d;
            quotient |= 1;
        }
        remainder <<= 1;
    }
    return float_round(sign, exponent, quotient | (remainder != 0));
}
