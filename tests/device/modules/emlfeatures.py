# What suites.py needs to know of emlfeatures.
from array import array

import emlfeatures as module
from suites import Array, Int

FILE = (
    b"?front,version,1\n?front,window,16\n?front,hop,8\n?front,channels,2\n?front,magnitude,2\n"
    b"?front,stats,mean,std,median,jerk\n?front,bands,1,3,9\n?front,spectrum_of,2\ncrc,99f51da0\n"
)


def load(data):
    return module.load(bytes(data))


def make():
    return module.new(
        16,
        8,
        2,
        magnitude=2,
        stats=("mean", "std", "median", "jerk"),
        bands=(1, 3, 9),
        spectrum_of=(2,),
    )


def result(front):
    row = array("h", range(front.n_features))
    front.transform(array("h", [i * 7919 % 2001 - 1000 for i in range(32)]), row)
    pushed = front.push(array("h", range(16)), row), front.push(array("h", range(16)), row)
    front.reset()
    return list(row), pushed


FUNCTIONS = (
    (
        "new",
        0,
        Int("window must be 2 to 4096", 2, 4096, good=16),
        Int("hop must be 1 to window", 1, 16),
        Int("channels must be 1 to 16", 1, 16),
    ),
)
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
