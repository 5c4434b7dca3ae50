"""The numbers of formats/linear.toml, from which `make formats` writes this file."""

from enum import IntEnum

# features; one at least
MAX_FEATURES = 4096
# scores; one at least
MAX_ROWS = 255
# the least e of an int16 model
MIN_EXPONENT = -160
# the largest e
MAX_EXPONENT = 60
# bits of b of an int16 model: from -2^52 to below 2^52
BIAS_BITS = 52
# weights of type 2 lie between -2^22 and 2^22
NARROW_BITS = 22
# bytes of a class label in UTF-8
MAX_LABEL_BYTES = 100
# words that writers put into a row w
WORDS_IN_ROW = 8
# version of the file
VERSION = 1


class Type(IntEnum):
    """Types of features and weights."""

    # float32
    FLOAT32 = 0
    # int16
    INT16 = 1
    # int16, with weights that a Cortex-M0 multiplies faster
    NARROW = 2


class Kind(IntEnum):
    """What a model makes of its scores."""

    # the score, if there is one
    VALUE = 0
    # e^score, if there is one
    EXP = 1
    # of one score, class 1 if it is above 0, else class 0; of several, the class of the largest,
    # the first of equals
    CLASS = 2
    # the class, as kind 2
    SIGMOID = 3
    # the class, as kind 2; there are several scores
    SOFTMAX = 4
    # the class, as kind 2
    HUBER = 5
