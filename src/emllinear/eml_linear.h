/** Linear models, y = W x + b, and what becomes of y: values, classes, proportions. They learn,
too.

    const char *error = eml_linear_check(model, bytes);      // once: all else relies on it
    int32_t scores[EML_LINEAR_MAX_ROWS + 1];                 // the bits of floats
    int32_t class_index = eml_linear_run(model, features, scores);
    eml_linear_answer(model, scores, class_index);           // now they are values or proportions

A model is an array of 32-bit words (formats/linear.md): what is in EmlLinear, then one row for each
y, a score:

    float32 features    b, then the weights, all float32
    int16 features      e, the low and the high word of b, then the weights, int32: the score is
                        (sum of weight * feature + b) * 2^e

All memory belongs to the caller. Only eml_linear_fit changes weights.

int16 sums are exact, on every CPU. Of float32 there are four sums, of products 0, 4, 8 ..., 1, 5, 9
... and so on: (s0 + s1) + (s2 + s3) + b is the score. Each product and sum is rounded, none fused:
the same bits on every CPU, but that CPUs without an FPU take numbers below 2^-126 for 0.
*/
#ifndef EML_LINEAR_H
#define EML_LINEAR_H

#include <stddef.h>

#include "eml_linear_exp.h"
#include "eml_linear_format.h"
#if defined(__ARM_ARCH_6M__) && defined(__thumb__)
#include "eml_linear_armv6m.h"
#endif

// What eml_linear_run returns if a feature or a score is infinite or no number.
#define EML_LINEAR_NOT_FINITE (-1)

#define EML_LINEAR_INCOMPLETE "file is incomplete"

typedef struct EmlLinear {
    uint32_t kind;
    uint32_t type;
    uint32_t n_features;
    uint32_t n_rows; // scores
    int32_t rows[];
} EmlLinear;

/** Words of a row. */
static inline uint32_t eml_linear_stride(const EmlLinear *self) {
    return self->n_features + (self->type == EML_LINEAR_FLOAT32 ? 1 : 3);
}

/** Words of a model. */
static EML_NOINLINE size_t eml_linear_words(const EmlLinear *self) {
    return sizeof(EmlLinear) / 4 + self->n_rows * eml_linear_stride(self);
}

/** Number of classes, 0 if the model answers with values. */
static inline uint32_t eml_linear_classes(const EmlLinear *self) {
    const uint32_t n_rows = self->n_rows;
    return self->kind < EML_LINEAR_CLASS ? 0 : n_rows + (n_rows == 1);
}

/** Number of values, or of classes; eml_linear_answer writes as many. */
static EML_NOINLINE EML_UNUSED uint32_t eml_linear_outputs(const EmlLinear *self) {
    const uint32_t n_classes = eml_linear_classes(self);
    return n_classes != 0 ? n_classes : self->n_rows;
}

/** What is wrong with the first words of a model, of so many bytes in all, or NULL. */
static EML_NOINLINE const char *eml_linear_check_sizes(const EmlLinear *self, size_t bytes) {
    if (bytes < sizeof(EmlLinear)) {
        return EML_LINEAR_INCOMPLETE;
    }
    if (self->n_features - 1 >= EML_LINEAR_MAX_FEATURES) {
        return "n_features must be 1 to " EML_LINEAR_MAX_FEATURES_TEXT;
    }
    if (self->n_rows - 1 >= EML_LINEAR_MAX_ROWS) {
        return "n_outputs must be 1 to " EML_LINEAR_MAX_ROWS_TEXT;
    }
    if (self->kind > EML_LINEAR_HUBER || self->type > EML_LINEAR_NARROW ||
        (self->kind == EML_LINEAR_SOFTMAX && self->n_rows == 1)) {
        return "kind or type is unknown";
    }
    return NULL;
}

// Whether the numbers of the rows are in range.
static inline bool eml_linear_check_rows(const EmlLinear *self) {
    const bool is_float = self->type == EML_LINEAR_FLOAT32;
    const int32_t high = 1 << (EML_LINEAR_BIAS_BITS - 32);
    // Of weights; of floats the sign is shifted out, so that what is no number is the largest.
    const uint32_t offset = self->type == EML_LINEAR_NARROW ? 1u << EML_LINEAR_NARROW_BITS : 0;
    const uint32_t limit = is_float ? 0xfeffffffu : offset != 0 ? 2 * offset : UINT32_MAX;
    const int32_t *row = self->rows;
    for (uint32_t i = 0; i < self->n_rows; i++) {
        const int32_t *const end = row + eml_linear_stride(self);
        if (!is_float) {
            if (row[0] < EML_LINEAR_MIN_EXPONENT || row[0] > EML_LINEAR_MAX_EXPONENT ||
                row[2] < -high || row[2] >= high ||
                (self->kind >= EML_LINEAR_CLASS && row[0] != self->rows[0])) {
                return false;
            }
            row += 3;
        }
        for (; row != end; row++) {
            if (((uint32_t)*row << is_float) + offset > limit) {
                return false;
            }
        }
    }
    return true;
}

/** What is wrong with a model of so many bytes, or NULL. */
static inline const char *eml_linear_check(const EmlLinear *self, size_t bytes) {
    const char *const error = eml_linear_check_sizes(self, bytes);
    if (error != NULL) {
        return error;
    }
    if (bytes != 4 * eml_linear_words(self)) {
        return EML_LINEAR_INCOMPLETE;
    }
    return eml_linear_check_rows(self) ? NULL : "weights must be in range";
}

// The Makefile turns this optimisation off; here it saves 11 instructions a row.
#if defined(__arm__) && !defined(__clang__)
#define EML_LINEAR_HOT __attribute__((optimize("thread-jumps"))) EML_NOINLINE
#else
#define EML_LINEAR_HOT EML_NOINLINE
#endif

// The score of a float32 row.
static EML_LINEAR_HOT float eml_linear_score(const float *row, const float *feature,
                                             uint32_t n_features) {
    const float bias = *row++;
#if defined(SOFT_FLOAT)
    float sums[4];
    for (uint32_t first = 0; first < 4; first++) {
        float sum = 0;
        for (uint32_t i = first; i < n_features; i += 4) {
            sum += row[i] * feature[i];
        }
        sums[first] = sum;
    }
    return sums[0] + sums[1] + (sums[2] + sums[3]) + bias;
#else
    float sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    for (uint32_t i = n_features >> 2; i != 0; i--) {
        sum0 += row[0] * feature[0];
        sum1 += row[1] * feature[1];
        sum2 += row[2] * feature[2];
        sum3 += row[3] * feature[3];
        row += 4;
        feature += 4;
    }
    const uint32_t left = n_features & 3;
    if (left > 0) {
        sum0 += row[0] * feature[0];
    }
    if (left > 1) {
        sum1 += row[1] * feature[1];
    }
    if (left > 2) {
        sum2 += row[2] * feature[2];
    }
    return sum0 + sum1 + (sum2 + sum3) + bias;
#endif
}

// The sum of an int16 row, without its power of two.
static EML_FAST int64_t eml_linear_sum(const int32_t *row, const int16_t *feature,
                                       uint32_t n_features) {
    int64_t sum = (int64_t)((uint64_t)(uint32_t)row[2] << 32 | (uint32_t)row[1]);
    const int16_t *const end = feature + n_features;
    row += 3;
    do {
        const int32_t weight = *row++, x = *feature++;
#if defined(EML_LINEAR_ARMV6M_H)
        // In two pieces, whose products fit 32 bits.
        sum += (int32_t)((uint32_t)weight << 16 >> 16) * x;
        sum += (int64_t)((weight >> 16) * x) * 65536;
#else
        sum += (int64_t)weight * x;
#endif
    } while (feature != end);
    return sum;
}

// See eml_linear_run.
static inline int32_t eml_linear_run_rows(const EmlLinear *self, const void *features,
                                          int32_t *scores) {
    const uint32_t n_features = self->n_features, stride = eml_linear_stride(self);
    const uint32_t is_one = self->n_rows == 1, end = self->n_rows + is_one;
    const int32_t *row = self->rows;
    int64_t best = is_one ? 0 : INT64_MIN; // one score is compared with 0
    int32_t class_index = 0;
    for (uint32_t i = is_one; i != end; i++, row += stride) {
        EmlLinearBits score;
        int64_t order;
        if (self->type == EML_LINEAR_FLOAT32) {
            score.value = eml_linear_score((const float *)row, (const float *)features, n_features);
            if (!eml_linear_is_finite(score.bits)) {
                return EML_LINEAR_NOT_FINITE;
            }
            order = eml_linear_order(score.bits);
        } else {
            order = eml_linear_sum(row, (const int16_t *)features, n_features);
            if (scores != NULL) {
                score.bits = eml_linear_pack_signed(order, *row);
            }
        }
        if (scores != NULL) {
            *scores++ = score.bits;
        }
        if (order > best) {
            best = order;
            class_index = (int32_t)i;
        }
    }
    return class_index;
}

/** Finds the class of a row of features, float or int16_t; it means nothing if there are none.

scores: takes the bits of the scores, n_rows; or NULL.
Returns EML_LINEAR_NOT_FINITE if a score is infinite or no number, for that or for its features. */
static inline int32_t eml_linear_run(const EmlLinear *self, const void *features, int32_t *scores) {
#if defined(EML_LINEAR_ARMV6M_H)
    if (self->type == EML_LINEAR_NARROW && scores == NULL) {
        return eml_linear_narrow_class((const int32_t *)self, (const int16_t *)features);
    }
#endif
    return eml_linear_run_rows(self, features, scores);
}

// (score + 1) / 2, between 0 and 1, in units of 2^-30.
static uint32_t eml_linear_huber(int32_t score) {
    EmlLinearBits sum = {.bits = score};
    sum.value += 1.0f;
    const int32_t shift = 121 - (sum.bits >> 23); // the unit of the sum is 2^-29
    if (sum.bits <= 0 || shift > 23) {
        return 0;
    }
    const uint32_t fraction = ((uint32_t)sum.bits & 0x7fffff) | 0x800000;
    return shift < -6 ? EML_LINEAR_ONE : shift < 0 ? fraction << -shift : fraction >> shift;
}

// An output's share, in units of 2^-30, before it is divided by the sum of all. Of kind
// EML_LINEAR_SIGMOID it is 1 / (1 + e^-score), where the largest score is 0 or more.
static EML_NOINLINE uint32_t eml_linear_share(uint32_t kind, int32_t score, int32_t largest) {
    if (kind == EML_LINEAR_HUBER) {
        return eml_linear_huber(score);
    }
    EmlLinearBits gap = {.bits = score}, right = {.bits = largest};
    if (kind == EML_LINEAR_SIGMOID) {
        // scikit-learn's sigmoids, in float64, are 0 below -709.78.
        if ((uint32_t)score > 0xc43171ecu) {
            return 0;
        }
        // Sigmoids that are all below 1/2 are multiplied by e^-largest: their sum must not be near
        // 0.
        gap.bits = score < 0 ? score : 0;
        right.bits = largest < 0 ? largest : 0;
    }
    gap.value -= right.value;
    const uint32_t part = eml_linear_exp_fraction(gap.bits);
    return kind == EML_LINEAR_SOFTMAX
               ? part
               : eml_linear_divide(part, EML_LINEAR_ONE + eml_linear_exp_fraction(score)) >> 1;
}

// Makes proportions of scores, of which that of class_index is the largest.
static EML_NOINLINE void eml_linear_proportions(const EmlLinear *self, int32_t *scores,
                                                int32_t class_index) {
    const uint32_t n_classes = eml_linear_classes(self);
    if (self->n_rows == 1) { // that of class 1
        scores[1] = scores[0];
        scores[0] ^= INT32_MIN;
    }
    const int32_t largest = scores[class_index];
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n_classes; i++) {
        const uint32_t share = eml_linear_share(self->kind, scores[i], largest);
        scores[i] = (int32_t)share;
        sum += share;
    }
    int32_t power = -31;
    for (; sum >> 31 != 0; sum >>= 1) {
        power--;
    }
    for (uint32_t i = 0; i < n_classes; i++) {
        // Shares that are all 0 become equal proportions.
        const uint32_t quotient = sum == 0 ? eml_linear_divide(1, n_classes)
                                           : eml_linear_divide((uint32_t)scores[i], (uint32_t)sum);
        scores[i] = eml_linear_pack(quotient, power);
    }
}

/** Turns the scores of eml_linear_run, which returned class_index, into values or proportions: the
bits of eml_linear_outputs(self) floats. Kind EML_LINEAR_CLASS has none. */
static inline void eml_linear_answer(const EmlLinear *self, int32_t *scores, int32_t class_index) {
    if (self->kind >= EML_LINEAR_CLASS) {
        eml_linear_proportions(self, scores, class_index);
    } else if (self->kind == EML_LINEAR_EXP) {
        for (uint32_t i = 0; i < self->n_rows; i++) {
            int32_t power;
            const uint32_t result = eml_linear_exp(scores[i], &power);
            scores[i] = eml_linear_pack(result, power - 30);
        }
    }
}

/** Whether eml_linear_fit works with this model. */
static inline bool eml_linear_learns(const EmlLinear *self) {
    return self->type == EML_LINEAR_FLOAT32 &&
           (self->kind == EML_LINEAR_VALUE || self->kind == EML_LINEAR_SIGMOID ||
            self->kind == EML_LINEAR_SOFTMAX);
}

/** Learns one row by a step down the gradient of its loss: the logarithmic loss of a classifier, of
values half the squared error.

    gradient = proportion - (1 for the class, else 0), or score - target
    step = rate * gradient;  b -= step;  weight -= step * feature

Sigmoids of several classes are trained one against the rest, each with its own proportion.
scores: of these features, from eml_linear_run, which returned found; they become the steps. target:
n_rows values, or NULL, and class_index counts.
Returns false, and has changed no weight, where a number would not stay finite. */
static inline bool eml_linear_fit(EmlLinear *self, const float *features, EmlLinearBits *scores,
                                  int32_t found, const float *target, int32_t class_index,
                                  float rate) {
    const int32_t n_rows = (int32_t)self->n_rows;
    if (self->kind == EML_LINEAR_SOFTMAX) {
        eml_linear_proportions(self, &scores->bits, found);
    }
    class_index -= n_rows == 1; // one score is that of class 1
    for (int32_t i = 0; i < n_rows; i++) {
        EmlLinearBits *const step = &scores[i];
        if (self->kind == EML_LINEAR_SIGMOID) {
            step->bits = eml_linear_pack(eml_linear_share(EML_LINEAR_SIGMOID, step->bits, 0), -30);
        }
        const EmlLinearBits one = {.bits = i == class_index ? 0x3f800000 : 0};
        step->value -= target != NULL ? target[i] : one.value;
        step->value *= rate;
    }
    // First without writing.
    for (uint32_t write = 0; write < 2; write++) {
        EmlLinearBits *word = (EmlLinearBits *)self->rows;
        for (int32_t i = 0; i < n_rows; i++) {
            const float step = scores[i].value;
            float change = step;
            for (uint32_t j = 0;; j++) {
                const EmlLinearBits result = {.value = word->value - change};
                if (write) {
                    *word = result;
                } else if (!eml_linear_is_finite(result.bits)) {
                    return false;
                }
                word++;
                if (j == self->n_features) {
                    break;
                }
                change = step * features[j];
            }
        }
    }
    return true;
}

#endif // EML_LINEAR_H
