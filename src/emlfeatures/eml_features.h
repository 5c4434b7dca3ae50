/** Features of windows of samples: pushed as they come, or a window at a time.

Samples are int16 of 1 to 16 channels in turn. A front end (EmlFront, formats/front.md) says what is
done with them: a high-pass, vectors' magnitudes, differences, and which statistics, correlations
and bands of the spectrum become features. All arithmetic is of integers, so that all CPUs give the
same bits. A feature that is not asked for costs nothing, but for the mean, which others need.

    const char *error = eml_front_check(front, words);  // NULL if it can be used
    EmlFeatures features;
    size_t bytes = eml_features_begin(&features, front, NULL);
    eml_features_begin(&features, front, memory);       // of so many bytes
    if (eml_features_push(&features, chunk, n, row)) { ... }    // a window is complete

All memory belongs to the caller; a row has eml_front_features int16.

Cost: the samples that are pushed are stored by channel, and a magnitude takes its root once a
sample, however much windows overlap; a complete window costs what eml_statistics.h and
eml_spectrum.h say, and a copy of what the next window begins with.
*/
#ifndef EML_FEATURES_H
#define EML_FEATURES_H

#include "eml_front_format.h"
#include "eml_highpass.h"
#include "eml_spectrum.h"
#include "eml_statistics.h"

typedef struct EmlFeatures {
    const EmlFront *front;
    uint32_t fill;      // samples of the next window that are there
    uint32_t stride;    // from one channel's samples to the next one's
    uint32_t n_vectors; // magnitudes
    uint32_t wanted;    // statistics, a bit each
    int16_t *samples;   // of each channel, of each magnitude
    int16_t *channel;   // one that was derived from those
    int16_t *work;
    EmlHighpass *filters;
    EmlSpectrum spectrum;
} EmlFeatures;

// ------------------------------------------------------------------------------------- front end

static const uint16_t *eml_front_stats_of(const EmlFront *front) {
    return front->lists + front->n_stats;
}
static const uint16_t *eml_front_pairs(const EmlFront *front) {
    return eml_front_stats_of(front) + front->n_stats_of;
}
static const uint16_t *eml_front_spectrum_of(const EmlFront *front) {
    return eml_front_pairs(front) + 2 * front->n_pairs;
}
static const uint16_t *eml_front_edges(const EmlFront *front) {
    return eml_front_spectrum_of(front) + front->n_spectrum_of;
}
// Behind all lists.
static EML_COLD EML_NOINLINE const EmlHighpassCoefficients *
eml_front_coefficients(const EmlFront *front) {
    return (const void *)(eml_front_edges(front) + front->n_edges);
}

// How many magnitudes there are; channels must be a multiple of those of a vector.
static EML_COLD EML_NOINLINE uint32_t eml_front_vectors(const EmlFront *front) {
    uint32_t n = 0;
    for (uint32_t left = front->channels; front->magnitude != 0 && left >= front->magnitude;
         left -= front->magnitude) {
        n++;
    }
    return n;
}

/** All channels: those of the samples, magnitudes, differences. */
static uint32_t eml_front_channels(const EmlFront *front) {
    const uint32_t n = front->channels + eml_front_vectors(front);
    return front->flags & EML_FRONT_DIFFERENCE ? 2 * n : n;
}

static uint32_t eml_front_bands(const EmlFront *front) {
    return front->n_edges == 0 ? 0 : front->n_edges - 1u;
}

static uint32_t eml_front_spectrum_features(const EmlFront *front) {
    return eml_front_bands(front) + (front->flags / EML_FRONT_PEAK & 1) +
           (front->flags / EML_FRONT_CENTROID & 1);
}

/** The features of a row. */
static EML_COLD EML_NOINLINE uint32_t eml_front_features(const EmlFront *front) {
    return front->n_stats * front->n_stats_of + front->n_pairs +
           front->n_spectrum_of * eml_front_spectrum_features(front);
}

// What is behind n numbers, if these are below a limit, and each above the one before if they must
// rise; else NULL, and NULL for NULL.
static EML_COLD EML_NOINLINE const uint16_t *eml_front_pass(const uint16_t *numbers, uint32_t n,
                                                            uint32_t limit, bool rise) {
    uint32_t least = 0;
    for (; numbers != NULL && n != 0; n--) {
        const uint32_t number = *numbers++;
        if (number < least || number >= limit) {
            return NULL;
        }
        least = rise ? number + 1 : 0;
    }
    return numbers;
}

/** What is required of a front end of so many words and not given, or NULL. */
static EML_COLD const char *eml_front_check(const EmlFront *front, size_t words) {
    if (words < sizeof(EmlFront) / sizeof(uint16_t) || front->version != EML_FRONT_VERSION) {
        return "front end must be of version 1";
    }
    if (front->window - 2u > EML_FRONT_MAX_WINDOW - 2) {
        return "window must be 2 to " EML_FRONT_MAX_WINDOW_TEXT;
    }
    if (front->hop - 1u >= front->window) {
        return "hop must be 1 to window";
    }
    if (front->channels - 1u >= EML_FRONT_MAX_CHANNELS) {
        return "channels must be 1 to " EML_FRONT_MAX_CHANNELS_TEXT;
    }
    const char *const damaged = "front end is damaged";
    const EmlHighpassCoefficients *const coefficients = eml_front_coefficients(front);
    const bool highpass = (front->flags & EML_FRONT_HIGHPASS) != 0;
    const size_t needed = (size_t)((const char *)(coefficients + highpass) - (const char *)front);
    const uint32_t n = eml_front_channels(front), fft = front->fft;
    const uint32_t vectors = front->magnitude == 0 ? 0 : front->channels;
    if (needed != words * sizeof(uint16_t) ||
        eml_front_vectors(front) * front->magnitude != vectors) {
        return damaged;
    }
    // No product of these wraps.
    if (front->n_stats > EML_FRONT_MAX_FEATURES || front->n_edges > EML_FRONT_MAX_FEATURES ||
        eml_front_features(front) - 1 >= EML_FRONT_MAX_FEATURES) {
        return "features must be 1 to " EML_FRONT_MAX_FEATURES_TEXT;
    }
    const uint16_t *at =
        eml_front_pass(front->lists, front->n_stats, EML_FRONT_N_STATISTICS, false);
    at = eml_front_pass(at, front->n_stats_of, n, true);
    at = eml_front_pass(at, 2u * front->n_pairs, n, false);
    at = eml_front_pass(at, front->n_spectrum_of, n, true);
    at = eml_front_pass(at, front->n_edges, fft / 2 + 2, true);
    if (at == NULL || front->n_edges == 1 ||
        (front->n_spectrum_of != 0 &&
         (fft < EML_FRONT_MIN_FFT || fft > front->window || (fft & (fft - 1)) != 0)) ||
        (highpass && !eml_highpass_is_stable(coefficients))) {
        return damaged;
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------- memory

/** Starts the stream anew: the next sample is the first. */
static void eml_features_reset(EmlFeatures *self) {
    self->fill = 0;
    const EmlFront *const front = self->front;
    for (uint32_t c = 0; front->flags & EML_FRONT_HIGHPASS && c < front->channels; c++) {
        eml_highpass_reset(&self->filters[c]);
    }
}

/** Prepares for a front end that was checked, which stays the caller's and must not change. Returns
how many bytes of memory it wants, in whole words; all that it does with NULL is to say that. */
static EML_COLD size_t eml_features_begin(EmlFeatures *self, const EmlFront *front, void *memory) {
    uintptr_t at = (uintptr_t)memory;
    self->front = front;
    self->stride = (front->window + 1u) & ~1u;
    self->n_vectors = eml_front_vectors(front);
    self->wanted = 0;
    for (uint32_t i = 0; i < front->n_stats; i++) {
        self->wanted |= 1u << front->lists[i];
    }
    self->filters = (EmlHighpass *)at;
    if (front->flags & EML_FRONT_HIGHPASS) {
        at += front->channels * sizeof(EmlHighpass);
    }
    const uint32_t channel_bytes = self->stride * sizeof(int16_t);
    self->samples = (int16_t *)at;
    at += (front->channels + self->n_vectors) * channel_bytes;
    self->channel = (int16_t *)at;
    at += channel_bytes;
    // The squares of a window and behind them the second channel of a pair; or a spectrum, or the
    // bins of quantiles.
    self->work = (int16_t *)at;
    at += channel_bytes * (front->magnitude == 0 ? 1 : front->n_pairs == 0 ? 2 : 3) + 256;
    uint32_t log2_fft = 0;
    const bool taper = (front->flags & EML_FRONT_TAPER) != 0;
    if (front->n_spectrum_of != 0) {
        while (front->fft >> log2_fft != 1) {
            log2_fft++;
        }
    }
    if (memory != NULL) {
        eml_features_reset(self);
        if (log2_fft != 0) {
            eml_spectrum_begin(&self->spectrum, log2_fft, taper, (void *)at);
        }
    }
    return at + (log2_fft == 0 ? 0 : eml_spectrum_bytes(log2_fft, taper)) - (uintptr_t)memory;
}

// ---------------------------------------------------------------------------------------- stream

// Adds the squares of n samples to sums, or with keep 0 puts them there. What exceeds 2^31, whose
// root is limited to int16 in any case, stays there.
EML_FAST static void eml_features_add_squares(uint32_t *sums, const int16_t *x, uint32_t n,
                                              uint32_t keep) {
    for (const int16_t *const end = x + n; x != end; sums++) {
        const int32_t sample = *x++;
        const uint32_t sum = (*sums & keep) + (uint32_t)(sample * sample);
        *sums = sum > 0x80000000u ? 0x80000000u : sum;
    }
}

// The same of three channels, a stride apart, put there: vectors are mostly of three.
EML_FAST static void eml_features_sum_squares(uint32_t *sums, const int16_t *x, uint32_t stride,
                                              uint32_t n) {
    const int16_t *y = x + stride, *z = y + stride;
    for (const int16_t *const end = x + n; x != end;) {
        const int32_t a = *x++, b = *y++, c = *z++;
        *sums++ = (uint32_t)(a * a) + (uint32_t)(b * b) + (uint32_t)(c * c);
    }
}

EML_FAST static void eml_features_roots(const uint32_t *sums, int16_t *out, uint32_t n) {
    for (const uint32_t *const end = sums + n; sums != end;) {
        const uint32_t root = eml_sqrt_u32(*sums++);
        *out++ = (int16_t)(root > 32767 ? 32767 : root);
    }
}

// One of several channels that come in turn.
EML_FAST static void eml_features_separate(const int16_t *from, uint32_t channels, int16_t *out,
                                           uint32_t n) {
    for (const int16_t *const end = out + n; out != end; from += channels) {
        *out++ = *from;
    }
}

// x[i] - level, limited to int16; or x[i] - x[i - 1], and 0 for the first. Also in place.
EML_NOINLINE static void eml_features_subtract(const int16_t *x, int32_t level, bool is_difference,
                                               int16_t *out, uint32_t n) {
    if (is_difference) {
        level = *x;
    }
    for (const int16_t *const end = x + n; x != end;) {
        const int32_t sample = *x++;
        *out++ = eml_saturate(sample - level);
        if (is_difference) {
            level = sample;
        }
    }
}

// x without its mean.
static EML_NOINLINE void eml_features_center(const int16_t *x, int16_t *out, uint32_t n) {
    eml_features_subtract(x, eml_mean(eml_stats_sum(x, n), n), false, out, n);
}

// The magnitudes of vectors that begin with x: of the samples, or of those without their mean.
static EML_NOINLINE void eml_features_vector(EmlFeatures *self, const int16_t *x, int16_t *out,
                                             uint32_t n) {
    uint32_t *const sums = (uint32_t *)(void *)self->work;
    const uint32_t stride = self->stride, channels = self->front->magnitude;
    const bool is_centered = (self->front->flags & EML_FRONT_GRAVITY_MEAN) != 0;
    if (channels == 3 && !is_centered) {
        eml_features_sum_squares(sums, x, stride, n);
    } else {
        for (uint32_t k = 0; k < channels; k++, x += stride) {
            const int16_t *from = x;
            if (is_centered) {
                eml_features_center(x, out, n);
                from = out;
            }
            eml_features_add_squares(sums, from, n, k == 0 ? 0 : ~0u);
        }
    }
    eml_features_roots(sums, out, n);
}

// Takes n samples, for which the window has room.
static EML_NOINLINE void eml_features_take(EmlFeatures *self, const int16_t *chunk, uint32_t n) {
    const EmlFront *const front = self->front;
    const uint32_t channels = front->channels;
    int16_t *out = self->samples + self->fill;
    const int16_t *x = out;
    self->fill += n;
    for (uint32_t c = 0; c < channels; c++, out += self->stride) {
        eml_features_separate(chunk + c, channels, out, n);
        if (front->flags & EML_FRONT_HIGHPASS && n != 0) {
            eml_highpass_run(eml_front_coefficients(front), &self->filters[c], out, n);
        }
    }
    // Those of samples without the mean have to wait for it.
    if (!(front->flags & EML_FRONT_GRAVITY_MEAN)) {
        for (uint32_t v = 0; v < self->n_vectors; v++, out += self->stride) {
            eml_features_vector(self, x, out, n);
            x += front->magnitude * self->stride;
        }
    }
}

// ---------------------------------------------------------------------------------------- window

// The samples of a channel: where they are stored, or computed into out. The squares of a vector
// overwrite work.
static EML_NOINLINE const int16_t *eml_features_channel(EmlFeatures *self, uint32_t c,
                                                        int16_t *out) {
    const EmlFront *const front = self->front;
    const uint32_t n = front->window, channels = front->channels;
    const uint32_t stored = channels + self->n_vectors;
    const bool is_difference = c >= stored;
    if (is_difference) {
        c -= stored;
    }
    const bool is_vector = c >= channels;
    const bool is_centered = (front->flags & EML_FRONT_GRAVITY_MEAN) != 0;
    if (is_vector && is_centered) {
        c = (c - channels) * front->magnitude;
    }
    const int16_t *x = self->samples + c * self->stride;
    if (is_centered) {
        if (is_vector) {
            eml_features_vector(self, x, out, n);
        } else {
            eml_features_center(x, out, n);
        }
        x = out;
    }
    if (is_difference) {
        eml_features_subtract(x, 0, true, out, n);
        x = out;
    }
    return x;
}

// The features of a window that is complete, in the order of their lists.
static EML_NOINLINE void eml_features_row(EmlFeatures *self, int16_t *row) {
    const EmlFront *const front = self->front;
    const uint32_t n = front->window;
    const uint16_t *of = eml_front_stats_of(front);
    for (uint32_t left = front->n_stats_of; left != 0; left--) {
        int16_t values[EML_FRONT_N_STATISTICS];
        eml_statistics(eml_features_channel(self, *of++, self->channel), n, self->wanted,
                       self->work, values);
        for (uint32_t i = 0; i < front->n_stats; i++) {
            *row++ = values[front->lists[i]];
        }
    }
    // What is computed for the second channel lies in work, behind the squares.
    int16_t *const other = self->work + (front->magnitude == 0 ? 0 : 2 * self->stride);
    for (uint32_t left = front->n_pairs; left != 0; left--) {
        const int16_t *const x = eml_features_channel(self, *of++, self->channel);
        *row++ = eml_correlation(x, eml_features_channel(self, *of++, other), n);
    }
    const uint32_t wanted =
        EML_SPECTRUM_BANDS | (front->flags / (EML_FRONT_PEAK / EML_SPECTRUM_PEAK) &
                              (EML_SPECTRUM_PEAK | EML_SPECTRUM_CENTROID));
    for (uint32_t left = front->n_spectrum_of; left != 0; left--) {
        const int16_t *const x = eml_features_channel(self, *of++, self->channel);
        row += eml_spectrum(&self->spectrum, x + n - front->fft, of + left - 1,
                            eml_front_bands(front), wanted, self->work, row);
    }
}

// Moves what the next window begins with to the front: two samples at a time where they are
// aligned. A stride is even.
EML_FAST static void eml_features_move(int16_t *samples, uint32_t by, uint32_t n) {
    if (by % 2 != 0) {
        for (const int16_t *const end = samples + n; samples != end; samples++) {
            *samples = samples[by];
        }
        return;
    }
    EmlStatsPair *pair = (void *)samples;
    for (const EmlStatsPair *const end = pair + (n + 1) / 2; pair != end; pair++) {
        *pair = pair[by / 2];
    }
}

/** Takes n samples, at most a hop; n items of each channel, in turn. True if that completes a
window, whose features are then in row. */
static EML_UNUSED EML_NOINLINE bool eml_features_push(EmlFeatures *self, const int16_t *chunk,
                                                      uint32_t n, int16_t *row) {
    const EmlFront *const front = self->front;
    const uint32_t room = front->window - self->fill;
    eml_features_take(self, chunk, n < room ? n : room);
    if (n < room) {
        return false;
    }
    eml_features_row(self, row);
    const uint32_t kept = front->window - front->hop;
    int16_t *samples = self->samples;
    for (uint32_t c = front->channels + self->n_vectors; c != 0; c--, samples += self->stride) {
        eml_features_move(samples, front->hop, kept);
    }
    self->fill = kept;
    eml_features_take(self, chunk + room * front->channels, n - room);
    return true;
}

/** The features of one window by itself. The stream is started anew, before and after. */
static EML_UNUSED void eml_features_transform(EmlFeatures *self, const int16_t *window,
                                              int16_t *row) {
    eml_features_reset(self);
    eml_features_push(self, window, self->front->window, row);
    eml_features_reset(self);
}

#endif // EML_FEATURES_H
