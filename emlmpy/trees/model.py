"""Tree models: convert an estimator, try it on this computer, save it for the device."""

import dataclasses
import functools
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from emlmpy import cost, files, names
from emlmpy.evaluate import Evaluation, Part, evaluate
from emlmpy.model import Options
from emlmpy.novelty import judged
from emlmpy.pipeline import Parts
from emlmpy.report import Report, compare
from emlmpy.trees import decisions, quantize, rounding, scalers
from emlmpy.trees import leaves as leaf_choice
from emlmpy.trees.cost import count_terms
from emlmpy.trees.extract import FLOAT32_MAX, Ensemble, extract, isolation_limit
from emlmpy.trees.file import Forest, to_bin, to_csv
from emlmpy.trees.format import Kind
from emlmpy.trees.layout import lay_out
from emlmpy.trees.twin import ForestTwin

# What a report compares: the first of these that the estimator has.
COMPARED = {
    "score_samples": "scores",
    "decision_function": "raw values",
    "predict_proba": "class proportions",
}

ENCODERS = {"csv": to_csv, "bin": to_bin}


def convert(parts: Parts, options: Options) -> "ForestModel":
    """Convert a tree model; see emlmpy.convert for the options, all of which apply."""
    ensemble = scalers.fold(extract(parts.model), parts.scalers)
    rows = None if options.X is None else sample_rows(parts, options.X, ensemble.n_features)
    leaf_bits, leaf, numbers = leaf_choice.choose(ensemble, options.vote, options.leaves)
    if parts.front is None:
        feature_type = quantize.feature_type(ensemble, options.features, rows)
        feature_map = quantize.choose(ensemble, feature_type, rows)
    else:  # whose rows are int16
        feature_type = "int16"
        feature_map = quantize.FeatureMap(np.dtype(np.int16), None)
    fitted = ensemble
    if feature_type == "float32":
        ensemble = rounding.to_float32(ensemble, rows)
    limits = [feature_map.threshold(tree.feature, tree.threshold) for tree in ensemble.trees]
    root, feature, threshold, child = lay_out(ensemble, feature_map, limits, numbers)
    forest = Forest(
        kind=ensemble.kind,
        feature_type=feature_type,
        leaf_bits=leaf_bits,
        n_features=ensemble.n_features,
        classes=ensemble.classes,
        scale=feature_map.scale,
        base=leaf_choice.finite_float32(ensemble.base),
        leaf=leaf,
        root=root,
        feature=feature,
        threshold=threshold,
        child=child,
        feature_names=names.names_for_file(parts.named),
    )
    forest.check_limits()
    model = ForestModel(parts, forest, fitted, limits)
    if rows is not None and model.scaled:
        warn_of_changes(feature_type, *model.count_decisions(rows))
    return model


def sample_rows(parts: Parts, X: Any, n_features: int) -> np.ndarray:
    """Return the X of emlmpy.convert as an array, once it is found to be of use."""
    names.check_names(parts.first, X)
    rows = names.as_rows(X, n_features)
    if len(rows) == 0:
        raise ValueError("X must have a row")
    if not np.all(np.isfinite(rows)):
        raise ValueError("X must not hold NaN or infinity")
    return rows


def warn_of_changes(feature_type: str, changed: int, total: int) -> None:
    """Warn, where convert was called, if an integer type changes split decisions."""
    if changed:
        warnings.warn(
            f"features={feature_type!r} changes {changed} of {total} split decisions for X "
            f"({changed / total:.2%}); features='float32' changes none",
            stacklevel=4,
        )


class ForestModel:
    """A tree model as the device runs it; made by emlmpy.convert.

    The answers come from the device's own code, compiled for this computer, which has read the
    bytes that save writes. X is what the estimator takes, (rows, features), in raw
    units: behind a scaler too, and where the device's features are scaled integers.

    Attributes:
        estimator: what was converted
        forest: what the file holds
        scaled: whether the device's features are integers that a scale and an offset make of raw
            values; if not, they are raw values
        classes: the estimator's class labels; None without
        feature_names: names of the columns at fit; None if they had none
        threshold: below what score an isolation forest's predict gives -1; None of other models
    """

    def __init__(
        self, parts: Parts, forest: Forest, ensemble: Ensemble, limits: list[np.ndarray]
    ) -> None:
        """Keep all of them; limits are the device's thresholds of the nodes of each tree."""
        self.estimator: BaseEstimator = parts.given
        self.forest = forest
        self._parts = parts
        self._ensemble = ensemble
        self._limits = limits
        isolates = forest.kind == Kind.ISOLATION
        self.threshold: float | None = float(parts.model.offset_) if isolates else None

    def __repr__(self) -> str:
        """Say what it is."""
        forest = self.forest
        name = " behind ".join(
            type(part).__name__ for part in (self._parts.model, *self._parts.scalers[::-1])
        )
        scaled = "scaled " if self.scaled else ""
        classes = f", {forest.n_classes} classes" if forest.n_classes else ""
        return (
            f"<ForestModel of {name}: {len(forest.root)} trees, "
            f"{len(forest.feature)} nodes, {len(forest.leaf)} leaves, "
            f"{forest.n_features} {scaled}{forest.feature_type} features{classes}>"
        )

    @property
    def scaled(self) -> bool:
        """Whether features are integers that a scale and an offset make of raw values."""
        return self.forest.scale is not None

    @property
    def classes(self) -> np.ndarray | None:
        """The estimator's class labels; None without."""
        return getattr(self._parts.model, "classes_", None)

    @property
    def feature_names(self) -> list[str] | None:
        """Names of the columns at fit, as the file has them; None if they had none."""
        return self.forest.feature_names

    def describe(self) -> dict[str, Any]:
        """Say what the model is: kind, sizes, features and labels, by name."""
        forest = self.forest
        return {
            "kind": forest.kind.name.lower().replace("_", " "),
            "features": forest.n_features,
            "feature type": forest.feature_type,
            "scaled": self.scaled,
            "feature names": forest.feature_names,
            "classes": None if self.classes is None else self.classes.tolist(),
            "trees": len(forest.root),
            "nodes": len(forest.feature),
            "leaves": len(forest.leaf),
            "leaf bits": forest.leaf_bits,
            "device bytes": self.nbytes,
        }

    @functools.cached_property
    def twin(self) -> ForestTwin:
        """The model, loaded from the bytes of its CSV file. Raises ValueError as save does."""
        return ForestTwin(self.encode())

    @property
    def nbytes(self) -> int:
        """Bytes that the loaded model takes on the device."""
        return self.twin.nbytes

    def encode(self, format: str = "csv") -> bytes:
        """Return the file's bytes; see save. Raises ValueError for another format."""
        if format not in ENCODERS:
            raise ValueError(f"format must be csv or bin, not {format!r}")
        return ENCODERS[format](self.forest)

    def set_threshold(self, threshold: float) -> None:
        """Let predict of an isolation forest give -1 for scores below the threshold, else 1.

        It is offset_ to begin with; emlmpy.threshold finds one for few false alarms. A score that
        is lower by no more than rounding to float32 counts as one that is not below it.

        Raises TypeError if the estimator has no scores, ValueError if no score could be there.
        """
        self._require("score_samples")
        if not -1 <= threshold < 0:
            raise ValueError(f"threshold must be from -1 to below 0, not {threshold}")
        limit = isolation_limit(float(self.forest.base[0]), threshold)
        base = np.array([self.forest.base[0], limit], np.float32)
        self.forest = dataclasses.replace(self.forest, base=base)
        self.threshold = float(threshold)
        self.__dict__.pop("twin", None)

    def save(self, path: str | Path, format: str = "csv") -> None:
        """Write the file for the device: format 'csv', or 'bin', which is loaded in place.

        The device's own reader has to accept these very bytes first, and the file is written whole
        or not at all. Raises ValueError for another format, and with the reader's words where it
        refuses the model; OSError if the file cannot be written.
        """
        data = self.encode(format)
        ForestTwin(data)
        files.write(path, data)

    def quantize(self, X: ArrayLike) -> np.ndarray:
        """Map raw features to a scaled model's, as model.quantize(floats, out) on the device.

        Returns an array of the feature type, (rows, features). Raises ValueError if the model takes
        raw features.
        """
        if not self.scaled:
            raise ValueError("the model takes features as they are, without a scale")
        names.check_names(self._parts.first, X)
        return self._device_rows(X)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Class labels, regression values (float32) or, of an isolation forest, -1 and 1: (rows,).

        Labels are the estimator's own, of its type.

        Raises ValueError if X has the wrong shape, names or order of columns, a NaN, or values that
        the feature type cannot hold; TypeError if X is sparse.
        """
        names.check_names(self._parts.first, X)
        rows = self._device_rows(X)
        if self.classes is None and self.forest.kind != Kind.ISOLATION:
            return self.twin.predict(rows)[1][:, 0]
        index = self.twin.classify(rows)[0]
        return index if self.classes is None else self.classes[index]

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Class probabilities, (rows, classes).

        Of a forest what the device gives, float32; boosting gives raw values there, which become
        probabilities here, float64. Raises TypeError if the estimator has none, else as predict.
        """
        self._require("predict_proba")
        out = self._outputs(X)
        if self.forest.kind == Kind.CLASSIFIER:
            return out
        raw = out.astype(np.float64)
        if raw.shape[1] == 1:
            # The exponential loss is that of half the log-odds.
            factor = 2 if self._parts.model.loss == "exponential" else 1
            raw = np.hstack([np.zeros_like(raw), factor * raw])
        with np.errstate(under="ignore"):
            power = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(power / power.sum(axis=1, keepdims=True))

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Raw values of boosting, float32 (rows,) or (rows, classes); of an isolation forest scores
        less the threshold.

        Raises TypeError if the estimator has none, else as predict.
        """
        self._require("decision_function")
        out = self._outputs(X)
        if self.forest.kind == Kind.ISOLATION:
            return out[:, 0] - np.float32(self.threshold)
        return out[:, 0] if out.shape[1] == 1 else out

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """Anomaly scores of an isolation forest, float32 (rows,); lower is more abnormal.

        Raises TypeError if the estimator has none, else as predict.
        """
        self._require("score_samples")
        return self._outputs(X)[:, 0]

    def check(self, X: ArrayLike, y: ArrayLike | None = None) -> Report:
        """Compare the model's answers for X with the estimator's own, and both with the truth y.

        The report counts rows with another answer, the largest difference of proportions, raw
        values, scores or values, and the split decisions that the feature type changes; with y it
        has accuracy, of numbers R2. print shows it in a line.

        Raises ValueError if X has no row, else as predict.
        """
        names.check_names(self._parts.first, X)
        if len(names.as_rows(X, self.forest.n_features)) == 0:
            raise ValueError("X must have a row")
        found = self.predict(X)
        numbers = self.forest.kind != Kind.ISOLATION and self.classes is None
        if self.threshold is None:
            expected = self._of_estimator("predict", X)
        else:
            expected = judged(self._of_estimator("score_samples", X), self.threshold, found)
        report = compare(found, expected, y, numbers)
        if not numbers:
            method = next(method for method in COMPARED if hasattr(self.estimator, method))
            error = np.abs(getattr(self, method)(X) - self._of_estimator(method, X))
            report.what, report.largest_error = COMPARED[method], float(error.max())
        report.changed, report.decisions = self.count_decisions(X)
        return report

    def report(self, X: ArrayLike, y: ArrayLike, parts: Sequence[Part] = ()) -> Evaluation:
        """Say how well predictions for X match the truth y, and what a prediction costs.

        parts: what runs before the model, such as what makes features of samples.

        Raises ValueError if X has no row, or y not as many, else as predict.
        """
        predictions = self.predict(X)
        votes = self.forest.kind == Kind.CLASSIFIER and self.forest.feature_type != "float32"
        costs = cost.instructions("forest", count_terms(self, X)) if len(predictions) else {}
        return evaluate(
            predictions,
            y,
            numbers=self.classes is None and self.forest.kind != Kind.ISOLATION,
            file_bytes=len(self.twin.data),
            module="emltrees_votes" if votes and not self.scaled else "emltrees",
            parts=[*parts, Part("model", self.nbytes, costs)],
        )

    def count_decisions(self, X: ArrayLike) -> tuple[int, int]:
        """Return how many split decisions for X differ from the estimator's, and how many it takes.

        None do with float32 features, and with integers as they are, unless X is no float32 and the
        estimator compares float64; many can with scaled integers.
        """
        rows = names.as_rows(X, self.forest.n_features)
        return decisions.count(self._ensemble, rows, self._limits, self._device_rows(X))

    def _of_estimator(self, method: str, X: Any) -> np.ndarray:
        # Scalers with copy=False overwrite what they are given.
        given = X.copy() if isinstance(X, np.ndarray) else X
        return np.asarray(getattr(self.estimator, method)(given))

    def _outputs(self, X: Any) -> np.ndarray:
        """Return what predict(features, out) fills out with on the device, (rows, outputs)."""
        names.check_names(self._parts.first, X)
        return self.twin.predict(self._device_rows(X))[1]

    def _device_rows(self, X: Any) -> np.ndarray:
        """Return X as an array of the device's features."""
        rows = names.as_rows(X, self.forest.n_features)
        feature_type = self.forest.feature_type
        if feature_type == "float32" or self.scaled:
            large = np.isfinite(rows) & (np.abs(rows.astype(np.float64)) > FLOAT32_MAX)
            if np.any(large):
                raise ValueError(f"X must lie within float32's range, up to {FLOAT32_MAX:.3g}")
            rows = rounding.as_float32(rows)
            return self.twin.quantize(rows, feature_type) if self.scaled else rows
        dtype = np.dtype(feature_type)
        with np.errstate(invalid="ignore"):
            features = rows.astype(dtype)
        if not np.array_equal(features, rows):
            row, column = np.argwhere(quantize.misfits(rows, dtype))[0]
            limits = np.iinfo(dtype)
            raise ValueError(
                f"X must hold whole numbers from {limits.min} to {limits.max}, as convert took "
                f"them for; X[{row}, {column}] is {rows[row, column]}: give these rows to "
                "convert(..., X=X), or convert(..., features='float32')"
            )
        return features

    def _require(self, method: str) -> None:
        """Raise TypeError if the estimator has no such method."""
        if not hasattr(self.estimator, method):
            raise TypeError(f"{type(self._parts.model).__name__} has no {method}")
