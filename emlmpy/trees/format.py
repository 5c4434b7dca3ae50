"""The numbers of formats/forest.toml, from which `make formats` writes this file."""

import struct
from enum import IntEnum

# features
MAX_FEATURES = 255
# classes
MAX_CLASSES = 255
# trees, nodes, and leaves
MAX_COUNT = 65000
# the longest jump from a node to its child, plus the leaves (of a hard vote: the classes)
MAX_LINKS = 65535
# bytes of a class label in UTF-8
MAX_LABEL_BYTES = 100
# what the proportions of a leaf add up to, but for rounding
WHOLE = 255
# bytes of a line, but for optional rows and leaves of a soft vote
LINE_MAX = 127
# version of the CSV form
CSV_VERSION = 2
# version of the binary form
BIN_VERSION = 1
# The fields in the head of the model's image, EMLT.
IMAGE = struct.Struct("<8B4H2B2x")


class Kind(IntEnum):
    """What the trees' leaves are, and what is made of them."""

    # classifying tree or forest
    CLASSIFIER = 0
    # tree or forest that predicts a number
    REGRESSOR = 1
    # GradientBoosting
    BOOSTING = 2
    # HistGradientBoosting
    HIST_BOOSTING = 3
    # IsolationForest
    ISOLATION = 4


class FeatureType(IntEnum):
    """Types of features."""

    # int16
    INT16 = 0
    # uint8
    UINT8 = 1
    # float32
    FLOAT32 = 2


class LeafBits(IntEnum):
    """What a leaf holds, as bits."""

    # hard vote: the number of a class
    HARD = 0
    # soft vote: the proportion of each class, a byte, 255 is all
    SOFT = 8
    # a float32
    VALUES = 32
