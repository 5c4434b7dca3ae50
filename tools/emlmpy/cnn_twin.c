// What cnn.py calls: the kernel of tinymaix_cnn, or with EML_CNN_FP32 that of tinymaix_cnn_fp32.
#include "eml_cnn_message.h"
#ifdef EML_CNN_FP32
#include "eml_cnn_fp32.h"
#else
#include "eml_cnn_int8.h"
#endif

#include <stdlib.h>
#include <string.h>

typedef struct Twin {
    EmlCnn cnn;
    void *image;
    void *memory;
} Twin;

void twin_free(Twin *self) {
    free(self->memory);
    free(self->image);
    free(self);
}

// Copies a file's content. NULL on failure: then text has the reason, "" if memory is short.
Twin *twin_new(const void *file, size_t length, char text[EML_CNN_MESSAGE_MAX + 1]) {
    memset(text, 0, EML_CNN_MESSAGE_MAX + 1);
    Twin *self = calloc(1, sizeof(Twin));
    if (self == NULL) {
        return NULL;
    }
    self->image = malloc(length + 1);
    if (self->image != NULL) {
        memcpy(self->image, file, length);
        const EmlCnnError error = eml_cnn_check(&self->cnn, self->image, length);
        if (error != EML_CNN_OK) {
            eml_cnn_message(&self->cnn, error, text);
        } else {
            self->memory = calloc(1, self->cnn.memory_bytes);
        }
    }
    if (self->memory == NULL) {
        twin_free(self);
        return NULL;
    }
    eml_cnn_prepare(&self->cnn, self->memory);
    return self;
}

// What the device allocates besides the file: as many bytes here as there.
size_t twin_bytes(const Twin *self) { return self->cnn.memory_bytes; }

// Rank, height, width and channels, of the input and of the output.
void twin_shapes(const Twin *self, uint16_t shapes[8]) {
    memcpy(shapes, self->cnn.header->in_shape, 4 * sizeof(uint16_t));
    memcpy(shapes + 4, self->cnn.last->out_shape, 4 * sizeof(uint16_t));
}

// Typecodes are those of Python's arrays.
void twin_run(Twin *self, char typecode, const void *input, void *out) {
    if (typecode == 'B') {
        eml_cnn_read_bytes(&self->cnn, input);
    } else if (typecode == 'f') {
        eml_cnn_read_floats(&self->cnn, input);
    }
#ifndef EML_CNN_FP32
    if (typecode == 'b') {
        memcpy(eml_cnn_input(&self->cnn), input, eml_cnn_elements(self->cnn.header->in_shape));
    }
#endif
    eml_cnn_run(&self->cnn);
    eml_cnn_write(&self->cnn, out);
}
