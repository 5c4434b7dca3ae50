// Runs under qemu-xtensa for test_xtensa_driver.py: reads operations from stdin, writes the results
// to stdout. It is linked with the start, the system calls and the linker script of
// machines/xtensa.
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "machines/xtensa/syscalls.h"

// Called by name: this file is compiled with MULUH, and so without a call.
int64_t __muldi3(int64_t a, int64_t b);

struct operation {
    uint64_t code, a, b;
};

static float to_float(uint64_t word) {
    uint32_t bits = (uint32_t)word;
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return value == value ? bits : 0x7fc00000; // NaN, whichever it is
}

static double to_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t double_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

// Mixes the arguments so that one that is lost or moved shows: 31 * mix + argument.
static uint64_t mix(int count, ...) {
    uint64_t result = 0;
    va_list list;
    va_start(list, count);
    for (int i = 0; i < count; i++) {
        result = result * 31 + (i % 3 == 2 ? va_arg(list, uint64_t) : va_arg(list, uint32_t));
    }
    va_end(list);
    return result;
}

static uint64_t mix_after_six(int a, int b, int c, int d, int e, int f, ...) {
    va_list list;
    va_start(list, f);
    uint64_t result = va_arg(list, uint64_t) * 31 + va_arg(list, uint32_t);
    va_end(list);
    return result + (a ^ b ^ c ^ d ^ e ^ f);
}

// MULUH at the end of a hardware loop: factor^count, as a fraction of 2^32.
static uint32_t power(uint32_t factor, uint32_t count) {
    uint32_t result = UINT32_MAX;
    __asm__ volatile("loop\t%2, 1f\n\tmuluh\t%0, %0, %1\n1:"
                     : "+r"(result)
                     : "r"(factor), "r"(count));
    return result;
}

static uint64_t compute(const struct operation *operation) {
    uint64_t a = operation->a, b = operation->b;
    uint32_t word = (uint32_t)a;
    switch (operation->code) {
    case 0:
        return (uint64_t)__muldi3((int64_t)a, (int64_t)b);
    case 1:
        return a * b;
    case 2:
        return (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
    case 3:
        return a / b;
    case 4:
        return a % b;
    case 5:
        return (uint64_t)((int64_t)a / (int64_t)b);
    case 6:
        return (uint64_t)((int64_t)a % (int64_t)b);
    case 7:
        return float_bits(to_float(a) / to_float(b));
    case 8:
        return float_bits((float)a);
    case 9:
        return float_bits((float)(int64_t)a);
    case 10:
        return (uint64_t)to_float(a);
    case 11:
        return (uint64_t)(int64_t)to_float(a);
    case 12:
        return double_bits((double)to_float(a));
    case 13:
        return float_bits((float)to_double(a));
    case 14:
        return double_bits((double)(int32_t)a);
    case 15:
        return float_bits(sqrtf(to_float(a)));
    case 16:
        return float_bits(roundf(to_float(a)));
    case 17:
        return mix(8, word, word, b, word, word, b, word, word);
    case 18:
        return mix(2, word, word);
    case 19:
        return mix_after_six(1, 2, 3, 4, 5, 6, b, word);
    case 20:
        return power(word, 1 + b % 5);
    }
    fatal_error("unknown operation");
}

void main_linux(long *stack);

void main_linux(long *stack) {
    (void)stack;
    static struct operation operations[512];
    static uint64_t results[512];
    sigill_init();
    for (;;) {
        // A pipe may end a read in the middle of an operation.
        size_t size = 0;
        ssize_t got;
        while ((got = read(STDIN_FILENO, (char *)operations + size, sizeof(operations) - size)) >
               0) {
            size += (size_t)got;
        }
        size_t count = size / sizeof(operations[0]);
        if (count == 0) {
            exit(0);
        }
        for (size_t i = 0; i < count; i++) {
            results[i] = compute(&operations[i]);
        }
        write(STDOUT_FILENO, results, count * sizeof(results[0]));
    }
}
