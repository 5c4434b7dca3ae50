// Float square root, rounded to nearest even.
#include "../float_bits.h"

float sqrtf(float value);

float sqrtf(float value) {
    uint32_t bits = float_to_bits(value);
    if ((bits & ~FLOAT_SIGN) == 0 || bits == FLOAT_INFINITY) {
        return value;
    }
    if (bits > FLOAT_INFINITY) { // negative, or not a number
        return float_from_bits(FLOAT_NAN);
    }
    uint32_t mantissa;
    int exponent = float_split(bits, &mantissa) - FLOAT_BIAS;
    if (exponent & 1) { // the exponent is halved below
        mantissa <<= 1;
        exponent--;
    }
    // Digit by digit: two bits of the radicand give one of the root. 2^23 * 2^29 is 2^(2 * 26).
    uint64_t radicand = (uint64_t)mantissa << 29;
    uint32_t root = 0;
    uint32_t rest = 0;
    for (int bit = 52; bit >= 0; bit -= 2) {
        rest = rest << 2 | (uint32_t)(radicand >> bit & 3);
        root <<= 1;
        if (rest >= 2 * root + 1) {
            rest -= 2 * root + 1;
            root |= 1;
        }
    }
    return float_round(0, exponent / 2 + FLOAT_BIAS, root | (rest != 0));
}
