# What suites.py needs to know of emllinear.
import io
from array import array

import emllinear as module
from suites import Array

FILE = (
    b"lin1,4,0,2,3\nyi,7\nyi,8\nyi,9\n"
    b"w,0,1065353216,0,0,0,1065353216,1065353216,0\nw,-1073741824\ncrc,6d4f3196\n"
)


def load(data):
    return module.load(io.StringIO(str(data, "utf-8")))


def make():
    return load(FILE)


def result(model):
    out = array("f", [0, 0, 0])
    return model.predict(array("f", [1, 2]), out), list(out), model.classes


FUNCTIONS = ()
FEATURES = Array("features", "f", 2)
METHODS = (
    ("predict", 0, FEATURES),
    ("scores", 0, FEATURES, Array("out", "f", 3, out=True)),
    ("row", 0),
    ("save", 0, io.StringIO()),
)
ATTRIBUTES = {"n_features": 2, "n_classes": 3, "n_outputs": 3, "classes": (7, 8, 9)}
REPR = "<Linear: array('f') of 2, 3 outputs>"
ALLOCATING = (make,)
QUIET = ("predict", "scores")
