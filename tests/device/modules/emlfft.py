# What suites.py needs to know of emlfft.
import array

import emlfft as module
from suites import Array, Int

N = "n must be a power of two from 8 to 4096"


def make():
    return module.new(64, "hann")


def result(fft):
    out = array.array("f", [0] * (fft.n // 2 + 1))
    fft.power(array.array("f", [1, -2, 3, 0.5] * (fft.n // 4)), out)
    return list(out)


def tables():
    # What new leaves to the first samples of a kind.
    fft = make()
    fft.power(array.array("h", [0] * 64), array.array("I", [0] * 33))
    return fft


FUNCTIONS = (
    ("new", 1, Int(N, 8, 4096), None),
    ("FFT", 1, Int(N, 8, 4096), None),
)
METHODS = (
    ("power", 0, Array("samples", "fh", 64), Array("out", "f", 33, out=True)),
    ("rfft", 0, Array("samples", "fh", 64), Array("out", "f", 66, out=True)),
    ("run", 0, Array("real", "fh", 64, out=True), Array("imag", "f", 64, out=True)),
)
ATTRIBUTES = {"n": 64}
REPR = "<FFT: n 64>"
ALLOCATING = (tables,)
QUIET = ("power", "rfft", "run")
