/** A second-order Butterworth high-pass for int16, which takes gravity or an offset away.

The arithmetic is one for all CPUs, so all give the same bits. It is a state-variable filter of two
trapezoidal integrators, whose coefficients do not crowd together where the cut-off is far below the
rate, as a biquad's do. With g = tan(pi cutoff / rate), and the states s1 (sqrt(2) times the
band-pass's) and s2 (the low-pass's):

    y = x - s2                      B = d (s1 + c y)        c = sqrt(2) g
    highpass = y - B - v            v = c B / 2             d = 1 / (1 + sqrt(2) g + g^2)
    s1 = 2 B - s1                   s2 = s2 + 2 v

That is scipy's butter(2, cutoff, "highpass", fs=rate), within 1 for cut-offs from 0.0005 to 0.2 of
the rate. A stream begins as if its first sample had always been there: the output begins at 0, and
gravity makes no step.

States have 14 fraction bits. No input wraps them: the sum of |impulse response| from x is largest
for s1 + c y, at most 3.2 (3.5 for a cut-off of 1/4 of the rate); 4 * 2^15 * 2^14 would be too much.
Products are rounded to the nearest, so a constant leaves no offset.

Cost of a sample: 17 instructions on a Cortex-M4F, 110 on a Cortex-M0.
*/
#ifndef EML_HIGHPASS_H
#define EML_HIGHPASS_H

#include <stdbool.h>
#include <stdint.h>

#include "eml_attributes.h"
#include "eml_integer.h"
#include "eml_multiply.h"

/** The states of one channel. */
typedef struct EmlHighpass {
    int32_t s1, s2;
} EmlHighpass;

/** c is in 1/2^29, d in 1/2^30; neither is below 0 or has more than 30 bits. They may lie among
halfwords. */
typedef struct EML_MAY_ALIAS EmlHighpassCoefficients {
    int32_t c, d;
} __attribute__((packed, aligned(2))) EmlHighpassCoefficients;

/** Whether coefficients are those of a filter as above, for a cut-off below 1/4 of the rate. */
static inline bool eml_highpass_is_stable(const EmlHighpassCoefficients *self) {
    const int32_t c = self->c, d = self->d;
    if (c < 1 || d < 1 || c >> 30 != 0 || d >> 30 != 0) {
        return false;
    }
    // d (1 + c + c^2 / 2) is 1, here in 1/2^26. c is below sqrt(2), then d is above 0.29.
    const int32_t sum = (1 << 28) + (c >> 1) + eml_multiply_high(c, 2 * c);
    const int32_t rest = eml_multiply_high(sum, d) - (1 << 26);
    return c < 759250125 && rest >= -2 && rest <= 2;
}

/** Begins a stream: its first sample settles the states. */
static inline void eml_highpass_reset(EmlHighpass *self) {
    self->s1 = 0;
    // No state comes here.
    self->s2 = INT32_MIN;
}

/** Filters n samples in place, n > 0. */
static EML_FAST void eml_highpass_run(const EmlHighpassCoefficients *coefficients,
                                      EmlHighpass *self, int16_t *x, uint32_t n) {
    const int32_t c = 2 * coefficients->c, d = 2 * coefficients->d;
    int32_t s1 = self->s1, s2 = self->s2;
    if (s2 == INT32_MIN) {
        s2 = *x * (1 << 14);
    }
    for (const int16_t *const end = x + n; x < end; x++) {
        const int32_t y = *x * (1 << 14) - s2;
        const int32_t half_b = eml_multiply_high(s1 + 4 * eml_multiply_high(y, c), d);
        const int32_t half_v = eml_multiply_high(2 * half_b, c);
        s1 = 4 * half_b - s1;
        s2 += 4 * half_v;
        *x = eml_saturate((y - 2 * half_b - 2 * half_v + (1 << 13)) >> 14);
    }
    self->s1 = s1;
    self->s2 = s2;
}

#endif // EML_HIGHPASS_H
