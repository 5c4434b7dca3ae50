// Feeds a model file that is cut, changed and chopped into pieces to the reader, under sanitizers.
// What loads must predict a class. Arguments: file, seed, rounds.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eml_forest_csv.h"

static uint32_t state;

static uint32_t next_random(void) {
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

// Memory of exactly the size asked for, so that a read beyond it is seen; sometimes there is none.
static uint32_t resizes_left;
static void *resize(void *memory, size_t bytes) {
    if (bytes == 0) {
        free(memory);
        return NULL;
    }
    return resizes_left-- == 0 ? NULL : realloc(memory, bytes);
}

static uint32_t loaded;

static void try_model(const char *data, size_t length, uint32_t max_nodes) {
    EmlForest forest;
    memset(&forest, 0, sizeof(forest));
    forest.resize = resize;
    resizes_left = next_random() % 8 == 0 ? next_random() % 20 : UINT32_MAX;
    EmlForestCsv csv;
    eml_forest_csv_begin(&csv, &forest, 100, max_nodes, 1000);
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
        loaded++;
        int16_t *features = malloc(forest.n_features * sizeof(int16_t));
        uint32_t *votes = malloc(forest.n_classes * sizeof(uint32_t));
        for (int round = 0; round < 4; round++) {
            for (int i = 0; i < forest.n_features; i++) {
                features[i] = (int16_t)next_random();
            }
            if (eml_forest_vote(&forest, features, votes) >= forest.n_classes) {
                abort();
            }
            eml_forest_proportions(&forest, votes);
        }
        free(features);
        free(votes);
    } else {
        char text[EML_FOREST_MESSAGE_MAX];
        if (forest.n_trees != 0 || eml_forest_message(csv.line, error, text) > sizeof(text)) {
            abort();
        }
    }
    free(forest.feature.items);
    free(forest.threshold.items);
    free(forest.link.items);
    free(forest.root.items);
    free(forest.leaf.items);
}

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
    state = (uint32_t)strtoul(arguments[2], NULL, 10);
    const uint32_t rounds = (uint32_t)strtoul(arguments[3], NULL, 10);
    for (uint32_t round = 0; round < rounds; round++) {
        try_model(data, next_random() % (length + 1), 65000);
        memcpy(changed, data, length);
        for (uint32_t changes = 1 + next_random() % 3; changes > 0; changes--) {
            const char *characters = "0123456789-,.e\n\r[] lfcbrn\xff";
            changed[next_random() % length] = characters[next_random() % strlen(characters)];
        }
        try_model(changed, length, round % 2 ? 65000 : 50);
    }
    printf("%u of %u loaded\n", loaded, 2 * rounds);
    return 0;
}
