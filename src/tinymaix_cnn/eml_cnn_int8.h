/** Runs an int8 model with the arithmetic of LiteRT's reference kernels, in integers only.

A sum is requantised by a multiplier and a shift that eml_cnn_prepare derives from the scales for
each channel. All results are LiteRT's bit for bit but softmax, which rounds exponentials of 32 bits
where LiteRT rounds floats: the same but for a rare difference of 1.
*/
#ifndef EML_CNN_INT8_H
#define EML_CNN_INT8_H

#include "eml_cnn.h"
#include "eml_cnn_dot.h"
#include "eml_cnn_factors.h"

#if defined(__ARM_FEATURE_DSP)
#include "eml_cnn_int8_armv7em.h"
#else
// The rounded upper half of twice a product: (value * multiplier + 2^30) >> 31.
// |value| < 2^30, 0 <= multiplier.
static inline int32_t eml_cnn_high(int32_t value, int32_t multiplier) {
#if defined(__ARM_ARCH_6M__)
    // From four products of 16 bits each. Below 2^16 nothing can change the result, and 2^30 keeps
    // the middle sum positive until its lower half is off.
    const int32_t value_high = value >> 16;
    const uint32_t value_low = value & 0xffff;
    const int32_t multiplier_high = multiplier >> 16;
    const uint32_t multiplier_low = multiplier & 0xffff;
    uint32_t middle = value_low * multiplier_low >> 16;
    middle += value_low * (uint32_t)multiplier_high;
    middle += (uint32_t)value_high * multiplier_low;
    middle += (1u << 30) + (1u << 14);
    return 2 * value_high * multiplier_high + (int32_t)(middle >> 15) - (1 << 15);
#else
    return (int32_t)(((int64_t)value * multiplier + (1 << 30)) >> 31);
#endif
}
#endif

// value * multiplier / 2^31 * 2^shift, each step rounded as LiteRT does. The checks at load keep
// |value| * 2^shift below 2^30.
static EML_COLD int32_t eml_cnn_scale(int32_t value, int32_t multiplier, int32_t shift) {
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t high = eml_cnn_high((int32_t)((uint32_t)value << left), multiplier);
    // To nearest, ties away from 0: a negative number takes 1 off, unless nothing is shifted out.
    const int32_t away = (high & -right) >> 31;
    return (high + away + (int32_t)(1u << right >> 1)) >> right;
}

// What the outputs of a layer have in common.
typedef struct EmlCnnRange {
    int32_t zero;
    int32_t low;
    int32_t high;
} EmlCnnRange;

static inline int8_t eml_cnn_limit(const EmlCnnRange *range, int32_t value) {
    return (int8_t)eml_cnn_clamp(value, range->low, range->high);
}

// Whether a shift is one of the usual ones, for which there is a short way.
static inline bool eml_cnn_is_usual(int32_t shift) {
#ifdef EML_CNN_SMALL
    (void)shift;
    return false;
#else
    return shift < 0 && shift > -23;
#endif
}

// What the short way adds before it shifts to the right: half a step, and the zero point.
static inline int32_t eml_cnn_offset(const EmlCnnRange *range, int32_t shift) {
    return (1 << (-shift - 1)) + range->zero * (1 << -shift);
}

static inline int32_t eml_cnn_scale_usual(int32_t value, int32_t multiplier, int32_t shift,
                                          int32_t offset) {
    const int32_t high = eml_cnn_high(value, multiplier);
    return (high + (high >> 31) + offset) >> -shift;
}

// Makes the output of a sum.
static inline int8_t eml_cnn_finish(const EmlCnnRange *range, int32_t sum, int32_t multiplier,
                                    int32_t shift) {
    if (eml_cnn_is_usual(shift)) {
        sum = eml_cnn_scale_usual(sum, multiplier, shift, eml_cnn_offset(range, shift));
    } else {
        sum = eml_cnn_scale(sum, multiplier, shift) + range->zero;
    }
    return eml_cnn_limit(range, sum);
}

static void eml_cnn_range(const EmlCnnLayer *layer, uint32_t activation, EmlCnnRange *range) {
    const uint32_t scale = layer->out_scale;
    const int32_t zero = layer->out_zero;
    range->zero = zero;
    range->low = -128;
    range->high = 127;
    if (activation == EML_CNN_RELU || activation == EML_CNN_RELU_6) {
        range->low = zero;
    }
    if (activation == EML_CNN_RELU_6) {
        range->high = eml_cnn_quantise(EML_CNN_BITS_OF_6, scale, zero);
    }
    if (activation == EML_CNN_RELU_1) {
        range->low = eml_cnn_quantise(EML_CNN_BITS_OF_1 | EML_CNN_SIGN, scale, zero);
        range->high = eml_cnn_quantise(EML_CNN_BITS_OF_1, scale, zero);
    }
}

// Widens the window of one pixel, channel after channel, to every fourth word of the patch.
static EML_HOT void eml_cnn_widen(const int32_t *cells, uint32_t n_cells, const int8_t *at,
                                  uint32_t n_channels, uint32_t *patch) {
    const int32_t *cell = cells;
    const int32_t *end = cells + n_cells;
    while (n_channels > 0) {
        for (; end - cell >= 2; cell += 2) {
            *patch = eml_cnn_pair(at[cell[0]], at[cell[1]]);
            patch += 4;
        }
        if (cell == end) {
            n_channels--;
            at++;
            cell = cells;
        } else {
            // The odd one out goes with the first cell of the next channel.
            const int32_t low = at[*cell];
            int32_t high = 0;
            n_channels--;
            at++;
            cell = cells;
            if (n_channels > 0) {
                high = at[*cell++];
            }
            *patch = eml_cnn_pair(low, high);
            patch += 4;
        }
    }
}

static void eml_cnn_pad(const EmlCnn *self, const EmlCnnLayer *layer) {
    for (uint32_t i = 0; i < layer->in_shape[EML_CNN_CHANNELS]; i++) {
        self->padding[i] = (int8_t)layer->in_zero;
    }
}

// Requantises the sums of a channel at n_pixels pixels, whose outputs lie n_channels apart.
typedef struct EmlCnnStrip {
    EmlCnnRange range;
    uint32_t n_pixels;
    uint32_t n_channels;
} EmlCnnStrip;

static EML_HOT void eml_cnn_finish_strip(const EmlCnnStrip *strip, const int32_t *sums,
                                         int32_t multiplier, int32_t shift, int8_t *out) {
    // Copied, since for all the compiler knows `out` points into the strip.
    const EmlCnnRange range = strip->range;
    const uint32_t n_channels = strip->n_channels;
    const int32_t *end = sums + strip->n_pixels;
    if (eml_cnn_is_usual(shift)) {
        const int32_t offset = eml_cnn_offset(&range, shift);
        for (; sums != end; sums++) {
            *out = eml_cnn_limit(&range, eml_cnn_scale_usual(*sums, multiplier, shift, offset));
            out += n_channels;
        }
    } else {
        for (; sums != end; sums++) {
            *out = eml_cnn_limit(&range, eml_cnn_scale(*sums, multiplier, shift) + range.zero);
            out += n_channels;
        }
    }
}

static EML_HOT void eml_cnn_run_conv(const EmlCnn *self, const EmlCnnLayer *layer,
                                     const uint32_t *factors) {
    const EmlCnnWindow *window = &layer->of.window;
    const uint32_t n_cells = (uint32_t)window->kernel_h * window->kernel_w;
    const uint32_t in_channels = layer->in_shape[EML_CNN_CHANNELS];
    const uint32_t out_channels = layer->out_shape[EML_CNN_CHANNELS];
    const uint32_t n_values = n_cells * in_channels;
    const uint32_t width = layer->out_shape[EML_CNN_WIDTH];
    EmlCnnStrip strip;
    eml_cnn_range(layer, window->activation, &strip.range);
    strip.n_channels = out_channels;
    eml_cnn_pad(self, layer);
    int8_t *out = eml_cnn_tensor(self, layer->out);
    uint32_t left = layer->out_shape[EML_CNN_HEIGHT] * width;
    uint32_t y = 0;
    uint32_t x = 0;
    bool is_inside = false;
    while (left > 0) {
        const uint32_t n_pixels = left < 4 ? left : 4;
        strip.n_pixels = n_pixels;
        for (uint32_t i = 0; i < n_pixels; i++) {
            const int8_t *at = eml_cnn_window(self, layer, y, x, &is_inside);
            eml_cnn_widen(self->cells, n_cells, at, in_channels, self->patch + i);
            if (++x == width) {
                x = 0;
                y++;
            }
        }
        const int8_t *weights = eml_cnn_blob(layer, window->blobs.weights);
        const int32_t *bias = eml_cnn_blob(layer, window->blobs.biases);
        const int32_t *multiplier = (const int32_t *)factors;
        const int8_t *shift = (const int8_t *)(factors + out_channels);
        for (const int8_t *end = out + out_channels; out != end; out++) {
            int32_t sums[4];
            eml_cnn_dot4(self->patch, weights, (n_values + 1) / 2, *bias++, sums);
            eml_cnn_finish_strip(&strip, sums, *multiplier++, *shift++, out);
            weights += n_values;
        }
        out += (n_pixels - 1) * out_channels;
        left -= n_pixels;
    }
}

static EML_HOT void eml_cnn_run_depthwise(const EmlCnn *self, const EmlCnnLayer *layer,
                                          const uint32_t *factors) {
    const EmlCnnWindow *window = &layer->of.window;
    const uint32_t n_cells = (uint32_t)window->kernel_h * window->kernel_w;
    const uint32_t n_channels = layer->out_shape[EML_CNN_CHANNELS];
    EmlCnnRange limits;
    eml_cnn_range(layer, window->activation, &limits);
    const EmlCnnRange range =
        limits; // copied, since `out` might point into one that has an address
    eml_cnn_pad(self, layer);
    int8_t *out = eml_cnn_tensor(self, layer->out);
    const int32_t *cells = self->cells;
    const int32_t *last_three = cells + n_cells / 3 * 3;
    const int32_t *last = cells + n_cells;
    bool is_inside = false;
    for (uint32_t y = 0; y < layer->out_shape[EML_CNN_HEIGHT]; y++) {
        for (uint32_t x = 0; x < layer->out_shape[EML_CNN_WIDTH]; x++) {
            const int8_t *at = eml_cnn_window(self, layer, y, x, &is_inside);
            const int8_t *weights = eml_cnn_blob(layer, window->blobs.weights);
            const int32_t *bias = eml_cnn_blob(layer, window->blobs.biases);
            const int32_t *multiplier = (const int32_t *)factors;
            const int8_t *shift = (const int8_t *)(factors + n_channels);
            uint32_t again = window->depth_multiplier;
            for (const int8_t *end = out + n_channels; out != end; out++) {
                const int32_t *cell = cells;
                int32_t sum = *bias++;
                while (cell != last_three) {
                    sum += at[*cell++] * *weights++;
                    sum += at[*cell++] * *weights++;
                    sum += at[*cell++] * *weights++;
                }
                while (cell != last) {
                    sum += at[*cell++] * *weights++;
                }
                *out = eml_cnn_finish(&range, sum, *multiplier++, *shift++);
                if (--again == 0) {
                    again = window->depth_multiplier;
                    at++;
                }
            }
        }
    }
}

static void eml_cnn_run_dense(const EmlCnn *self, const EmlCnnLayer *layer,
                              const uint32_t *factors) {
    const uint32_t n_inputs = eml_cnn_elements(layer->in_shape);
    const uint32_t n_outputs = layer->out_shape[EML_CNN_CHANNELS];
    const int32_t *multipliers = (const int32_t *)factors;
    const int8_t *shifts = (const int8_t *)(factors + n_outputs);
    const int32_t *biases = eml_cnn_blob(layer, layer->of.dense.biases);
    const int8_t *weights = eml_cnn_blob(layer, layer->of.dense.weights);
    const int8_t *in = eml_cnn_tensor(self, layer->in);
    int8_t *out = eml_cnn_tensor(self, layer->out);
    for (uint32_t i = 0; i < n_outputs; i++) {
        const int64_t sum = biases[i] + eml_cnn_dot1(in, weights, n_inputs);
        // Rounded once: here LiteRT does not round the upper half of the product first.
        const int32_t right = 31 - shifts[i];
        const int64_t half = (int64_t)1 << (right - 1);
        const int32_t value = (int32_t)((sum * multipliers[i] + half) >> right);
        out[i] = (int8_t)eml_cnn_clamp(value + layer->out_zero, -128, 127);
        weights += n_inputs;
    }
}

static EML_COLD void eml_cnn_run_pool(const EmlCnn *self, const EmlCnnLayer *layer,
                                      const uint32_t *factors) {
    const uint32_t n_channels = layer->in_shape[EML_CNN_CHANNELS];
    const uint32_t n_pixels =
        (uint32_t)layer->in_shape[EML_CNN_HEIGHT] * layer->in_shape[EML_CNN_WIDTH];
    const int32_t multiplier = (int32_t)factors[0];
    const int32_t shift = *(const int8_t *)(factors + 1);
    int8_t *out = eml_cnn_tensor(self, layer->out);
    EmlCnnRange range;
    eml_cnn_range(layer, EML_CNN_NO_ACTIVATION, &range);
    for (uint32_t channel = 0; channel < n_channels; channel++) {
        const int8_t *in = eml_cnn_tensor(self, layer->in) + channel;
        int32_t sum = -layer->in_zero * (int32_t)n_pixels;
        for (uint32_t i = 0; i < n_pixels; i++) {
            sum += *in;
            in += n_channels;
        }
        out[channel] = eml_cnn_finish(&range, sum, multiplier, shift);
    }
}

static EML_COLD void eml_cnn_run_add(const EmlCnn *self, const EmlCnnLayer *layer,
                                     const uint32_t *factors) {
    const int8_t *shifts = (const int8_t *)(factors + 3);
    const int8_t *first = eml_cnn_tensor(self, layer->in);
    const int8_t *second = eml_cnn_tensor(self, layer->of.add.in);
    int8_t *out = eml_cnn_tensor(self, layer->out);
    EmlCnnRange range;
    eml_cnn_range(layer, EML_CNN_NO_ACTIVATION, &range);
    const int32_t *multipliers = (const int32_t *)factors;
    for (uint32_t n = eml_cnn_elements(layer->out_shape); n > 0; n--) {
        int32_t sum =
            eml_cnn_scale((*first++ - layer->in_zero) * (1 << 20), multipliers[0], shifts[0]);
        sum += eml_cnn_scale((*second++ - layer->of.add.in_zero) * (1 << 20), multipliers[1],
                             shifts[1]);
        *out++ = eml_cnn_finish(&range, sum, multipliers[2], shifts[2]);
    }
}

// The upper half of a product, rounded.
static uint32_t eml_cnn_high_unsigned(uint32_t a, uint32_t b) {
#if defined(__ARM_ARCH_6M__)
    const uint32_t a_high = a >> 16;
    const uint32_t a_low = a & 0xffff;
    const uint32_t b_high = b >> 16;
    const uint32_t b_low = b & 0xffff;
    const uint32_t middle = a_high * b_low + (a_low * b_low >> 16);
    const uint32_t other = a_low * b_high + (middle & 0xffff) + 0x8000;
    return a_high * b_high + (middle >> 16) + (other >> 16);
#else
    return (uint32_t)(((uint64_t)a * b + 0x80000000u) >> 32);
#endif
}

// e^-scale * 2^32, almost.
static EML_COLD uint32_t eml_cnn_power(uint32_t scale) {
    // x = scale / 2^squarings, below 2^-8, where x^4 / 24 no longer counts.
    int32_t squarings = eml_cnn_exponent(scale) + 24 + 8;
    if (squarings < 0) {
        squarings = 0;
    }
    const int32_t shift = squarings - eml_cnn_exponent(scale) - 32;
    const uint32_t x = shift < 32 ? eml_cnn_mantissa(scale) >> shift : 0;
    if (x == 0) {
        return 0xffffffff;
    }
    const uint32_t square = eml_cnn_high_unsigned(x, x);
    const uint32_t cube = eml_cnn_high_unsigned(square, x);
    uint32_t power = 0u - x + square / 2 - eml_cnn_high_unsigned(cube, 0x2aaaaaab);
    for (; squarings > 0; squarings--) {
        power = eml_cnn_high_unsigned(power, power);
    }
    return power;
}

static EML_COLD void eml_cnn_run_softmax(const EmlCnn *self, const EmlCnnLayer *layer) {
    // e^(-scale * steps) for 0 to 15 steps, and for as many times 16.
    uint32_t ones[16];
    uint32_t sixteens[16];
    ones[0] = 0xffffffff;
    sixteens[0] = 0xffffffff;
    const uint32_t one = eml_cnn_power(layer->in_scale);
    for (uint32_t i = 1; i < 16; i++) {
        ones[i] = eml_cnn_high_unsigned(ones[i - 1], one);
    }
    const uint32_t sixteen = eml_cnn_high_unsigned(ones[15], one);
    for (uint32_t i = 1; i < 16; i++) {
        sixteens[i] = eml_cnn_high_unsigned(sixteens[i - 1], sixteen);
    }
    const uint32_t n_channels = layer->in_shape[EML_CNN_CHANNELS];
    const int8_t *in = eml_cnn_tensor(self, layer->in);
    int8_t *out = eml_cnn_tensor(self, layer->out);
    uint32_t *exponentials = self->patch;
    for (uint32_t left = eml_cnn_elements(layer->in_shape); left > 0; left -= n_channels) {
        int32_t largest = -128;
        for (uint32_t i = 0; i < n_channels; i++) {
            largest = in[i] > largest ? in[i] : largest;
        }
        uint64_t sum = 0;
        for (uint32_t i = 0; i < n_channels; i++) {
            const uint32_t steps = (uint32_t)(largest - in[i]);
            const uint32_t exponential =
                eml_cnn_high_unsigned(ones[steps & 15], sixteens[steps >> 4]);
            exponentials[i] = exponential;
            sum += exponential;
        }
        // exponential / (sum * scale) = exponential * reciprocal / 2^32 / 2^shift
        int32_t shift = 31 + eml_cnn_exponent(layer->out_scale);
        while (sum >> 32 != 0) {
            sum >>= 1;
            shift++;
        }
        uint64_t product = sum * eml_cnn_mantissa(layer->out_scale);
        while (product >> 32 != 0) {
            product >>= 1;
            shift++;
        }
        const uint32_t reciprocal = eml_cnn_quotient(0xffffffff, 31, (uint32_t)product);
        for (uint32_t i = 0; i < n_channels; i++) {
            const uint32_t share = eml_cnn_high_unsigned(exponentials[i], reciprocal);
            int32_t value = 255;
            if (shift > 32) {
                value = 0;
            } else if (shift > 0 && share >> (shift - 1) < 511) {
                value = (int32_t)((share >> (shift - 1)) + 1) >> 1;
            }
            out[i] = (int8_t)eml_cnn_clamp(value + layer->out_zero, -128, 127);
        }
        in += n_channels;
        out += n_channels;
    }
}

/** Takes memory_bytes of zeroed and 4-aligned memory; about 300 instructions for each output
channel of a layer. */
static inline EML_COLD void eml_cnn_prepare(EmlCnn *self, void *memory) {
    eml_cnn_place_parts(self, memory);
    uint32_t *factors = self->factors;
    const EmlCnnLayer *layer = eml_cnn_first(self);
    for (uint32_t i = 0; i < self->n_layers; i++) {
        const uint32_t n = eml_cnn_n_factors(layer);
        int8_t *shifts = (int8_t *)(factors + n);
        for (uint32_t index = 0; index < n; index++) {
            EmlCnnFactor factor;
            eml_cnn_layer_factor(layer, index, &factor);
            factors[index] = (uint32_t)factor.multiplier;
            shifts[index] = (int8_t)factor.shift;
        }
        factors += EML_CNN_FACTOR_WORDS(n);
        layer = eml_cnn_next(layer);
    }
    layer = eml_cnn_first(self);
    for (uint32_t byte = 0; byte < self->table_bytes; byte++) {
        self->table[byte] = (int8_t)eml_cnn_quantise_byte(byte, layer->in_scale, layer->in_zero);
    }
}

/** Takes an input of bytes, which stand for 0 to 1 in steps of 1/255. */
static inline void eml_cnn_read_bytes(const EmlCnn *self, const uint8_t *bytes) {
    int8_t *to = eml_cnn_input(self);
    for (uint32_t n = eml_cnn_elements(self->header->in_shape); n > 0; n--) {
        const uint32_t byte = *bytes++;
        *to++ = (int8_t)(self->table_bytes == 0 ? (int32_t)byte - 128 : self->table[byte]);
    }
}

/** Takes an input of float32 as bits: saturates; 200 instructions each. */
static inline void eml_cnn_read_floats(const EmlCnn *self, const uint32_t *values) {
    const EmlCnnLayer *layer = eml_cnn_first(self);
    int8_t *to = eml_cnn_input(self);
    for (uint32_t n = eml_cnn_elements(self->header->in_shape); n > 0; n--) {
        *to++ = (int8_t)eml_cnn_quantise(*values++, layer->in_scale, layer->in_zero);
    }
}

/** Gives the output as float32 bits. */
static inline void eml_cnn_write(const EmlCnn *self, uint32_t *out) {
    const int8_t *from = eml_cnn_output(self);
    for (uint32_t n = eml_cnn_elements(self->last->out_shape); n > 0; n--) {
        *out++ = eml_cnn_real(*from++ - self->last->out_zero, self->last->out_scale);
    }
}

/** Runs the network on what lies at eml_cnn_input, which it overwrites. */
static inline void eml_cnn_run(const EmlCnn *self) {
    const uint32_t *factors = self->factors;
    const EmlCnnLayer *layer = eml_cnn_first(self);
    for (uint32_t i = 0; i < self->n_layers; i++) {
        switch (layer->kind) {
        case EML_CNN_CONV:
            eml_cnn_run_conv(self, layer, factors);
            break;
        case EML_CNN_DEPTHWISE:
            eml_cnn_run_depthwise(self, layer, factors);
            break;
        case EML_CNN_DENSE:
            eml_cnn_run_dense(self, layer, factors);
            break;
        case EML_CNN_POOL:
            eml_cnn_run_pool(self, layer, factors);
            break;
        case EML_CNN_SOFTMAX:
            eml_cnn_run_softmax(self, layer);
            break;
        case EML_CNN_ADD:
            eml_cnn_run_add(self, layer, factors);
            break;
        default: // a reshape moves nothing
            break;
        }
        factors += EML_CNN_FACTOR_WORDS(eml_cnn_n_factors(layer));
        layer = eml_cnn_next(layer);
    }
}

#endif // EML_CNN_INT8_H
