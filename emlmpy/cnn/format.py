"""The numbers of formats/tmdl.toml, from which `make formats` writes this file."""

import struct
from enum import IntEnum

# bytes, below which arena and file must be
MAX_ARENA = 268435456
# weights of an output channel; more could overflow a sum of 32 bits
MAX_WEIGHTS = 65535
# below which sums of a channel must be: rounding doubles them
MAX_SUM = 1073741824
# bytes of a layer's record that all kinds have
LAYER_HEAD = 48
# a scale is 2 to the minus this power or more, and below 2 to this power
SCALE_POWER = 60
# What a model begins with.
HEADER = struct.Struct("<4s2B3H2I8H28x")
# What a conv2d or a depthwise conv2d has behind the head of its record.
CONVOLUTION = struct.Struct("<6BH4BI4x3I")
# What a fully connected layer has there.
FULLY_CONNECTED = struct.Struct("<3I4x")
# What an add has there.
ADD = {
    "int8": struct.Struct("<Ifi4x"),
    "float32": struct.Struct("<I2f4x"),
}
# What the record of every layer begins with.
HEADS = {
    "int8": struct.Struct("<2H3I8Hfifi"),
    "float32": struct.Struct("<2H3I8H4f"),
}


class DataType(IntEnum):
    """What a network computes with."""

    # int8
    INT8 = 0
    # float32
    FLOAT32 = 2


class Kind(IntEnum):
    """What a layer computes."""

    # conv2d
    CONV2D = 0
    # global average pool
    GLOBAL_AVERAGE_POOL = 1
    # fully connected
    FULLY_CONNECTED = 2
    # softmax
    SOFTMAX = 3
    # reshape
    RESHAPE = 4
    # depthwise conv2d
    DEPTHWISE_CONV2D = 5
    # add
    ADD = 6


class Activation(IntEnum):
    """What a convolution ends with, by the numbers of TensorFlow Lite."""

    # none
    NONE = 0
    # relu
    RELU = 1
    # relu limited to -1..1
    RELU_N1_TO_1 = 2
    # relu6
    RELU6 = 3
