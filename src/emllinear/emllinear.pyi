"""Linear models that predict and learn on the device."""

from array import array
from collections.abc import Iterable, Sequence
from typing import IO, Any

__version__: str

# For type checkers, memoryview(array('f', ...)) is a memoryview of ints.
_View = memoryview[int] | memoryview[float]
_Features = array[int] | array[float] | _View

class Linear:
    """A model, made by new or load.

    Where features are asked for, TypeError or ValueError is raised unless they are an array of
    n_features items, of type 'f' or of an int16 model 'h'; ValueError if one, or a score, is
    infinite or a NaN. Then nothing is written to out.
    """

    @property
    def n_features(self) -> int:
        """Features of a row."""
    @property
    def n_classes(self) -> int:
        """Number of classes; 0 if the model predicts values."""
    @property
    def n_outputs(self) -> int:
        """How many values predict(features, out) fills: proportions of classes, or values."""
    @property
    def nbytes(self) -> int:
        """Bytes of the weights."""
    @property
    def classes(self) -> tuple[int | str, ...] | Any:
        """Labels of the classes, whose numbers 0, 1 ... predict gives; or None."""
    def row(self) -> array[Any]:
        """Return an array for a row of features, all 0: of type 'f', of an int16 model 'h'."""

    def predict(
        self, features: _Features, out: array[float] | _View | None = ...
    ) -> int | float | Any:
        """Return the number of the class, the first of equals; or the value, if there is one.

        out: array('f') of n_outputs items, for the proportions of the classes or for the values.
        Raises ValueError for proportions of a model that has none, such as a LinearSVC, and for
        several values without out.
        """

    def scores(self, features: _Features, out: array[float] | _View) -> int | float | Any:
        """Fill out with the scores, which classes, proportions or values come from; return the
        class, or the score of a model with one value.

        out: array('f'), of one item for two classes with one score, else of n_outputs.
        """

    def partial_fit(
        self,
        features: array[float] | _View,
        target: float | array[float] | _View,
        rate: float,
    ) -> None:
        """Learn one row by a step down the gradient of the loss.

        target: the number of its class; or its value; or array('f') of n_outputs values.
        rate: the size of the step; about 0.1 to 0.001 for features between -1 and 1.

        A logistic regression's loss is the logarithmic one; of values, half the squared error.
        Raises ValueError for other kinds of models and int16 ones, and if a weight would not stay
        finite: the model is as before then.
        """

    def save(self, target: str | IO[str]) -> None:
        """Write the model as CSV to a path, or to a file that is open for writing.

        A path is written by way of path + ".new", which is then renamed: an error, such as OSError
        when the disk is full, or a reset leaves the file that was there. Raises OSError.
        """

def new(
    n_features: int,
    n_outputs: int,
    *,
    regression: bool = False,
    classes: Sequence[int] | Sequence[str] = (),
) -> Linear:
    """Make a model that knows nothing: all weights are 0.

    n_outputs: classes, 2 or more, or with regression values. classes: their labels.
    Raises ValueError or TypeError if an argument is out of range; MemoryError if there is no room.
    """

def load(source: str | Iterable[str]) -> Linear:
    """Read a model that was saved, from a path, a file that is open as text, or its lines.

    Raises ValueError, with the number of the line, if it is no such file, or not whole; without a
    number if its checksum is not that of its rows. MemoryError if there is no room for it.
    """
