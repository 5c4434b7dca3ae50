"""Convolutional networks from .tmdl files: int8 in tinymaix_cnn, float32 in tinymaix_cnn_fp32.

model = tinymaix_cnn.load("digits.tmdl")
digit = model.predict(image)
"""

from array import array
from typing import BinaryIO

__version__: str

# bytes, bytearray or array('B'): 0 to 255 stand for 0 to 1. array('f'): real values, which
# saturate in an int8 model. array('b'): values quantised already; int8 models only.
Input = bytes | bytearray | memoryview | array[int] | array[float]

class Model:
    """A network, ready to run. Models do not disturb each other."""

    @property
    def n_features(self) -> int:
        """Values of the input."""
    @property
    def n_outputs(self) -> int:
        """Values of the output; of a classifier, the number of classes."""
    @property
    def nbytes(self) -> int:
        """Bytes of RAM that the model takes, with the copy of its file where there is one:
        `load` makes one but of a file in ROMFS, `new` of what it cannot use in place."""

    def predict(self, input: Input, out: array[float] | memoryview | None = None) -> int:
        """Return the index of the largest output. Allocates nothing.

        out: array('f') of n_outputs, filled with all of them.

        Raises TypeError for what is no array, or an `out` that cannot be written to; ValueError for
        an array of another type or length, with the numbers.
        """

    def run(self, input: Input, out: array[float] | memoryview) -> None:
        """Compute all outputs into array('f') of n_outputs. Raises as predict."""

    def input_dimensions(self) -> tuple[int, ...]:
        """Return height, width and channels of the input, or what it has of them."""

    def output_dimensions(self) -> tuple[int, ...]:
        """Return the same of the output: of a classifier, the number of classes."""

def new(model: bytes | bytearray | memoryview) -> Model:
    """Check a .tmdl file's content and make a model of it.

    The content is used where it lies if it cannot change (bytes, a memoryview of them, a file in
    ROMFS) and starts at a multiple of 4; else it is copied.

    Raises ValueError, which says what is wrong with the file; TypeError; MemoryError.
    """

def load(file: str | BinaryIO) -> Model:
    """Make a model of a .tmdl file: its name, or the file opened with "rb", from where it stands.

    A file that has tell, seek and readinto is read into one allocation, whatever readinto gives at
    a time; of others read(256) is called until it gives nothing.

    Raises what `new` and the file raise.
    """
