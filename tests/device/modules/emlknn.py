# What suites.py needs to know of emlknn.
import array
import io

import emlknn as module
from suites import Array, Int

FILE = b"knn4,200,2,1,0,0,0,2\ni,5,1,2\ni,-6,30,40\ne,2\ncrc,55d25d6d\n"


def load(data):
    return module.load(io.StringIO(str(data, "utf-8")))


def make():
    model = module.new(200, 2, 1)
    model.additem(array.array("h", [1, 2]), 5)
    model.additem(array.array("h", [30, 40]), -6)
    return model


def result(model):
    row = array.array("h", [28, 38])
    label = model.predict(row)
    return label, len(model), model.getitem(0, row), list(row)


FUNCTIONS = (
    (
        "new",
        0,
        Int("max_items must be 1 to 65535", 1, 65535, good=200),
        Int("n_features must be 1 to 4096", 1, 4096),
        Int("n_neighbors must be 1 to max_items", 1, 200),
    ),
)
FEATURES = Array("features", "h", 2)
METHODS = (
    ("predict", 0, FEATURES),
    ("novelty", 0, FEATURES),
    ("getitem", 0, Int("index must be that of an item", 0, 1), Array("out", "h", 2, out=True)),
    ("getresult", 0, Int("i must be that of a result", 0, 0)),
    ("row", 0),
    ("save", 0, io.StringIO()),
)
ATTRIBUTES = {"n_features": 2, "n_classes": 0, "classes": None, "scaled": False}
REPR = "<Knn: 2 of 200 items, 2 features, 1 neighbors>"
ALLOCATING = (make, lambda: load(FILE))
QUIET = ("predict", "getitem")
