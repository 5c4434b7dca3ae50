"""Finds what can be converted in what a user has fitted: a model, and what is in front of it.

Pipelines and searches for parameters are taken apart. What cannot be converted is refused in one
sentence that says what to do instead.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted

from emlmpy.features.transformer import WindowFeatures

SCALERS = (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler)

# What to do about estimators that are often tried: class names, and the advice.
BOOSTING_HINT = "fit a HistGradientBoosting estimator of scikit-learn's, which works alike"
PARTS_HINT = "convert its fitted parts one by one, and combine their answers on the device"
HINTS = {
    ("BaggingClassifier", "BaggingRegressor"): (
        "fit a RandomForest or ExtraTrees estimator, which draws its rows alike"
    ),
    ("AdaBoostClassifier", "AdaBoostRegressor"): (
        "fit a GradientBoosting or HistGradientBoosting estimator"
    ),
    ("VotingClassifier", "VotingRegressor", "StackingClassifier", "StackingRegressor"): PARTS_HINT,
    (
        "OneVsRestClassifier",
        "OneVsOneClassifier",
        "OutputCodeClassifier",
        "MultiOutputClassifier",
        "MultiOutputRegressor",
        "ClassifierChain",
        "RegressorChain",
    ): PARTS_HINT,
    ("CalibratedClassifierCV",): "fit its estimator without it, and convert that",
    ("TunedThresholdClassifierCV", "FixedThresholdClassifier"): (
        "convert its estimator_, and compare the proportion with the threshold on the device"
    ),
    ("TransformedTargetRegressor",): (
        "convert its regressor_, and transform the answers back on the device"
    ),
    ("WindowFeatures",): (
        "put a model behind it in a Pipeline, or write it by its save into a file of its own"
    ),
}
FOREIGN = ("xgboost", "lightgbm", "catboost")


@dataclass
class Parts:
    """What a fitted estimator consists of."""

    given: BaseEstimator  # what the user handed in; it predicts from rows as they are
    scalers: list[BaseEstimator]  # in the order in which they are applied
    model: BaseEstimator  # of a type that converts, fitted
    front: WindowFeatures | None = None  # what makes rows of samples, before all of them

    @property
    def first(self) -> BaseEstimator:
        """The part that gets the rows as they are, and knows the names of their columns."""
        return self.scalers[0] if self.scalers else self.model

    @property
    def named(self) -> Any:
        """What has the names of the device's features as feature_names_in_, if they have any."""
        if self.front is None:
            return self.first
        return SimpleNamespace(feature_names_in_=self.front.get_feature_names_out())


def take_apart(estimator: Any, supported: tuple[type[BaseEstimator], ...]) -> Parts:
    """Return what a fitted estimator, pipeline or search consists of.

    supported: the types that the model may have.

    Raises TypeError for what is not supported, ValueError for what is not fitted; both say what to
    do.
    """
    if isinstance(estimator, type):
        name = estimator.__name__
        raise TypeError(f"{name} is a class: convert a fitted object of it, {name}().fit(X, y)")
    steps: list[BaseEstimator] = []
    model = estimator
    while True:
        if isinstance(model, Pipeline):
            for name, step in model.steps[:-1]:
                steps += steps_of(name, step, first=not steps)
            model = model.steps[-1][1]
        elif isinstance(model, BaseSearchCV):
            model = best_of(model)
        elif type(model).__name__ == "FrozenEstimator":
            model = model.estimator
        else:
            break
    if not isinstance(model, supported):
        refuse(model, supported)
    for part in (*steps, model):
        require_fitted(part)
    if steps and isinstance(steps[0], WindowFeatures):
        return Parts(estimator, steps[1:], model, steps[0])
    return Parts(estimator, steps, model)


def steps_of(name: str, step: Any, first: bool) -> list[BaseEstimator]:
    """Return what a pipeline's step is in front of a model: scalers, those of a pipeline, too.

    first: whether nothing is in front of it, so that it may be a front end.
    """
    if step is None or step == "passthrough":
        return []
    if isinstance(step, Pipeline):
        found: list[BaseEstimator] = []
        for inner, part in step.steps:
            found += steps_of(inner, part, first and not found)
        return found
    if isinstance(step, WindowFeatures):
        if first:
            return [step]
        raise TypeError(f"the pipeline's step {name!r}, WindowFeatures, must be its first")
    if type(step) not in SCALERS:
        names = ", ".join(scaler.__name__ for scaler in SCALERS)
        raise TypeError(
            f"the pipeline's step {name!r}, {type(step).__name__}, is not supported: "
            "compute it on the device before predict, and convert what comes behind it; "
            f"supported in front of a model are {names}"
        )
    return [step]


def best_of(search: BaseSearchCV) -> BaseEstimator:
    """Return the estimator that a search for parameters has found and fitted."""
    name = type(search).__name__
    if hasattr(search, "best_estimator_"):
        return search.best_estimator_
    if not search.refit:
        raise ValueError(
            f"{name} has refit=False and so no fitted estimator: fit it with refit=True, or fit an "
            "estimator with its best_params_ and convert that"
        )
    raise NotFittedError(f"{name} is not fitted: call fit first")


def require_fitted(part: BaseEstimator) -> None:
    """Raise NotFittedError, a ValueError, unless fit was called."""
    try:
        check_is_fitted(part)
    except NotFittedError:
        raise NotFittedError(f"{type(part).__name__} is not fitted: call fit first") from None


def refuse(model: Any, types: tuple[type[BaseEstimator], ...]) -> NoReturn:
    """Raise TypeError, which says what is supported."""
    name = type(model).__name__
    supported = ", ".join(kind.__name__ for kind in types)
    if model is None or isinstance(model, str):
        raise TypeError(f"{model!r} is no estimator; supported are {supported}")
    hint = advice(type(model))
    raise TypeError(
        f"{name} is not supported{f': {hint}' if hint else ''}; supported are {supported}, alone, "
        "behind scalers in a Pipeline, or found by GridSearchCV and its like"
    )


def advice(kind: type) -> str | None:
    """What to do instead of converting an estimator of this type; None if there is no advice."""
    if kind.__module__.partition(".")[0] in FOREIGN:
        return BOOSTING_HINT
    bases = {base.__name__ for base in kind.__mro__}
    return next((hint for names, hint in HINTS.items() if bases & set(names)), None)


def factors_of(scalers: list[Any], n_features: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what scalers, one after the other, multiply each feature by, and what they then add.

    Each is of a type in SCALERS. Raises ValueError for one that clips.
    """
    scale, shift = np.ones(n_features), np.zeros(n_features)
    for scaler in scalers:
        if getattr(scaler, "clip", False):
            name = type(scaler).__name__
            raise ValueError(f"{name} must have clip=False: the device does not clip features")
        if isinstance(scaler, MinMaxScaler):
            by, add = scaler.scale_, scaler.min_
        else:
            center = getattr(scaler, "mean_", getattr(scaler, "center_", None))
            if isinstance(scaler, StandardScaler) and not scaler.with_mean:
                center = None
            by = 1.0 if scaler.scale_ is None else 1 / scaler.scale_
            add = 0.0 if center is None else -center * by
        scale, shift = scale * by, shift * by + add
    return scale, shift
