/** Cascades of second-order filter sections (biquads) on int16 samples, without float in the loop.

Direct form I. Between the sections a sample has more bits than int16, and each section carries
what rounding cuts off over to its next sample, so that errors do not pile up where poles are near
the unit circle. Coefficients have 24 bits or more. The overall gain is spread over the sections:
each is scaled by a power of two such that the response up to there peaks between 1/4 and 1/2, and
the last shift makes up for it. That leaves room for what transients add to the peak; beyond, and
where the result does not fit int16, values saturate.

Samples of several channels are interleaved, and every channel has states of its own:
state[channel * n_sections + i]. All memory belongs to the caller.

Cost: about 18 instructions for a sample and section on a Cortex-M4, 93 on a Cortex-M0, in a filter
of two sections.
*/
#ifndef EML_BIQUAD_I16_H
#define EML_BIQUAD_I16_H

#include "eml_biquad_f32.h"

#if defined(__ARM_FEATURE_SAT)
#include <arm_acle.h>
#endif

#if defined(__arm__) && !defined(__clang__)
// For the loops that the time goes into, whatever the rest of the program is optimised for.
#define EML_BIQUAD_FAST __attribute__((optimize("O2"), noinline))
#else
#define EML_BIQUAD_FAST
#endif

#if defined(__ARM_ARCH_6M__)
// 64-bit products are slow here: coefficients come in two pieces whose products fit 32 bits.
#define EML_BIQUAD_PIECES 1
#define EML_BIQUAD_EXTRA_BITS 4
#define EML_BIQUAD_LEAST 1 // of them, in the last section's output
#else
#define EML_BIQUAD_PIECES 0
// Of these the lowest three are 0: coefficients are numbers of 2^-29, which leaves room for all
// below 4, and so the upper word of a 64-bit sum is the next sample as it is.
#define EML_BIQUAD_EXTRA_BITS 11
#define EML_BIQUAD_LEAST 2
#define EML_BIQUAD_FRACTION 29
#endif

// Samples that pass through one section before they pass through the next.
#define EML_BIQUAD_BLOCK 96

/** A section: b0, b1, b2, a1, a2; a with the other sign than scipy's. */
typedef struct EmlBiquadI16 {
#if EML_BIQUAD_PIECES
    int32_t high[5]; // of 2^-11
    int32_t low[5];  // of 2^-24
    int32_t echo[2]; // a1 and a2 of 2^-4, for what rounding cut off
    int32_t b_shift; // b is stored larger by this power of two
#else
    int32_t coefficient[5];
#endif
} EmlBiquadI16;

typedef struct EmlBiquadI16State {
    int32_t x1, x2, y1, y2;
    uint32_t rest; // cut off in the last rounding
#if EML_BIQUAD_PIECES
    uint32_t rest2; // and in the one before
#endif
} EmlBiquadI16State;

/** value * 2^fraction as an integer, rounded; the nearest that fits if it does not fit. */
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

// Subtracting with this takes the addition that is there anyway.
static float eml_biquad_negative(float value) {
    EmlBiquadBits both = {value};
    both.bits ^= 0x80000000;
    return both.value;
}

// 2^15 log2 of a positive float, within 9 % of a power of two.
static int32_t eml_biquad_log2(float value) {
    const EmlBiquadBits both = {value};
    return (int32_t)(both.bits >> 8) - (127 << 15);
}

// The exponent of the largest b: 2^exponent <= |b| < 2^(exponent + 1), as far as 2^-100 goes.
static int32_t eml_biquad_exponent(const EmlBiquadF32 *section) {
    const float *b = &section->b0;
    int32_t largest = -100;
    for (size_t i = 0; i < 3; i++) {
        const EmlBiquadBits both = {b[i]};
        const int32_t exponent = (int32_t)(both.bits >> 23 & 0xff) - 127;
        largest = exponent > largest ? exponent : largest;
    }
    return largest;
}

// 2^15 log2 of v^2 |c0 + c1/z + c2/z^2|^2 at the frequency w with sin^2(w/2) = u / v. Exact even
// where c is nearly 1, -2, 1 and w nearly 0. minus_u is -2 u, and odd_scale is 4 u (v - u).
static int32_t eml_biquad_log_power(float c0, float c1, float c2, float minus_u, float v,
                                    float odd_scale) {
    const float even = (c0 + c1 + c2) * v + minus_u * (c0 + c2);
    const float odd = c0 + eml_biquad_negative(c2);
    return eml_biquad_log2(even * even + odd_scale * (odd * odd));
}

// The gain of the first n sections at the frequency of a section's poles; at DC and at Nyquist if
// there is no section but 0 or 1 instead. 2^15 log2 of the power.
static int32_t eml_biquad_log_gain(const EmlBiquadF32 *sections, size_t n, float a1, float a2) {
    const float u = 1.0f + eml_biquad_negative(a1 + a2);
    const float v = 2.0f + eml_biquad_negative(a2 + a2);
    const float minus_u = eml_biquad_negative(u + u);
    const float odd_scale = 4.0f * u * (v + eml_biquad_negative(u));
    int32_t log_gain = 0;
    for (const EmlBiquadF32 *s = sections; s < sections + n; s++) {
        // b may be so small that its square is 0.
        const int32_t exponent = eml_biquad_exponent(s);
        const EmlBiquadBits up = {.bits = (uint32_t)(127 - exponent) << 23};
        log_gain += exponent * (1 << 16) +
                    eml_biquad_log_power(s->b0 * up.value, s->b1 * up.value, s->b2 * up.value,
                                         minus_u, v, odd_scale) -
                    eml_biquad_log_power(1.0f, eml_biquad_negative(s->a1),
                                         eml_biquad_negative(s->a2), minus_u, v, odd_scale);
    }
    return log_gain;
}

// Stores a section whose b is multiplied by 2^scale.
static void eml_biquad_i16_store(const EmlBiquadF32 *from, int32_t scale, EmlBiquadI16 *to) {
    const float *value = &from->b0;
#if EML_BIQUAD_PIECES
    // Where all of b are small, they are stored larger, the largest between 1/4 and 1/2.
    const int32_t room = -2 - eml_biquad_exponent(from) - scale;
    to->b_shift = room < 0 ? 0 : room < 31 ? room : 31;
    for (size_t i = 0; i < 5; i++) {
        const int32_t fine = eml_biquad_fixed(value[i], 24 + (i < 3 ? scale + to->b_shift : 0));
        to->high[i] = (fine + (1 << 12)) >> 13;
        to->low[i] = fine - to->high[i] * (1 << 13);
    }
    to->echo[0] = eml_biquad_fixed(from->a1, 4);
    to->echo[1] = eml_biquad_fixed(from->a2, 4);
#else
    for (size_t i = 0; i < 5; i++) {
        to->coefficient[i] = eml_biquad_fixed(value[i], EML_BIQUAD_FRACTION + (i < 3 ? scale : 0));
    }
#endif
}

/** Turns the sections into integers; returns the shift that eml_biquad_i16_run wants.

The shift is below 0 if the gain is too high, which no gain below 8 is. */
static inline int32_t eml_biquad_i16_convert(const EmlBiquadF32 *sections, size_t n_sections,
                                             EmlBiquadI16 *to) {
    int32_t scaled = EML_BIQUAD_EXTRA_BITS; // so far, in powers of two
    for (size_t i = 0; i < n_sections; i++) {
        // The response of a cascade peaks near one of its poles, or at an end. Poles at 1 and -1
        // stand for the ends.
        int32_t peak = eml_biquad_log_gain(sections, i + 1, 1, 0);
        for (size_t point = 0; point <= n_sections; point++) {
            const int last = point == n_sections;
            const int32_t log_gain = eml_biquad_log_gain(
                sections, i + 1, last ? -1 : sections[point].a1, last ? 0 : sections[point].a2);
            peak = log_gain > peak ? log_gain : peak;
        }
        // Half of the power's logarithm is the amplitude's.
        int32_t goal = EML_BIQUAD_EXTRA_BITS - 2 - (peak >> 16);
        // What exceeds int16 by more than the extra bits saturates in any case.
        goal = goal < EML_BIQUAD_LEAST && i == n_sections - 1 ? EML_BIQUAD_LEAST : goal;
        // No b may reach 4.
        const int32_t most = scaled + 1 - eml_biquad_exponent(&sections[i]);
        goal = goal < most ? goal : most;
        eml_biquad_i16_store(&sections[i], goal - scaled, &to[i]);
        scaled = goal;
    }
    return scaled < EML_BIQUAD_LEAST ? -1 : scaled < 31 ? scaled - 1 : 30;
}

static inline int32_t eml_biquad_clip(int32_t value, int32_t limit) {
    return value >= limit ? limit - 1 : value < -limit ? -limit : value;
}

#if !defined(__ARM_FEATURE_DSP)
// A sample from a sum, within the bits that samples have.
static inline int32_t eml_biquad_limit(int32_t sum) {
#if EML_BIQUAD_PIECES
    return eml_biquad_clip(sum, 1 << (15 + EML_BIQUAD_EXTRA_BITS));
#else
    return eml_biquad_clip(sum, 1 << (12 + EML_BIQUAD_EXTRA_BITS)) * 8;
#endif
}
#endif

#if defined(__ARM_FEATURE_DSP)
// One section over n samples, 1 or more. Its states change places with each sample; compilers move
// them instead, and the 64-bit sum with them, which doubles the cost.
static EML_BIQUAD_FAST void eml_biquad_i16_section(const EmlBiquadI16 *section,
                                                   EmlBiquadI16State *state, int32_t *samples,
                                                   size_t n) {
    // b0, b1, b2, a1, a2 are r4 to r8; x1, x2, y1, y2, rest are r9 to r12 and lr.
#define EML_BIQUAD_STEP(x1, x2, y1, y2) \
    "movs %[high], #0\n" \
    "smlal lr, %[high], r6, " x2 "\n" \
    "ldr " x2 ", [%[sample]]\n" \
    "smlal lr, %[high], r8, " y2 "\n" \
    "smlal lr, %[high], r4, " x2 "\n" \
    "smlal lr, %[high], r5, " x1 "\n" \
    "smlal lr, %[high], r7, " y1 "\n" \
    "ssat " y2 ", %[bits], %[high], lsl #3\n" \
    "str " y2 ", [%[sample]], #4\n"
    __asm volatile("ldm %[section], {r4-r8}\n"
                   "ldm %[state], {r9-r12, lr}\n"
                   "add %[section], %[sample], %[high], lsl #2\n" // the end
                   "lsls %[high], %[high], #31\n"
                   "beq 1f\n"
                   // Start with the second half of the loop.
                   "mov %[high], r9\n"
                   "mov r9, r10\n"
                   "mov r10, %[high]\n"
                   "mov %[high], r11\n"
                   "mov r11, r12\n"
                   "mov r12, %[high]\n"
                   "b 2f\n"
                   "1:\n" EML_BIQUAD_STEP("r9", "r10", "r11", "r12") "2:\n" EML_BIQUAD_STEP(
                       "r10", "r9", "r12", "r11") "cmp %[sample], %[section]\n"
                                                  "bne 1b\n"
                                                  "stm %[state], {r9-r12, lr}\n"
                   : [section] "+r"(section), [sample] "+r"(samples), [high] "+r"(n)
                   : [state] "r"(state), [bits] "I"(16 + EML_BIQUAD_EXTRA_BITS)
                   : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "memory", "cc");
#undef EML_BIQUAD_STEP
}
#else
// One section over n samples, 1 or more.
static EML_BIQUAD_FAST void eml_biquad_i16_section(const EmlBiquadI16 *section,
                                                   EmlBiquadI16State *state, int32_t *samples,
                                                   size_t n) {
    int32_t x1 = state->x1, x2 = state->x2, y1 = state->y1, y2 = state->y2;
    for (const int32_t *end = samples + n; samples < end; samples++) {
        const int32_t x = *samples;
#if EML_BIQUAD_PIECES
        // Sums of high pieces may wrap: that does no harm, for what they add up to does not.
        uint32_t b = section->high[0] * (uint32_t)x + section->high[1] * (uint32_t)x1 +
                     section->high[2] * (uint32_t)x2;
        b += (section->low[0] * x >> 13) + (section->low[1] * x1 >> 13) +
             (section->low[2] * x2 >> 13);
        uint32_t sum = section->high[3] * (uint32_t)y1 + section->high[4] * (uint32_t)y2;
        sum += (section->low[3] * y1 >> 13) + (section->low[4] * y2 >> 13);
        sum += (uint32_t)((int32_t)b >> section->b_shift);
        sum += (int32_t)(section->echo[0] * state->rest + section->echo[1] * state->rest2) >> 4;
        state->rest2 = state->rest;
        state->rest = sum & 0x7ff;
        const int32_t high = (int32_t)sum >> 11;
#else
        const int32_t *coefficient = section->coefficient;
        int64_t sum = state->rest;
        sum += (int64_t)coefficient[0] * x + (int64_t)coefficient[1] * x1;
        sum += (int64_t)coefficient[2] * x2;
        sum += (int64_t)coefficient[3] * y1 + (int64_t)coefficient[4] * y2;
        state->rest = (uint32_t)sum;
        const int32_t high = (int32_t)(sum >> 32);
#endif
        x2 = x1;
        x1 = x;
        y2 = y1;
        y1 = eml_biquad_limit(high);
        *samples = y1;
    }
    state->x1 = x1;
    state->x2 = x2;
    state->y1 = y1;
    state->y2 = y2;
}
#endif

// Samples of one channel into a block. end is where the channel goes on after them; step is from
// one sample to the next, both in bytes: so counting up to 0 is what moves on, too.
static EML_BIQUAD_FAST void eml_biquad_i16_in(const char *end, int32_t offset, int32_t step,
                                              int32_t *samples) {
    do {
        *samples++ = *(const int16_t *)(end + offset) * (1 << EML_BIQUAD_EXTRA_BITS);
        offset += step;
    } while (offset != 0);
}

// Rounds a block's samples and puts them where they belong. shift leaves one bit to round away.
static EML_BIQUAD_FAST void eml_biquad_i16_out(char *end, int32_t offset, int32_t step,
                                               const int32_t *samples, int32_t shift) {
#if defined(__ARM_FEATURE_DSP)
    const int32_t scale = 1 << (31 - shift);
#endif
    do {
#if defined(__ARM_FEATURE_DSP)
        int32_t y;
        __asm("smmulr %0, %1, %2" : "=r"(y) : "r"(*samples++), "r"(scale));
        y = __ssat(y, 16);
#else
        int32_t y = ((*samples++ >> shift) + 1) >> 1;
        if (y != (int16_t)y) {
            y = y >> 31 ^ 0x7fff;
        }
#endif
        *(int16_t *)(end + offset) = (int16_t)y;
        offset += step;
    } while (offset != 0);
}

/** Filters frames of one sample a channel; in may be out.

shift is what eml_biquad_i16_convert returned. */
static inline void eml_biquad_i16_run(const EmlBiquadI16 *sections, size_t n_sections,
                                      int32_t shift, EmlBiquadI16State *state, const int16_t *in,
                                      int16_t *out, size_t frames, size_t channels) {
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
            eml_biquad_i16_in(from, -bytes, step, block);
            for (size_t i = 0; i < n_sections; i++) {
                eml_biquad_i16_section(&sections[i], &state[i], block, n);
            }
            to += bytes;
            eml_biquad_i16_out(to, -bytes, step, block, shift);
        }
    }
}

#endif // EML_BIQUAD_I16_H
