/** Runs an fp32 model with float32 additions and multiplications only.

Without fused multiply-adds (-ffp-contract=off) all CPUs give the same bits. A division is done in
integers, since libgcc's cannot be linked into every module.
*/
#ifndef EML_CNN_FP32_H
#define EML_CNN_FP32_H

#include "eml_cnn.h"

typedef union EmlCnnBits {
    float value;
    uint32_t bits;
} EmlCnnBits;

/** 1 / value for a normal value from 1, rounded to nearest. */
static float eml_cnn_reciprocal(float value) {
    EmlCnnBits number = {value};
    const uint32_t mantissa = (number.bits & 0x7fffff) | 0x800000;
    const uint32_t exponent = number.bits >> 23;
    if (mantissa == 0x800000) {
        number.bits = (254 - exponent) << 23;
        return number.value;
    }
    // 2^47 / mantissa has 24 bits.
    uint32_t rest = 0x800000;
    uint32_t quotient = 0;
    for (uint32_t i = 0; i < 24; i++) {
        rest <<= 1;
        quotient <<= 1;
        if (rest >= mantissa) {
            rest -= mantissa;
            quotient |= 1;
        }
    }
    if (2 * rest > mantissa) {
        quotient++;
    }
    number.bits = ((252 - exponent) << 23) + quotient;
    return number.value;
}

/** e^x for x <= 0, within 2e-7 of it. */
static float eml_cnn_exp(float x) {
    if (!(x > -87.0f)) {
        return 0.0f;
    }
    // x = n * ln 2 + rest, with ln 2 in two parts so that n times the first is exact.
    const int32_t n = (int32_t)(x * 1.44269504f - 0.5f);
    const float rest = (x - (float)n * 0.693359375f) + (float)n * 2.12194440e-4f;
    float sum = 1.0f / 5040.0f;
    sum = sum * rest + 1.0f / 720.0f;
    sum = sum * rest + 1.0f / 120.0f;
    sum = sum * rest + 1.0f / 24.0f;
    sum = sum * rest + 1.0f / 6.0f;
    sum = sum * rest + 0.5f;
    sum = sum * rest + 1.0f;
    sum = sum * rest + 1.0f;
    EmlCnnBits power;
    power.bits = (uint32_t)(127 + n) << 23;
    return sum * power.value;
}

static float eml_cnn_activate(float value, uint32_t activation) {
    if (activation == EML_CNN_RELU_1) {
        // Not one limit for both: clang for Xtensa cannot choose between two constants.
        if (value < -1.0f) {
            value = -1.0f;
        }
        if (value > 1.0f) {
            value = 1.0f;
        }
    } else if (activation != EML_CNN_NO_ACTIVATION) {
        if (value < 0.0f) {
            value = 0.0f;
        }
        if (activation == EML_CNN_RELU_6 && value > 6.0f) {
            value = 6.0f;
        }
    }
    return value;
}

static float eml_cnn_dot(const float *values, const float *weights, uint32_t n) {
    float sum = 0.0f;
    for (uint32_t i = 0; i < n; i++) {
        sum += values[i] * weights[i];
    }
    return sum;
}

// Copies the window of one pixel, channel after channel: n_channels from the first one on.
static void eml_cnn_gather(const int32_t *cells, uint32_t n_cells, const float *at,
                           uint32_t n_channels, float *patch) {
    for (; n_channels > 0; n_channels--) {
        for (uint32_t i = 0; i < n_cells; i++) {
            *patch++ = at[cells[i]];
        }
        at++;
    }
}

static void eml_cnn_run_window(const EmlCnn *self, const EmlCnnLayer *layer) {
    const EmlCnnWindow *window = &layer->of.window;
    const uint32_t n_cells = (uint32_t)window->kernel_h * window->kernel_w;
    const uint32_t in_channels = layer->in_shape[EML_CNN_CHANNELS];
    const uint32_t out_channels = layer->out_shape[EML_CNN_CHANNELS];
    const bool is_depthwise = layer->kind == EML_CNN_DEPTHWISE;
    const uint32_t gathered = is_depthwise ? 1 : in_channels;
    const uint32_t n_values = n_cells * gathered;
    // After how many output channels other input channels are due.
    const uint32_t period = is_depthwise ? window->depth_multiplier : out_channels;
    const float *biases = eml_cnn_blob(layer, window->blobs.biases);
    float *patch = (float *)self->patch;
    float *out = eml_cnn_tensor(self, layer->out);
    bool is_inside = false;
    for (uint32_t y = 0; y < layer->out_shape[EML_CNN_HEIGHT]; y++) {
        for (uint32_t x = 0; x < layer->out_shape[EML_CNN_WIDTH]; x++) {
            const float *at = eml_cnn_window(self, layer, y, x, &is_inside);
            const float *weights = eml_cnn_blob(layer, window->blobs.weights);
            uint32_t due = 0;
            for (uint32_t channel = 0; channel < out_channels; channel++) {
                if (due == 0) {
                    eml_cnn_gather(self->cells, n_cells, at++, gathered, patch);
                    due = period;
                }
                due--;
                const float sum = eml_cnn_dot(patch, weights, n_values) + biases[channel];
                *out++ = eml_cnn_activate(sum, window->activation);
                weights += n_values;
            }
        }
    }
}

static void eml_cnn_run_dense(const EmlCnn *self, const EmlCnnLayer *layer) {
    const uint32_t n_inputs = eml_cnn_elements(layer->in_shape);
    const uint32_t n_outputs = layer->out_shape[EML_CNN_CHANNELS];
    const float *biases = eml_cnn_blob(layer, layer->of.dense.biases);
    const float *weights = eml_cnn_blob(layer, layer->of.dense.weights);
    const float *in = eml_cnn_tensor(self, layer->in);
    float *out = eml_cnn_tensor(self, layer->out);
    for (uint32_t i = 0; i < n_outputs; i++) {
        out[i] = eml_cnn_dot(in, weights, n_inputs) + biases[i];
        weights += n_inputs;
    }
}

static void eml_cnn_run_pool(const EmlCnn *self, const EmlCnnLayer *layer) {
    const uint32_t n_channels = layer->in_shape[EML_CNN_CHANNELS];
    const uint32_t n_pixels =
        (uint32_t)layer->in_shape[EML_CNN_HEIGHT] * layer->in_shape[EML_CNN_WIDTH];
    const float share = eml_cnn_reciprocal((float)(int32_t)n_pixels);
    float *out = eml_cnn_tensor(self, layer->out);
    for (uint32_t channel = 0; channel < n_channels; channel++) {
        const float *in = eml_cnn_tensor(self, layer->in) + channel;
        float sum = 0.0f;
        for (uint32_t i = 0; i < n_pixels; i++) {
            sum += *in;
            in += n_channels;
        }
        out[channel] = sum * share;
    }
}

static void eml_cnn_run_softmax(const EmlCnn *self, const EmlCnnLayer *layer) {
    const uint32_t n_channels = layer->in_shape[EML_CNN_CHANNELS];
    const float *in = eml_cnn_tensor(self, layer->in);
    float *out = eml_cnn_tensor(self, layer->out);
    for (uint32_t left = eml_cnn_elements(layer->in_shape); left > 0; left -= n_channels) {
        float largest = in[0];
        for (uint32_t i = 1; i < n_channels; i++) {
            largest = in[i] > largest ? in[i] : largest;
        }
        float sum = 0.0f;
        for (uint32_t i = 0; i < n_channels; i++) {
            out[i] = eml_cnn_exp(in[i] - largest);
            sum += out[i];
        }
        const float share = sum >= 1.0f ? eml_cnn_reciprocal(sum) : 0.0f;
        for (uint32_t i = 0; i < n_channels; i++) {
            out[i] *= share;
        }
        in += n_channels;
        out += n_channels;
    }
}

static void eml_cnn_run_add(const EmlCnn *self, const EmlCnnLayer *layer) {
    const float *first = eml_cnn_tensor(self, layer->in);
    const float *second = eml_cnn_tensor(self, layer->of.add.in);
    float *out = eml_cnn_tensor(self, layer->out);
    for (uint32_t n = eml_cnn_elements(layer->out_shape); n > 0; n--) {
        *out++ = *first++ + *second++;
    }
}

/** Takes memory_bytes of zeroed and 4-aligned memory. */
static inline void eml_cnn_prepare(EmlCnn *self, void *memory) {
    eml_cnn_place_parts(self, memory);
}

/** Takes an input of bytes, which stand for 0 to 1 in steps of 1/255. */
static inline void eml_cnn_read_bytes(const EmlCnn *self, const uint8_t *bytes) {
    float *to = eml_cnn_input(self);
    for (uint32_t n = eml_cnn_elements(self->header->in_shape); n > 0; n--) {
        *to++ = (float)(int32_t)*bytes++ * (1.0f / 255.0f);
    }
}

static void eml_cnn_copy(uint32_t *to, const uint32_t *from, uint32_t n) {
    for (; n > 0; n--) {
        *to++ = *from++;
    }
}

/** Takes an input of float32 as bits. */
static inline void eml_cnn_read_floats(const EmlCnn *self, const uint32_t *values) {
    eml_cnn_copy((uint32_t *)eml_cnn_input(self), values, eml_cnn_elements(self->header->in_shape));
}

/** Gives the output as float32 bits. */
static inline void eml_cnn_write(const EmlCnn *self, uint32_t *out) {
    eml_cnn_copy(out, (const uint32_t *)eml_cnn_output(self),
                 eml_cnn_elements(self->last->out_shape));
}

/** Runs the network on what lies at eml_cnn_input, which it overwrites. */
static inline void eml_cnn_run(const EmlCnn *self) {
    const EmlCnnLayer *layer = eml_cnn_first(self);
    for (uint32_t i = 0; i < self->n_layers; i++) {
        switch (layer->kind) {
        case EML_CNN_CONV:
        case EML_CNN_DEPTHWISE:
            eml_cnn_run_window(self, layer);
            break;
        case EML_CNN_DENSE:
            eml_cnn_run_dense(self, layer);
            break;
        case EML_CNN_POOL:
            eml_cnn_run_pool(self, layer);
            break;
        case EML_CNN_SOFTMAX:
            eml_cnn_run_softmax(self, layer);
            break;
        case EML_CNN_ADD:
            eml_cnn_run_add(self, layer);
            break;
        default: // a reshape moves nothing
            break;
        }
        layer = eml_cnn_next(layer);
    }
}

#endif // EML_CNN_FP32_H
