# What suites.py needs to know of emltrees and emltrees_votes.
import array

import emltrees as module
from suites import Array, Int

# The example of formats/forest.md.
FILE = (
    b"v,2\nk,0\nq,0\nm,1,1,2,1,1,9\nf,2\nc,2\nlb,0\nys,no\nys,yes\nl,0\nl,1\nr,0\n"
    b"n,0,4,-1,-2\ne,1\ncrc,b9242423\n"
)
LIMITS = Int("trees, nodes and leaves must be 1 to 65000", 1, 65000)
FLOATS = {"f": "floats need a model with a scale, or features='float32' in convert"}


def load(data):
    return module.load(data)


def make():
    return load(FILE)


def result(model):
    out = array.array("f", [0, 0])
    return model.predict(array.array("h", [5, 0]), out), list(out)


FUNCTIONS = (("new", 3, LIMITS, LIMITS, LIMITS),)
METHODS = (
    ("predict", 1, Array("features", "h", 2, other=FLOATS), Array("out", "f", 2, out=True)),
    ("outputs", 0),
    ("row", 0),
)
ATTRIBUTES = {
    "n_features": 2, "n_classes": 2, "n_outputs": 2, "n_trees": 1, "n_nodes": 1,
    "classes": ("no", "yes"), "scaled": False,
}  # fmt: skip
REPR = "<Trees: 1 trees, 1 nodes, 2 int16 features, 2 classes>"
ALLOCATING = (make,)
QUIET = ("predict", "outputs")
