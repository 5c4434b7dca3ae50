/** The numbers of formats/front.toml, from which `make formats` writes this file. */
#ifndef EML_FRONT_FORMAT_H
#define EML_FRONT_FORMAT_H

#include <stdint.h>

// samples of a window; 2 at least
#define EML_FRONT_MAX_WINDOW 4096
#define EML_FRONT_MAX_WINDOW_TEXT "4096"
// channels; one at least
#define EML_FRONT_MAX_CHANNELS 16
#define EML_FRONT_MAX_CHANNELS_TEXT "16"
// features; one at least
#define EML_FRONT_MAX_FEATURES 4096
#define EML_FRONT_MAX_FEATURES_TEXT "4096"
// statistics
#define EML_FRONT_N_STATISTICS 17
// the shortest transform
#define EML_FRONT_MIN_FFT 8
// version of these rows
#define EML_FRONT_VERSION 1

/** Statistics of a channel. */
enum {
    // mean
    EML_FRONT_MEAN = 0,
    // std
    EML_FRONT_STD = 1,
    // rms
    EML_FRONT_RMS = 2,
    // mad
    EML_FRONT_MAD = 3,
    // min
    EML_FRONT_MIN = 4,
    // max
    EML_FRONT_MAX = 5,
    // range
    EML_FRONT_RANGE = 6,
    // median
    EML_FRONT_MEDIAN = 7,
    // q25
    EML_FRONT_Q25 = 8,
    // q75
    EML_FRONT_Q75 = 9,
    // iqr
    EML_FRONT_IQR = 10,
    // skew
    EML_FRONT_SKEW = 11,
    // kurtosis
    EML_FRONT_KURTOSIS = 12,
    // jerk
    EML_FRONT_JERK = 13,
    // zero_crossings
    EML_FRONT_ZERO_CROSSINGS = 14,
    // mean_crossings
    EML_FRONT_MEAN_CROSSINGS = 15,
    // energy
    EML_FRONT_ENERGY = 16,
};

/** What is done, bits of a number. */
enum {
    // the mean of the window is taken off
    EML_FRONT_GRAVITY_MEAN = 1,
    // differences are further channels
    EML_FRONT_DIFFERENCE = 2,
    // the spectrum has a Hann window
    EML_FRONT_TAPER = 4,
    // the peak of the spectrum
    EML_FRONT_PEAK = 8,
    // the centroid of the spectrum
    EML_FRONT_CENTROID = 16,
    // channels go through a high-pass, whose coefficients come last
    EML_FRONT_HIGHPASS = 32,
};

/** A front end: these words, and behind them the lists that they count. */
typedef struct EmlFront {
    // 1
    uint16_t version;
    // samples of a window
    uint16_t window;
    // samples from one window to the next
    uint16_t hop;
    // channels of a sample
    uint16_t channels;
    // what is done, bits: see below
    uint16_t flags;
    // so many channels in turn are a vector, whose length is a further channel; a divisor of the
    // channels, or 0 for none
    uint16_t magnitude;
    // samples of a transform, a power of two within the window; 0 without spectra
    uint16_t fft;
    // how many statistics: their numbers follow
    uint16_t n_stats;
    // how many channels have them: these follow, rising
    uint16_t n_stats_of;
    // how many correlations: two channels of each follow
    uint16_t n_pairs;
    // how many channels have a spectrum: these follow, rising
    uint16_t n_spectrum_of;
    // edges of bands, 0 or one more than bands: bins follow, rising; a band has those from one edge
    // to below the next
    uint16_t n_edges;
    // numbers of statistics, their channels, pairs of channels, channels of spectra, edges
    uint16_t lists[];
} EmlFront;

#endif // EML_FRONT_FORMAT_H
