# What suites.py needs to know of emlarray, which has functions only.
from array import array

import emlarray as module
from suites import Array, Int

INTS = "bBh"
ALL = "bBhf"
CHANNELS = "channels must be 1 to 255, channel 0 to channels - 1"
CALLS = ("sum", "mean", "sumsq", "sum_abs_diff", "max", "min", "argmax")
# They outlive the module.
USED = [getattr(module, name) for name in CALLS]


def make():
    return array("h", [3, -2, 1])


def result(samples):
    return [function(samples) for function in USED]


def large():
    # An int of 34 bits.
    module.sumsq(array("h", [-32768] * 16))
    return make()


FUNCTIONS = tuple((name, 0, Array("samples", INTS, None)) for name in CALLS)
FUNCTIONS += (
    ("dot", 0, Array("samples", INTS, None), Array("other", "b", 4)),
    ("linear_map", 0, Array("samples", ALL, None), Array("out", ALL, 4, out=True), 0, 1, 0, 9),
    (
        "deinterleave",
        0,
        Array("samples", "h", 12),
        Array("out", "h", None, out=True),
        Int(CHANNELS, 0, 2),
        Int(CHANNELS, 1, 255, 3),
    ),
    ("push", 0, Array("window", "h", None, out=True), Array("chunk", "h", None)),
)
METHODS = ()
ATTRIBUTES = {}
REPR = "array('h', [3, -2, 1])"
ALLOCATING = (large,)
# All but mean, which gives a float; linear_map's slope is one.
QUIET = ("sum", "sumsq", "sum_abs_diff", "max", "min", "argmax", "dot", "deinterleave", "push")
