"""k nearest neighbours that learn on the device."""

from array import array
from collections.abc import Iterable
from typing import IO, Any

__version__: str

# For type checkers, memoryview(array('f', ...)) is a memoryview of ints.
_View = memoryview[int] | memoryview[float]
_Features = array[int] | array[float] | _View

class Knn:
    """A model: items with their labels, or values; made by new or load.

    A method that takes features raises TypeError or ValueError unless they are an array of
    n_features items of type 'h', or of a scaled model of type 'f'; ValueError if one is a NaN.
    """

    @property
    def n_features(self) -> int:
        """Features of a row."""
    @property
    def n_classes(self) -> int:
        """Number of classes that have labels of their own; 0 without."""
    @property
    def nbytes(self) -> int:
        """Bytes of RAM that the model takes."""
    @property
    def classes(self) -> tuple[int | str, ...] | Any:
        """Labels of the classes, whose numbers 0, 1 ... are the items' labels then; or None."""
    @property
    def scaled(self) -> bool:
        """Whether features may be floats in raw units: they are rounded to int16, halves away from
        zero, by the scale and offset that the model's file has for each.

        Features of type 'h' are rounded already, but for a model behind a front end: that takes
        them in raw units, too. getitem gives rounded ones in any case.
        """
    @property
    def threshold(self) -> float | None:
        """What the score, which is -novelty, must reach for predict to be 1; or None.

        To set it makes predict give 1 or -1.
        """
    @threshold.setter
    def threshold(self, threshold: float) -> None:
        """Raises ValueError if it is above 0 or not finite, TypeError if it is no number."""
    def row(self) -> array[Any]:
        """Return an array for a row of features, all 0: of type 'f' if scaled, but not for a
        model behind a front end; else 'h'.
        """

    def additem(self, features: _Features, label: float) -> int:
        """Learn features with their label; return the index.

        A label is an int from -32768 to 32767, or with classes from 0 to len(classes) - 1; a
        regression model takes a float, its value.

        Raises ValueError for others, or if the model is full and not a ring.
        """

    def predict(self, features: _Features) -> int | Any:
        """Return the label that counts most among the neighbours, the smallest of equals; of a
        regression the mean of their values, as `regress` does.

        With classes the label is the number of a class. With a threshold: -1 if the novelty is
        above -threshold, else 1. Raises ValueError if there are fewer items than n_neighbors.
        """

    def regress(self, features: _Features) -> float:
        """Return the mean of the neighbours' values.

        Raises ValueError if there are fewer items than n_neighbors, or the model is not a
        regression.
        """

    def novelty(self, features: _Features) -> float:
        """Return the mean distance to the neighbours; the larger, the less alike is any item.

        Of a LocalOutlierFactor it is that factor. Distances are those of int16 features, also of a
        scaled model, but of NearestNeighbors those of scikit-learn. Raises ValueError if there are
        fewer items than n_neighbors.
        """

    def getresult(self, i: int) -> tuple[int, float, Any]:
        """Return index, Euclidean distance and label of the i-th nearest of the last search.

        Raises ValueError if there was none since items moved, or i is not below n_neighbors;
        TypeError if i is no int.
        """

    def getitem(self, index: int, out: array[int] | memoryview[int]) -> Any:
        """Copy an item's features to out; return its label or value.

        out: of type 'h', n_features items. Raises TypeError or ValueError if it is not, or there is
        no such item.
        """

    def removeitem(self, index: int) -> None:
        """Forget an item; the later ones move down by one.

        Raises ValueError if there is no such item, or for a LocalOutlierFactor, which cannot learn;
        TypeError if index is no int.
        """

    def clear(self) -> None:
        """Forget all items. Raises ValueError for a LocalOutlierFactor."""

    def save(self, target: str | IO[str]) -> None:
        """Write the model as CSV to a path, or to a file that is open for writing.

        A path is written by way of path + ".new", which is then renamed: an error or a reset leaves
        the file that was there. Raises OSError, also when the disk is full.
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

    Raises TypeError or ValueError if an argument is out of range; MemoryError, which says how many
    bytes were asked for.
    """

def load(source: str | Iterable[str]) -> Knn:
    """Read a model that was saved, from a path, a file that is open as text, or its lines.

    Raises ValueError, with the number of the line, if it is no such file, or not whole; without a
    number if its checksum is not that of its rows; MemoryError if there is no room for the items
    that it says are to have room; OSError if there is no such file.
    """
