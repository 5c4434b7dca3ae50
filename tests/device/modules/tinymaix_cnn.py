# What suites.py needs to know of tinymaix_cnn; the test adds model.tmdl.
import array

import tinymaix_cnn as module
from suites import Array

with open("model.tmdl", "rb") as file:
    FILE = file.read()
IMAGE = bytes(36 * i % 256 for i in range(36))


def load(data):
    return module.new(data)


def make():
    return load(FILE)


def result(model):
    out = array.array("f", [0] * 10)
    return model.predict(IMAGE, out), list(out)


FUNCTIONS = ()
# Only an int8 model takes values that are quantised already.
INPUT = Array("input", "Bbf" if module.__name__ == "tinymaix_cnn" else "Bf", 36)
OUT = Array("out", "f", 10, out=True)
METHODS = (
    ("predict", 1, INPUT, OUT),
    ("run", 0, INPUT, OUT),
    ("input_dimensions", 0),
    ("output_dimensions", 0),
)
ATTRIBUTES = {"n_features": 36, "n_outputs": 10}
REPR = "<Model: 36 features, 10 outputs>"
ALLOCATING = (make, lambda: load(bytearray(FILE)), lambda: module.load("model.tmdl"))
QUIET = ("predict", "run")
