"""What all models on this computer have in common, and what a family of models is.

A family is one subject: its estimators, its file, its module on the device. families.py lists them.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from emlmpy.pipeline import Parts
from emlmpy.report import Report


@runtime_checkable
class Model(Protocol):
    """What the device loads from a file: a model, a filter or a network.

    Every one runs on this computer with the device's kernel, as loaded from the bytes that save
    writes: as `predict` or `run`, which have the device's names.
    """

    @property
    def nbytes(self) -> int:
        """Bytes of RAM that it takes on the device, once it is loaded."""

    def describe(self) -> dict[str, Any]:
        """Say what it is, by name: kind, sizes, device bytes."""

    def save(self, path: str | Path) -> None:
        """Write the file for the device, whole or not at all; its own reader has accepted it first.

        Raises ValueError, in the reader's words, where it refuses it; OSError if the file cannot be
        written.
        """


@runtime_checkable
class Predictor(Model, Protocol):
    """A model of a scikit-learn estimator, as emlmpy.convert returns it."""

    @property
    def feature_names(self) -> list[str] | None:
        """Names of the columns at fit, as the file has them; None if they had none."""

    def encode(self, *args: Any, **options: Any) -> bytes:
        """Return the bytes that save writes with these options."""

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Class labels, or values, (rows,), of X, (rows, features), as the estimator takes it.

        Raises ValueError for another shape, other names of columns, or values that the device's
        features cannot hold; TypeError if X is sparse.
        """

    def check(self, X: ArrayLike, y: ArrayLike | None = None) -> Report:
        """Compare the answers for X with the estimator's own, and both with the truth y.

        Raises ValueError if X has no row, else as predict.
        """


@dataclass(frozen=True)
class Options:
    """The arguments of emlmpy.convert besides the estimator; each family uses some of them."""

    features: str = "auto"
    vote: str = "soft"
    leaves: int | None = None
    X: ArrayLike | None = None

    def require_only(self, *used: str, of: str) -> None:
        """Raise ValueError if another option than those that a family uses was given.

        of: what the user calls the family's estimators.
        """
        unused = [field for field in fields(self) if field.name not in used]
        for field in unused:
            given, default = getattr(self, field.name), field.default
            # Arrays do not compare to one truth value.
            if given is not None if default is None else given != default:
                *first, last = (field.name for field in unused)
                names = f"{', '.join(first)} or {last}" if first else last
                raise ValueError(f"{of} take no {names}")


class File(Protocol):
    """How `emlmpy check` reads the files of a family; a module with these functions is one."""

    def is_file(self, data: bytes, /) -> bool:
        """Whether this is meant to be a file of the family, damaged or not."""

    def describe(self, data: bytes, /) -> dict[str, str | int]:
        """Say what a file holds. Raises ValueError, in the device's words, if it does not load."""

    def sign(self, data: bytes, /) -> bytes:
        """Return a file edited by hand in the newest version, with the right checksum.

        Raises ValueError, in the device's words, if it does not load even so.
        """


@dataclass(frozen=True)
class Family:
    """One family of models.

    Attributes:
        name: what one of its files holds, in a sentence
        file: how its files are read
        estimators: the types of scikit-learn's that convert, if there are any
        convert: makes a model of such an estimator and the scalers in front of it; raises
            TypeError or ValueError for what the device could not stand for
    """

    name: str
    file: File
    estimators: tuple[type[BaseEstimator], ...] = ()
    convert: Callable[[Parts, Options], Predictor] | None = None
