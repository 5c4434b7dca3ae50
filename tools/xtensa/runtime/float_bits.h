// The bits of a float, and rounding to one.
#ifndef EMLMPY_XTENSA_FLOAT_BITS_H
#define EMLMPY_XTENSA_FLOAT_BITS_H

#include <stdint.h>

#define FLOAT_SIGN 0x80000000u
#define FLOAT_INFINITY 0x7f800000u
#define FLOAT_NAN 0x7fc00000u
#define FLOAT_HIDDEN_BIT 0x00800000u // the leading 1 of a normal number, which is not stored
#define FLOAT_BIAS 127

static inline uint32_t float_to_bits(float value) {
    union {
        float value;
        uint32_t bits;
    } both = {value};
    return both.bits;
}

static inline float float_from_bits(uint32_t bits) {
    union {
        uint32_t bits;
        float value;
    } both = {bits};
    return both.value;
}

// The exponent of a finite number that is not 0, as if it were normal, and its 24-bit mantissa.
static inline int float_split(uint32_t bits, uint32_t *mantissa) {
    int exponent = bits >> 23 & 0xff;
    *mantissa = bits & (FLOAT_HIDDEN_BIT - 1);
    if (exponent != 0) {
        *mantissa |= FLOAT_HIDDEN_BIT;
        return exponent;
    }
    int shift = __builtin_clz(*mantissa) - 8;
    *mantissa <<= shift;
    return 1 - shift;
}

// The float nearest to mantissa * 2^(exponent - FLOAT_BIAS - 26), ties to even. The mantissa has 27
// bits, the highest set; its lowest is also set where anything below it is not 0.
static inline float float_round(uint32_t sign, int exponent, uint32_t mantissa) {
    if (exponent >= 255) {
        return float_from_bits(sign | FLOAT_INFINITY);
    }
    if (exponent <= 0) { // subnormal: the hidden bit becomes a stored one
        int shift = 1 - exponent < 27 ? 1 - exponent : 27;
        uint32_t lost = mantissa & ((1u << shift) - 1);
        mantissa = mantissa >> shift | (lost != 0);
        exponent = 1;
    }
    uint32_t rest = mantissa & 7;
    mantissa >>= 3;
    mantissa += rest > 4 || (rest == 4 && (mantissa & 1));
    // Adding, not or-ing: the hidden bit, and a carry out of the mantissa, count the exponent up.
    return float_from_bits(sign | (((uint32_t)(exponent - 1) << 23) + mantissa));
}

#endif
