"""k nearest neighbours: scikit-learn's estimators as emlknn's models and files.

formats/knn.md describes the file.
"""

import warnings
from collections.abc import Sequence
from functools import cached_property
from numbers import Integral, Real
from operator import index
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from emlmpy import cost, files, names
from emlmpy.device_python import as_text
from emlmpy.evaluate import Evaluation, Part, evaluate
from emlmpy.knn import scale as knn_scale
from emlmpy.knn import twin as knn_twin
from emlmpy.knn.cost import count_terms
from emlmpy.knn.format import MAX_CLASSES, MAX_FEATURES, MAX_ITEMS, MAX_LABEL_BYTES, VERSION
from emlmpy.knn.twin import Knn
from emlmpy.report import Report, compare

ESTIMATORS = (KNeighborsClassifier, KNeighborsRegressor)
INT16 = np.iinfo(np.int16)
INT32 = np.iinfo(np.int32)
# A threshold that no score is below.
LOWEST = np.finfo(np.float32).min
WHOLE = "whole numbers from -32768 to 32767"


class KnnModel:
    """A model for emlknn.

    Its answers are the device's: they come from the bytes that `save` writes, read by the device's
    own reader into the device's own kernel, compiled for this computer.

    Attributes:
        features: int16 (items, features), as the device holds them
        targets: labels or numbers of classes, int16, or values, float32; (items,)
        n_neighbors, regression, weights: as emlknn.new has them
        classes: labels of the classes whose numbers `targets` has, ints or strings; or None
        scale: scale and offset of each feature, float32 (features, 2), which make int16 of raw
            units; or None, if features are int16 to begin with
        feature_names: names of the columns, for the file, or None
        estimator: what `check` compares with, or None
        scalers: what transforms rows in front of it; the first of them, or else the estimator,
            knows the names that the columns of a DataFrame must have
        raw_int16: whether the device takes int16 rows in raw units, too, as a front end gives them,
            and not as rows that are scaled already; only with a scale
        threshold: what the score of a row must reach for predict to be 1, in a NoveltyModel; or
            None
    """

    raw_int16 = False
    threshold: float | None = None
    # Of a NoveltyModel: what one step of int16 is in the distances that the estimator has; the
    # square of each item's k-distance, in steps, as the bits of a float32.
    unit: float | None = None
    k_distances: NDArray[np.int32] | None = None

    def __init__(
        self,
        features: ArrayLike,
        targets: ArrayLike,
        n_neighbors: int,
        *,
        regression: bool = False,
        weights: str = "uniform",
        classes: Sequence[Any] | NDArray[Any] | None = None,
        scale: ArrayLike | None = None,
        feature_names: Sequence[str] | None = None,
        estimator: Any = None,
        scalers: Sequence[Any] = (),
    ) -> None:
        """Hold int16 features (items, features), and int16 labels or float values (items,).

        Raises ValueError if the device could not hold them. See the class for the arguments.
        """
        self.features = _int16(features, f"features must be {WHOLE}")
        if self.features.ndim != 2 or not 1 <= self.features.shape[1] <= MAX_FEATURES:
            raise ValueError(f"features must have 1 to {MAX_FEATURES} columns")
        n_items, n_features = self.features.shape
        if not 1 <= n_neighbors <= n_items <= MAX_ITEMS:
            raise ValueError(f"items must be n_neighbors to {MAX_ITEMS}, n_neighbors at least 1")
        if weights not in ("uniform", "distance"):
            raise ValueError("weights must be 'uniform' or 'distance'")
        self.targets: NDArray[Any]
        if regression:
            self.targets = _float32(targets)
        else:
            self.targets = _int16(
                targets,
                f"labels must be {WHOLE}: number the classes, 0, 1, 2 and so on, or convert a "
                "fitted KNeighborsClassifier, which may have any ints or strings",
            )
        if self.targets.shape != (n_items,):
            raise ValueError("targets must be one for each item")
        self.classes = None if classes is None else _check_classes(classes)
        if self.classes is not None and (
            regression or not 0 <= self.targets.min() <= self.targets.max() < len(self.classes)
        ):
            raise ValueError("targets must be numbers of classes, below the number of classes")
        self.scale = None
        if scale is not None:
            self.scale = _float32(scale)
            if self.scale.shape != (n_features, 2):
                raise ValueError("scale must have the shape (features, 2)")
        if feature_names is not None and len(feature_names) != n_features:
            raise ValueError("feature_names must be one for each column")
        self.n_neighbors = n_neighbors
        self.regression = regression
        self.weights = weights
        self.feature_names = None if feature_names is None else list(feature_names)
        self.estimator = estimator
        self.scalers = list(scalers)

    def __repr__(self) -> str:
        """Say what it is."""
        n_items, n_features = self.features.shape
        kind = "values" if self.regression else "labels"
        if self.classes is not None:
            kind = f"{len(self.classes)} classes"
        units = "" if self.scale is None else "scaled "
        return (
            f"<KnnModel: {n_items} items of {n_features} {units}features with {kind}, "
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

    def describe(self) -> dict[str, Any]:
        """Say what the file that save writes holds: kind, sizes, labels, by name."""
        return describe(self.encode())

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Labels, or values, float32, of each row: (rows,).

        The device gives the same values and labels; where there are classes, it gives their
        numbers. X: (rows, features), as the estimator gets them; without a scale, whole numbers in
        the range of int16. Raises ValueError for others, for another number of columns, for NaN,
        and for a DataFrame whose columns are not those of fit; TypeError if X is sparse.
        """
        found = self.twin.predict(self.quantize(X))
        return found if self.classes is None else np.array(self.classes)[found]

    def novelty(self, X: ArrayLike) -> NDArray[np.float32]:
        """Mean distance to the neighbours of each row, as the device gives it; X as for predict.

        With a scale that is scikit-learn's distance times a factor, the same for all rows.
        """
        return self.twin.novelty(self.quantize(X))

    def check(self, X: ArrayLike, y: ArrayLike | None = None) -> Report:
        """Compare the predictions for X with the estimator's, and with the truth y if it is given.

        With a scale, this shows what the rounding to int16 costs. Raises ValueError if the model
        was not made by convert_knn, and as predict does.
        """
        if self.estimator is None:
            raise ValueError("model must be made by convert_knn")
        found = self.predict(X)
        if len(found) == 0:
            raise ValueError("X must have a row")
        return compare(found, self._expected(X), y, self.regression)

    def report(self, X: ArrayLike, y: ArrayLike, parts: Sequence[Part] = ()) -> Evaluation:
        """Say how well predictions for X match the truth y, and what a prediction costs.

        parts: what runs before the model, such as what makes features of samples.

        Raises ValueError if X has no row, or y not as many, else as predict.
        """
        predictions = self.predict(X)
        costs = cost.instructions("knn", count_terms(self, X)) if len(predictions) else {}
        return evaluate(
            predictions,
            y,
            numbers=self.regression and self.k_distances is None,
            file_bytes=len(self.encode()),
            module="emlknn",
            parts=[*parts, Part("model", self.nbytes, costs)],
        )

    def encode(self, max_items: int | None = None, ring: bool = False) -> bytes:
        """Return the file's bytes; see save."""
        n_items, n_features = self.features.shape
        max_items = n_items if max_items is None else index(max_items)
        if not n_items <= max_items <= MAX_ITEMS:
            raise ValueError(f"max_items must be {n_items}, the items there are, to {MAX_ITEMS}")
        settings = (max_items, n_features, index(self.n_neighbors))
        kind = 2 if self.k_distances is not None else self.regression
        flags = (ring, kind, self.weights == "distance")
        rows = [_row(f"knn{VERSION}", *settings, *flags, n_items)]
        rows += [f"?name,{name}" for name in self._file_names()]
        rows += [f"y{'s' if isinstance(name, str) else 'i'},{name}" for name in self.classes or ()]
        if self.scale is not None:
            rows += [f"s,{_exact(scale)},{_exact(offset)}" for scale, offset in self.scale]
            rows += ["r"] * self.raw_int16
        if self.unit is not None:
            unit = "1p0" if self.scale is None else _exact(np.float32(self.unit))
            limit = LOWEST if self.threshold is None else np.float32(self.threshold)
            rows.append(f"n,{unit},{_exact(limit)}")
        targets = self.targets.view(np.int32) if self.regression else self.targets
        items: NDArray[Any] = self.features
        if self.k_distances is not None:
            items = np.column_stack([items, self.k_distances])
        rows += [
            _row("i", target, *item)
            for target, item in zip(targets.tolist(), items.tolist(), strict=True)
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

    def quantize(self, X: ArrayLike) -> NDArray[np.int16]:
        """Return rows as the kernel compares them, int16 (rows, features); X as for predict."""
        first = self.scalers[0] if self.scalers else self.estimator
        if first is not None:
            names.check_names(first, X)
        rows = names.as_rows(X, self.features.shape[1])
        if self.scale is not None:
            if rows.dtype != np.int16:
                with np.errstate(over="ignore"):
                    rows = rows.astype(np.float32)
            return knn_twin.quantize(self.scale, rows)
        return _int16(rows, f"features must be {WHOLE}, as those were that convert got")

    def _file_names(self) -> list[str]:
        """Return the names of the columns as rows of the file can carry them."""
        if self.feature_names is None:
            return []
        named = SimpleNamespace(feature_names_in_=self.feature_names)
        return names.names_for_file(named) or []

    def _expected(self, X: ArrayLike, method: str = "predict") -> NDArray[Any]:
        """Return what a method of the estimator gives, behind its scalers."""
        with warnings.catch_warnings():
            # Behind a scaler, rows have no names any more.
            warnings.filterwarnings("ignore", message="X does not have valid feature names")
            for scaler in self.scalers:
                X = scaler.transform(X.copy() if hasattr(X, "copy") else np.array(X))
            return np.asarray(getattr(self.estimator, method)(X))


def convert_knn(estimator: Any, scalers: Sequence[Any] = (), features: str = "auto") -> KnnModel:
    """Turn a fitted KNeighborsClassifier or KNeighborsRegressor into a model for emlknn.

    Distances must be Euclidean. Labels are ints or strings: those that are int16 the device
    predicts itself, of others it predicts the number of the class, which model.classes has.

    scalers: fitted StandardScaler, MinMaxScaler, MaxAbsScaler or RobustScaler objects in front of
        the estimator, in their order.
    features: 'int16': the device gets whole numbers from -32768 to 32767, and the answers are
        exactly scikit-learn's, but where several items are equally far. 'float32': it gets any
        numbers, as the estimator does, which it rounds to int16; model.check says what that costs.
        'auto': 'int16' if there are no scalers and the items are such numbers, else 'float32'.

    Raises ValueError, which names the cause, for what the device could not stand for.
    """
    items, scale, _ = device_items(estimator, scalers, features)
    if estimator.weights not in ("uniform", "distance"):
        raise ValueError("weights must be 'uniform' or 'distance'")
    first = scalers[0] if scalers else estimator
    regression = not hasattr(estimator, "classes_")
    targets, classes = np.asarray(estimator._y), None
    if targets.ndim != 1 and targets.shape[1:] != (1,):
        raise ValueError("estimator must have one output")
    targets = targets.ravel()
    if not regression:
        classes = np.asarray(estimator.classes_)
        if _is_int16(classes):
            targets, classes = classes[targets], None
    return KnnModel(
        items,
        targets,
        estimator.n_neighbors,
        regression=regression,
        weights=estimator.weights,
        classes=classes,
        scale=scale,
        feature_names=getattr(first, "feature_names_in_", None),
        estimator=estimator,
        scalers=scalers,
    )


def device_items(
    estimator: Any, scalers: Sequence[Any], features: str
) -> tuple[NDArray[Any], NDArray[np.float32] | None, float]:
    """Return the items of a fitted estimator as the device holds them, their scale, and the factor.

    Distances between them are the estimator's times the factor. Raises ValueError, as convert_knn.
    """
    if getattr(estimator, "effective_metric_", None) != "euclidean":
        raise ValueError("estimator must be fitted, with a Euclidean metric")
    if features not in ("auto", "int16", "float32"):
        raise ValueError(f"features must be auto, int16 or float32, not {features!r}")
    items = estimator._fit_X
    if issparse(items):
        raise ValueError("estimator must be fitted on dense rows: fit it on X.toarray()")
    items = np.asarray(items)
    scale, factor = None, 1.0
    if features == "float32" or scalers or (features == "auto" and not _is_int16(items)):
        if features == "int16":
            raise ValueError("features='int16' is not possible behind scalers")
        scale, factor = knn_scale.choose(items, list(scalers))
        items = knn_twin.quantize(scale, knn_scale.raw_items(items, list(scalers)))
    return items, scale, factor


def load_dataset(path: str | Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features (items, features) and labels, or values, float32, (items,) of a file.

    The file is one that emlknn or KnnModel wrote. Features are int16; of a model with a scale,
    float64 in raw units, within half a step of int16. Labels are int16, or of whatever type the
    classes have. Raises ValueError, with the path and the device's text, if the device would not
    load it.
    """
    try:
        twin = knn_twin.load(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    features, targets = twin.items()
    if twin.classes is not None:
        targets = np.array(twin.classes)[targets]
    if twin.scale is not None:
        scale, offset = twin.scale.astype(np.float64).T
        features = (features - offset) / scale
    return features, targets


def is_file(data: bytes) -> bool:
    """Whether these bytes begin as a file of emlknn does, behind optional rows."""
    rows = (row for row in data.split(b"\n") if not row.startswith(b"?"))
    return next(rows, b"").startswith(b"knn")


def describe(data: bytes) -> dict[str, str | int]:
    """Say what a file holds. Raises ValueError, with the device's text, if it does not load."""
    twin = knn_twin.load(data)
    # The reader has demanded the checksum of version 2 and later.
    version = _first_row(data)[3:4]
    found: dict[str, str | int] = {
        "file": f"nearest neighbours of emlknn, version {version}",
        "checksum": "none" if version == "1" else "right",
        "kind": _kind(twin),
        "scaled": "no" if twin.scale is None else f"yes: takes {_types(twin)} in raw units",
        "features": twin.n_features,
        "items": len(twin),
        "room for items": twin.header()[0],
        "neighbours": twin.n_neighbors,
        "weights": "distance" if twin.weighted else "uniform",
        "ring": "yes" if twin.ring else "no",
        "device bytes": twin.nbytes,
    }
    if twin.threshold is not None:
        found["threshold"] = f"{twin.threshold:.6g}"
    columns = [row[6:] for row in _text_rows(data) if row.startswith("?name,")]
    if columns:
        found["feature names"] = ", ".join(columns)
    if not twin.regression and twin.threshold is None:
        labels = twin.classes or np.unique(twin.items()[1]).tolist()
        found["labels"] = ", ".join(map(str, labels))
    return found


def _types(twin: Knn) -> str:
    return "int16 and floats" if twin.raw else "floats"


def _kind(twin: Knn) -> str:
    if twin.k_distances is not None:
        return "local outlier factor"
    if twin.threshold is not None:
        return "novelty"
    return "regression" if twin.regression else "classification"


def sign(data: bytes) -> bytes:
    """Return a file as the newest version, with the checksum that its rows have.

    Raises ValueError, with the device's text, if the device would not load that.
    """
    rows = [row for row in _text_rows(data) if not row.startswith("crc,")]
    older = ("knn1,", "knn2,")
    rows = [f"knn{VERSION}{row[4:]}" if row.startswith(older) else row for row in rows]
    signed = files.signed(rows)
    knn_twin.load(signed)
    return signed


def _first_row(data: bytes) -> str:
    """Return the first row that is not optional."""
    return next((row for row in _text_rows(data) if not row.startswith("?")), "")


def _text_rows(data: bytes) -> list[str]:
    """Return the rows of a file, without line ends and without empty rows at its end."""
    rows = [row.rstrip("\r") for row in as_text(data).split("\n")]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _row(kind: str, *numbers: int) -> str:
    return f"{kind},{','.join(map(str, map(int, numbers)))}"


def _exact(value: np.float32) -> str:
    """Return a float32 as a whole number and a power of two, as the device's save does."""
    bits = int(value.view(np.int32))
    power = bits >> 23 & 255
    whole = (bits & 0x7FFFFF | 0x800000) if power else 0
    return f"{-whole if bits < 0 else whole}p{power - 150}"


def _check_classes(classes: Sequence[Any] | NDArray[Any]) -> list[int] | list[str]:
    """Return class labels as rows of a file can carry them."""
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise ValueError(f"classes must be 1 to {MAX_CLASSES}, not {len(classes)}")
    if all(isinstance(label, str) for label in classes):
        for label in classes:
            if not _is_row_text(label):
                raise ValueError(
                    f"class labels must be at most {MAX_LABEL_BYTES} bytes, "
                    f"without line ends and null characters: {label[:120]!r}"
                )
        return [str(label) for label in classes]
    numbers = []
    for label in classes:
        whole = isinstance(label, Integral) or (
            isinstance(label, Real) and float(label).is_integer()
        )
        if not whole:
            raise ValueError(f"class labels must be whole numbers or strings, not {label!r}")
        if not INT32.min <= label <= INT32.max:
            raise ValueError(
                f"class labels that are numbers must lie in {INT32.min}..{INT32.max}, not {label}"
            )
        numbers.append(int(label))
    return numbers


def _is_row_text(label: str) -> bool:
    try:
        length = len(label.encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return length <= MAX_LABEL_BYTES and {"\r", "\n", "\0"}.isdisjoint(label)


def _is_int16(values: NDArray[Any]) -> bool:
    try:
        whole = values == np.floor(values)
        return bool(np.all(whole & (values >= INT16.min) & (values <= INT16.max)))
    except TypeError:  # strings, objects
        return False


def _int16(values: ArrayLike, requirement: str) -> NDArray[np.int16]:
    array = np.asarray(values)
    if not _is_int16(array):
        raise ValueError(requirement)
    return np.ascontiguousarray(array, np.int16)


def _float32(values: ArrayLike) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(values, np.float32)
    if not np.all(np.isfinite(array)):
        raise ValueError("values must be finite as float32")
    return array
