"""scikit-learn models for MicroPython: convert on the PC, predict on the board."""

import importlib.metadata
import tomllib
from pathlib import Path

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from emlmpy.families import SUPPORTED, family_of
from emlmpy.features import model as windowed
from emlmpy.model import Options, Predictor
from emlmpy.novelty import threshold
from emlmpy.pipeline import take_apart

__all__ = ["__version__", "convert", "threshold"]

try:
    __version__ = importlib.metadata.version("emlmpy")
except importlib.metadata.PackageNotFoundError:  # run from the source tree
    PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
    __version__ = tomllib.loads(PROJECT.read_text())["project"]["version"]


def convert(
    estimator: BaseEstimator,
    features: str = "auto",
    vote: str = "soft",
    leaves: int | None = None,
    X: ArrayLike | None = None,
) -> Predictor:
    """Convert a fitted scikit-learn estimator into a model for the device.

    What converts: decision trees, random forests, extra trees, gradient boosting, histogram
    gradient boosting and isolation forests, which become a ForestModel for emltrees; nearest
    neighbours, which become a KnnModel for emlknn, NearestNeighbors and LocalOutlierFactor a
    NoveltyModel for it, and take none of the other arguments; linear models and naive Bayes, which
    become a LinearModel for emllinear and take features and X. Also a Pipeline of StandardScaler,
    MinMaxScaler, MaxAbsScaler or RobustScaler before one of them, and a GridSearchCV or its like.
    The device gets raw features in any case: scalers of a tree model move into its thresholds, and
    cost nothing there.

    A Pipeline may begin with emlmpy.features.WindowFeatures, which makes the features of windows of
    samples. It becomes a WindowModel, whose file holds both: for emlfeatures, and for the module of
    the model behind it. Its features are int16 on the device.

    Without further arguments every split decision is scikit-learn's.

    features: what the device's features are.
        'auto': 'int16' if the thresholds, or X, show that features are whole numbers from -32768 to
        32767; the model then refuses other values. Otherwise, and in case of doubt, 'float32'. Both
        decide as scikit-learn does.
        'float32': any numbers. Rows are float32 on the device. Histogram gradient boosting and
        pipelines compare float64: rows that are not float32 and lie next to a threshold, nearer
        than float32 has digits for, may go the other way; training rows given as X do not. Behind
        scalers this holds for X of float64 and of ints, since scikit-learn scales float32 rows in
        float32.
        'int16', 'uint8': whole numbers of that type. If the estimator's features are no such
        numbers, the model is scaled: the device maps raw values to integers, which makes the model
        smaller and changes the decisions for values next to a threshold. The model's check says how
        many it changes, and so does a warning if X is given.
    vote: how a forest's trees vote: 'soft', with class proportions of 8 bits, as scikit-learn's
        predict but for that rounding; or 'hard', one class a tree.
    leaves: the largest number of leaves of a soft vote; k-means finds those that stand for all.
    X: training rows, or others, as the estimator gets them, (rows, features), or as the Pipeline
        takes them; best those that were trained on. They decide what features='auto' chooses. The
        thresholds of extra trees and isolation forests are random, and those behind a scaler are no
        whole numbers: without X, features='auto' is 'float32' for them.

    Raises TypeError if the estimator or a step of the pipeline is not supported, or X is sparse;
    ValueError, which names the cause, if this estimator or an argument is not.

    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from emlmpy import convert
    >>> X, y = load_digits(return_X_y=True)
    >>> model = convert(RandomForestClassifier(3, max_depth=4, random_state=1).fit(X, y))
    >>> model.describe()["feature type"]
    'int16'
    >>> model.predict(X[:4])
    array([0, 1, 2, 3])
    >>> print(model.check(X))
    1797 of 1797 rows agree (100.00%); class proportions differ by at most 0.0018
    >>> model.check(X, y).score == model.estimator.score(X, y)
    True
    >>> model.save("digits.csv")  # doctest: +SKIP
    """
    parts = take_apart(estimator, SUPPORTED)
    make = family_of(parts.model).convert
    assert make is not None  # of a family with estimators
    options = Options(features, vote, leaves, X)
    if parts.front is not None:
        return windowed.convert(parts, options, make)
    return make(parts, options)
