// What iir_twin.py calls: the kernels of emliir, and the memory that emliir.c gives them.
#include "eml_biquad_f32.h"
#include "eml_biquad_i16.h"

#include <stdlib.h>
#include <string.h>

typedef struct Twin {
    size_t n_sections, channels;
    EmlBiquadI16Shifts shifts;
    EmlBiquadF32 *sections;
    EmlBiquadI16 *sections_i16;
    EmlBiquadI16State *state_i16;
    float *state;
} Twin;

void twin_free(Twin *self) {
    free(self->sections);
    free(self->sections_i16);
    free(self->state_i16);
    free(self->state);
    free(self);
}

// NULL if memory is short. Sections are set one by one, then twin_convert is called.
Twin *twin_new(size_t n_sections, size_t channels) {
    Twin *self = calloc(1, sizeof(Twin));
    if (self == NULL) {
        return NULL;
    }
    self->n_sections = n_sections;
    self->channels = channels;
    self->sections = calloc(n_sections, sizeof(*self->sections));
    self->sections_i16 = calloc(n_sections, sizeof(*self->sections_i16));
    self->state_i16 = calloc(n_sections * channels, sizeof(*self->state_i16));
    self->state = calloc(2 * n_sections * channels, sizeof(*self->state));
    if (!self->sections || !self->sections_i16 || !self->state_i16 || !self->state) {
        twin_free(self);
        return NULL;
    }
    return self;
}

// These two return what is wrong, or NULL.
const char *twin_check_row(const float *row) { return eml_biquad_check_row(row); }
const char *twin_set(Twin *self, size_t section, const float *row, float inverse) {
    return eml_biquad_set(&self->sections[section], row, inverse);
}

// Returns by how many bits int16 samples are shifted on their way in and out.
const int32_t *twin_convert(Twin *self) {
    eml_biquad_i16_convert(self->sections, self->n_sections, self->sections_i16, &self->shifts);
    return &self->shifts.in;
}

// b0, b1, b2, a1, a2 of each section, a with the other sign than scipy's.
const float *twin_sections(const Twin *self) { return &self->sections->b0; }
const int32_t *twin_sections_i16(const Twin *self) { return (const int32_t *)self->sections_i16; }
size_t twin_integers(void) { return sizeof(EmlBiquadI16) / sizeof(int32_t); }

size_t twin_bytes(const Twin *self) {
    return self->n_sections * (sizeof(EmlBiquadF32) + sizeof(EmlBiquadI16)) +
           self->n_sections * self->channels * (sizeof(EmlBiquadI16State) + 2 * sizeof(float));
}

void twin_reset(Twin *self) {
    memset(self->state_i16, 0, self->n_sections * self->channels * sizeof(*self->state_i16));
    memset(self->state, 0, 2 * self->n_sections * self->channels * sizeof(*self->state));
}

float *twin_state(const Twin *self) { return self->state; }

void twin_run_f32(Twin *self, const float *in, float *out, size_t frames) {
    eml_biquad_f32_run(self->sections, self->n_sections, self->state, in, out, frames,
                       self->channels);
}

void twin_run_i16(Twin *self, const int16_t *in, int16_t *out, size_t frames) {
    eml_biquad_i16_run(self->sections_i16, self->n_sections, &self->shifts, self->state_i16, in,
                       out, frames, self->channels);
}
