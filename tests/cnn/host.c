// Loads every damaged copy of a .tmdl file and runs those that load, for the sanitizers to watch.
//
//     cnn_host model.tmdl  ->  files that loaded, files that did not

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eml_cnn_message.h"
#ifdef EML_CNN_FP32
#include "eml_cnn_fp32.h"
#else
#include "eml_cnn_int8.h"
#endif

static unsigned loaded;
static unsigned refused;

static void try_one(const uint8_t *image, size_t length) {
    // Exactly as large as needed, so that a byte too many is noticed.
    uint8_t *copy = malloc(length + (length == 0));
    memcpy(copy, image, length);
    EmlCnn cnn;
    const EmlCnnError error = eml_cnn_check(&cnn, copy, length);
    if (error != EML_CNN_OK) {
        char text[EML_CNN_MESSAGE_MAX];
        const size_t used = eml_cnn_message(&cnn, error, text);
        if (used < 10 || used > sizeof(text)) {
            abort();
        }
        refused++;
    } else if (cnn.memory_bytes > 1 << 20) {
        loaded++; // for a device: out of memory
    } else {
        void *memory = calloc(1, cnn.memory_bytes);
        eml_cnn_prepare(&cnn, memory);
        const size_t n = eml_cnn_elements(cnn.header->in_shape);
        uint32_t *input = malloc(4 * n);
        memset(input, 0x3f, 4 * n);
        uint32_t *output = malloc(4 * eml_cnn_elements(cnn.last->out_shape));
        eml_cnn_read_floats(&cnn, input);
        eml_cnn_run(&cnn);
        eml_cnn_read_bytes(&cnn, (const uint8_t *)input);
        eml_cnn_run(&cnn);
        eml_cnn_write(&cnn, output);
        if (eml_cnn_best(&cnn) >= eml_cnn_elements(cnn.last->out_shape)) {
            abort();
        }
        free(output);
        free(input);
        free(memory);
        loaded++;
    }
    free(copy);
}

int main(int argc, char **argv) {
    static uint8_t image[1 << 20];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        return 1;
    }
    const size_t length = fread(image, 1, sizeof(image), file);
    fclose(file);
    for (size_t cut = 0; cut <= length; cut++) {
        try_one(image, cut);
    }
    const uint8_t masks[] = {0x01, 0x02, 0x10, 0x40, 0x80, 0xff};
    for (size_t at = 0; at < length; at++) {
        const uint8_t before = image[at];
        for (size_t i = 0; i < sizeof(masks); i++) {
            image[at] = before ^ masks[i];
            try_one(image, length);
        }
        image[at] = 0;
        try_one(image, length);
        image[at] = before;
    }
    printf("%u %u\n", loaded, refused);
    return 0;
}
