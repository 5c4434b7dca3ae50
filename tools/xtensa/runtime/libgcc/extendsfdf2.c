// Float to double, exact.
#include "../double_bits.h"
#include "../float_bits.h"

double __extendsfdf2(float value);

double __extendsfdf2(float value) {
    uint32_t bits = float_to_bits(value);
    uint64_t sign = (uint64_t)(bits & FLOAT_SIGN) << 32;
    bits &= ~FLOAT_SIGN;
    if (bits == 0) {
        return double_from_bits(sign);
    }
    if (bits >= FLOAT_INFINITY) {
        uint64_t quiet = bits > FLOAT_INFINITY ? DOUBLE_QUIET_BIT : 0;
        return double_from_bits(sign | DOUBLE_INFINITY | quiet |
                                (uint64_t)(bits - FLOAT_INFINITY) << 29);
    }
    uint32_t mantissa;
    uint64_t exponent = (uint64_t)(float_split(bits, &mantissa) - FLOAT_BIAS + DOUBLE_BIAS);
    return double_from_bits(sign | exponent << 52 | (uint64_t)(mantissa - FLOAT_HIDDEN_BIT) << 29);
}
