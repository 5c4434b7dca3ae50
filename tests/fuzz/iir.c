// Runs any filters over any samples, under sanitizers: all coefficients that the module takes, all
// numbers of sections and channels, any floats. Counts the filters that int16 can run.

#include "choices.h"
#include "eml_biquad_f32.h"
#include "eml_biquad_i16.h"

// A fuzzer would keep the longest filters, which take it the most time: random numbers have them.
#ifdef EML_FUZZER
#define MAX_SECTIONS 12
#define MAX_CHANNELS 16
#else
#define MAX_SECTIONS 255
#define MAX_CHANNELS 255
#endif

// Any bits, or a plain number.
static float any_coefficient(void) {
    const float bits = any_float();
    return below(2) ? bits : (float)(int32_t)(below(20001) - 10000) / 5000;
}

// A section that emliir.new takes, from a row of any numbers.
static void random_section(EmlBiquadF32 *section) {
    float row[6];
    do {
        for (size_t i = 0; i < 6; i++) {
            row[i] = any_coefficient();
        }
        row[3] = next_random() % 2 ? 1.0f : row[3];
    } while (eml_biquad_check_row(row) != NULL || eml_biquad_set(section, row, 1 / row[3]) != NULL);
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

static void once(void) {
    const size_t n_sections = 1 + below(below(64) == 63 ? MAX_SECTIONS : 5);
    EmlBiquadF32 *sections = allocate(n_sections, sizeof(EmlBiquadF32));
    for (size_t i = 0; i < n_sections; i++) {
        random_section(&sections[i]);
    }
    const size_t channels = 1 + below(below(8) == 7 ? MAX_CHANNELS : 3);
    const size_t frames = below(150);
    try_f32(sections, n_sections, frames, channels);
    try_i16(sections, n_sections, frames, channels);
    free(sections);
}

CHOICES_MAIN(once, converted)
