// Runs random filters over random samples, under sanitizers: any coefficients that the module
// takes, all numbers of sections and channels, any floats. Arguments: seed, rounds.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eml_biquad_f32.h"
#include "eml_biquad_i16.h"

static uint32_t state;

static uint32_t next_random(void) {
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

// Any bits: huge, tiny, infinite and NaN. Or a plain number.
static float any_float(void) {
    const EmlBiquadBits both = {.bits = next_random() << 16 ^ next_random()};
    return next_random() % 2 ? both.value : (float)(int32_t)(next_random() % 20001 - 10000) / 5000;
}

// A section that emliir.new takes, from a row of any numbers.
static void random_section(EmlBiquadF32 *section) {
    float row[6];
    do {
        for (size_t i = 0; i < 6; i++) {
            row[i] = any_float();
        }
        row[3] = next_random() % 2 ? 1.0f : row[3];
    } while (eml_biquad_check_row(row) != NULL || eml_biquad_set(section, row, 1 / row[3]) != NULL);
}

static void *allocate(size_t count, size_t bytes) {
    void *memory = calloc(count, bytes);
    if (memory == NULL) {
        exit(2);
    }
    return memory;
}

static void try_f32(const EmlBiquadF32 *sections, size_t n_sections, size_t frames,
                    size_t channels) {
    const size_t count = frames * channels;
    const size_t n_states = 2 * n_sections * channels;
    float *in = allocate(count, sizeof(float));
    float *out = next_random() % 2 ? in : allocate(count, sizeof(float));
    float *states = allocate(n_states, sizeof(float));
    for (int call = 0; call < 3; call++) {
        for (size_t i = 0; i < count; i++) {
            in[i] = any_float();
        }
        eml_biquad_f32_run(sections, n_sections, states, in, out, frames, channels);
        for (size_t i = 0; i < n_states; i++) {
            if (!eml_biquad_is_finite(&states[i])) {
                abort();
            }
        }
    }
    free(in);
    if (out != in) {
        free(out);
    }
    free(states);
}

static uint32_t converted;

static void try_i16(const EmlBiquadF32 *sections, size_t n_sections, size_t frames,
                    size_t channels) {
    EmlBiquadI16 *fixed = allocate(n_sections, sizeof(EmlBiquadI16));
    EmlBiquadI16Shifts shifts;
    eml_biquad_i16_convert(sections, n_sections, fixed, &shifts);
    if (shifts.out >= 0) {
        converted++;
        const size_t count = frames * channels;
        int16_t *in = allocate(count, sizeof(int16_t));
        int16_t *out = next_random() % 2 ? in : allocate(count, sizeof(int16_t));
        EmlBiquadI16State *states = allocate(n_sections * channels, sizeof(EmlBiquadI16State));
        for (int call = 0; call < 3; call++) {
            for (size_t i = 0; i < count; i++) {
                in[i] = (int16_t)next_random();
                in[i] = call == 1 ? (in[i] < 0 ? -32768 : 32767) : in[i];
            }
            eml_biquad_i16_run(fixed, n_sections, &shifts, states, in, out, frames, channels);
        }
        free(in);
        if (out != in) {
            free(out);
        }
        free(states);
    }
    free(fixed);
}

int main(int count, char **arguments) {
    if (count != 3) {
        return 2;
    }
    state = (uint32_t)strtoul(arguments[1], NULL, 10);
    const uint32_t rounds = (uint32_t)strtoul(arguments[2], NULL, 10);
    for (uint32_t round = 0; round < rounds; round++) {
        const size_t n_sections = 1 + next_random() % (round % 64 ? 5 : 255);
        EmlBiquadF32 *sections = allocate(n_sections, sizeof(EmlBiquadF32));
        for (size_t i = 0; i < n_sections; i++) {
            random_section(&sections[i]);
        }
        const size_t channels = 1 + next_random() % (round % 8 ? 3 : 255);
        const size_t frames = next_random() % 150;
        try_f32(sections, n_sections, frames, channels);
        try_i16(sections, n_sections, frames, channels);
        free(sections);
    }
    printf("%u of %u converted\n", converted, rounds);
    return 0;
}
