// Random front ends and samples for eml_features.h, in memory of exactly their size, under
// sanitizers: streams that are cut differently give the same rows. Counts the front ends that pass
// the check.

#include "choices.h"
#include "eml_features.h"

static int16_t any_sample(uint32_t kind) {
    const int16_t extremes[] = {0, INT16_MIN, INT16_MAX, -1, 1};
    return kind == 0   ? extremes[below(5)]
           : kind == 1 ? (int16_t)any_bits()
                       : (int16_t)((int32_t)below(200) - 100 + 8000 * (int32_t)(kind - 2));
}

// A list of n numbers below a limit that rise where they can.
static uint16_t *rising(uint16_t *at, uint32_t n, uint32_t limit) {
    uint32_t last = 0;
    for (; n != 0; n--) {
        *at++ = (uint16_t)(below(40) == 0 ? below(65536) : last);
        last += 1 + below(limit / 8 + 1);
    }
    return at;
}

static EmlFront *any_front(size_t *words) {
    const uint32_t window = below(20) == 0 ? below(5000) : 2 + below(150);
    const uint32_t channels = 1 + below(below(4) == 0 ? 17 : 4), n_stats = below(20);
    const uint32_t n_stats_of = below(5), n_pairs = below(4), n_spectrum_of = below(3);
    const uint32_t n_edges = n_spectrum_of == 0 ? 0 : below(6);
    const uint32_t flags = below(64);
    const uint32_t lists = n_stats + n_stats_of + 2 * n_pairs + n_spectrum_of + n_edges +
                           (flags & EML_FRONT_HIGHPASS ? sizeof(EmlHighpassCoefficients) / 2 : 0);
    *words = sizeof(EmlFront) / 2 + lists;
    EmlFront *front = allocate(*words, 2);
    uint16_t fft = 8;
    while (fft * 2u <= window && below(4) != 0) {
        fft *= 2;
    }
    *front = (EmlFront){
        .version = (uint16_t)(1 + (below(50) == 0)),
        .window = (uint16_t)window,
        .hop = (uint16_t)(1 + below(window + 1)),
        .channels = (uint16_t)channels,
        .flags = (uint16_t)flags,
        .magnitude = (uint16_t)(below(2)   ? 0
                                : below(3) ? channels
                                           : 1 + below(4)),
        .fft = (uint16_t)(below(40) == 0 ? below(65536) : fft),
        .n_stats = (uint16_t)n_stats,
        .n_stats_of = (uint16_t)n_stats_of,
        .n_pairs = (uint16_t)n_pairs,
        .n_spectrum_of = (uint16_t)n_spectrum_of,
        .n_edges = (uint16_t)n_edges,
    };
    uint16_t *at = front->lists;
    for (uint32_t i = 0; i < n_stats; i++) {
        *at++ = (uint16_t)below(below(100) == 0 ? 65536 : EML_FRONT_N_STATISTICS);
    }
    at = rising(at, n_stats_of, channels);
    for (uint32_t i = 0; i < 2 * n_pairs; i++) {
        *at++ = (uint16_t)below(channels + (below(20) == 0));
    }
    at = rising(at, n_spectrum_of, channels);
    at = rising(at, n_edges, fft / 2u);
    for (; flags & EML_FRONT_HIGHPASS && at < front->lists + lists; at += 2) {
        const uint32_t coefficient = any_bits() >> (2 + below(20));
        at[0] = (uint16_t)coefficient;
        at[1] = (uint16_t)(coefficient >> 16);
    }
    if (below(50) == 0) {
        ((uint16_t *)front)[below((uint32_t)*words)] = (uint16_t)below(65536);
    }
    *words -= below(100) == 0;
    return front;
}

// Pushes a recording in pieces; rows gets those of all windows. Returns how many.
static uint32_t stream(EmlFeatures *features, const int16_t *samples, uint32_t n, uint32_t most,
                       int16_t *rows) {
    uint32_t count = 0;
    eml_features_reset(features);
    while (n != 0) {
        uint32_t piece = 1 + below(most);
        piece = piece < n ? piece : n;
        // Of exactly the chunk's size.
        const size_t items = piece * features->front->channels;
        int16_t *chunk = allocate(items, 2),
                *row = allocate(eml_front_features(features->front), 2);
        memcpy(chunk, samples, 2 * items);
        if (eml_features_push(features, chunk, piece, row)) {
            memcpy(rows + count++ * eml_front_features(features->front), row,
                   2 * eml_front_features(features->front));
        }
        free(chunk);
        free(row);
        samples += items;
        n -= piece;
    }
    return count;
}

static uint32_t used;

static void once(void) {
    size_t words;
    EmlFront *front = any_front(&words);
    if (eml_front_check(front, words) == NULL) {
        const uint32_t n_features = eml_front_features(front);
        const uint32_t n = front->window + front->hop * below(3) + below(front->hop);
        EmlFeatures *features = allocate(1, sizeof(EmlFeatures));
        void *own = allocate(eml_features_begin(features, front, NULL), 1);
        eml_features_begin(features, front, own);
        int16_t *samples = allocate(n * front->channels, 2);
        const uint32_t kind = below(5);
        for (uint32_t i = 0; i < n * front->channels; i++) {
            samples[i] = any_sample(kind);
        }
        const uint32_t windows = 1 + (n - front->window) / front->hop;
        int16_t *rows = allocate(windows * n_features, 2);
        int16_t *others = allocate(windows * n_features, 2);
        REQUIRE(stream(features, samples, n, front->hop, rows) == windows);
        REQUIRE(stream(features, samples, n, 1 + below(front->hop), others) == windows);
        REQUIRE(memcmp(rows, others, 2 * windows * n_features) == 0);
        eml_features_transform(features, samples, others);
        REQUIRE(memcmp(rows, others, 2 * n_features) == 0);
        free(others);
        free(rows);
        free(samples);
        free(features);
        free(own);
        used++;
    }
    free(front);
}

CHOICES_MAIN(once, used)
