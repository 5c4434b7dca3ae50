# What suites.py needs to know of emlfeatures.
import io
from array import array

import emlfeatures as module
from suites import Array

WORDS = (
    1,
    16,
    8,
    2,
    4,
    2,
    16,
    4,
    3,
    0,
    1,
    3,
    0,
    1,
    7,
    13,
    0,
    1,
    2,
    2,
    1,
    3,
    9,
)
FILE = ("?front,%s\n?rate,100\ncrc,77a3005c\n" % ",".join(map(str, WORDS))).encode()


def load(data):
    return module.load(io.StringIO(str(data, "utf-8")))


def make():
    return module.new(WORDS)


def result(front):
    row = array("h", range(front.n_features))
    front.transform(array("h", [i * 7919 % 2001 - 1000 for i in range(32)]), row)
    pushed = front.push(array("h", range(16)), row), front.push(array("h", range(16)), row)
    front.reset()
    return list(row), pushed


FUNCTIONS = (("new", 0, WORDS),)
ROW = Array("row", "h", 14, out=True)
METHODS = (
    ("push", 0, array("h"), ROW),
    ("transform", 0, Array("window", "h", 32), ROW),
    ("reset", 0),
    ("row", 0),
)
ATTRIBUTES = {"n_features": 14, "window": 16, "hop": 8, "channels": 2}
REPR = "<Front: 14 features, window 16, hop 8, 2 channels>"
ALLOCATING = (make, lambda: load(FILE))
QUIET = ("push", "transform", "reset")
