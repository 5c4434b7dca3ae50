/** The factors that requantise the sums of an int8 layer, derived from its scales as LiteRT does.
 */
#ifndef EML_CNN_FACTORS_H
#define EML_CNN_FACTORS_H

#include "eml_cnn.h"
#include "eml_cnn_number.h"

/** How many factors a layer has. */
static EML_COLD uint32_t eml_cnn_n_factors(const EmlCnnLayer *layer) {
    switch (layer->kind) {
    case EML_CNN_CONV:
    case EML_CNN_DEPTHWISE:
    case EML_CNN_DENSE:
        return layer->out_shape[EML_CNN_CHANNELS];
    case EML_CNN_POOL:
        return 1;
    case EML_CNN_ADD:
        return 3;
    default:
        return 0;
    }
}

// A fully connected layer with one scale for all its weights has 0 in the places of the others.
static EML_COLD bool eml_cnn_is_per_tensor(const EmlCnnLayer *layer) {
    if (layer->kind != EML_CNN_DENSE) {
        return false;
    }
    const uint32_t *scales = eml_cnn_blob(layer, layer->of.dense.scales);
    return layer->out_shape[EML_CNN_CHANNELS] == 1 || scales[1] == 0;
}

/** The scale of the weights of an output channel. */
static EML_COLD uint32_t eml_cnn_weight_scale(const EmlCnnLayer *layer, const EmlCnnBlobs *blobs,
                                              uint32_t index) {
    const uint32_t *scales = eml_cnn_blob(layer, blobs->scales);
    return scales[eml_cnn_is_per_tensor(layer) ? 0 : index];
}

static EML_COLD void eml_cnn_weight_factor(const EmlCnnLayer *layer, const EmlCnnBlobs *blobs,
                                           uint32_t index, EmlCnnFactor *factor) {
    uint32_t a = layer->in_scale;
    uint32_t b = eml_cnn_weight_scale(layer, blobs, index);
    if (eml_cnn_is_per_tensor(layer)) {
        // LiteRT multiplies these two as float32, and only these.
        a = eml_cnn_product(a, b);
        b = EML_CNN_BITS_OF_1;
    }
    eml_cnn_factor(a, b, layer->out_scale, 0, factor);
}

// LiteRT adds with 20 bits after the point, in units of twice the larger scale: factors 0 and 1
// take the operands there, 2 takes the sum back.
static EML_COLD void eml_cnn_add_factor(const EmlCnnLayer *layer, uint32_t index,
                                        EmlCnnFactor *factor) {
    const uint32_t scales[2] = {layer->in_scale, layer->of.add.in_scale};
    const uint32_t larger = scales[0] > scales[1] ? scales[0] : scales[1];
    if (index < 2) {
        eml_cnn_factor(scales[index], EML_CNN_BITS_OF_1, larger, -1, factor);
    } else {
        eml_cnn_factor(larger, EML_CNN_BITS_OF_1, layer->out_scale, 1 - 20, factor);
    }
}

// The factor of a mean is that of the sum, divided by the number of pixels and cut.
static EML_COLD void eml_cnn_mean_factor(const EmlCnnLayer *layer, EmlCnnFactor *factor) {
    eml_cnn_factor(layer->in_scale, EML_CNN_BITS_OF_1, layer->out_scale, 0, factor);
    const uint32_t n = (uint32_t)layer->in_shape[EML_CNN_HEIGHT] * layer->in_shape[EML_CNN_WIDTH];
    int32_t bits = 0;
    while (n >> bits > 1) {
        bits++;
    }
    if (bits > 31 + factor->shift) {
        bits = 31 + factor->shift;
    }
    factor->multiplier = (int32_t)eml_cnn_quotient((uint32_t)factor->multiplier, bits, n);
    factor->shift -= bits;
}

/** Factor number `index` of a layer: of each output channel; of an add, see above. */
static EML_COLD void eml_cnn_layer_factor(const EmlCnnLayer *layer, uint32_t index,
                                          EmlCnnFactor *factor) {
    switch (layer->kind) {
    case EML_CNN_ADD:
        eml_cnn_add_factor(layer, index, factor);
        break;
    case EML_CNN_POOL:
        eml_cnn_mean_factor(layer, factor);
        break;
    case EML_CNN_DENSE:
        eml_cnn_weight_factor(layer, &layer->of.dense, index, factor);
        break;
    default: // convolutions
        eml_cnn_weight_factor(layer, &layer->of.window.blobs, index, factor);
        break;
    }
}

#endif // EML_CNN_FACTORS_H
