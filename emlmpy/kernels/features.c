// What emlmpy/features/twin.py calls: the kernel of emlfeatures.

#include "eml_features.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    EmlFeatures features;
    EmlFront *front;
    void *memory;
} Front;

const char *features_check(const EmlFront *front, size_t words) {
    return eml_front_check(front, words);
}
uint32_t features_count(const EmlFront *front) { return eml_front_features(front); }
size_t features_bytes(const EmlFront *front) {
    EmlFeatures features;
    return eml_features_begin(&features, front, NULL);
}
void features_free(Front *self) {
    free(self->front);
    free(self->memory);
    free(self);
}

// Of a front end that was checked.
Front *features_new(const EmlFront *front, size_t words) {
    Front *self = calloc(1, sizeof(Front));
    if (self == NULL) {
        return NULL;
    }
    self->front = malloc(words * sizeof(uint16_t));
    self->memory = calloc(1, features_bytes(front));
    if (self->front == NULL || self->memory == NULL) {
        features_free(self);
        return NULL;
    }
    memcpy(self->front, front, words * sizeof(uint16_t));
    eml_features_begin(&self->features, self->front, self->memory);
    return self;
}
void features_reset(Front *self) { eml_features_reset(&self->features); }
int32_t features_push(Front *self, const int16_t *chunk, uint32_t n, int16_t *row) {
    return eml_features_push(&self->features, chunk, n, row);
}

// The row of the last window of each of so many items of n samples, at least a window.
void features_last(Front *self, const int16_t *items, uint32_t n_items, uint32_t n, int16_t *rows) {
    const EmlFront *front = self->front;
    for (; n_items != 0; n_items--, rows += eml_front_features(front)) {
        eml_features_reset(&self->features);
        for (uint32_t left = n - front->window, count; left != 0; left -= count) {
            // Only the high-pass keeps what it has seen.
            count = left < front->window ? left : front->window;
            eml_features_take(&self->features, items, count);
            self->features.fill = 0;
            items += count * front->channels;
        }
        eml_features_take(&self->features, items, front->window);
        eml_features_row(&self->features, rows);
        items += (size_t)front->window * front->channels;
    }
    eml_features_reset(&self->features);
}
