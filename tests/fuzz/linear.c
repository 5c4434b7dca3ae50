// Random words as models of eml_linear.h, in memory of exactly their size, under sanitizers. Counts
// the models that pass the check.

#include "choices.h"
#include "eml_linear.h"

static int32_t any_word(uint32_t kind) {
    const int32_t extremes[] = {0, INT32_MIN, INT32_MAX, 0x7f800000, 0x7fc00000, 1, -1, 1 << 22};
    switch (kind) {
    case 0:
        return extremes[below(8)];
    case 1:
        return (int32_t)any_bits();
    case 2: // floats about 1
        return (int32_t)(any_bits() & 0x80ffffff) | 0x3f000000;
    default:
        return (int32_t)below(60) - 30;
    }
}

static bool is_proportion(int32_t bits) {
    const EmlLinearBits both = {.bits = bits};
    return both.value >= 0 && both.value <= 1;
}

static void use(EmlLinear *model, const void *features) {
    const uint32_t n_rows = model->n_rows, n_outputs = eml_linear_outputs(model);
    const size_t bytes = 4 * eml_linear_words(model);
    int32_t *scores = allocate(n_outputs, 4);
    const int32_t found = eml_linear_run(model, features, NULL);
    REQUIRE(eml_linear_run(model, features, scores) == found);
    if (found != EML_LINEAR_NOT_FINITE) {
        REQUIRE(found >= 0 && (uint32_t)found <= n_rows);
        for (uint32_t i = 0; i < n_rows; i++) {
            REQUIRE(eml_linear_is_finite(scores[i]));
        }
        eml_linear_answer(model, scores, found);
        for (uint32_t i = 0; i < n_outputs && model->kind > EML_LINEAR_CLASS; i++) {
            REQUIRE(is_proportion(scores[i]));
        }
    }
    free(scores);
    if (eml_linear_learns(model)) {
        EmlLinearBits *steps = allocate(n_rows, 4);
        float *target = allocate(n_rows, 4);
        EmlLinear *before = allocate(bytes, 1);
        memcpy(before, model, bytes);
        const EmlLinearBits rate = {.bits = any_word(1 + below(2))};
        const int32_t best = eml_linear_run(model, features, &steps->bits);
        const bool done = best != EML_LINEAR_NOT_FINITE &&
                          eml_linear_fit(model, features, steps, best, below(2) ? target : NULL,
                                         (int32_t)below(n_outputs), rate.value);
        REQUIRE(done || memcmp(before, model, bytes) == 0);
        REQUIRE(eml_linear_check(model, bytes) == NULL);
        free(before);
        free(target);
        free(steps);
    }
}

static uint32_t used;

static void once(void) {
    const uint32_t n_features = below(70), n_rows = below(6), type = below(4);
    size_t words = 4 + n_rows * (n_features + (type == 0 ? 1 : 3));
    if (below(8) == 0) {
        words = below(12);
    }
    int32_t *memory = allocate(words, 4);
    const uint32_t kind = below(4);
    for (size_t i = 0; i < words; i++) {
        memory[i] = any_word(below(20) ? kind : 1);
    }
    if (words >= 4) {
        memory[0] = (int32_t)below(7);
        memory[1] = (int32_t)type;
        memory[2] = (int32_t)n_features;
        memory[3] = (int32_t)n_rows;
        if (below(30) == 0) {
            memory[below(4)] = any_word(below(2));
        }
        // Most int16 models are refused otherwise.
        for (size_t i = 4; type != 0 && i + 2 < words; i += n_features + 3) {
            memory[i] = -20;
            memory[i + 2] = (int32_t)below(1 << 21) - (1 << 20);
        }
    }
    EmlLinear *model = (EmlLinear *)memory;
    if (eml_linear_check(model, 4 * words) == NULL) {
        const size_t row_bytes = (type == 0 ? 4 : 2) * n_features;
        char *features = allocate(row_bytes, 1);
        const uint32_t range = below(4);
        for (size_t i = 0; i + 3 < row_bytes; i += 4) {
            const int32_t word = any_word(range);
            memcpy(features + i, &word, 4);
        }
        for (size_t i = row_bytes / 4 * 4; i < row_bytes; i++) {
            features[i] = (char)below(256);
        }
        use(model, features);
        free(features);
        used++;
    }
    free(memory);
}

CHOICES_MAIN(once, used)
