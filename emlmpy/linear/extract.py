"""Takes the weights out of scikit-learn's linear models, and scalers in front of them in."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn import linear_model as linear
from sklearn.base import BaseEstimator, is_classifier
from sklearn.cross_decomposition import PLSRegression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.svm import LinearSVC, LinearSVR

from emlmpy.labels import check_labels
from emlmpy.linear.format import MAX_FEATURES, MAX_LABEL_BYTES, MAX_ROWS, Kind
from emlmpy.pipeline import factors_of

Floats = NDArray[np.float64]

NAIVE_BAYES = (MultinomialNB, ComplementNB, BernoulliNB)
WITH_LINK = (linear.TweedieRegressor, linear.PoissonRegressor, linear.GammaRegressor)
# Gone since scikit-learn 1.10.
PASSIVE: tuple[type[BaseEstimator], ...] = tuple(
    getattr(linear, name)
    for name in ("PassiveAggressiveClassifier", "PassiveAggressiveRegressor")
    if hasattr(linear, name)
)
# Those of a RANSACRegressor, too.
WITH_WEIGHTS = (
    linear.LogisticRegression,
    linear.LogisticRegressionCV,
    linear.SGDClassifier,
    linear.Perceptron,
    *PASSIVE,
    linear.RidgeClassifier,
    linear.RidgeClassifierCV,
    LinearSVC,
    LinearDiscriminantAnalysis,
    linear.LinearRegression,
    linear.Ridge,
    linear.RidgeCV,
    linear.Lasso,
    linear.LassoCV,
    linear.LassoLars,
    linear.LassoLarsCV,
    linear.LassoLarsIC,
    linear.ElasticNet,
    linear.ElasticNetCV,
    linear.MultiTaskLasso,
    linear.MultiTaskLassoCV,
    linear.MultiTaskElasticNet,
    linear.MultiTaskElasticNetCV,
    linear.Lars,
    linear.LarsCV,
    linear.OrthogonalMatchingPursuit,
    linear.OrthogonalMatchingPursuitCV,
    linear.BayesianRidge,
    linear.ARDRegression,
    linear.HuberRegressor,
    linear.QuantileRegressor,
    linear.TheilSenRegressor,
    linear.SGDRegressor,
    LinearSVR,
    PLSRegression,
    *WITH_LINK,
)
ESTIMATORS = (*WITH_WEIGHTS, *NAIVE_BAYES, linear.RANSACRegressor)


@dataclass(frozen=True)
class Linear:
    """Scores = features @ weights.T + bias, and what becomes of them.

    Attributes:
        kind: what becomes of them
        weights: float64, (scores, features); two classes may have one score
        bias: float64, (scores,)
        classes: labels of classes as the file has them; None without
    """

    kind: Kind
    weights: Floats
    bias: Floats
    classes: NDArray[Any] | None = None

    def scores(self, rows: NDArray[Any]) -> Floats:
        """Return the exact scores of rows, (rows, scores)."""
        return rows.astype(np.float64) @ self.weights.T + self.bias


def extract(estimator: Any) -> Linear:
    """Return the weights of a fitted estimator, one of ESTIMATORS.

    Raises ValueError, which names the cause, for what the device could not stand for.
    """
    if isinstance(estimator, linear.RANSACRegressor):
        return extract_base(estimator)
    if isinstance(estimator, NAIVE_BAYES):
        weights, bias = naive_bayes(estimator)
    else:
        weights, bias = weights_of(estimator)
    n_rows, n_features = weights.shape
    if not 1 <= n_features <= MAX_FEATURES:
        raise ValueError(f"features must be 1 to {MAX_FEATURES}, not {n_features}")
    if not 1 <= n_rows <= MAX_ROWS:
        raise ValueError(f"classes or values must be at most {MAX_ROWS}, not {n_rows}")
    if not (np.all(np.isfinite(weights)) and np.all(np.isfinite(bias))):
        raise ValueError("weights must be finite")
    classes = None
    if is_classifier(estimator):
        classes = labels_of(estimator)
    kind = kind_of(estimator)
    if kind == Kind.SOFTMAX and n_rows == 1:  # one score stands for its negative, too
        weights, bias = np.vstack([-weights, weights]), np.concatenate([-bias, bias])
    return Linear(kind, weights, bias, classes)


def extract_base(estimator: linear.RANSACRegressor) -> Linear:
    """Return the weights of the linear model that a RANSACRegressor has fitted."""
    base = estimator.estimator_
    if not isinstance(base, WITH_WEIGHTS):
        raise ValueError(f"RANSACRegressor must have a linear base, not {type(base).__name__}")
    return extract(base)


def labels_of(estimator: Any) -> NDArray[Any]:
    """Return the class labels of a classifier; raise ValueError if it has but one, or several
    outputs."""
    classes = estimator.classes_
    binarizer = getattr(estimator, "_label_binarizer", None)
    if binarizer is not None and binarizer.y_type_.startswith("multilabel"):
        raise ValueError("estimator must have one output: fit one for each column of y")
    if len(classes) < 2:
        raise ValueError("estimator must have at least 2 classes")
    return check_labels(np.asarray(classes), MAX_ROWS, MAX_LABEL_BYTES)


def weights_of(estimator: Any) -> tuple[Floats, Floats]:
    """Return coef_, (scores, features), and intercept_, (scores,), as float64."""
    coef = estimator.coef_
    coef = np.atleast_2d(np.asarray(coef.toarray() if issparse(coef) else coef, np.float64))
    if isinstance(estimator, PLSRegression):  # it subtracts means first
        bias = np.asarray(estimator.intercept_) - np.asarray(estimator._x_mean) @ coef.T
    else:
        bias = np.asarray(estimator.intercept_, np.float64)
    return coef, np.broadcast_to(np.ravel(bias), len(coef)).astype(np.float64)


def naive_bayes(estimator: Any) -> tuple[Floats, Floats]:
    """Return the weights and biases of joint log likelihoods."""
    weights = np.asarray(estimator.feature_log_prob_, np.float64)
    if isinstance(estimator, ComplementNB):
        return weights, np.zeros(len(weights))
    bias = np.asarray(estimator.class_log_prior_, np.float64)
    if isinstance(estimator, BernoulliNB):
        if estimator.binarize is not None:
            raise ValueError(
                "BernoulliNB must have binarize=None: make features 0 and 1 before fit, and on the "
                "device before predict"
            )
        absent = np.log(1 - np.exp(weights))
        weights, bias = weights - absent, bias + absent.sum(axis=1)
    return weights, bias


def kind_of(estimator: Any) -> Kind:
    """Return what an estimator makes of its scores."""
    if not is_classifier(estimator):
        if isinstance(estimator, WITH_LINK):
            return {"IdentityLink": Kind.VALUE, "LogLink": Kind.EXP}[
                type(estimator._base_loss.link).__name__
            ]
        return Kind.VALUE
    if not hasattr(estimator, "predict_proba"):
        return Kind.CLASS
    if isinstance(estimator, linear.SGDClassifier):
        return Kind.HUBER if estimator.loss == "modified_huber" else Kind.SIGMOID
    if isinstance(estimator, NAIVE_BAYES):
        return Kind.SOFTMAX
    is_binary = len(estimator.classes_) == 2
    # scikit-learn before 1.8 has more ways than one.
    strategy = getattr(estimator, "multi_class", "auto")
    if isinstance(estimator, linear.LogisticRegression):
        if strategy == "multinomial":
            return Kind.SOFTMAX
        if strategy == "ovr" or estimator.solver == "liblinear":
            return Kind.SIGMOID
    return Kind.SIGMOID if is_binary else Kind.SOFTMAX


def fold(model: Linear, scalers: list[BaseEstimator]) -> Linear:
    """Return the model for features as they are in front of scalers.

    Raises ValueError for a scaler that clips.
    """
    if not scalers:
        return model
    scale, shift = factors_of(scalers, model.weights.shape[1])
    bias = model.bias + model.weights @ np.asarray(shift)
    return Linear(model.kind, model.weights * scale, bias, model.classes)
