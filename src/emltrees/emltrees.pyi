"""Tree models from scikit-learn, on a microcontroller."""

from array import array
from collections.abc import Iterable
from typing import BinaryIO, TextIO

__version__: str

# Features or outputs: an array, a memoryview of one, and for uint8 features bytes.
Buffer = array[int] | array[float] | memoryview | bytes | bytearray
Source = BinaryIO | TextIO | bytes | bytearray | memoryview | Iterable[str] | Iterable[bytes]

class Trees:
    """A model. Make one with new() or load()."""

    @property
    def n_features(self) -> int:
        """Number of features; 0 while nothing is loaded, like the other counts."""
    @property
    def n_classes(self) -> int:
        """Number of classes; 0 of a regressor or an isolation forest."""
    @property
    def n_outputs(self) -> int:
        """How many values predict(features, out) writes."""
    @property
    def n_trees(self) -> int:
        """Number of trees."""
    @property
    def n_nodes(self) -> int:
        """Number of decision nodes in all trees."""
    @property
    def nbytes(self) -> int:
        """Bytes of the model's arrays; a binary model in place takes none of them from the heap,
        but for 2 bytes a feature if it is scaled."""
    @property
    def classes(self) -> tuple[int, ...] | tuple[str, ...] | None:
        """The class labels, if the file has them; a new tuple each time."""
    @property
    def scaled(self) -> bool:
        """Whether the model has a scale: then it takes floats in raw units, and quantises them."""
    @property
    def trees_used(self) -> int:
        """How many trees the last predict walked."""
    def predict(
        self, features: Buffer, out: array[float] | memoryview | None = None
    ) -> int | float:
        """Return the index of the class, a regressor's value, or +1 or -1 of an isolation forest.

        features: n_features values in an array of the model's feature type: 'h' of int16, 'B' (or
        bytes) of uint8, 'f' of float32. A scaled model takes array('f') in raw units, too, and
        quantises them as quantize() does; row() makes the array that a model takes.
        out: array('f') of outputs() values, filled with class proportions, raw values of boosting,
        the value, or the anomaly score.
        Allocates nothing but the float that it returns. Raises ValueError for a wrong type or
        length, with the numbers, for nan, or an empty model; TypeError for what is no array.
        """
    def row(self) -> array[int] | array[float]:
        """Return a new array of zeros of the type and length that predict takes: array('f') of a
        scaled model. Raises ValueError if nothing is loaded, MemoryError if there is no room."""
    def quantize(
        self, floats: array[float] | memoryview, out: array[int] | memoryview | bytearray
    ) -> None:
        """Turn raw units into the model's: round(x * scale + offset), limited to its type's range.

        floats: array('f'), out: array('h') or array('B'), both of n_features values. Raises
        ValueError if the file has no scale, or for nan.
        """
    def outputs(self) -> int:
        """Return n_outputs, as emlearn's module has it; ValueError if nothing is loaded."""

def new(trees: int = 65000, nodes: int = 65000, leaves: int = 65000) -> Trees:
    """Return an empty model that takes files of up to that size: none or all three, 1 to 65000."""

def load_model(model: Trees, source: Source) -> None:
    """Read a file into a model; what the model held before is gone.

    source: an open file, bytes-like data, or an iterable of lines; CSV, or emlmpy's binary form,
    which other images may precede. From a file that can seek, and from bytes, emlmpy's files are
    allocated once: a load needs little more memory than the model takes.
    Raises ValueError with the line and what is wrong with it, also if the source itself loads
    another file into the model; MemoryError if there is no room; what reading the source raises.
    Then the model is empty, or as it was before.
    """

def load(source: str | Source) -> Trees:
    """Return a model from a path, or from what load_model takes.

    Raises OSError if there is no such file, else as load_model does.
    """
