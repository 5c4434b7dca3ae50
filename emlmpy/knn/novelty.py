"""Novelty by nearest neighbours: mean distances and local outlier factors, for emlknn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

from emlmpy.knn.model import KnnModel, device_items
from emlmpy.novelty import judged
from emlmpy.report import Report, compare

ESTIMATORS = (NearestNeighbors, LocalOutlierFactor)
LIMIT = "threshold must be at most 0, and finite"
NO_THRESHOLD = (
    "model must have a threshold: "
    "model.set_threshold(emlmpy.threshold(model.score_samples(held_out), false_alarms=0.01))"
)


class NoveltyModel(KnnModel):
    """A model for emlknn that says whether rows are like those of fit.

    The score of a row is less the less alike it is: of NearestNeighbors it is the mean distance to
    the neighbours, with a minus sign; of LocalOutlierFactor, scikit-learn's score_samples.
    Distances are scikit-learn's, behind the scalers, whatever the scale is. Where the score is
    below `threshold`, predict gives -1, else 1. The device's `novelty` is the score without its
    sign.

    Attributes, besides those of KnnModel:
        threshold: that of a LocalOutlierFactor is its offset_ to begin with; NearestNeighbors have
            none, and need one
    """

    def __init__(
        self,
        estimator: Any,
        scalers: Sequence[Any] = (),
        features: str = "auto",
        threshold: float | None = None,
    ) -> None:
        """Take a fitted estimator of ESTIMATORS apart; see convert_novelty."""
        items, scale, factor = device_items(estimator, scalers, features)
        factors = isinstance(estimator, LocalOutlierFactor)
        n_neighbors = estimator.n_neighbors_ if factors else estimator.n_neighbors
        first = scalers[0] if scalers else estimator
        super().__init__(
            items,
            estimator._lrd if factors else np.zeros(len(items), np.int16),
            n_neighbors,
            regression=factors,
            scale=scale,
            feature_names=getattr(first, "feature_names_in_", None),
            estimator=estimator,
            scalers=scalers,
        )
        self.unit = 1 / factor
        if factors:
            # Nothing changes them later, as k-distances are those among the items themselves.
            k_distances = estimator._distances_fit_X_[:, n_neighbors - 1] * factor
            self.k_distances = np.rint(k_distances**2).astype(np.float32).view(np.int32)
            self.set_threshold(estimator.offset_)
        if threshold is not None:
            self.set_threshold(threshold)

    def __repr__(self) -> str:
        """Say what it is."""
        n_items, n_features = self.features.shape
        units = "" if self.scale is None else "scaled "
        limit = "no threshold" if self.threshold is None else f"threshold {self.threshold:.6g}"
        return (
            f"<NoveltyModel of {type(self.estimator).__name__}: {n_items} items of "
            f"{n_features} {units}features, {self.n_neighbors} neighbours, {limit}>"
        )

    def set_threshold(self, threshold: float) -> None:
        """Let predict give -1 for scores below the threshold, rounded to float32, and 1 for others.

        emlmpy.threshold finds one. Raises ValueError if it is above 0, infinite or NaN.
        """
        with np.errstate(over="ignore"):
            value = np.float32(threshold)
        if not (np.isfinite(value) and value <= 0):
            raise ValueError(f"{LIMIT}, not {threshold}")
        self.threshold = float(value)
        self.__dict__.pop("twin", None)

    def save(self, path: str | Path, max_items: int | None = None, ring: bool = False) -> None:
        """Write the file that emlknn.load reads; see KnnModel.save.

        Raises ValueError, too, if there is no threshold. A LocalOutlierFactor cannot learn: it has
        no room for more items.
        """
        self._require_threshold()
        super().save(path, max_items, ring)

    def encode(self, max_items: int | None = None, ring: bool = False) -> bytes:
        """Return the file's bytes; see save. Without a threshold, it has one that all reach."""
        if self.k_distances is not None and (ring or max_items not in (None, len(self.features))):
            raise ValueError("a LocalOutlierFactor takes no max_items or ring: it cannot learn")
        return super().encode(max_items, ring)

    def describe(self) -> dict[str, Any]:
        """Say what the file that save writes holds: kind, sizes, threshold, by name."""
        found = super().describe()
        return found if self.threshold is not None else found | {"threshold": "none"}

    def score_samples(self, X: ArrayLike) -> NDArray[np.float32]:
        """Scores of rows, (rows,), the lower, the less alike; X as for predict."""
        return -self.novelty(X)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float32]:
        """Scores less the threshold, (rows,): negative where predict gives -1.

        Raises ValueError if there is no threshold, else as predict.
        """
        return self.score_samples(X) - np.float32(self._require_threshold())

    def novelty(self, X: ArrayLike) -> NDArray[np.float32]:
        """Scores without their sign, as the device gives them; X as for predict."""
        return super().novelty(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return -1 for rows whose score is below the threshold, 1 for the others, (rows,).

        Raises ValueError if there is no threshold, else as KnnModel.predict.
        """
        self._require_threshold()
        return self.twin.predict(self.quantize(X))

    def check(self, X: ArrayLike, y: ArrayLike | None = None) -> Report:
        """Compare with the estimator's scores, judged by the same threshold; y is of -1 and 1.

        Where the estimator's score is the threshold but for rounding, either answer agrees.

        Raises ValueError as predict does, and if X has no row.
        """
        found = self.predict(X)
        if len(found) == 0:
            raise ValueError("X must have a row")
        scores = self.expected_scores(X)
        expected = judged(scores, self._require_threshold(), found)
        report = compare(found, expected, y, numbers=False)
        report.what = "scores"
        report.largest_error = float(np.abs(self.score_samples(X) - scores).max())
        return report

    def expected_scores(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the estimator's scores."""
        if self.k_distances is not None:
            scores: NDArray[np.float64] = self._expected(X, "score_samples")
        else:
            scores = -self._expected(X, "kneighbors")[0].mean(axis=1)
        return scores

    def _require_threshold(self) -> float:
        if self.threshold is None:
            raise ValueError(NO_THRESHOLD)
        return self.threshold


def convert_novelty(
    estimator: Any,
    scalers: Sequence[Any] = (),
    features: str = "auto",
    threshold: float | None = None,
) -> NoveltyModel:
    """Turn fitted NearestNeighbors, or a LocalOutlierFactor(novelty=True), into a model for emlknn.

    See convert_knn for scalers and features. threshold: see NoveltyModel.set_threshold, which may
    be called later.

    Raises ValueError, which names the cause, for what the device could not stand for.
    """
    if isinstance(estimator, LocalOutlierFactor) and not estimator.novelty:
        raise ValueError("LocalOutlierFactor must have novelty=True to judge new rows")
    return NoveltyModel(estimator, scalers, features, threshold)
