/** Cascades of second-order filter sections (biquads) on int16 samples, without float in the loop.

Direct form I. Between the sections a sample has more bits than int16, and each section carries
what rounding cuts off over to its next sample, so that errors do not pile up where poles are near
the unit circle. Coefficients have 21 bits or more. The overall gain is spread over the sections:
each is scaled by a power of two such that the response up to there peaks between 0.2 and 0.4, and
the last shift makes up for it. That leaves room for what transients add to the peak, in a high-pass
as much again and more: were a value between the sections cut off, the filter would ring on. Beyond,
and where the result does not fit int16, values saturate.

emlmpy/iir/bound.py computes how far results can be from exact ones: what changes the
arithmetic here changes it there.

Samples of several channels are interleaved, and every channel has states of its own:
state[channel * n_sections + i]. All memory belongs to the caller.

Cost: about 16 instructions for a sample and section on a Cortex-M4, 65 on a Cortex-M0, in a filter
of two sections.
*/
#ifndef EML_BIQUAD_I16_H
#define EML_BIQUAD_I16_H

#include "eml_attributes.h"
#include "eml_biquad_f32.h"

#if defined(__ARM_FEATURE_SAT)
#include <arm_acle.h>
#endif

#if defined(__clang__)
// It would make one function of all, of more bytes.
#define EML_BIQUAD_FAST EML_NOINLINE
#define EML_BIQUAD_SMALL
#else
#define EML_BIQUAD_FAST EML_FAST
// GCC takes fewer bytes if it does not put this into its two callers; Clang takes more.
#define EML_BIQUAD_SMALL EML_NOINLINE
#endif

// The PC defines the first of these for this CPU's arithmetic in C.
#if defined(__ARM_ARCH_6M__) && defined(__thumb__)
#define EML_BIQUAD_THUMB1 1
#else
#define EML_BIQUAD_THUMB1 0
#endif

#if defined(__ARM_ARCH_6M__)
// 64-bit products are slow here: coefficients come in two pieces whose products fit 32 bits. Of a1
// and a2 the nearest quarter comes first, for it is multiplied with the bits that rounding cuts off
// as well, and leaves little to the pieces.
#define EML_BIQUAD_PIECES 1
#define EML_BIQUAD_EXTRA_BITS 5
#define EML_BIQUAD_LEAST 1 // of them, in the last section's output
#else
#define EML_BIQUAD_PIECES 0
// Of these the lowest three are 0: coefficients are numbers of 2^-29, which leaves room for all
// below 4, and so the upper word of a 64-bit sum is the next sample as it is. The magnitudes of a
// section's coefficients must add up to less than 8: then 8 times that word fits 32 bits.
#define EML_BIQUAD_EXTRA_BITS 13
#define EML_BIQUAD_LEAST 2
#define EML_BIQUAD_FRACTION 29
#endif

// Samples that pass through one section before they pass through the next.
#define EML_BIQUAD_BLOCK 96

/** A section: b0, b1, b2, a1, a2; a with the other sign than scipy's. */
typedef struct EmlBiquadI16 {
#if EML_BIQUAD_PIECES
    int32_t low[5];      // of 2^-25, and of 2^-21 for a
    int32_t high[5];     // of 2^-10
    int32_t quarters[2]; // of a; low and high hold what they leave of it
    int32_t shift[2];    // low and high are stored larger by this power of two: b, a
#else
    int32_t coefficient[5];
#endif
} EmlBiquadI16;

typedef struct EmlBiquadI16State {
    int32_t x1, x2;
    int32_t y1, y2; // with 8 bits more than x, if coefficients come in pieces
#if !EML_BIQUAD_PIECES
    uint32_t rest; // cut off in the last rounding
#endif
} EmlBiquadI16State;

/** By how many bits samples are shifted on their way in and out. */
typedef struct EmlBiquadI16Shifts {
    int32_t in, out;
} EmlBiquadI16Shifts;

// 2^15 log2 of a positive float, within 9 % of a power of two.
static int32_t eml_biquad_log2(float value) {
    const EmlBiquadBits both = {value};
    return (int32_t)(both.bits >> 8) - (127 << 15);
}

// e, where 2^e <= size < 2^(e + 1) for the size of a section's b, as far as 2^-100 goes. The size
// is the largest magnitude; without pieces twice that, or 13/8 of the sum of all three.
static int32_t eml_biquad_exponent(const EmlBiquadF32 *section) {
    const float *b = &section->b0;
    EmlBiquadBits sum = {0};
    int32_t largest = 0;
    for (size_t i = 0; i < 3; i++) {
        EmlBiquadBits both = {b[i]};
        both.bits = both.bits << 1 >> 1;
        largest = (int32_t)both.bits > largest ? (int32_t)both.bits : largest;
        // Smaller by 2^3, so that it is finite.
        sum.value += both.value * 0.125f;
    }
#if EML_BIQUAD_PIECES
    const int32_t exponent = (largest >> 23) - 127;
#else
    sum.value *= 1.625f;
    largest -= 2 << 23;
    largest = (int32_t)sum.bits > largest ? (int32_t)sum.bits : largest;
    const int32_t exponent = (largest >> 23) - 124;
#endif
    return exponent > -100 ? exponent : -100;
}

// 2^15 log2 of (u + v)^2 |c0 + c1/z + c2/z^2|^2 at the frequency w with tan^2(w/2) = u / v. Exact
// even where c is nearly 1, -2, 1 and w nearly 0.
static EML_BIQUAD_SMALL int32_t eml_biquad_log_power(float c0, float c1, float c2, float u,
                                                     float v) {
    const float ends = c0 + c2;
    const float even = v * (ends + c1) + u * (c1 - ends);
    const float odd = c0 - c2;
    return eml_biquad_log2(even * even + 4.0f * u * v * odd * odd);
}

// The gain of the first n sections at the frequency of a section's poles; at DC and at Nyquist if
// there is no section but 0 or 1 instead. 2^15 log2 of the power.
static int32_t eml_biquad_log_gain(const EmlBiquadF32 *sections, size_t n, float a1, float a2) {
    const float middle = 1.0f - a2;
    const float u = middle - a1;
    const float v = middle + a1;
    uint32_t log_gain = 0; // wraps where no filter is of use
    for (const EmlBiquadF32 *s = sections; s < sections + n; s++) {
        // b may be so small that its square is 0.
        const int32_t exponent = eml_biquad_exponent(s);
        const EmlBiquadBits up = {.bits = (uint32_t)(131 - exponent) << 23};
        log_gain += (uint32_t)((exponent - 4) * (1 << 16) +
                               eml_biquad_log_power(s->b0 * up.value, s->b1 * up.value,
                                                    s->b2 * up.value, u, v) -
                               eml_biquad_log_power(1.0f, -s->a1, -s->a2, u, v));
    }
    return (int32_t)log_gain;
}

// Stores a section whose b is multiplied by 2^scale.
static void eml_biquad_i16_store(const EmlBiquadF32 *from, int32_t scale, EmlBiquadI16 *to) {
    const float *value = &from->b0;
#if EML_BIQUAD_PIECES
    // Near the end of the spectrum that the poles are nearer to, DC or Nyquist, the response
    // depends on the last bits of a1 + a2 or a2 - a1, and of b likewise: so these are what is
    // rounded.
    const int32_t a1 = eml_biquad_fixed(from->a1, 30);
    const int32_t a2 = eml_biquad_fixed(from->a2, 30);
    const int32_t sign = a1 < 0 ? -1 : 1;
    const int32_t quarters = ((a1 >> 1) + (1 << 26)) >> 27;
    to->quarters[0] = quarters;
    to->quarters[1] = (((a1 >> 1) * sign + (a2 >> 1) + (1 << 26)) >> 27) - quarters * sign;
    // What quarters leave of a, and b where they are small, is stored larger, the largest between
    // 1/4 and 1/2.
    int32_t fine[5];
    fine[3] = (int32_t)((uint32_t)a1 - (uint32_t)quarters * (1 << 28));
    fine[4] = a2 - to->quarters[1] * (1 << 28);
    int32_t largest = (fine[3] < 0 ? -fine[3] : fine[3]) | (fine[4] < 0 ? -fine[4] : fine[4]) | 1;
    to->shift[1] = 0;
    for (; largest < 1 << 28; largest *= 2) {
        to->shift[1]++;
    }
    const int32_t room = -2 - eml_biquad_exponent(from) - scale;
    to->shift[0] = room < 0 ? 0 : room < 31 ? room : 31;
    for (size_t i = 0; i < 3; i++) {
        fine[i] = eml_biquad_fixed(value[i], 27 + scale + to->shift[0]);
    }
    const int32_t sum = fine[0] + fine[1] * sign + fine[2];
    fine[0] = (fine[0] + 2) >> 2;
    fine[2] = (fine[2] + 2) >> 2;
    fine[1] = (((sum + 2) >> 2) - fine[0] - fine[2]) * sign;
    for (size_t i = 0; i < 5; i++) {
        int32_t bits = 15;
        if (i >= 3) {
            bits = 11;
            fine[i] = (fine[i] * (1 << to->shift[1]) + (1 << 8)) >> 9;
        }
        to->high[i] = (fine[i] + (1 << (bits - 1))) >> bits;
        to->low[i] = fine[i] - to->high[i] * (1 << bits);
    }
#else
    for (size_t i = 0; i < 5; i++) {
        to->coefficient[i] = eml_biquad_fixed(value[i], EML_BIQUAD_FRACTION + (i < 3 ? scale : 0));
    }
#endif
}

/** Turns the sections into integers and says how to shift the samples.

The shift on the way out is below 0 if the gain is too high, which no gain below 8 is. */
static inline void eml_biquad_i16_convert(const EmlBiquadF32 *sections, size_t n_sections,
                                          EmlBiquadI16 *to, EmlBiquadI16Shifts *shifts) {
    int32_t scaled = EML_BIQUAD_EXTRA_BITS; // so far, in powers of two
    shifts->in = scaled;
    for (size_t i = 0; i < n_sections; i++) {
        // The response of a cascade peaks near one of its poles, at an end, or where it is flat in
        // between. Poles at 1 and -1 stand for the ends.
        int32_t peak = INT32_MIN;
        float between = 1.0f;
        for (size_t point = 0; point < n_sections + 5; point++) {
            float a1 = between, a2 = 0;
            if (point < n_sections) {
                a1 = sections[point].a1;
                a2 = sections[point].a2;
            } else {
                between -= 0.5f;
            }
            const int32_t log_gain = eml_biquad_log_gain(sections, i + 1, a1, a2);
            peak = log_gain > peak ? log_gain : peak;
        }
        // Half of the power's logarithm is the amplitude's. 20000 is that of 1.24: 1/1.24 counts
        // as 1.
        int32_t goal = EML_BIQUAD_EXTRA_BITS - 2 - ((peak + 20000) >> 16);
        // What exceeds int16 by more than the extra bits saturates in any case.
        goal = goal < EML_BIQUAD_LEAST && i == n_sections - 1 ? EML_BIQUAD_LEAST : goal;
        // No b may reach 4; without pieces no size may reach 8, which also sees to that.
        const int32_t room = 2 - EML_BIQUAD_PIECES - eml_biquad_exponent(&sections[i]);
        goal = goal < scaled + room ? goal : scaled + room;
#if !EML_BIQUAD_PIECES
        // Samples are exact however they come in: the smaller they are, the larger b and the more
        // exact it is.
        if (i == 0) {
            scaled = goal < room ? 0 : goal - room;
            shifts->in = scaled;
        }
#endif
        eml_biquad_i16_store(&sections[i], goal - scaled, &to[i]);
        scaled = goal;
    }
    shifts->out = scaled < EML_BIQUAD_LEAST ? -1 : scaled < 31 ? scaled : 31;
}

static inline int32_t eml_biquad_clip(int32_t value, int32_t limit) {
    return value >= limit ? limit - 1 : value < -limit ? -limit : value;
}

#if defined(__ARM_FEATURE_DSP)
#include "eml_biquad_i16_armv7em.h"
#elif EML_BIQUAD_THUMB1
#include "eml_biquad_i16_armv6m.h"
#else
// One section over n samples, 1 or more.
static EML_BIQUAD_FAST void eml_biquad_i16_section(const EmlBiquadI16 *section,
                                                   EmlBiquadI16State *state, int32_t *samples,
                                                   size_t n) {
    int32_t x1 = state->x1, x2 = state->x2, y1 = state->y1, y2 = state->y2;
    for (const int32_t *end = samples + n; samples < end; samples++) {
        const int32_t x = *samples;
#if EML_BIQUAD_PIECES
        const int32_t *low = section->low, *high = section->high;
        // Unsigned, for it may wrap where both y are at their limit.
        const uint32_t rest = low[3] * (uint32_t)(y1 >> 8) + low[4] * (uint32_t)(y2 >> 8);
        int32_t a = (int32_t)rest >> 11;
        a += high[3] * (y1 >> 8) + high[4] * (y2 >> 8);
        const int32_t b = (low[0] * (x >> 5) + low[1] * (x1 >> 5) + low[2] * (x2 >> 5)) >> 10;
        // Sums may wrap from here on: that does no harm, for what they add up to does not, unless
        // a value was cut off before.
        uint32_t sum = (uint32_t)b + high[1] * (uint32_t)x1 + high[2] * (uint32_t)x2;
        const uint32_t newest = high[0] * (uint32_t)x;
        sum += newest;
        // The last bit shifted out rounds it. Where none is, the CPU's carry is that of the sum.
        const int32_t shift = section->shift[0];
        const uint32_t carry = shift > 0 ? sum >> (shift - 1) & 1 : sum < newest;
        sum = (uint32_t)((int32_t)sum >> shift) + carry + (uint32_t)(a >> section->shift[1]);
        // Quarters are multiplied with all bits of y, so that what rounding cuts off comes back.
        sum += section->quarters[0] * (uint32_t)y1 + section->quarters[1] * (uint32_t)y2;
        y2 = y1;
        // 2 makes up for what is cut off here and of a.
        y1 = eml_biquad_clip((int32_t)(sum + 2), 1 << 30) >> 2;
        *samples = y1 >> 8;
#else
        const int32_t *coefficient = section->coefficient;
        int64_t sum = state->rest;
        sum += (int64_t)coefficient[0] * x + (int64_t)coefficient[1] * x1;
        sum += (int64_t)coefficient[2] * x2;
        sum += (int64_t)coefficient[3] * y1 + (int64_t)coefficient[4] * y2;
        state->rest = (uint32_t)sum;
        y2 = y1;
        y1 = eml_biquad_clip((int32_t)(sum >> 32) * 8, 1 << (15 + EML_BIQUAD_EXTRA_BITS));
        *samples = y1;
#endif
        x2 = x1;
        x1 = x;
    }
    state->x1 = x1;
    state->x2 = x2;
    state->y1 = y1;
    state->y2 = y2;
}

// Shifts and rounds a block's samples and puts them where they belong.
static EML_BIQUAD_FAST void eml_biquad_i16_out(char *end, int32_t offset, int32_t step,
                                               const int32_t *samples, int32_t shift) {
    const int32_t half = 1 << (shift - 1);
    do {
        int32_t y = (*samples++ + half) >> shift;
        if (y != (int16_t)y) {
            y = y >> 31 ^ 0x7fff;
        }
        *(int16_t *)(end + offset) = (int16_t)y;
        offset += step;
    } while (offset != 0);
}
#endif

#if !EML_BIQUAD_THUMB1
// Samples of one channel into a block, shifted left. end is where the channel goes on after them,
// and step from one to the next, in bytes; offset counts up to 0.
static EML_BIQUAD_FAST void eml_biquad_i16_in(const char *end, int32_t offset, int32_t step,
                                              int32_t *samples, int32_t shift) {
    do {
        *samples++ = *(const int16_t *)(end + offset) * (1 << shift);
        offset += step;
    } while (offset != 0);
}
#endif

/** Filters frames of one sample a channel; in may be out. */
static inline void eml_biquad_i16_run(const EmlBiquadI16 *sections, size_t n_sections,
                                      const EmlBiquadI16Shifts *shifts, EmlBiquadI16State *state,
                                      const int16_t *in, int16_t *out, size_t frames,
                                      size_t channels) {
    int32_t block[EML_BIQUAD_BLOCK];
    const int32_t step = (int32_t)(channels * sizeof(int16_t));
    for (size_t channel = 0; channel < channels; channel++, state += n_sections) {
        const char *from = (const char *)in++;
        char *to = (char *)out++;
        for (size_t left = frames; left > 0;) {
            const size_t n = left < EML_BIQUAD_BLOCK ? left : EML_BIQUAD_BLOCK;
            const int32_t bytes = (int32_t)n * step;
            left -= n;
            from += bytes;
            eml_biquad_i16_in(from, -bytes, step, block, shifts->in);
            for (size_t i = 0; i < n_sections; i++) {
                eml_biquad_i16_section(&sections[i], &state[i], block, n);
            }
            to += bytes;
            eml_biquad_i16_out(to, -bytes, step, block, shifts->out);
        }
    }
}

#endif // EML_BIQUAD_I16_H
