// Feeds model files that are cut and changed to the readers, under sanitizers. What loads must
// predict. A file gets a right checksum, or nothing but that would be tried. The arguments are a
// file, a seed and rounds; with -DEML_FUZZER, libFuzzer changes the files.

#include "choices.h"
#include "eml_forest_csv.h"

// Memory of exactly the size asked for, so that a read beyond it is seen.
static void *resize(void *memory, size_t bytes) {
    if (bytes == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, bytes);
}

static uint32_t loaded;

static void use(const EmlForest *forest) {
    loaded++;
    const uint32_t n_outputs = eml_forest_outputs(forest);
    int32_t *features = malloc(forest->n_features * sizeof(int32_t));
    EmlForestSum *sums = malloc(n_outputs * sizeof(EmlForestSum));
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < forest->n_features; i++) {
            features[i] = (int32_t)(next_random() * 331u);
        }
        if (!eml_forest_has_nan(forest, features)) {
            uint32_t used;
            const int32_t result = eml_forest_predict(forest, features, sums, round % 2, &used);
            if (result < -1 || (result > 1 && result >= forest->n_classes) || used == 0 ||
                used > forest->n_trees) {
                abort();
            }
            if (round % 2) {
                for (uint32_t i = 0; i < n_outputs; i++) {
                    eml_forest_output(forest, sums, i);
                }
            }
        }
        if (forest->has_scale) {
            const uint32_t bytes = eml_forest_array_bytes(forest, EML_FOREST_ROW);
            int16_t *out = malloc(bytes);
            eml_forest_quantize(forest, features, out);
            free(out);
        }
    }
    free(features);
    free(sums);
}

static void try_bin(const uint8_t *data, size_t length) {
    EmlForest forest;
    memset(&forest, 0, sizeof(forest));
    uint8_t *image = malloc(length + 3);
    uint8_t *at = image + next_random() % 4; // at any alignment
    memcpy(at, data, length);
    if (length >= EML_IMAGE_HEAD) {
        const uint32_t bytes = (uint32_t)length;
        memcpy(at + 24, &bytes, 4);
        EmlCrc crc;
        eml_crc_begin(&crc);
        eml_crc_add(&crc, at, 28);
        eml_crc_add(&crc, at + EML_IMAGE_HEAD, length - EML_IMAGE_HEAD);
        const uint32_t value = eml_crc_value(&crc);
        memcpy(at + 28, &value, 4);
    }
    if (eml_forest_bin(&forest, at, length) == EML_FOREST_OK) {
        use(&forest);
    } else if (forest.n_trees != 0) {
        abort();
    }
    free(image);
}

// Puts the right checksum into the last 8 digits of a file that ends with them.
static void sign(char *data, size_t length) {
    if (length < 13 || memcmp(data + length - 13, "crc,", 4) != 0) {
        return;
    }
    EmlCrc crc;
    eml_crc_begin(&crc);
    const char *line = data;
    for (const char *at = data; at < data + length - 13; at++) {
        if (*at == '\n') {
            const size_t bytes = (size_t)(at - line);
            eml_crc_add(&crc, line, bytes - (bytes > 0 && at[-1] == '\r'));
            eml_crc_add(&crc, "\n", 1);
            line = at + 1;
        }
    }
    char digits[9];
    snprintf(digits, sizeof(digits), "%08x", (unsigned)eml_crc_value(&crc));
    memcpy(data + length - 9, digits, 8);
}

static void try_csv(const char *data, size_t length, uint32_t max_nodes) {
    EmlForest forest;
    memset(&forest, 0, sizeof(forest));
    EmlForestCsv csv;
    // Of a file as of a stream, whose length is unknown.
    const size_t file_bytes = next_random() % 2 ? length : 0;
    eml_forest_csv_begin(&csv, &forest, resize, file_bytes, 100, max_nodes, 1000);
    EmlForestError error = EML_FOREST_OK;
    for (size_t at = 0; at < length && error == EML_FOREST_OK;) {
        size_t piece = 1 + next_random() % 200;
        if (piece > length - at) {
            piece = length - at;
        }
        char *copy = malloc(piece);
        memcpy(copy, data + at, piece);
        error = eml_forest_csv_read(&csv, copy, piece);
        free(copy);
        at += piece;
    }
    if (error == EML_FOREST_OK) {
        error = eml_forest_csv_end(&csv);
    }
    if (error == EML_FOREST_OK) {
        use(&forest);
    } else if (forest.n_trees != 0 || eml_forest_error_text(error)[0] == '\0') {
        abort();
    }
    for (uint32_t i = 0; i < EML_FOREST_ARRAYS; i++) {
        free((void *)forest.array[i]);
    }
}

#ifdef EML_FUZZER

// The bytes are a file. What else there is to choose, such as features, follows from its bytes.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    choices_left = 0;
    choices_state = 1;
    for (size_t i = 0; i < size && i < 256; i++) {
        choices_state = choices_state * 16777619u ^ data[i];
    }
    if (eml_forest_is_bin(data, size)) {
        try_bin(data, size);
    } else {
        char *copy = allocate(size + 1, 1);
        memcpy(copy, data, size);
        sign(copy, size);
        try_csv(copy, size, 65000);
        free(copy);
    }
    return 0;
}

#else

int main(int count, char **arguments) {
    if (count != 4) {
        return 2;
    }
    static char data[1 << 20], changed[1 << 20];
    FILE *file = fopen(arguments[1], "rb");
    if (file == NULL) {
        return 2;
    }
    const size_t length = fread(data, 1, sizeof(data), file);
    fclose(file);
    choices_state = (uint32_t)strtoul(arguments[2], NULL, 10);
    const uint32_t rounds = (uint32_t)strtoul(arguments[3], NULL, 10);
    const bool is_bin = eml_forest_is_bin((const uint8_t *)data, length);
    for (uint32_t round = 0; round < rounds; round++) {
        memcpy(changed, data, length);
        // Half of the changes in the first bytes, where what matters most is.
        const uint32_t range = round % 2 && length > 64 ? 64 : (uint32_t)length;
        for (uint32_t changes = next_random() % 3; changes > 0; changes--) {
            const char *characters = "0123456789-,.e\n\r[] vkqmfclbyisrne\xff";
            changed[next_random() % range] =
                is_bin ? (char)next_random() : characters[next_random() % strlen(characters)];
        }
        const size_t end = round % 4 == 0 ? next_random() % (length + 1) : length;
        if (is_bin) {
            try_bin((const uint8_t *)changed, end);
        } else {
            sign(changed, end);
            try_csv(changed, end, round % 8 ? 65000 : 50);
        }
    }
    printf("%u of %u loaded\n", loaded, rounds);
    return 0;
}

#endif
