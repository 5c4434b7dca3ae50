/** Convolutional networks from .tmdl files: the model in memory, checked.

A .tmdl image is a header and a chain of layers, each with its weights behind it: formats/tmdl.md.
It is used where it lies: little-endian, 4-aligned, and unchanged while the model lives.
eml_cnn_check.h checks all of it, so that what runs needs no checks. eml_cnn_int8.h or
eml_cnn_fp32.h runs it: a build takes one kind of model, fp32 where EML_CNN_FP32 is defined, else
int8. EML_CNN_SMALL saves 300 bytes of code and costs time.

    EmlCnn cnn;
    eml_cnn_check(&cnn, file, length);      // also finds out cnn.memory_bytes
    eml_cnn_prepare(&cnn, memory);          // zeroed and 4-aligned
    eml_cnn_read_bytes(&cnn, picture);      // or eml_cnn_read_floats, or fill eml_cnn_input
    eml_cnn_run(&cnn);
    eml_cnn_write(&cnn, outputs);           // or eml_cnn_best(&cnn)

Before the model a file may have other images, which eml_image.h describes: they are passed over.

Layers: conv2d, depthwise conv2d, fully connected, global average pool, softmax, reshape, add;
activations none, relu, relu6, relu(-1..1) of the first two. Tensors are HWC.

Limits: 65 535 weights for each output channel; 256 MiB of tensors; 64 kB of memory for an image
below 1 kB.

Not supported: dilation, big-endian files, int16, fp16 and fp8 models, several inputs or outputs.
*/
#ifndef EML_CNN_H
#define EML_CNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eml_attributes.h"

#ifdef EML_CNN_FP32
typedef float EmlCnnValue;
#define EML_CNN_TYPE 2
#else
typedef int8_t EmlCnnValue;
#define EML_CNN_TYPE 0
#endif

enum {
    EML_CNN_CONV,
    EML_CNN_POOL,
    EML_CNN_DENSE,
    EML_CNN_SOFTMAX,
    EML_CNN_RESHAPE,
    EML_CNN_DEPTHWISE,
    EML_CNN_ADD,
};

enum {
    EML_CNN_NO_ACTIVATION,
    EML_CNN_RELU,
    EML_CNN_RELU_1,
    EML_CNN_RELU_6,
};

/** A shape: rank 1 to 3, then height, width and channels; those beyond the rank are 1. */
enum { EML_CNN_RANK, EML_CNN_HEIGHT, EML_CNN_WIDTH, EML_CNN_CHANNELS };

// What the file holds. Scales are float32 kept as bits: no kernel of an int8 model touches a float.
typedef struct EmlCnnHeader {
    char magic[4];
    uint8_t type;
    uint8_t dequantise;
    uint16_t n_inputs;
    uint16_t n_outputs;
    uint16_t n_layers;
    uint32_t arena_bytes;
    uint32_t unused;
    uint16_t in_shape[4];
    uint16_t out_shape[4]; // often wrong: the last layer's is right
    uint8_t reserved[24];
    uint32_t crc; // CRC-32 of all bytes of the image but these four; 0: not known
} EmlCnnHeader;

// Where a layer's blobs lie, counted from the layer's start.
typedef struct EmlCnnBlobs {
    uint32_t scales; // of the weights: int8 only
    uint32_t weights;
    uint32_t biases;
} EmlCnnBlobs;

typedef struct EmlCnnWindow {
    uint8_t kernel_w;
    uint8_t kernel_h;
    uint8_t stride_w;
    uint8_t stride_h;
    uint8_t dilation_w;
    uint8_t dilation_h;
    uint16_t activation;
    uint8_t pad_top;
    uint8_t pad_bottom;
    uint8_t pad_left;
    uint8_t pad_right;
    uint32_t depth_multiplier; // 0: a full convolution
    uint32_t reserved;
    EmlCnnBlobs blobs;
} EmlCnnWindow;

typedef struct EmlCnnSecond {
    uint32_t in; // offset of the second operand
    uint32_t in_scale;
    int32_t in_zero;
    uint32_t reserved;
} EmlCnnSecond;

typedef struct EmlCnnLayer {
    uint16_t kind;
    uint16_t is_output;
    uint32_t bytes; // of the layer with all behind it
    uint32_t in;    // offsets of the tensors in the arena
    uint32_t out;
    uint16_t in_shape[4];
    uint16_t out_shape[4];
    uint32_t in_scale;
    int32_t in_zero;
    uint32_t out_scale;
    int32_t out_zero;
    union {
        EmlCnnWindow window; // of the convolutions
        EmlCnnBlobs dense;
        EmlCnnSecond add;
    } of;
} EmlCnnLayer;

#define EML_CNN_LAYER_HEAD 48

typedef struct EmlCnn {
    const EmlCnnHeader *header; // the image
    const EmlCnnLayer *last;
    uint32_t n_layers;
    uint32_t memory_bytes; // what eml_cnn_prepare wants
    // Sizes of the parts of that memory, in the order they lie in it.
    uint32_t max_cells;   // of a kernel window: an offset each
    uint32_t patch_words; // widened inputs, or exponentials
    uint32_t factor_words;
    uint32_t max_channels; // of a convolution's input: a value of padding each
    uint32_t table_bytes;  // 256 or 0
    uint32_t arena_bytes;
    // And the parts.
    int32_t *cells;
    uint32_t *patch;
    uint32_t *factors;    // of requantisation, layer after layer
    EmlCnnValue *padding; // what a convolution sees beyond its input
    int8_t *table;        // what each byte is as an int8
    uint8_t *arena;
} EmlCnn;

// Room for the factors of one layer: n multipliers, then n shifts of a byte.
#define EML_CNN_FACTOR_WORDS(n) ((n) + ((n) + 3) / 4)

// Values of padding, so that what lies behind them is aligned.
#define EML_CNN_PADDING(n) (((n) + 3) / 4 * 4)

static inline const EmlCnnLayer *eml_cnn_first(const EmlCnn *self) {
    return (const EmlCnnLayer *)(self->header + 1);
}

static inline const EmlCnnLayer *eml_cnn_next(const EmlCnnLayer *layer) {
    return (const EmlCnnLayer *)((const uint8_t *)layer + layer->bytes);
}

static inline const void *eml_cnn_blob(const EmlCnnLayer *layer, uint32_t offset) {
    return (const uint8_t *)layer + offset;
}

static uint32_t eml_cnn_elements(const uint16_t *shape) {
    return (uint32_t)shape[EML_CNN_HEIGHT] * shape[EML_CNN_WIDTH] * shape[EML_CNN_CHANNELS];
}

static inline EmlCnnValue *eml_cnn_tensor(const EmlCnn *self, uint32_t offset) {
    return (EmlCnnValue *)(self->arena + offset);
}

static inline EmlCnnValue *eml_cnn_input(const EmlCnn *self) {
    return eml_cnn_tensor(self, eml_cnn_first(self)->in);
}

static inline const EmlCnnValue *eml_cnn_output(const EmlCnn *self) {
    return eml_cnn_tensor(self, self->last->out);
}

/** Hands over memory_bytes of zeroed and 4-aligned memory. */
static inline void eml_cnn_place_parts(EmlCnn *self, void *memory) {
    self->cells = memory;
    self->patch = (uint32_t *)(self->cells + self->max_cells);
    self->factors = self->patch + self->patch_words;
    self->padding = (EmlCnnValue *)(self->factors + self->factor_words);
    self->table = (int8_t *)(self->padding + EML_CNN_PADDING(self->max_channels));
    self->arena = (uint8_t *)self->table + self->table_bytes;
}

/** Finds the window of the output pixel at y, x: its cell i has its channels at result[cells[i]].

Windows that lie wholly inside have the same cells, so these are filled for the first of them only:
*is_inside says whether self->cells are theirs, and must be false at first. */
static EML_HOT const EmlCnnValue *eml_cnn_window(const EmlCnn *self, const EmlCnnLayer *layer,
                                                 uint32_t y, uint32_t x, bool *is_inside) {
    const EmlCnnWindow *window = &layer->of.window;
    const int32_t height = layer->in_shape[EML_CNN_HEIGHT];
    const int32_t width = layer->in_shape[EML_CNN_WIDTH];
    const int32_t channels = layer->in_shape[EML_CNN_CHANNELS];
    const int32_t top = (int32_t)(y * window->stride_h) - window->pad_top;
    const int32_t left = (int32_t)(x * window->stride_w) - window->pad_left;
    const int32_t bottom = top + window->kernel_h;
    const int32_t right = left + window->kernel_w;
    const EmlCnnValue *input = eml_cnn_tensor(self, layer->in);
    const EmlCnnValue *base = self->padding;
    const bool inside = top >= 0 && left >= 0 && bottom <= height && right <= width;
    if (inside) {
        base = input + (top * width + left) * channels;
        if (*is_inside) {
            return base;
        }
    }
    *is_inside = inside;
    int32_t *cell = self->cells;
    for (int32_t in_y = top; in_y < bottom; in_y++) {
        for (int32_t in_x = left; in_x < right; in_x++) {
            const bool is_padding =
                (uint32_t)in_y >= (uint32_t)height || (uint32_t)in_x >= (uint32_t)width;
            const EmlCnnValue *at =
                is_padding ? self->padding : input + (in_y * width + in_x) * channels;
            *cell++ = (int32_t)(at - base);
        }
    }
    return base;
}

/** The index of the largest output, the lowest of equals. */
static inline uint32_t eml_cnn_best(const EmlCnn *self) {
    const EmlCnnValue *output = eml_cnn_output(self);
    const uint32_t n = eml_cnn_elements(self->last->out_shape);
    uint32_t best = 0;
    for (uint32_t i = 1; i < n; i++) {
        if (output[i] > output[best]) {
            best = i;
        }
    }
    return best;
}

#endif // EML_CNN_H
