// Where a test takes its choices from: a generator of random numbers or, for a fuzzer that learns
// which choices reach new code, the bytes that it gives (and random numbers when these are used
// up).
//
// A test defines `fuzz_once`, which makes choices and uses a kernel. Built for libFuzzer, with
// -DEML_FUZZER, it is called with the fuzzer's bytes; otherwise with the arguments seed and rounds.

#ifndef EML_CHOICES_H
#define EML_CHOICES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t choices_state;
static const uint8_t *choices_data;
static size_t choices_left;

// 24 bits.
static uint32_t next_random(void) {
    if (choices_left >= 3) {
        const uint8_t *at = choices_data;
        choices_data += 3;
        choices_left -= 3;
        return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
    }
    choices_state = choices_state * 1664525u + 1013904223u;
    return choices_state >> 8;
}

static inline uint32_t below(uint32_t limit) { return next_random() % limit; }

static inline uint32_t any_bits(void) {
    const uint32_t high = next_random();
    return high << 16 ^ next_random();
}

// Any bits: huge, tiny, infinite and NaN.
static inline float any_float(void) {
    const uint32_t bits = any_bits();
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

// Memory of exactly that size, so that a read or write beyond it is seen.
static inline void *allocate(size_t count, size_t bytes) {
    void *memory = calloc(count, bytes);
    if (memory == NULL) {
        exit(2);
    }
    return memory;
}

static inline void require(bool holds, int line) {
    if (!holds) {
        fprintf(stderr, "line %d does not hold\n", line);
        abort();
    }
}
#define REQUIRE(condition) require(condition, __LINE__)

#ifdef EML_FUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#endif

// Defines what calls `once`, and at the end of random rounds says how many of them `counter`
// counted.
#ifdef EML_FUZZER
#define CHOICES_MAIN(once, counter) \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { \
        choices_state = 1; \
        choices_data = data; \
        choices_left = size; \
        once(); \
        return 0; \
    }
#else
#define CHOICES_MAIN(once, counter) \
    int main(int count, char **arguments) { \
        if (count != 3) { \
            return 2; \
        } \
        choices_state = (uint32_t)strtoul(arguments[1], NULL, 10); \
        const uint32_t rounds = (uint32_t)strtoul(arguments[2], NULL, 10); \
        for (uint32_t round = 0; round < rounds; round++) { \
            once(); \
        } \
        printf("%u of %u rounds\n", counter, rounds); \
        return 0; \
    }
#endif

#endif // EML_CHOICES_H
