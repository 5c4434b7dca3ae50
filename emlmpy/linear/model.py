"""Linear models: convert an estimator, try it on this computer, save it for the device.

formats/linear.md describes the file.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from emlmpy import cost, files, names
from emlmpy.device_python import as_text
from emlmpy.evaluate import Evaluation, Part, evaluate
from emlmpy.linear import twin as linear_twin
from emlmpy.linear import words
from emlmpy.linear.cost import count_terms
from emlmpy.linear.extract import Linear, extract, fold
from emlmpy.linear.format import VERSION, WORDS_IN_ROW, Kind, Type
from emlmpy.model import Options
from emlmpy.pipeline import Parts
from emlmpy.report import Report, compare

INT16 = np.iinfo(np.int16)
FEATURES = ("auto", "float32", "int16")
WHOLE = f"X must hold whole numbers from {INT16.min} to {INT16.max}"


def convert(parts: Parts, options: Options) -> "LinearModel":
    """Convert an estimator of ESTIMATORS, as emlmpy.convert does.

    features: 'float32'; 'int16', whole numbers as they are; or 'auto', which is 'int16' if X is
    given and holds such numbers, or a front end makes the rows, else 'float32'.
    """
    options.require_only("features", "X", of="linear models")
    if options.features not in FEATURES:
        raise ValueError(f"features must be auto, float32 or int16, not {options.features!r}")
    model = fold(extract(parts.model), parts.scalers)
    rows = None
    if options.X is not None:
        names.check_names(parts.first, options.X)
        rows = names.as_rows(options.X, model.weights.shape[1])
        if len(rows) == 0:
            raise ValueError("X must have a row")
        if not np.all(np.isfinite(rows)):
            raise ValueError("X must not hold NaN or infinity")
    whole = parts.front is not None or (rows is not None and is_int16(rows))
    if options.features == "int16" and rows is not None and not whole:
        raise ValueError(f"{WHOLE} for features='int16': use features='float32'")
    if options.features == "int16" or (options.features == "auto" and whole):
        return LinearModel(parts, *words.to_int16(model, rows), model)
    return LinearModel(parts, Type.FLOAT32, words.to_float32(model), model)


def is_int16(rows: NDArray[Any]) -> bool:
    """Whether all are whole numbers in the range of int16."""
    in_range = (rows >= INT16.min) & (rows <= INT16.max)
    return bool(np.all(in_range) and np.all(rows == np.rint(rows)))


class LinearModel:
    """A linear model as the device runs it; made by emlmpy.convert.

    Its answers are the device's: they come from the bytes that `save` writes, read by the device's
    own reader into the device's own kernel, compiled for this computer. X is what the estimator
    takes, (rows, features), in front of scalers, too.

    Attributes:
        estimator: what was converted
        features: 'float32' or 'int16', the type of the device's features
        classes: the estimator's class labels; None without
        feature_names: names of the columns at fit; None if they had none
    """

    def __init__(self, parts: Parts, kind: Type, rows: NDArray[np.int32], model: Linear) -> None:
        """Keep the words of the rows; model is what they stand for."""
        self.estimator: BaseEstimator = parts.given
        self.features = "float32" if kind == Type.FLOAT32 else "int16"
        self.classes: NDArray[Any] | None = getattr(parts.model, "classes_", None)
        self.feature_names = names.names_for_file(parts.named)
        self._parts = parts
        self._header = (int(model.kind), int(kind), model.weights.shape[1], len(rows))
        self._rows = rows
        self._labels = model.classes

    def __repr__(self) -> str:
        """Say what it is."""
        name = " behind ".join(
            type(part).__name__ for part in (self._parts.model, *self._parts.scalers[::-1])
        )
        twin = self.twin
        outputs = f"{twin.n_outputs} {'values' if self.classes is None else 'classes'}"
        return f"<LinearModel of {name}: {twin.n_features} {self.features} features, {outputs}>"

    @cached_property
    def twin(self) -> linear_twin.Linear:
        """The model, loaded from its file. Raises ValueError as save does."""
        return linear_twin.load(self.encode())

    @property
    def nbytes(self) -> int:
        """Bytes of RAM for the weights on the device, beside 48 or so for the objects."""
        return self.twin.nbytes

    def describe(self) -> dict[str, Any]:
        """Say what the file that save writes holds: kind, sizes, labels, by name."""
        return describe(self.encode())

    def encode(self) -> bytes:
        """Return the file's bytes."""
        rows = [_row(f"lin{VERSION}", self._header)]
        rows += [f"?name,{name}" for name in self.feature_names or ()]
        for label in () if self._labels is None else self._labels.tolist():
            rows.append(f"y{'s' if isinstance(label, str) else 'i'},{label}")
        numbers = self._rows.ravel().tolist()
        rows += [
            _row("w", numbers[at : at + WORDS_IN_ROW])
            for at in range(0, len(numbers), WORDS_IN_ROW)
        ]
        return files.signed(rows)

    def save(self, path: str | Path) -> None:
        """Write the file that emllinear.load reads, whole or not at all.

        Raises ValueError, with the device's reason, if the device would not load the file; OSError
        if it cannot be written.
        """
        data = self.encode()
        linear_twin.load(data)
        files.write(path, data)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Class labels, (rows,), or values, float32, (rows,) or (rows, values).

        Labels are the estimator's own; the device gives their numbers. Raises ValueError if X has
        the wrong shape, names or order of columns, or values that the device's features cannot
        hold, or if a score is beyond float32; TypeError if X is sparse.
        """
        index, _, answers = self._run(X)
        if self.classes is not None:
            labels: NDArray[Any] = self.classes[index]
            return labels
        return answers[:, 0] if answers.shape[1] == 1 else answers

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Class proportions, (rows, classes), as predict(features, out) gives them on the device.

        Raises TypeError if the estimator has none, else as predict.
        """
        if not hasattr(self._parts.model, "predict_proba"):
            raise TypeError(f"{type(self._parts.model).__name__} has no predict_proba")
        return self._run(X)[2]

    def decision_function(self, X: ArrayLike) -> NDArray[np.float32]:
        """Scores, as scores(features, out) gives them on the device: (rows,) or (rows, scores).

        Those of naive Bayes are joint log likelihoods, those of regressors what comes before the
        link. Raises as predict.
        """
        scores = self._run(X)[1]
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def check(self, X: ArrayLike, y: ArrayLike | None = None) -> Report:
        """Compare the answers for X with the estimator's own, and both with the truth y.

        The report counts rows with another answer, and gives the largest difference of values,
        proportions, or of scores where there are none. Raises ValueError if X has no row, else as
        predict.
        """
        found = self.predict(X)
        if len(found) == 0:
            raise ValueError("X must have a row")
        expected = self._of_estimator("predict", X)
        if self.classes is None:
            return compare_values(found, expected.reshape(found.shape), y)
        report = compare(found, expected, y, False)
        for method, what in (
            ("predict_proba", "class proportions"),
            ("decision_function", "scores"),
        ):
            if hasattr(self._parts.model, method):
                error = np.abs(getattr(self, method)(X) - self._of_estimator(method, X))
                report.what, report.largest_error = what, float(error.max())
                break
        return report

    def report(self, X: ArrayLike, y: ArrayLike, parts: Sequence[Part] = ()) -> Evaluation:
        """Say how well predictions for X match the truth y, and what a prediction costs.

        parts: what runs before the model, such as what makes features of samples.

        Raises ValueError if X has no row, or y not as many, else as predict.
        """
        costs = cost.instructions("linear", count_terms(self))
        return evaluate(
            self.predict(X),
            y,
            numbers=self.classes is None,
            file_bytes=len(self.encode()),
            module="emllinear",
            parts=[*parts, Part("model", self.nbytes, costs)],
        )

    def _of_estimator(self, method: str, X: Any) -> NDArray[Any]:
        # Scalers with copy=False overwrite what they are given.
        answer = getattr(self.estimator, method)
        found: NDArray[Any] = answer(X.copy() if isinstance(X, np.ndarray) else X)
        return found

    def _run(self, X: Any) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]:
        """Return numbers of classes, scores, and proportions or values."""
        names.check_names(self._parts.first, X)
        rows = names.as_rows(X, self.twin.n_features)
        if self.features == "int16" and not is_int16(rows):
            raise ValueError(f"{WHOLE}, as convert took them for: or use features='float32'")
        with np.errstate(over="ignore"):
            return self.twin.run(rows.astype(self.twin.dtype))


def compare_values(found: NDArray[Any], expected: NDArray[Any], y: ArrayLike | None) -> Report:
    """Compare values, (rows,) or (rows, values); a row agrees if all of its values do."""
    if found.ndim == 1:
        return compare(found, expected, y, True)
    truth = None if y is None else np.asarray(y)
    reports = [
        compare(found[:, i], expected[:, i], None if truth is None else truth[:, i], True)
        for i in range(found.shape[1])
    ]
    worst = min(reports, key=lambda report: report.agreeing)
    worst.largest_error = max(report.largest_error for report in reports)
    if truth is not None:
        worst.score = float(np.mean([report.score for report in reports]))
        worst.expected_score = float(np.mean([report.expected_score for report in reports]))
    return worst


def is_file(data: bytes) -> bool:
    """Whether these bytes begin as a file of emllinear does, behind optional rows."""
    rows = (row for row in data.split(b"\n") if not row.startswith(b"?"))
    return next(rows, b"").startswith(b"lin")


def describe(data: bytes) -> dict[str, str | int]:
    """Say what a file holds. Raises ValueError, with the device's text, if it does not load."""
    twin = linear_twin.load(data)
    found: dict[str, str | int] = {
        "file": f"linear model of emllinear, version {VERSION}",
        "checksum": "right",
        "kind": Kind(twin.kind).name.lower(),
        "features": twin.n_features,
        "feature type": np.dtype(twin.dtype).name,
        "outputs": twin.n_outputs,
        "device bytes": twin.nbytes,
    }
    columns = [row[6:] for row in as_text(data).splitlines() if row.startswith("?name,")]
    if columns:
        found["feature names"] = ", ".join(columns)
    if twin.classes:
        found["labels"] = ", ".join(map(str, twin.classes))
    return found


def sign(data: bytes) -> bytes:
    """Return a file edited by hand, with the checksum that its rows have.

    Raises ValueError, with the device's text, if the device would not load that.
    """
    rows = [row.rstrip("\r") for row in as_text(data).split("\n")]
    signed = files.signed(row for row in rows if row and not row.startswith("crc,"))
    linear_twin.load(signed)
    return signed


def _row(kind: str, numbers: Iterable[int]) -> str:
    return f"{kind},{','.join(map(str, numbers))}"
