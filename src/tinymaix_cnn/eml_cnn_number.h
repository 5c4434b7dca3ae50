/** Exact arithmetic on scales without floating-point instructions.

A scale is a positive float32, kept as its bits: mantissa * 2^exponent, 2^23 <= mantissa < 2^24.
These functions give what IEEE arithmetic would, in integers that every CPU has, and are meant for
loading and for what is done once a tensor element: they take 100 to 400 instructions.
*/
#ifndef EML_CNN_NUMBER_H
#define EML_CNN_NUMBER_H

#include "eml_cnn.h"

#define EML_CNN_BITS_OF_1 0x3f800000u
#define EML_CNN_BITS_OF_6 0x40c00000u
#define EML_CNN_SIGN 0x80000000u

static inline uint32_t eml_cnn_mantissa(uint32_t bits) { return (bits & 0x7fffff) | 0x800000; }

static inline int32_t eml_cnn_exponent(uint32_t bits) { return (int32_t)(bits >> 23 & 255) - 150; }

/** Says whether these are the bits of a scale: from 2^-60 to 2^60, so that no product overflows. */
static inline bool eml_cnn_is_scale(uint32_t bits) { return bits >> 23 >= 67 && bits >> 23 < 187; }

/** numerator * 2^shift / denominator, cut; it must fit 32 bits, and shift must be 0 to 31. */
static EML_COLD uint32_t eml_cnn_quotient(uint32_t numerator, int32_t shift, uint32_t denominator) {
    uint32_t rest = numerator >> 1 >> (31 - shift);
    uint32_t bits = numerator << shift;
    for (int32_t i = 0; i < 32; i++) {
        const bool carry = rest >> 31 != 0;
        rest = rest << 1 | bits >> 31;
        bits <<= 1;
        if (carry || rest >= denominator) {
            rest -= denominator;
            bits |= 1; // where a bit has left, one of the quotient goes
        }
    }
    return bits;
}

/** value = multiplier / 2^31 * 2^shift, as LiteRT's QuantizeMultiplier gives it. */
typedef struct EmlCnnFactor {
    int32_t multiplier; // 0, or from 2^30
    int32_t shift;
} EmlCnnFactor;

/** Turns a * b / divisor * 2^power, three scales, into a multiplier and a shift. */
static EML_COLD void eml_cnn_factor(uint32_t a, uint32_t b, uint32_t divisor, int32_t power,
                                    EmlCnnFactor *factor) {
    const uint64_t product = (uint64_t)eml_cnn_mantissa(a) * eml_cnn_mantissa(b);
    const uint32_t d = eml_cnn_mantissa(divisor);
    // Long division: the rest takes in one more bit of the product each time.
    uint32_t rest = (uint32_t)(product >> 24);
    uint32_t bits = (uint32_t)product << 8;
    uint32_t quotient = 0;
    int32_t shift =
        25 + power + eml_cnn_exponent(a) + eml_cnn_exponent(b) - eml_cnn_exponent(divisor);
    while (quotient < 1u << 30) {
        quotient <<= 1;
        if (rest >= d) {
            rest -= d;
            quotient |= 1;
        } else if (quotient == 0) {
            shift--;
        }
        rest = rest << 1 | bits >> 31;
        bits <<= 1;
    }
    // The rest is twice what is left. LiteRT rounds to a double before it rounds to 31 bits, so
    // that whatever lies closer than 2^-23 below a half becomes a half, which it rounds up.
    if (rest + (d >> 22) >= d) {
        quotient++;
    }
    if (quotient == 1u << 31) {
        quotient >>= 1;
        shift++;
    }
    if (shift < -31) {
        quotient = 0;
        shift = 0;
    }
    factor->multiplier = (int32_t)quotient;
    factor->shift = shift;
}

/** The product of two scales as a float32: its bits, rounded to nearest, ties to even. */
static EML_COLD uint32_t eml_cnn_product(uint32_t a, uint32_t b) {
    uint64_t product = (uint64_t)eml_cnn_mantissa(a) * eml_cnn_mantissa(b);
    uint32_t exponent = (a >> 23) + (b >> 23) - 126;
    if (product >> 47 == 0) {
        product <<= 1;
        exponent--;
    }
    uint32_t mantissa = (uint32_t)(product >> 24);
    const uint32_t rest = (uint32_t)product & 0xffffff;
    if (rest + (mantissa & 1) > 0x800000) {
        mantissa++;
    }
    // An addition, so that a carry out of the mantissa goes to the exponent.
    return ((exponent - 1) << 23) + mantissa;
}

/** The real value of a quantised one, number * scale, as the bits of a float32; |number| < 256. */
static inline uint32_t eml_cnn_real(int32_t number, uint32_t scale) {
    if (number == 0) {
        return 0;
    }
    uint32_t mantissa = (uint32_t)(number < 0 ? -number : number) << 15;
    uint32_t exponent = 150 - 15;
    while (mantissa < 1u << 23) {
        mantissa <<= 1;
        exponent--;
    }
    const uint32_t bits = ((exponent - 1) << 23) + mantissa;
    return eml_cnn_product(bits, scale) | (number < 0 ? EML_CNN_SIGN : 0);
}

static inline int32_t eml_cnn_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

/** numerator * 2^power / denominator, rounded to nearest, ties away from 0; 512 if it is larger.

0 < numerator < 2^24, 2^23 <= denominator. */
static EML_COLD int32_t eml_cnn_round_ratio(uint32_t numerator, uint32_t denominator,
                                            int32_t power) {
    while (numerator < 1u << 23) {
        numerator <<= 1;
        power--;
    }
    if (power < -1) {
        return 0;
    }
    if (power > 18) {
        return 512;
    }
    const uint32_t twice = eml_cnn_quotient(numerator, power + 1, denominator);
    return eml_cnn_clamp((int32_t)(twice + 1) >> 1, 0, 512);
}

/** Quantises the float32 with these bits to int8, saturating; not a number counts as 0. */
static int32_t eml_cnn_quantise(uint32_t bits, uint32_t scale, int32_t zero) {
    const uint32_t size = bits & ~EML_CNN_SIGN;
    int32_t steps = 0;
    if (size >= 0x800000 && size <= 0x7f800000) {
        steps = eml_cnn_round_ratio(eml_cnn_mantissa(size), eml_cnn_mantissa(scale),
                                    eml_cnn_exponent(size) - eml_cnn_exponent(scale));
    }
    return eml_cnn_clamp(zero + (bits == size ? steps : -steps), -128, 127);
}

/** Quantises byte / 255 to int8, saturating. */
static inline int32_t eml_cnn_quantise_byte(uint32_t byte, uint32_t scale, int32_t zero) {
    int32_t steps = 0;
    if (byte > 0) {
        steps = eml_cnn_round_ratio(byte, 255 * eml_cnn_mantissa(scale), -eml_cnn_exponent(scale));
    }
    return eml_cnn_clamp(zero + steps, -128, 127);
}

#endif // EML_CNN_NUMBER_H
