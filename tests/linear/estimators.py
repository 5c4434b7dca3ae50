"""One fitted estimator of every kind that converts, and random ones."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import linear_model as linear
from sklearn.base import BaseEstimator, is_classifier
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import make_classification, make_regression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.svm import LinearSVC, LinearSVR

from emlmpy.linear.extract import PASSIVE

Arrays = tuple[np.ndarray, np.ndarray]

CLASSIFIERS: tuple[BaseEstimator, ...] = (
    linear.LogisticRegression(),
    linear.LogisticRegressionCV(Cs=2, cv=2),
    linear.SGDClassifier(loss="log_loss"),
    linear.SGDClassifier(loss="modified_huber"),
    linear.SGDClassifier(),
    linear.Perceptron(),
    *(kind() for kind in PASSIVE if is_classifier(kind())),
    linear.RidgeClassifier(),
    linear.RidgeClassifierCV(),
    LinearSVC(),
    LinearDiscriminantAnalysis(),
    LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
)
# Of counts, or of 0 and 1.
NAIVE_BAYES: tuple[BaseEstimator, ...] = (
    MultinomialNB(),
    ComplementNB(),
    ComplementNB(norm=True),
    BernoulliNB(binarize=None),
)
REGRESSORS: tuple[BaseEstimator, ...] = (
    linear.LinearRegression(),
    linear.LinearRegression(fit_intercept=False),
    linear.Ridge(),
    linear.RidgeCV(),
    linear.Lasso(),
    linear.LassoCV(cv=2),
    linear.LassoLars(),
    linear.LassoLarsCV(cv=2),
    linear.LassoLarsIC(),
    linear.ElasticNet(),
    linear.ElasticNetCV(cv=2),
    linear.Lars(),
    linear.LarsCV(cv=2),
    linear.OrthogonalMatchingPursuit(),
    linear.OrthogonalMatchingPursuitCV(cv=2),
    linear.BayesianRidge(),
    linear.ARDRegression(),
    linear.HuberRegressor(),
    linear.QuantileRegressor(),
    linear.TheilSenRegressor(random_state=1),
    linear.SGDRegressor(),
    *(kind() for kind in PASSIVE if not is_classifier(kind())),
    LinearSVR(),
    PLSRegression(),
    linear.RANSACRegressor(random_state=1),
    linear.RANSACRegressor(linear.Ridge(), min_samples=50, random_state=1),
    linear.TweedieRegressor(power=0),
    linear.TweedieRegressor(power=1.5),
    linear.TweedieRegressor(power=1.5, link="identity", alpha=10),
    linear.PoissonRegressor(),
    linear.GammaRegressor(),
)
# These take several values, too.
SEVERAL_VALUES: tuple[BaseEstimator, ...] = (
    linear.LinearRegression(),
    linear.Ridge(),
    linear.RidgeCV(),
    linear.Lasso(),
    linear.ElasticNet(),
    linear.Lars(),
    linear.OrthogonalMatchingPursuit(),
    linear.MultiTaskLasso(),
    linear.MultiTaskLassoCV(cv=2),
    linear.MultiTaskElasticNet(),
    linear.MultiTaskElasticNetCV(cv=2),
    PLSRegression(),
)


def name_of(estimator: Any) -> str:
    """A name for pytest, without blanks."""
    return repr(estimator).replace(" ", "").replace("\n", "")


def fitted(estimator: BaseEstimator, X: np.ndarray, y: np.ndarray) -> BaseEstimator:
    """Fit, whether it converges or not, and the same each time."""
    if estimator.get_params().get("random_state", 0) is None:
        estimator.set_params(random_state=1)
    with warnings.catch_warnings():
        for category in (ConvergenceWarning, FutureWarning, UserWarning, RuntimeWarning):
            warnings.simplefilter("ignore", category)
        return estimator.fit(X, y)


def classes_of(seed: int, n_classes: int) -> Arrays:
    """Rows of 12 features about 3, and their classes."""
    X, y = make_classification(
        120, 12, n_informative=6, n_classes=n_classes, random_state=seed, class_sep=0.7
    )
    return X + np.linspace(-3, 3, 12), y


def counts_of(seed: int, n_classes: int, largest: int) -> Arrays:
    """Rows of 12 whole numbers from 0 on, and their classes."""
    generator = np.random.default_rng(seed)
    X = generator.integers(0, largest, (120, 12), endpoint=True)
    return X, np.arange(120) % n_classes


def values_of(seed: int, n_values: int = 1) -> Arrays:
    """Rows of 12 features, and values above 0."""
    X, y = make_regression(120, 12, n_targets=n_values, noise=5, random_state=seed)
    return X, np.abs(y) / 50 + 0.5


def random_weights(generator: np.random.Generator) -> Iterator[tuple[BaseEstimator, np.ndarray]]:
    """Endless estimators of any kind, size and scale of weights, with rows for them."""
    kinds = (*CLASSIFIERS[:11], *REGRESSORS[:3], linear.PoissonRegressor())
    while True:
        estimator = kinds[generator.integers(len(kinds))]
        n_features = int(generator.choice([1, 2, 3, 4, 5, 29, 30, 31, 60, 61, 100]))
        n_classes = int(generator.choice([2, 3, 5, 17]))
        X = generator.normal(size=(3 * n_classes, n_features)) + generator.normal(size=n_features)
        y = np.arange(len(X)) % n_classes
        estimator = fitted(type(estimator)(**estimator.get_params()), X, y)
        scale = 10.0 ** generator.uniform(-3, 3)
        if generator.integers(2):
            shape = np.shape(estimator.coef_)
            estimator.coef_ = generator.normal(size=shape) / scale / np.sqrt(n_features)
            estimator.intercept_ = generator.normal(size=np.shape(estimator.intercept_))
        else:
            scale = 1
        yield estimator, (generator.normal(size=(20, n_features)) * scale).astype(np.float32)
