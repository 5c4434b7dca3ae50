/** Texts of the errors that a .tmdl file can have. */
#ifndef EML_CNN_MESSAGE_H
#define EML_CNN_MESSAGE_H

#include "eml_cnn_check.h"

#define EML_CNN_MESSAGE_MAX 128

// Texts in the order of EmlCnnError, each ended by a 0.
#define EML_CNN_ERROR_TEXTS \
    "model must be a little-endian .tmdl file\0" EML_CNN_OTHER_TYPE_TEXT "\0" \
    "model must have layers\0" \
    "model must be below 256 MiB\0" \
    "checksum differs: edited by hand? emlmpy check --sign FILE\0" \
    "a file below 1 kB may ask for 65536 bytes of memory, not \0" \
    "layers must fill the file\0" \
    "kind must be 0 to 6\0" \
    "shapes must fit the kind\0" \
    "tensors must lie apart, in the arena\0" \
    "input must be the model's\0" \
    "output must be the last layer\0" \
    "kernel must fit the shapes\0" \
    "dilation must be 1\0" \
    "activation must be none, relu, relu6 or relu -1..1\0" \
    "weights must lie in the layer, aligned\0" \
    "scales must be 2^-60 to 2^60\0" \
    "zero points must be -128 to 127\0" \
    "weights must be -127 to 127\0" \
    "sums must fit 31 bits"

#ifdef EML_CNN_FP32
#define EML_CNN_OTHER_TYPE_TEXT "model must be fp32: int8 is for tinymaix_cnn"
#else
#define EML_CNN_OTHER_TYPE_TEXT "model must be int8: fp32 is for tinymaix_cnn_fp32"
#endif

// Texts in the order of the kinds.
#define EML_CNN_KIND_TEXTS "conv2d\0gap\0fc\0softmax\0reshape\0depthwise\0add"

static EML_COLD char *eml_cnn_put_nth(char *to, const char *texts, uint32_t n) {
    for (; n > 0; n--) {
        while (*texts++ != '\0') {
        }
    }
    while (*texts != '\0') {
        *to++ = *texts++;
    }
    return to;
}

static EML_COLD char *eml_cnn_put_number(char *to, uint32_t number) {
    char digits[10];
    uint32_t n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (n > 0) {
        *to++ = digits[--n];
    }
    return to;
}

/** Writes "layer 3 (kind 5, depthwise): dilation must be 1" for an error of eml_cnn_check to
text[EML_CNN_MESSAGE_MAX]; gives its length. */
static inline EML_COLD size_t eml_cnn_message(const EmlCnn *self, EmlCnnError error, char *text) {
    char *to = text;
    if (error >= EML_CNN_CUT) {
        to = eml_cnn_put_nth(to, "layer ", 0);
        to = eml_cnn_put_number(to, self->n_layers);
        if (self->last != NULL) {
            const uint32_t kind = self->last->kind;
            to = eml_cnn_put_nth(to, " (kind ", 0);
            to = eml_cnn_put_number(to, kind);
            if (kind <= EML_CNN_ADD) {
                to = eml_cnn_put_nth(to, ", ", 0);
                to = eml_cnn_put_nth(to, EML_CNN_KIND_TEXTS, kind);
            }
            to = eml_cnn_put_nth(to, ")", 0);
        }
        to = eml_cnn_put_nth(to, ": ", 0);
    }
    to = eml_cnn_put_nth(to, EML_CNN_ERROR_TEXTS, error - EML_CNN_NOT_TMDL);
    if (error == EML_CNN_MEMORY) {
        to = eml_cnn_put_number(to, self->memory_bytes);
    }
    return (size_t)(to - text);
}

#endif // EML_CNN_MESSAGE_H
