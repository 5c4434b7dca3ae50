"""k nearest neighbours: scikit-learn's estimators as emlknn's models and files.

src/emlknn/README.md describes the file.
"""

from functools import cached_property
from operator import index
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emlmpy import files, knn_twin
from emlmpy.knn_twin import MAX_FEATURES, MAX_ITEMS, Knn
from emlmpy.report import Report, compare

INT16 = np.iinfo(np.int16)


class KnnModel:
    """A model for emlknn.

    Its answers are the device's: they come from the bytes that `save` writes, read by the device's
    own reader into the device's own kernel, compiled for this computer; gcc is required.

    Attributes:
        features: int16 (items, features)
        targets: labels, int16, or values, float32; (items,)
        n_neighbors, regression, weights: as emlknn.new has them
        feature_names: names of the columns, or None
        estimator: what `check` compares with, or None
    """

    def __init__(
        self,
        features: ArrayLike,
        targets: ArrayLike,
        n_neighbors: int,
        *,
        regression: bool = False,
        weights: str = "uniform",
        feature_names: list[str] | None = None,
        estimator: Any = None,
    ) -> None:
        """Hold int16 features (items, features), and int16 labels or float values (items,).

        Raises ValueError if the device could not hold them.
        """
        self.features = _int16(features, "features must be whole numbers from -32768 to 32767")
        if self.features.ndim != 2 or not 1 <= self.features.shape[1] <= MAX_FEATURES:
            raise ValueError(f"features must have 1 to {MAX_FEATURES} columns")
        if not 1 <= n_neighbors <= len(self.features) <= MAX_ITEMS:
            raise ValueError(f"items must be n_neighbors to {MAX_ITEMS}, n_neighbors at least 1")
        if weights not in ("uniform", "distance"):
            raise ValueError("weights must be 'uniform' or 'distance'")
        if regression:
            self.targets = _float32(targets)
        else:
            self.targets = _int16(
                targets,
                "labels must be whole numbers from -32768 to 32767: "
                "number the classes, 0, 1, 2 and so on, before fit",
            )
        if self.targets.shape != (len(self.features),):
            raise ValueError("targets must be one for each item")
        self.n_neighbors = n_neighbors
        self.regression = regression
        self.weights = weights
        self.feature_names = _names(feature_names, self.features.shape[1])
        self.estimator = estimator

    def __repr__(self) -> str:
        """Say what it is."""
        n_items, n_features = self.features.shape
        kind = "values" if self.regression else "labels"
        return (
            f"<KnnModel: {n_items} items of {n_features} features with {kind}, "
            f"{self.n_neighbors} neighbours, weights {self.weights!r}>"
        )

    @cached_property
    def twin(self) -> Knn:
        """The model, loaded from its file."""
        return knn_twin.load(self.encode())

    @property
    def nbytes(self) -> int:
        """Bytes of RAM for the items on the device, beside 48 or so for the object."""
        return self.twin.nbytes

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Labels, int32, or values, float32, of each row, as the device gives them: (rows,).

        X: (rows, features), whole numbers in the range of int16. Raises ValueError for others, for
        another number of columns, and for a DataFrame whose columns are not those of fit.
        """
        return self.twin.predict(self.rows(X))

    def novelty(self, X: ArrayLike) -> NDArray[np.float32]:
        """Mean distance to the neighbours of each row, as the device gives it; X as for predict."""
        return self.twin.novelty(self.rows(X))

    def check(self, X: ArrayLike, y: ArrayLike | None = None) -> Report:
        """Compare the predictions for X with the estimator's, and with the truth y if it is given.

        Raises ValueError if the model was not made by convert_knn, and as predict does.
        """
        if self.estimator is None:
            raise ValueError("model must be made by convert_knn")
        found = self.predict(X)
        if len(found) == 0:
            raise ValueError("X must have a row")
        return compare(found, self.estimator.predict(X), y, self.regression)

    def encode(self, max_items: int | None = None, ring: bool = False) -> bytes:
        """Return the file's bytes; see save."""
        n_items, n_features = self.features.shape
        max_items = n_items if max_items is None else index(max_items)
        if not n_items <= max_items <= MAX_ITEMS:
            raise ValueError(f"max_items must be {n_items}, the items there are, to {MAX_ITEMS}")
        settings = (max_items, n_features, index(self.n_neighbors))
        flags = (ring, self.regression, self.weights == "distance")
        rows = [_row("knn2", *settings, *flags, n_items)]
        rows += [f"?name,{name}" for name in self.feature_names or ()]
        targets = self.targets.view(np.int32) if self.regression else self.targets
        rows += [
            _row("i", target, *features)
            for target, features in zip(targets.tolist(), self.features.tolist(), strict=True)
        ]
        return files.signed([*rows, f"e,{n_items}"])

    def save(self, path: str | Path, max_items: int | None = None, ring: bool = False) -> None:
        """Write the file that emlknn.load reads, whole or not at all.

        max_items: room for items on the device, which may learn more of them; default: those that
            the model has.
        ring: when there is no more room, the device forgets the oldest item for a new one.

        Raises ValueError, with the device's reason, if the device would not load the file; OSError
        if it cannot be written.
        """
        data = self.encode(max_items, ring)
        knn_twin.load(data)
        files.write(path, data)

    def rows(self, X: ArrayLike) -> NDArray[np.int16]:
        """Return X as the device gets it, once its columns are right."""
        _check_names(self.feature_names, X)
        rows = _int16(X, "features must be whole numbers from -32768 to 32767")
        if rows.ndim != 2 or rows.shape[1] != self.features.shape[1]:
            raise ValueError(f"features must have {self.features.shape[1]} columns")
        return rows


def convert_knn(estimator: Any) -> KnnModel:
    """Turn a fitted KNeighborsClassifier or KNeighborsRegressor into a model for emlknn.

    Its features must be int16 integers; distances Euclidean; labels int16 integers. Names of
    columns are kept. Raises ValueError, which names the cause, for others.
    """
    if getattr(estimator, "effective_metric_", None) != "euclidean":
        raise ValueError("estimator must be fitted, with a Euclidean metric")
    if estimator.weights not in ("uniform", "distance"):
        raise ValueError("weights must be 'uniform' or 'distance'")
    regression = not hasattr(estimator, "classes_")
    targets = np.asarray(estimator._y)
    if targets.ndim != 1 and targets.shape[1:] != (1,):
        raise ValueError("estimator must have one output")
    targets = targets.ravel()
    if not regression:
        targets = np.asarray(estimator.classes_)[targets]
    return KnnModel(
        estimator._fit_X,
        targets,
        estimator.n_neighbors,
        regression=regression,
        weights=estimator.weights,
        feature_names=getattr(estimator, "feature_names_in_", None),
        estimator=estimator,
    )


def load_dataset(path: str | Path) -> tuple[NDArray[np.int16], NDArray[Any]]:
    """Features, int16 (items, features), and labels, int16, or values, float32, of a file.

    The file is one that emlknn or KnnModel wrote. Raises ValueError, with the path and the device's
    text, if the device would not load it.
    """
    try:
        return knn_twin.load(Path(path).read_bytes()).items()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def is_file(data: bytes) -> bool:
    """Whether these bytes begin as a file of emlknn does, behind optional rows."""
    try:
        return _first_row(data).startswith("knn")
    except ValueError:
        return False


def describe(data: bytes) -> dict[str, str | int]:
    """Say what a file holds. Raises ValueError, with the device's text, if it does not load."""
    twin = knn_twin.load(data)
    found: dict[str, str | int] = {
        "kind": "nearest neighbours, " + ("regression" if twin.regression else "classification"),
        "items": len(twin),
        "room for items": twin.header()[0],
        "features": twin.n_features,
        "neighbours": twin.n_neighbors,
        "weights": "distance" if twin.weighted else "uniform",
        "ring": "yes" if twin.ring else "no",
    }
    targets = twin.items()[1]
    if not twin.regression:
        found["labels"] = ", ".join(map(str, np.unique(targets).tolist()))
    names = [row[6:] for row in _text_rows(data) if row.startswith("?name,")]
    if names:
        found["feature names"] = ", ".join(names)
    found["bytes on device"] = twin.nbytes
    # The reader has demanded the checksum of a knn2.
    found["checksum"] = "right" if _first_row(data).startswith("knn2,") else "none"
    return found


def sign(data: bytes) -> bytes:
    """Return a file as the newest version, with the checksum that its rows have.

    Raises ValueError, with the device's text, if the device would not load that.
    """
    rows = [row for row in _text_rows(data) if not row.startswith("crc,")]
    rows = ["knn2" + row[4:] if row.startswith("knn1,") else row for row in rows]
    signed = files.signed(rows)
    knn_twin.load(signed)
    return signed


def _first_row(data: bytes) -> str:
    """Return the first row that is not optional."""
    return next((row for row in _text_rows(data) if not row.startswith("?")), "")


def _text_rows(data: bytes) -> list[str]:
    """Return the rows of a file, without line ends and without empty rows at its end."""
    rows = [row.rstrip("\r") for row in knn_twin.as_text(data).split("\n")]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _row(kind: str, *numbers: int) -> str:
    return f"{kind},{','.join(map(str, map(int, numbers)))}"


def _names(names: Any, n_features: int) -> list[str] | None:
    """Return the names of columns, once each can be a row of a file."""
    if names is None:
        return None
    names = [str(name) for name in names]
    if len(names) != n_features:
        raise ValueError("feature_names must be one for each column")
    for name in names:
        if not {"\r", "\n", "\0"}.isdisjoint(name) or not _is_utf8(name):
            raise ValueError(f"name of a column must be text without line ends, not {name!r}")
    return names


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _check_names(names: list[str] | None, X: Any) -> None:
    """Raise ValueError, in scikit-learn's words, if X has names of columns, but not these."""
    columns = getattr(X, "columns", None)
    if names is None or columns is None or list(columns) == names:
        return
    message = "The feature names should match those that were passed during fit.\n"
    for what, found in (
        ("Feature names unseen at fit time", set(columns) - set(names)),
        ("Feature names seen at fit time, yet now missing", set(names) - set(columns)),
    ):
        if found:
            message += f"{what}:\n" + "".join(f"- {name}\n" for name in sorted(map(str, found)))
    if set(columns) == set(names):
        message += "Feature names must be in the same order as they were in fit.\n"
    raise ValueError(message)


def _int16(values: ArrayLike, requirement: str) -> NDArray[np.int16]:
    if hasattr(values, "toarray"):
        raise ValueError("sparse matrices are not supported: give X.toarray()")
    array = np.asarray(values)
    try:
        fits = np.all((array == np.floor(array)) & (array >= INT16.min) & (array <= INT16.max))
    except TypeError:  # strings, objects
        fits = False
    if not fits:
        raise ValueError(requirement)
    return np.ascontiguousarray(array, np.int16)


def _float32(values: ArrayLike) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(values, np.float32)
    if not np.all(np.isfinite(array)):
        raise ValueError("values must be finite as float32")
    return array
