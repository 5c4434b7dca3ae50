"""Convolutional networks from .tmdl files: int8 in tinymaix_cnn, float32 in tinymaix_cnn_fp32.

model = tinymaix_cnn.load("digits.tmdl")
digit = model.predict(image)
"""

from array import array
from typing import BinaryIO, Protocol

__version__: str

# bytes, bytearray or array('B'): 0 to 255 stand for 0 to 1. array('f'): real values, which
# saturate in an int8 model. array('b'): values quantised already; int8 models only.
_Input = bytes | bytearray | memoryview[int] | array[int] | array[float]

class _Reader(Protocol):
    """An object of the user's own that reads."""

    def read(self, size: int, /) -> bytes:
        """Return at most size bytes; none at the end."""

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
        """Bytes of RAM that the model takes, with the copy of its file where there is one: `load`
        makes one but of a file in ROMFS, `new` of what it cannot use in place."""

    def run(self, input: _Input, out: array[float] | memoryview[int]) -> None:
        """Compute the outputs of one input into array('f'). Allocates nothing.

        Raises TypeError for an argument that is no array, or an output that cannot be written to;
        ValueError for an array of another type or length.
        """

    def predict(self, input: _Input) -> int:
        """Return the index of the largest output. Allocates nothing.

        Raises TypeError for an input that is no array, ValueError for one of another type or
        length.
        """

    def input_dimensions(self) -> tuple[int, ...]:
        """Return height, width and channels of the input, or what it has of them."""

    def output_dimensions(self) -> tuple[int, ...]:
        """Return the same of the output: of a classifier, the number of classes."""

def new(model: bytes | bytearray | memoryview[int] | array[int]) -> Model:
    """Check a .tmdl file's content and make a model of it.

    The content is used where it lies if it cannot change (bytes, a memoryview of them, a file in
    ROMFS) and starts at a multiple of 4; else it is copied.

    Raises ValueError, which says what is wrong with the file; TypeError; MemoryError.
    """

def load(file: str | BinaryIO | _Reader) -> Model:
    """Make a model of a .tmdl file: its name, or the file opened with "rb", from where it stands.

    A file that has tell, seek and readinto is read into one allocation, whatever readinto gives at
    a time; of others read(256) is called until it gives nothing.

    Raises what `new` and the file raise.
    """
