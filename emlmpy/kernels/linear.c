// What emlmpy/linear/twin.py calls: the kernel of emllinear.

#include "eml_linear.h"

size_t linear_words(const EmlLinear *self) { return eml_linear_words(self); }
uint32_t linear_outputs(const EmlLinear *self) { return eml_linear_outputs(self); }
const char *linear_check_sizes(const EmlLinear *self) {
    return eml_linear_check_sizes(self, sizeof(EmlLinear));
}
const char *linear_check(const EmlLinear *self, size_t bytes) {
    return eml_linear_check(self, bytes);
}

// The classes of rows, and the scores or answers if they are not NULL. Returns whether all scores
// are finite.
int32_t linear_run(const EmlLinear *self, const void *rows, uint32_t n_rows, int32_t *classes,
                   int32_t *scores, int32_t *answers) {
    const size_t row_bytes = (self->type == EML_LINEAR_FLOAT32 ? 4 : 2) * self->n_features;
    int32_t out[EML_LINEAR_MAX_ROWS + 1];
    for (uint32_t i = 0; i < n_rows; i++) {
        const void *row = (const char *)rows + i * row_bytes;
        classes[i] = eml_linear_run(self, row, out);
        if (classes[i] == EML_LINEAR_NOT_FINITE) {
            return false;
        }
        for (uint32_t j = 0; scores != NULL && j < self->n_rows; j++) {
            *scores++ = out[j];
        }
        if (answers != NULL) {
            eml_linear_answer(self, out, classes[i]);
        }
        for (uint32_t j = 0; answers != NULL && j < eml_linear_outputs(self); j++) {
            *answers++ = out[j];
        }
    }
    return true;
}
int32_t linear_fit(EmlLinear *self, const float *features, const float *target, int32_t class_index,
                   float rate) {
    EmlLinearBits scores[EML_LINEAR_MAX_ROWS];
    if (!eml_linear_learns(self)) {
        return false;
    }
    const int32_t found = eml_linear_run(self, features, &scores->bits);
    return found != EML_LINEAR_NOT_FINITE &&
           eml_linear_fit(self, features, scores, found, target, class_index, rate);
}

// e^x of each of n floats.
void linear_exp(const int32_t *x, int32_t *result, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        int32_t power;
        const uint32_t mantissa = eml_linear_exp(x[i], &power);
        result[i] = eml_linear_pack(mantissa, power - 30);
    }
}
