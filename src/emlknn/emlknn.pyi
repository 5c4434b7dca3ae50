"""k nearest neighbours that learn on the device."""

from array import array
from collections.abc import Iterable
from typing import IO

__version__: str

class Knn:
    """A model: items with their labels, or values; made by new or load."""

    def additem(self, features: array[int], label: float) -> int:
        """Learn features (type 'h', n_features of them) with their label; return the index.

        A label is an int from -32768 to 32767; a regression model takes a float, its value.
        ValueError if the model is full, unless it is a ring.
        """

    def predict(self, features: array[int]) -> int:
        """Return the label that counts most among the neighbours, the smallest of equals."""

    def regress(self, features: array[int]) -> float:
        """Return the mean of the neighbours' values."""

    def novelty(self, features: array[int]) -> float:
        """Return the mean distance to the neighbours; the larger, the less alike is any item."""

    def getresult(self, i: int) -> tuple[int, float, float]:
        """Return index, Euclidean distance and label of the i-th nearest of the last search."""

    def getitem(self, index: int, out: array[int]) -> float:
        """Copy an item's features to out; return its label or value."""

    def removeitem(self, index: int) -> None:
        """Forget an item; the later ones move down by one."""

    def clear(self) -> None:
        """Forget all items."""

    def save(self, target: str | IO[str]) -> None:
        """Write the model as CSV to a path, or to a file that is open for writing.

        A path is written by way of path + ".new", which is then renamed: an error, such as OSError
        when the disk is full, or a reset leaves the file that was there.
        """

    def __len__(self) -> int:
        """Return the number of items."""

def new(
    max_items: int,
    n_features: int,
    n_neighbors: int,
    *,
    ring: bool = False,
    regression: bool = False,
    weights: str = "uniform",
) -> Knn:
    """Make an empty model with room for max_items.

    ring: a full model forgets its oldest item. regression: items have float values, not labels.
    weights: 'uniform', or 'distance': neighbours count 1 / distance.

    TypeError or ValueError if an argument is out of range; MemoryError, which says how many bytes
    were asked for.
    """

def load(source: str | Iterable[str]) -> Knn:
    """Read a model that was saved, from a path, a file that is open as text, or its lines.

    ValueError, with the number of the line, if it is no such file, or not whole; without a number
    if its checksum is not that of its rows. MemoryError if there is no room for the items that it
    says are to have room.
    """
