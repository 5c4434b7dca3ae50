/** Cascades of second-order filter sections (biquads) in float.

Transposed direct form II, as scipy.signal.sosfilt has it, so states mean the same there:

    y = s0 + b0 x
    s0 = b1 x + a1 y + s1
    s1 = b2 x + a2 y

where a1 and a2 have the other sign than scipy's: then there is nothing to subtract, and a CPU
without an FPU needs one routine less. Samples of several channels are interleaved, as are the
states: state j of section i in channel c is state[(2 i + j) channels + c]. All memory belongs to
the caller.

Cost: about 8.5 instructions for a sample and section on a Cortex-M4F.
*/
#ifndef EML_BIQUAD_F32_H
#define EML_BIQUAD_F32_H

#include <stddef.h>
#include <stdint.h>

#define EML_BIQUAD_MAX_SECTIONS 255

/** A section whose a0 is 1. */
typedef struct EmlBiquadF32 {
    float b0, b1, b2;
    float a1, a2; // with the other sign than scipy's
} EmlBiquadF32;

typedef union EmlBiquadBits {
    float value;
    uint32_t bits;
} EmlBiquadBits;

/** Whether a float is neither infinite nor NaN. */
static inline int eml_biquad_is_finite(const float *value) {
    const EmlBiquadBits both = {*value};
    return (both.bits >> 23 & 0xff) != 0xff;
}

// value * 2^fraction as an integer, rounded; the nearest that fits if it does not fit.
static int32_t eml_biquad_fixed(float value, int32_t fraction) {
    const EmlBiquadBits both = {value};
    const int32_t exponent = (int32_t)(both.bits >> 23 & 0xff) - 150 + fraction;
    int32_t magnitude = (int32_t)((both.bits & 0x7fffff) | 0x800000);
    if (exponent >= 8) {
        magnitude = INT32_MAX;
    } else if (exponent >= 0) {
        magnitude <<= exponent;
    } else if (exponent >= -25) {
        magnitude = ((magnitude >> (-exponent - 1)) + 1) >> 1;
    } else {
        magnitude = 0;
    }
    return both.bits >> 31 ? -magnitude : magnitude;
}

/** Whether both poles of a section lie inside the unit circle. */
static inline int eml_biquad_is_stable(const EmlBiquadF32 *section) {
    // In 2^-24, where every float from 1/2 to 1 is exact, and so is every a1 beyond 1.
    const int32_t a1 = eml_biquad_fixed(section->a1, 24);
    const int32_t a2 = eml_biquad_fixed(section->a2, 24);
    const int32_t one = 1 << 24;
    return a2 > -one && (a1 < 0 ? -a1 : a1) < one - a2;
}

// Returns what is wrong with some values, or NULL.
static const char *eml_biquad_check_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!eml_biquad_is_finite(&values[i])) {
            return "values must be finite";
        }
    }
    return NULL;
}

/** Returns what is wrong with a row of b0, b1, b2, a0, a1, a2, or NULL if there is a 1 / a0. */
static inline const char *eml_biquad_check_row(const float *row) {
    const EmlBiquadBits a0 = {row[3]};
    // 1 / a0 must be neither infinite nor so small that it counts as 0 where there is no FPU.
    if ((a0.bits >> 23 & 0xff) - 1 >= 252 && eml_biquad_is_finite(&row[3])) {
        return "a0 must be neither 0 nor above 8e37";
    }
    return eml_biquad_check_finite(row, 6);
}

/** Sets a section from 1 / a0 and a row that eml_biquad_check_row finds nothing wrong with.

Returns what is wrong with the section, or NULL. */
static inline const char *eml_biquad_set(EmlBiquadF32 *section, const float *row, float inverse) {
    float *values = &section->b0;
    for (size_t i = 0; i < 5; i++) {
        values[i] = i < 3 ? row[i] * inverse : -(row[i + 1] * inverse);
    }
    const char *error = eml_biquad_check_finite(values, 5);
    if (error == NULL && !eml_biquad_is_stable(section)) {
        error = "poles must lie inside the unit circle";
    }
    return error;
}

// One section over the frames of one channel.
static void eml_biquad_f32_one(const EmlBiquadF32 *section, float *state, const float *in,
                               float *out, size_t frames, size_t channels) {
    const EmlBiquadF32 s = *section;
    float s0 = state[0], s1 = state[channels];
    for (; frames > 0; frames--, in += channels, out += channels) {
        const float x = *in;
        const float y = s0 + s.b0 * x;
        s0 = s.b1 * x + s.a1 * y + s1; // in scipy's order, so that errors are no worse
        s1 = s.b2 * x + s.a2 * y;
        *out = y;
    }
    state[0] = s0;
    state[channels] = s1;
}

#if defined(__ARM_FEATURE_FMA) && defined(__arm__)
#include "eml_biquad_f32_armv7em.h"
#endif

/** Filters frames of one sample a channel; in may be out.

States that are no longer finite are cleared with all the others of their channel, so that a NaN or
an infinity in the input spoils this call and not the next. */
static inline void eml_biquad_f32_run(const EmlBiquadF32 *sections, size_t n_sections, float *state,
                                      const float *in, float *out, size_t frames, size_t channels) {
    const size_t n_states = 2 * n_sections * channels;
    for (size_t channel = 0; channel < channels; channel++) {
        const float *from = in++;
        const EmlBiquadF32 *section = sections;
        float *s = state;
        size_t left = n_sections;
#if defined(__ARM_FEATURE_FMA) && defined(__arm__)
        for (; left >= 2 && frames > 0; left -= 2) {
            eml_biquad_f32_two(section, s, from, out, frames, channels);
            from = out;
            section += 2;
            s += 4 * channels;
        }
#endif
        for (; left > 0; left--) {
            eml_biquad_f32_one(section, s, from, out, frames, channels);
            from = out;
            section++;
            s += 2 * channels;
        }
        out++;
        for (size_t i = 0; i < n_states; i += channels) {
            if (!eml_biquad_is_finite(&state[i])) {
                for (i = 0; i < n_states; i += channels) {
                    state[i] = 0;
                }
            }
        }
        state++;
    }
}

#endif // EML_BIQUAD_F32_H
