"""Tree models: convert an estimator, try it on this computer, save it for the device."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator

from . import leaves as leaf_choice
from . import quantize
from .forest_file import Forest, to_bin, to_csv
from .forest_twin import ForestTwin
from .layout import lay_out
from .trees import Kind, extract

# Values that differ by less than this, and this share of the value, count as equal in a report.
TOLERANCE = 1e-5

# What a report compares: the first of these that the estimator has.
COMPARED = {
    "score_samples": "scores",
    "decision_function": "raw values",
    "predict_proba": "class proportions",
    "predict": "values",
}


def convert_forest(
    estimator: BaseEstimator,
    features: str = "int16",
    vote: str = "soft",
    leaves: int | None = None,
    X: np.ndarray | None = None,
) -> "ForestModel":
    """Convert a tree model; see emlmpy.convert for the arguments."""
    ensemble = extract(estimator)
    leaf_bits, leaf, numbers = leaf_choice.choose(ensemble, vote, leaves)
    feature_map = quantize.choose(ensemble, features, X)
    root, feature, threshold, child = lay_out(ensemble, feature_map, numbers)
    forest = Forest(
        kind=ensemble.kind,
        feature_type=features,
        leaf_bits=leaf_bits,
        n_features=ensemble.n_features,
        classes=ensemble.classes,
        scale=feature_map.scale,
        base=leaf_choice.as_float32(ensemble.base),
        leaf=leaf,
        root=root,
        feature=feature,
        threshold=threshold,
        child=child,
    )
    forest.check_limits()
    return ForestModel(estimator, forest)


@dataclass
class Report:
    """How a model's answers compare with its estimator's."""

    rows: int
    agreeing: int
    largest_error: float
    what: str  # the values that differ by at most largest_error

    @property
    def agreement(self) -> float:
        """Share of rows with the same answer, 0..1; of numbers, within 1e-5 + 1e-5 of the value."""
        return self.agreeing / self.rows

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.agreeing} of {self.rows} rows agree ({self.agreement:.2%}); "
            f"{self.what} differ by at most {self.largest_error:.2g}"
        )


class ForestModel:
    """A tree model as the device runs it.

    Made by emlmpy.convert. The answers come from the device's own code, compiled for this computer;
    gcc is required. X is as for the estimator, (rows, features); where the model has a scale, it
    is quantized as on the device, and else it must hold what the feature type holds.

    Attributes:
        estimator: what was converted
        forest: what the file holds
    """

    def __init__(self, estimator: BaseEstimator, forest: Forest) -> None:
        """Keep both."""
        self.estimator = estimator
        self.forest = forest

    def __repr__(self) -> str:
        """Say what it is."""
        forest = self.forest
        classes = f", {forest.n_classes} classes" if forest.n_classes else ""
        return (
            f"<ForestModel of {type(self.estimator).__name__}: {len(forest.root)} trees, "
            f"{len(forest.feature)} nodes, {len(forest.leaf)} leaves, "
            f"{forest.n_features} {forest.feature_type} features{classes}>"
        )

    @functools.cached_property
    def twin(self) -> ForestTwin:
        """The model, loaded from its file."""
        return ForestTwin(to_bin(self.forest))

    @property
    def nbytes(self) -> int:
        """Bytes that the loaded model takes on the device."""
        return self.twin.nbytes

    def save(self, path: str | Path, format: str = "csv") -> None:
        """Write the file for the device: format 'csv', or 'bin', which is loaded in place.

        Raises ValueError for another format.
        """
        if format not in ("csv", "bin"):
            raise ValueError(f"format must be csv or bin, not {format!r}")
        Path(path).write_bytes(to_csv(self.forest) if format == "csv" else to_bin(self.forest))

    def quantize(self, X: np.ndarray) -> np.ndarray:
        """Map the estimator's features to the device's, as model.quantize(floats, out) there.

        Returns an array of the feature type, (rows, features). Raises ValueError if the model
        takes the estimator's features as they are.
        """
        if self.forest.scale is None:
            raise ValueError("the model takes features as they are, without a scale")
        return self.twin.quantize(self.rows(X), self.forest.feature_type)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class labels, regression values (float32) or, of an isolation forest, -1 and 1: (rows,).

        Raises ValueError if X has the wrong shape, or values that the feature type cannot hold.
        """
        index, out, _ = self.run(X)
        if self.forest.classes is not None:
            return self.forest.classes[index]
        return index if self.forest.kind == Kind.ISOLATION else out[:, 0]

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Class probabilities, (rows, classes).

        Of a forest what the device gives, float32; boosting gives raw values there, which become
        probabilities here, float64. Raises TypeError if the estimator has none.
        """
        self.require("predict_proba")
        out = self.run(X)[1]
        if self.forest.kind == Kind.CLASSIFIER:
            return out
        raw = out.astype(np.float64)
        if raw.shape[1] == 1:
            # The exponential loss is that of half the log-odds.
            factor = 2 if self.estimator.loss == "exponential" else 1
            raw = np.hstack([np.zeros_like(raw), factor * raw])
        power = np.exp(raw - raw.max(axis=1, keepdims=True))
        return power / power.sum(axis=1, keepdims=True)

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Raw values of boosting, float32 (rows,) or (rows, classes); of an isolation forest scores
        less offset_.

        Raises TypeError if the estimator has none.
        """
        self.require("decision_function")
        out = self.run(X)[1]
        if self.forest.kind == Kind.ISOLATION:
            return out[:, 0] - np.float32(self.estimator.offset_)
        return out[:, 0] if out.shape[1] == 1 else out

    def score_samples(self, X: np.ndarray) -> np.ndarray:
        """Anomaly scores of an isolation forest, float32 (rows,); lower is more abnormal.

        Raises TypeError if the estimator has none.
        """
        self.require("score_samples")
        return self.run(X)[1][:, 0]

    def check(self, X: np.ndarray) -> Report:
        """Compare the answers for X with the estimator's own."""
        if len(X) == 0:
            raise ValueError("X must have a row")
        method = next(method for method in COMPARED if hasattr(self.estimator, method))
        values = getattr(self.estimator, method)(X)
        error = np.abs(getattr(self, method)(X) - values)
        if method == "predict":
            agree = error <= TOLERANCE * (1 + np.abs(values))
        else:
            agree = self.predict(X) == self.estimator.predict(X)
        return Report(
            len(agree), int(np.count_nonzero(agree)), float(error.max()), COMPARED[method]
        )

    def run(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what ForestTwin.predict does."""
        if self.forest.scale is not None:
            return self.twin.predict(self.quantize(X))
        X = self.rows(X)
        dtype = np.dtype(self.forest.feature_type)
        if dtype.kind != "f" and not quantize.fits(X, dtype):
            raise ValueError(
                f"X must hold whole numbers in the range of {dtype}, as convert took them for; "
                "if it is to scale them, give it X too"
            )
        return self.twin.predict(X.astype(dtype))

    def rows(self, X: np.ndarray) -> np.ndarray:
        """Return X as an array, once its shape is right."""
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.forest.n_features:
            raise ValueError(f"X must have the shape (rows, {self.forest.n_features})")
        return X

    def require(self, method: str) -> None:
        """Raise TypeError if the estimator has no such method."""
        if not hasattr(self.estimator, method):
            raise TypeError(f"{type(self.estimator).__name__} has no {method}")
