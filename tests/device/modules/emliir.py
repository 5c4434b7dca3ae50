# What suites.py needs to know of emliir.
import array
import io

import emliir as module
from suites import Array, Int

ROW = "5p-3,5p-2,5p-3,1p0,-1p-1,1p-2\n"
SOS = array.array("f", [0.625, 1.25, 0.625, 1, -0.5, 0.25] * 12)
FILE = ("sos2,12\n" + 12 * ROW + "crc,37e12d52\n").encode()


def make():
    return module.new(SOS, 2)


def load(data):
    return module.load(io.StringIO(str(data, "utf-8")), 2)


def result(filter):
    samples = array.array("f", [1, -2, 3, 4])
    filter.reset()
    filter.run(samples)
    return list(samples), filter.n_sections, filter.channels


FUNCTIONS = (("new", 1, SOS, Int("channels must be 1 to 255", 1, 255)),)
METHODS = (
    ("run", 1, Array("samples", "fh", None), Array("out", "f", 4, out=True)),
    ("state", 1, Array("state", "f", 48)),
    ("reset", 0),
)
ATTRIBUTES = {"n_sections": 12, "channels": 2}
REPR = "<Filter: 12 sections, 2 channels>"
ALLOCATING = (make, lambda: load(FILE))
QUIET = ("run", "reset", "state")
