"""A front end and the model behind it, in one file: what emlmpy.convert makes of their Pipeline."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import make_pipeline

from emlmpy import cost, files
from emlmpy.evaluate import Evaluation, Part
from emlmpy.families import family_of_file
from emlmpy.features import file, twin
from emlmpy.features.cost import count_terms
from emlmpy.features.recordings import Int16, how_many, labels_of
from emlmpy.features.transformer import WindowFeatures
from emlmpy.model import Options, Predictor
from emlmpy.pipeline import Parts
from emlmpy.report import Report

FEATURES = ("auto", "int16")


def convert(
    parts: Parts, options: Options, make: Callable[[Parts, Options], Predictor]
) -> "WindowModel":
    """Convert a front end and the model behind it; see emlmpy.convert.

    make: converts what is behind it. Raises ValueError and TypeError as that does, and for features
    of another type.
    """
    front = parts.front
    assert front is not None
    if options.features not in FEATURES:
        raise ValueError(
            "features must be auto or int16 behind WindowFeatures, whose features are int16, "
            f"not {options.features!r}"
        )
    # The rest of the pipeline is what the model of its rows compares itself with.
    rest = make_pipeline(*parts.scalers, parts.model) if parts.scalers else parts.model
    X = None if options.X is None else front.transform(options.X)
    if X is not None and len(X) == 0:
        raise ValueError("X must have a window")
    model = make(replace(parts, given=rest), replace(options, X=X))
    return WindowModel(parts.given, front, model)


class WindowModel:
    """A model of windows of samples as the device runs it: its front end, and what is behind.

    Its answers are the device's: features and predictions come from the device's own kernels,
    compiled for this computer. X is what the pipeline takes: recordings, or items; see
    WindowFeatures.

    Attributes:
        estimator: what was converted
        front: its WindowFeatures
        model: the model behind it, as emlmpy.convert makes one: of rows, which `rows` returns
        feature_names: names of the features
    """

    def __init__(self, estimator: Any, front: WindowFeatures, model: Predictor) -> None:
        """Keep all of them."""
        self.estimator = estimator
        self.front = front
        self.model = model

    def __repr__(self) -> str:
        """Say what it is."""
        window, hop = self.front.words_[1:3]
        return f"<WindowModel of windows of {window} samples, hop {hop}: {self.model!r}>"

    @property
    def feature_names(self) -> list[str] | None:
        """Names of the features, as the file has them."""
        return self.model.feature_names

    @cached_property
    def twin(self) -> twin.Front:
        """The front end, loaded from the bytes that save writes."""
        return twin.load(self.encode())

    @property
    def nbytes(self) -> int:
        """Bytes of RAM that both take on the device."""
        return self.twin.nbytes + self.model.nbytes

    def describe(self) -> dict[str, Any]:
        """Say what both are, by name: the front end's window, channels and units, then the model's.

        'device bytes' are those of both.
        """
        front = file.describe_front(self.encode())
        return {**self.model.describe(), **front, "device bytes": self.nbytes}

    def rows(self, X: Any) -> Any:
        """Return the features of X, int16 (rows, features), as WindowFeatures.transform does."""
        return self.front.transform(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Class labels or values, (rows,), of the windows of X, as the device gives them.

        X: recordings, of which all windows have a row, one under the other; or items, with a row
        each. Raises TypeError or ValueError for other shapes, and for samples that are not int16.
        """
        return self.model.predict(self.rows(X))

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Class proportions, (rows, classes), as the model gives them; X as for predict.

        Raises TypeError if the model has none, as the next two do.
        """
        return self._answers("predict_proba", X)

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Return what the model's decision_function does; X as for predict."""
        return self._answers("decision_function", X)

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Scores of windows, (rows,), the lower, the less normal; X as for predict."""
        return self._answers("score_samples", X)

    def set_threshold(self, threshold: float) -> None:
        """Let predict give -1 for scores below the threshold, else 1; emlmpy.threshold finds one.

        Raises TypeError if the model has no scores, ValueError as the model does.
        """
        self._method("set_threshold")(threshold)

    def check(self, X: Any, y: ArrayLike | None = None) -> Report:
        """Compare the answers for X with the pipeline's own, and both with the truth y.

        Recordings are pushed in hops, as the device takes them. y: of recordings, labels as
        emlmpy.features.windows takes them, one for each or one for each of its samples, or one for
        each window; of items one for each. Raises ValueError for another number of labels, or if X
        has no window; else as predict.
        """
        expected = self.rows(X)
        if len(expected) == 0:
            raise ValueError("X must have a window")
        truth = None if y is None else self._labels(X, y, len(expected))
        report = self.model.check(expected, truth)
        found = self._rows_of_device(X)
        if not np.array_equal(found, np.asarray(expected)):
            raise RuntimeError("the file's front end gives other features than the pipeline's")
        return report

    def report(self, X: Any, y: ArrayLike) -> Evaluation:
        """Say how well predictions for X match the truth y, and what a window and its row cost.

        The front end and the model are two parts of it, each with its RAM, its instructions and its
        module. X and y as for check. Raises ValueError for another number of labels, or if X has no
        window; TypeError if the model has no report; else as predict.
        """
        rows = self.rows(X)
        if len(rows) == 0:
            raise ValueError("X must have a window")
        costs = cost.instructions("front", count_terms(self.twin.words))
        hop, window = self.twin.hop, self.twin.window
        front = Part(
            "front end",
            self.twin.nbytes,
            costs,
            module="emlfeatures",
            note=f"Those of the front end are for {hop} new samples, and the window of {window}.",
        )
        evaluate: Callable[..., Evaluation] = self._method("report")
        found = evaluate(rows, self._labels(X, y, len(rows)), parts=[front])
        found.file_bytes = len(self.encode())
        return found

    def encode(self, **options: Any) -> bytes:
        """Return the file's bytes; see save."""
        return file.add(self.front.rows(), self.model.encode(**options))

    def save(self, path: str | Path, **options: Any) -> None:
        """Write the file for the device, whole or not at all: the front end, and the model.

        emlfeatures.load reads the one, the model's module the other. options: those of the model's
        own save, such as format='bin'. Both readers have to accept these very bytes first. Raises
        ValueError in their words where one does not; OSError if the file cannot be written.
        """
        # The model's own save knows what it cannot save, such as one without a threshold.
        save: Callable[..., None] = self.model.save
        with tempfile.TemporaryDirectory() as folder:
            own = Path(folder) / "model"
            save(own, **options)
            data = file.add(self.front.rows(), own.read_bytes())
        facts = family_of_file(data).file.describe(data)
        file.describe_front(data, facts["features"])
        files.write(path, data)

    def _method(self, name: str) -> Callable[..., Any]:
        """Return a method of the model's. Raises TypeError if it has none of the name."""
        method = getattr(self.model, name, None)
        if method is None:
            raise TypeError(f"{type(self.model).__name__} has no {name}")
        found: Callable[..., Any] = method
        return found

    def _answers(self, name: str, X: Any) -> NDArray[Any]:
        method = self._method(name)
        answers: NDArray[Any] = method(self.rows(X))
        return answers

    def _rows_of_device(self, X: Any) -> Int16:
        """Return the features of X as the front end in the file gives them."""
        if isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.dtype == object):
            return np.vstack([self.twin.stream(np.asarray(recording)) for recording in X])
        return self.twin.last(np.asarray(X).reshape(len(X), -1, self.twin.channels))

    def _labels(self, X: Any, y: Any, rows: int) -> Any:
        """Return the label of each row."""
        is_recordings = not isinstance(X, np.ndarray) or X.dtype == object
        if is_recordings and how_many(y) == len(X):
            lengths = [len(recording) for recording in X]
            return labels_of(y, lengths, self.twin.window, self.twin.hop)[0]
        if how_many(y) != rows:
            of = f"{rows} windows or {len(X)} recordings" if is_recordings else f"{rows} items"
            raise ValueError(f"y must be one for each of {of}, not {how_many(y)}")
        return np.asarray(y)
