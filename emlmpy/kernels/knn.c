// What emlmpy/knn/twin.py calls: the kernel of emlknn.

#include "eml_knn.h"
#include <stdlib.h>
#include <string.h>

EmlKnn *knn_new(const EmlKnnHeader *header) {
    EmlKnn *self = calloc(1, sizeof(EmlKnn));
    void *memory = malloc(eml_knn_bytes(header));
    if (self == NULL || memory == NULL) {
        free(self);
        free(memory);
        return NULL;
    }
    self->header = *header;
    eml_knn_begin(self, memory);
    return self;
}
void knn_free(EmlKnn *self) {
    free(self->nearest);
    free(self->scale);
    free(self);
}
void knn_scale(EmlKnn *self, const int32_t *scale) {
    eml_knn_set_scale(self, malloc(eml_knn_scale_bytes(&self->header)), scale);
}
void knn_k_distances(EmlKnn *self, const int32_t *k_distances) {
    eml_knn_set_k_distances(self, k_distances);
}
int32_t knn_set_threshold(EmlKnn *self, uint32_t threshold) {
    return eml_knn_set_threshold(self, threshold);
}
int32_t knn_quantize(uint32_t n_features, const int32_t *scale, const char *rows, int32_t floats,
                     int16_t *results, uint32_t n_rows) {
    EmlKnn knn = {.header = {.n_features = (uint16_t)n_features}};
    knn.scale = malloc(eml_knn_scale_bytes(&knn.header));
    memcpy(knn.scale, scale, 8 * n_features);
    bool whole = true;
    const size_t row_bytes = (floats ? 4 : 2) * n_features;
    for (; n_rows > 0 && whole; n_rows--, rows += row_bytes, results += n_features) {
        const int16_t *features = eml_knn_quantize(&knn, rows, floats);
        whole = features != NULL;
        if (whole) {
            memcpy(results, features, 2 * n_features);
        }
    }
    free(knn.scale);
    return whole;
}
uint32_t knn_bytes(const EmlKnn *self) { return (uint32_t)eml_knn_all_bytes(self); }
int32_t knn_add(EmlKnn *self, const int16_t *features, int32_t target) {
    return eml_knn_add(self, features, target);
}
int32_t knn_get(const EmlKnn *self, uint32_t index, int16_t *features) {
    eml_knn_copy(features, eml_knn_item(self, index), self->header.n_features);
    return eml_knn_target(self, index);
}
void knn_predict(EmlKnn *self, const int16_t *rows, int32_t *results, uint32_t n_rows) {
    for (; n_rows > 0; n_rows--, rows += self->header.n_features) {
        eml_knn_search(self, rows);
        if (self->limit != EML_KNN_NO_LIMIT) {
            *results++ = eml_knn_judge(self);
        } else {
            *results++ =
                self->header.regression ? (int32_t)eml_knn_regress(self) : eml_knn_vote(self);
        }
    }
}
void knn_novelty(EmlKnn *self, const int16_t *rows, int32_t *results, uint32_t n_rows) {
    for (; n_rows > 0; n_rows--, rows += self->header.n_features) {
        eml_knn_search(self, rows);
        *results++ = (int32_t)eml_knn_novelty(self);
    }
}
