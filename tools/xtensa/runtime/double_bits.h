// The bits of a double.
#ifndef EMLMPY_XTENSA_DOUBLE_BITS_H
#define EMLMPY_XTENSA_DOUBLE_BITS_H

#include <stdint.h>

#define DOUBLE_INFINITY 0x7ff0000000000000u
#define DOUBLE_QUIET_BIT 0x0008000000000000u
#define DOUBLE_HIDDEN_BIT 0x0010000000000000u
#define DOUBLE_BIAS 1023

static inline uint64_t double_to_bits(double value) {
    union {
        double value;
        uint64_t bits;
    } both = {value};
    return both.bits;
}

static inline double double_from_bits(uint64_t bits) {
    union {
        uint64_t bits;
        double value;
    } both = {bits};
    return both.value;
}

#endif
