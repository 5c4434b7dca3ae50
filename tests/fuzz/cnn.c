// Feeds .tmdl files that libFuzzer changes to the reader, under sanitizers. What loads must run, on
// bytes and on floats. Built twice: for int8 and, with -DEML_CNN_FP32, for float32 models.

#include "choices.h"
#include "eml_cnn_message.h"
#ifdef EML_CNN_FP32
#include "eml_cnn_fp32.h"
#else
#include "eml_cnn_int8.h"
#endif

// What a device has no memory for is not run either, nor what would take the fuzzer seconds.
#define MAX_MEMORY (1 << 16)
#define MAX_LAYERS 12

static void run(EmlCnn *cnn) {
    void *memory = allocate(1, cnn->memory_bytes);
    eml_cnn_prepare(cnn, memory);
    const size_t n = eml_cnn_elements(cnn->header->in_shape);
    const size_t outputs = eml_cnn_elements(cnn->last->out_shape);
    uint32_t *input = allocate(n, sizeof(float));
    uint32_t *output = allocate(outputs, sizeof(float));
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < n; i++) {
            const float value = round == 0 ? any_float() : (float)below(512) / 256 - 1;
            memcpy(&input[i], &value, sizeof(value));
        }
        if (round < 2) {
            eml_cnn_read_floats(cnn, input);
        } else {
            eml_cnn_read_bytes(cnn, (const uint8_t *)input);
        }
        eml_cnn_run(cnn);
        eml_cnn_write(cnn, output);
        REQUIRE(eml_cnn_best(cnn) < outputs);
    }
    free(output);
    free(input);
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    choices_left = 0;
    choices_state = (uint32_t)size;
    uint8_t *image = allocate(size + (size == 0), 1);
    memcpy(image, data, size);
    const size_t start = eml_image_skip(image, size, '\0');
    if (start != EML_IMAGE_DAMAGED && size - start >= sizeof(EmlCnnHeader)) {
        // A right checksum, or nothing but that would be tried.
        EmlCnnHeader *header = (EmlCnnHeader *)(image + start);
        header->crc = eml_crc_around(header, size - start, offsetof(EmlCnnHeader, crc));
    }
    EmlCnn cnn;
    const EmlCnnError error = eml_cnn_check(&cnn, image, size);
    if (error != EML_CNN_OK) {
        char text[EML_CNN_MESSAGE_MAX];
        const size_t used = eml_cnn_message(&cnn, error, text);
        REQUIRE(used >= 10 && used <= sizeof(text));
    } else if (cnn.memory_bytes <= MAX_MEMORY && cnn.n_layers <= MAX_LAYERS) {
        run(&cnn);
    }
    free(image);
    return 0;
}
