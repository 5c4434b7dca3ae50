"""Decision-tree ensembles from scikit-learn, on a microcontroller."""

from array import array
from collections.abc import Iterable
from typing import BinaryIO, TextIO

__version__: str

class Trees:
    """A model. Make one with new() or load()."""

    @property
    def n_features(self) -> int:
        """Number of features; 0 while nothing is loaded, like the other counts."""
    @property
    def n_classes(self) -> int:
        """Number of classes."""
    @property
    def n_trees(self) -> int:
        """Number of trees."""
    @property
    def n_nodes(self) -> int:
        """Number of decision nodes in all trees."""
    def predict(self, features: array[int], out: array[float] | None = None) -> int:
        """Return the index of the predicted class.

        features: array('h') of n_features values.
        out: array('f') of n_classes values, filled with the classes' proportions, 0 to 1.
        Allocates nothing. Raises ValueError for a wrong type, length or an empty model, TypeError
        for what is no array.
        """
    def outputs(self) -> int:
        """Return how many values predict(features, out) writes: n_classes."""

def new(trees: int, nodes: int, leaves: int) -> Trees:
    """Return an empty model with room for so many trees, decision nodes and leaves (1 to 65000)."""

def load_model(
    model: Trees, source: BinaryIO | TextIO | bytes | Iterable[str] | Iterable[bytes]
) -> None:
    """Read a model's CSV from an open file, bytes or lines; what the model held before is gone.

    Raises ValueError with the line and what is wrong with it; then the model stays empty.
    Raises MemoryError if there is no room.
    """

def load(source: str | BinaryIO | TextIO | bytes | Iterable[str] | Iterable[bytes]) -> Trees:
    """Return a model that takes its size from the file: a path, or what load_model takes.

    Raises OSError if there is no such file, else as load_model does.
    """
