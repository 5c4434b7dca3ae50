/** Checks a .tmdl image, every field that a run relies on, and finds out what memory it takes. */
#ifndef EML_CNN_CHECK_H
#define EML_CNN_CHECK_H

#include "eml_cnn.h"
#include "eml_image.h"
#ifndef EML_CNN_FP32
#include "eml_cnn_factors.h"
#endif

typedef enum EmlCnnError {
    EML_CNN_OK,
    // Of the file.
    EML_CNN_NOT_TMDL,
    EML_CNN_OTHER_TYPE,
    EML_CNN_NO_LAYERS,
    EML_CNN_TOO_BIG,
    EML_CNN_CHECKSUM,
    EML_CNN_MEMORY,
    // Of a layer: eml_cnn_message says which.
    EML_CNN_CUT,
    EML_CNN_KIND,
    EML_CNN_SHAPE,
    EML_CNN_TENSOR,
    EML_CNN_INPUT,
    EML_CNN_OUTPUT,
    EML_CNN_WINDOW,
    EML_CNN_DILATION,
    EML_CNN_ACTIVATION,
    EML_CNN_BLOBS,
    EML_CNN_SCALE,
    EML_CNN_ZERO_POINT,
    EML_CNN_WEIGHT,
    EML_CNN_SUM,
} EmlCnnError;

// Not inlined: one large function for all takes 150 bytes more, for want of registers.
#define EML_CNN_APART EML_COLD EML_NOINLINE

// Tensors must end before this.
#define EML_CNN_MAX_ARENA (1u << 28)
// More weights of one output could overflow an int32 sum.
#define EML_CNN_MAX_WEIGHTS 65535u
// A small image, and the memory that it may ask for: damage cannot make it take all that there is.
#define EML_CNN_SMALL_IMAGE 1024u
#define EML_CNN_SMALL_MEMORY 65536u
// So that doubling a sum, as the rounding multiplication does, does not overflow.
#define EML_CNN_MAX_SUM (1u << 30)
// Elements that a global average pool adds up.
#define EML_CNN_MAX_POOL (1u << 20)

/** Bytes before the values of a layer's own kind end, or 0 if the kind is unknown. */
static EML_COLD uint32_t eml_cnn_head_bytes(uint32_t kind) {
    switch (kind) {
    case EML_CNN_CONV:
    case EML_CNN_DEPTHWISE:
        return EML_CNN_LAYER_HEAD + sizeof(EmlCnnWindow);
    case EML_CNN_DENSE:
    case EML_CNN_ADD:
        return EML_CNN_LAYER_HEAD + 16;
    case EML_CNN_POOL:
    case EML_CNN_SOFTMAX:
    case EML_CNN_RESHAPE:
        return EML_CNN_LAYER_HEAD;
    default:
        return 0;
    }
}

// Says whether a shape has a rank of 1 to 3, no empty side, and fits into the arena.
static EML_COLD bool eml_cnn_is_shape(const uint16_t *shape) {
    const uint32_t area = (uint32_t)shape[EML_CNN_HEIGHT] * shape[EML_CNN_WIDTH];
    const uint32_t channels = shape[EML_CNN_CHANNELS];
    const uint32_t rank = shape[EML_CNN_RANK];
    return area > 0 && channels > 0 && area <= EML_CNN_MAX_ARENA &&
           (uint64_t)area * channels <= EML_CNN_MAX_ARENA && rank >= 1 && rank <= 3 &&
           (rank == 3 || shape[EML_CNN_HEIGHT] == 1) && (rank >= 2 || shape[EML_CNN_WIDTH] == 1);
}

// Says whether a tensor lies in the file's arena, and makes ours large enough for it.
static EML_COLD bool eml_cnn_place(EmlCnn *self, uint32_t offset, uint32_t elements) {
    const uint32_t bytes = elements * sizeof(EmlCnnValue);
    const uint32_t limit = self->header->arena_bytes;
    if (bytes > limit || offset > limit - bytes || offset % sizeof(EmlCnnValue) != 0) {
        return false;
    }
    if (offset + bytes > self->arena_bytes) {
        self->arena_bytes = offset + bytes;
    }
    return true;
}

static EML_COLD bool eml_cnn_overlap(uint32_t a, uint32_t a_elements, uint32_t b,
                                     uint32_t b_elements) {
    return a < b + b_elements * sizeof(EmlCnnValue) && b < a + a_elements * sizeof(EmlCnnValue);
}

static EML_COLD void eml_cnn_at_least(uint32_t *size, uint32_t wanted) {
    if (*size < wanted) {
        *size = wanted;
    }
}

#ifndef EML_CNN_FP32
// Says whether a bias and products of these sizes, added and shifted left, leave requantisation the
// bit that it needs.
static EML_COLD bool eml_cnn_is_sum(uint32_t bias, uint32_t products, int32_t shift) {
    return shift < 30 && bias < EML_CNN_MAX_SUM &&
           bias + products < EML_CNN_MAX_SUM >> (shift > 0 ? shift : 0);
}
#endif

// Scales, weights and biases must lie behind the layer's head in this order, so that a kernel may
// read a few bytes beyond the last weight.
static EML_COLD EmlCnnError eml_cnn_check_blobs(const EmlCnnLayer *layer, const EmlCnnBlobs *blobs,
                                                uint32_t n_outputs, uint32_t n_weights) {
    const uint32_t ends = layer->bytes;
    if (n_weights > EML_CNN_MAX_WEIGHTS || blobs->biases > ends ||
        n_outputs > (ends - blobs->biases) / 4 || blobs->weights > blobs->biases ||
        blobs->scales > blobs->weights || blobs->scales < eml_cnn_head_bytes(layer->kind) ||
        (blobs->scales | blobs->weights | blobs->biases) % 4 != 0) {
        return EML_CNN_BLOBS;
    }
    const uint32_t weight_bytes = blobs->biases - blobs->weights;
    if (n_outputs * n_weights > weight_bytes / sizeof(EmlCnnValue)) {
        return EML_CNN_BLOBS;
    }
#ifndef EML_CNN_FP32
    if (n_outputs > (blobs->weights - blobs->scales) / 4) {
        return EML_CNN_BLOBS;
    }
    const int32_t *biases = eml_cnn_blob(layer, blobs->biases);
    const int8_t *weights = eml_cnn_blob(layer, blobs->weights);
    for (uint32_t i = 0; i < n_outputs; i++) {
        // What the products can add up to: an input is -128 to 127.
        uint32_t products = 0;
        for (uint32_t left = n_weights; left > 0; left--) {
            const int32_t weight = *weights++;
            if (weight == -128) {
                return EML_CNN_WEIGHT;
            }
            products += (uint32_t)(weight < 0 ? -weight : weight) << 7;
        }
        if (!eml_cnn_is_scale(eml_cnn_weight_scale(layer, blobs, i))) {
            return EML_CNN_SCALE;
        }
        EmlCnnFactor factor;
        eml_cnn_layer_factor(layer, i, &factor);
        const int32_t bias = biases[i];
        const uint32_t size = bias < 0 ? 0u - (uint32_t)bias : (uint32_t)bias;
        if (!eml_cnn_is_sum(size, products, factor.shift)) {
            return EML_CNN_SUM;
        }
    }
#endif
    return EML_CNN_OK;
}

// One side of a convolution: the last window ends within the padded input, and no further one fits.
static EML_COLD bool eml_cnn_is_side(uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
                                     uint32_t padding) {
    const uint32_t span = (out - 1) * stride + kernel;
    return kernel > 0 && stride > 0 && span <= in + padding && in + padding - span < stride;
}

static EML_CNN_APART EmlCnnError eml_cnn_check_window(EmlCnn *self, const EmlCnnLayer *layer) {
    const EmlCnnWindow *window = &layer->of.window;
    const uint32_t in_channels = layer->in_shape[EML_CNN_CHANNELS];
    const uint32_t out_channels = layer->out_shape[EML_CNN_CHANNELS];
    const uint32_t n_cells = (uint32_t)window->kernel_h * window->kernel_w;
    uint32_t n_weights = n_cells;
    if (!eml_cnn_is_side(layer->in_shape[EML_CNN_HEIGHT], layer->out_shape[EML_CNN_HEIGHT],
                         window->kernel_h, window->stride_h,
                         window->pad_top + window->pad_bottom) ||
        !eml_cnn_is_side(layer->in_shape[EML_CNN_WIDTH], layer->out_shape[EML_CNN_WIDTH],
                         window->kernel_w, window->stride_w,
                         window->pad_left + window->pad_right)) {
        return EML_CNN_WINDOW;
    }
    if (window->dilation_h != 1 || window->dilation_w != 1) {
        return EML_CNN_DILATION;
    }
    if (window->activation > EML_CNN_RELU_6) {
        return EML_CNN_ACTIVATION;
    }
    if (layer->kind == EML_CNN_CONV) {
        n_weights *= in_channels; // at most 255 * 255 * 65535
        if (window->depth_multiplier != 0) {
            return EML_CNN_SHAPE;
        }
    } else if (window->depth_multiplier > out_channels ||
               window->depth_multiplier * in_channels != out_channels) {
        return EML_CNN_SHAPE;
    }
    const EmlCnnError error = eml_cnn_check_blobs(layer, &window->blobs, out_channels, n_weights);
    if (error != EML_CNN_OK) {
        return error;
    }
    eml_cnn_at_least(&self->max_cells, n_cells);
    eml_cnn_at_least(&self->max_channels, in_channels);
#ifdef EML_CNN_FP32
    eml_cnn_at_least(&self->patch_words, n_weights);
#else
    if (layer->kind == EML_CNN_CONV) {
        // Four pixels, two values a word.
        eml_cnn_at_least(&self->patch_words, 4 * ((n_weights + 1) / 2));
    }
#endif
    return EML_CNN_OK;
}

static EML_COLD EmlCnnError eml_cnn_check_add(EmlCnn *self, const EmlCnnLayer *layer,
                                              uint32_t elements) {
    const EmlCnnSecond *second = &layer->of.add;
    if (!eml_cnn_place(self, second->in, elements) ||
        eml_cnn_overlap(second->in, elements, layer->out, elements)) {
        return EML_CNN_TENSOR;
    }
#ifndef EML_CNN_FP32
    if (!eml_cnn_is_scale(second->in_scale)) {
        return EML_CNN_SCALE;
    }
    if (second->in_zero != (int8_t)second->in_zero) {
        return EML_CNN_ZERO_POINT;
    }
    EmlCnnFactor factor;
    eml_cnn_layer_factor(layer, 2, &factor);
    if (factor.shift > 0) {
        return EML_CNN_SUM;
    }
#endif
    return EML_CNN_OK;
}

static EML_COLD EmlCnnError eml_cnn_check_pool(const EmlCnnLayer *layer) {
    const uint32_t channels = layer->in_shape[EML_CNN_CHANNELS];
    const uint32_t pixels = eml_cnn_elements(layer->in_shape) / channels;
    if (eml_cnn_elements(layer->out_shape) != channels ||
        layer->out_shape[EML_CNN_CHANNELS] != channels || pixels > EML_CNN_MAX_POOL) {
        return EML_CNN_SHAPE;
    }
#ifndef EML_CNN_FP32
    EmlCnnFactor factor;
    eml_cnn_layer_factor(layer, 0, &factor);
    if (!eml_cnn_is_sum(0, pixels << 8, factor.shift)) {
        return EML_CNN_SUM;
    }
#endif
    return EML_CNN_OK;
}

// What is particular to a layer's kind; the rest has been checked.
static EML_COLD EmlCnnError eml_cnn_check_kind(EmlCnn *self, const EmlCnnLayer *layer) {
    const uint16_t *in_shape = layer->in_shape;
    const uint16_t *out_shape = layer->out_shape;
    const uint32_t in_elements = eml_cnn_elements(in_shape);
    const uint32_t out_elements = eml_cnn_elements(out_shape);
    const uint32_t channels = in_shape[EML_CNN_CHANNELS];
    switch (layer->kind) {
    case EML_CNN_CONV:
    case EML_CNN_DEPTHWISE:
        return eml_cnn_check_window(self, layer);
    case EML_CNN_DENSE:
        if (out_elements != out_shape[EML_CNN_CHANNELS]) {
            return EML_CNN_SHAPE;
        }
        return eml_cnn_check_blobs(layer, &layer->of.dense, out_elements, in_elements);
    case EML_CNN_POOL:
        return eml_cnn_check_pool(layer);
    case EML_CNN_SOFTMAX:
        eml_cnn_at_least(&self->patch_words, channels);
        return in_elements == out_elements && channels == out_shape[EML_CNN_CHANNELS]
                   ? EML_CNN_OK
                   : EML_CNN_SHAPE;
    case EML_CNN_ADD:
        return in_elements == out_elements ? eml_cnn_check_add(self, layer, in_elements)
                                           : EML_CNN_SHAPE;
    default: // reshape
        return in_elements == out_elements ? EML_CNN_OK : EML_CNN_SHAPE;
    }
}

// A layer that begins within the image: `left` bytes are left of it.
static EML_CNN_APART EmlCnnError eml_cnn_check_layer(EmlCnn *self, const EmlCnnLayer *layer,
                                                     uint32_t left) {
    if (left < EML_CNN_LAYER_HEAD) {
        return EML_CNN_CUT;
    }
    const uint32_t head_bytes = eml_cnn_head_bytes(layer->kind);
    if (head_bytes == 0) {
        return EML_CNN_KIND;
    }
    if (layer->bytes > left || layer->bytes < head_bytes || layer->bytes % 4 != 0) {
        return EML_CNN_CUT;
    }
    if (!eml_cnn_is_shape(layer->in_shape) || !eml_cnn_is_shape(layer->out_shape)) {
        return EML_CNN_SHAPE;
    }
    const uint32_t out_elements = eml_cnn_elements(layer->out_shape);
    const uint32_t in = layer->in;
    const uint32_t in_elements = eml_cnn_elements(layer->in_shape);
    if (!eml_cnn_place(self, in, in_elements) || !eml_cnn_place(self, layer->out, out_elements)) {
        return EML_CNN_TENSOR;
    }
    if (layer->kind == EML_CNN_RESHAPE
            ? layer->out != in
            : eml_cnn_overlap(in, in_elements, layer->out, out_elements)) {
        return EML_CNN_TENSOR;
    }
#ifndef EML_CNN_FP32
    if (!eml_cnn_is_scale(layer->in_scale) || !eml_cnn_is_scale(layer->out_scale)) {
        return EML_CNN_SCALE;
    }
    if (layer->in_zero != (int8_t)layer->in_zero || layer->out_zero != (int8_t)layer->out_zero) {
        return EML_CNN_ZERO_POINT;
    }
#endif
    return eml_cnn_check_kind(self, layer);
}

#ifndef EML_CNN_FP32
// Says whether subtracting 128 quantises bytes: no byte / 255 / scale is off by half a step.
static EML_COLD bool eml_cnn_is_plain(const EmlCnnLayer *layer) {
    const uint32_t low = 0x3b804020;  // 1 / 255.5
    const uint32_t high = 0x3b80c122; // 1 / 254.5
    return layer->in_zero == -128 && layer->in_scale > low && layer->in_scale < high;
}
#endif

// Checks all layers, of an image whose header is there; finds out the memory's parts.
static EML_COLD EmlCnnError eml_cnn_check_layers(EmlCnn *self, size_t length) {
    const EmlCnnHeader *header = self->header;
    if (header->n_layers == 0) {
        return EML_CNN_NO_LAYERS;
    }
    if (length >= EML_CNN_MAX_ARENA || header->arena_bytes >= EML_CNN_MAX_ARENA) {
        return EML_CNN_TOO_BIG;
    }
    uint32_t left = (uint32_t)length - sizeof(EmlCnnHeader);
    if (!eml_cnn_is_shape(header->in_shape)) {
        return EML_CNN_SHAPE;
    }
    const EmlCnnLayer *layer = eml_cnn_first(self);
    while (self->n_layers < header->n_layers) {
        self->last = left < EML_CNN_LAYER_HEAD ? NULL : layer;
        const EmlCnnError error = eml_cnn_check_layer(self, layer, left);
        if (error != EML_CNN_OK) {
            return error;
        }
        if (self->n_layers == 0 &&
            eml_cnn_elements(layer->in_shape) != eml_cnn_elements(header->in_shape)) {
            return EML_CNN_INPUT;
        }
        if (layer->is_output != (self->n_layers + 1 == header->n_layers)) {
            return EML_CNN_OUTPUT;
        }
#ifndef EML_CNN_FP32
        self->factor_words += EML_CNN_FACTOR_WORDS(eml_cnn_n_factors(layer));
#endif
        left -= layer->bytes;
        layer = eml_cnn_next(layer);
        self->n_layers++;
    }
    if (left != 0) {
        self->last = NULL;
        return EML_CNN_CUT;
    }
#ifndef EML_CNN_FP32
    self->table_bytes = eml_cnn_is_plain(eml_cnn_first(self)) ? 0 : 256;
#endif
    self->memory_bytes = self->max_cells * sizeof(self->cells[0]) +
                         sizeof(uint32_t) * (self->patch_words + self->factor_words) +
                         sizeof(EmlCnnValue) * EML_CNN_PADDING(self->max_channels) +
                         self->table_bytes + self->arena_bytes;
    if (length < EML_CNN_SMALL_IMAGE && self->memory_bytes > EML_CNN_SMALL_MEMORY) {
        return EML_CNN_MEMORY;
    }
    return EML_CNN_OK;
}

/** Checks a 4-aligned image, behind others that eml_image.h describes or none, and fills self, up
to memory_bytes.

After an error of a layer, self->n_layers counts those before it, and self->last is the layer itself
if its head is there at all. */
static EML_CNN_APART EmlCnnError eml_cnn_check(EmlCnn *self, const void *image, size_t length) {
    const size_t start = eml_image_skip(image, length, '\0');
    if (start == EML_IMAGE_DAMAGED) {
        return EML_CNN_CHECKSUM;
    }
    const EmlCnnHeader *header = (const EmlCnnHeader *)((const uint8_t *)image + start);
    length -= start;
    self->header = header;
    self->max_cells = 0;
    self->patch_words = 0;
    self->factor_words = 0;
    self->max_channels = 0;
    self->table_bytes = 0;
    self->arena_bytes = 0;
    self->n_layers = 0;
    self->last = NULL;
    if (length < sizeof(EmlCnnHeader) || header->magic[0] != 'M' || header->magic[1] != 'A' ||
        header->magic[2] != 'I' || header->magic[3] != 'X') {
        return EML_CNN_NOT_TMDL;
    }
    if (header->type != EML_CNN_TYPE) {
        return EML_CNN_OTHER_TYPE;
    }
    const EmlCnnError error = eml_cnn_check_layers(self, length);
    // Where the end of the file is missing, the checksum differs too: the former says more.
    if (error != EML_CNN_CUT && header->crc != 0 &&
        header->crc != eml_crc_around(header, length, offsetof(EmlCnnHeader, crc))) {
        return EML_CNN_CHECKSUM;
    }
    return error;
}

#endif // EML_CNN_CHECK_H
