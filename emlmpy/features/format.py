"""The numbers of formats/front.toml, from which `make formats` writes this file."""

from enum import IntEnum

# samples of a window; 2 at least
MAX_WINDOW = 4096
# channels; one at least
MAX_CHANNELS = 16
# features; one at least
MAX_FEATURES = 4096
# statistics
N_STATISTICS = 17
# the shortest transform
MIN_FFT = 8
# version of these rows
VERSION = 1


class Statistic(IntEnum):
    """Statistics of a channel."""

    # mean
    MEAN = 0
    # std
    STD = 1
    # rms
    RMS = 2
    # mad
    MAD = 3
    # min
    MIN = 4
    # max
    MAX = 5
    # range
    RANGE = 6
    # median
    MEDIAN = 7
    # q25
    Q25 = 8
    # q75
    Q75 = 9
    # iqr
    IQR = 10
    # skew
    SKEW = 11
    # kurtosis
    KURTOSIS = 12
    # jerk
    JERK = 13
    # zero_crossings
    ZERO_CROSSINGS = 14
    # mean_crossings
    MEAN_CROSSINGS = 15
    # energy
    ENERGY = 16


class Flag(IntEnum):
    """What is done, bits of a number."""

    # the mean of the window is taken off
    GRAVITY_MEAN = 1
    # differences are further channels
    DIFFERENCE = 2
    # the spectrum has a Hann window
    TAPER = 4
    # the peak of the spectrum
    PEAK = 8
    # the centroid of the spectrum
    CENTROID = 16
    # channels go through a high-pass, whose coefficients come last
    HIGHPASS = 32
