"""scikit-learn models for MicroPython: convert on the PC, predict on the board."""

import importlib.metadata
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from .forest import ForestModel, convert_forest

if TYPE_CHECKING:
    from .knn import KnnModel

__all__ = ["__version__", "convert"]

try:
    __version__ = importlib.metadata.version("emlmpy")
except importlib.metadata.PackageNotFoundError:  # run from the source tree
    PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
    __version__ = tomllib.loads(PROJECT.read_text())["project"]["version"]


def convert(
    estimator: BaseEstimator,
    features: str = "int16",
    vote: str = "soft",
    leaves: int | None = None,
    X: np.ndarray | None = None,
) -> "ForestModel | KnnModel":
    """Convert a fitted scikit-learn estimator into a model for the device.

    Decision trees, random forests, extra trees, gradient boosting (also the histogram sort) and
    isolation forests give a ForestModel, for emltrees; KNeighbors estimators a KnnModel, for
    emlknn, and take none of the other arguments.

    features: the device's features: 'int16', 'uint8' or 'float32'. Unless the estimator's features
        are such integers already, the model gets a scale and an offset for each, and
        model.quantize maps them. A warning says so if thresholds fall together.
    vote: how a forest's trees vote: 'soft', with class proportions of 8 bits, or 'hard'.
    leaves: the largest number of leaves of a soft vote; k-means finds those that stand for all.
    X: rows as the estimator gets them, (rows, features). They tell whether the features are
        integers. Without X the thresholds tell; those of ExtraTrees and IsolationForest cannot,
        because they are drawn at random.

    Raises TypeError if the estimator's type is not supported; ValueError, which names the cause,
    if this estimator or an argument is not.

    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from emlmpy import convert
    >>> X, y = load_digits(return_X_y=True)
    >>> model = convert(RandomForestClassifier(3, max_depth=4, random_state=1).fit(X, y))
    >>> model.predict(X[:4])
    array([0, 1, 2, 3])
    >>> print(model.check(X))
    1797 of 1797 rows agree (100.00%); class proportions differ by at most 0.0018
    >>> model.save("digits.csv")  # doctest: +SKIP
    """
    if isinstance(estimator, KNeighborsClassifier | KNeighborsRegressor):
        from .knn import convert_knn

        if (features, vote, leaves) != ("int16", "soft", None) or X is not None:
            raise ValueError("KNeighbors estimators take no features, vote, leaves or X")
        return convert_knn(estimator)
    return convert_forest(estimator, features, vote, leaves, X)
