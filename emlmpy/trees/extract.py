"""Takes scikit-learn's tree models apart, into one form for all of them.

What is refused here is refused because the device could not give the estimator's answers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from emlmpy.labels import check_labels
from emlmpy.trees.format import MAX_CLASSES, MAX_FEATURES, MAX_LABEL_BYTES, Kind

FLOAT32_MAX = float(np.finfo(np.float32).max)

CLASSIFIERS = (DecisionTreeClassifier, RandomForestClassifier, ExtraTreesClassifier)
REGRESSORS = (DecisionTreeRegressor, RandomForestRegressor, ExtraTreesRegressor)
GRADIENT_BOOSTING = (GradientBoostingClassifier, GradientBoostingRegressor)
HIST_GRADIENT_BOOSTING = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
SUPPORTED = (
    *CLASSIFIERS,
    *REGRESSORS,
    *GRADIENT_BOOSTING,
    *HIST_GRADIENT_BOOSTING,
    IsolationForest,
)


@dataclass
class Tree:
    """One tree, an array item a node; children come behind their parents, the root is node 0."""

    feature: np.ndarray  # int, of the whole model
    threshold: np.ndarray  # float64; left if feature <= threshold
    left: np.ndarray  # int; -1 in leaves
    right: np.ndarray  # int
    value: np.ndarray  # float64, (nodes, n); of leaves: class proportions, or one number
    samples: np.ndarray  # int, training rows that reached the node


@dataclass
class Bins:
    """How a histogram's features were divided.

    A border is halfway between two neighbouring values where a feature has at most `limit`
    different values. Where it has more, borders are quantiles: most of them values of the data.
    """

    borders: list[np.ndarray]  # of each feature, ascending, float64
    limit: int  # the largest number of bins of a feature


@dataclass
class Ensemble:
    """A fitted tree model."""

    kind: Kind
    n_features: int
    classes: np.ndarray | None  # labels as the file has them, ints or strings; None without
    base: np.ndarray  # float64; see formats/forest.md, row b
    trees: list[Tree]
    # The estimator rounds features to float32 before it compares them. If not, it compares float64.
    rounds: bool
    # Thresholds lie halfway between two values of the data, or on one. Those that were drawn at
    # random, and those behind a scaler, do not.
    halfway: bool
    bins: Bins | None = None  # of histogram gradient boosting

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 without."""
        return 0 if self.classes is None else len(self.classes)

    def thresholds(self) -> list[np.ndarray]:
        """The distinct finite thresholds of each feature, ascending, float64."""
        splits = [tree.left >= 0 for tree in self.trees]
        feature = np.concatenate(
            [tree.feature[split] for tree, split in zip(self.trees, splits, strict=True)]
        )
        threshold = np.concatenate(
            [tree.threshold[split] for tree, split in zip(self.trees, splits, strict=True)]
        )
        finite = np.isfinite(threshold)
        return [np.unique(threshold[finite & (feature == i)]) for i in range(self.n_features)]


def extract(estimator: BaseEstimator) -> Ensemble:
    """Return the trees of a fitted estimator.

    Raises ValueError, which names the cause, for one that the device cannot run.
    """
    if getattr(estimator, "n_outputs_", 1) != 1:
        raise ValueError("several outputs are not supported: fit one estimator for each")
    n_features = estimator.n_features_in_
    if n_features > MAX_FEATURES:
        raise ValueError(f"at most {MAX_FEATURES} features are supported, not {n_features}")
    classes = None
    if hasattr(estimator, "classes_"):
        classes = check_labels(estimator.classes_, MAX_CLASSES, MAX_LABEL_BYTES)
    bins = None
    if isinstance(estimator, HIST_GRADIENT_BOOSTING):
        kind, (base, trees) = Kind.HIST_BOOSTING, hist_gradient_boosting(estimator)
        bins = Bins(estimator._bin_mapper.bin_thresholds_, estimator._bin_mapper.n_bins - 1)
    elif isinstance(estimator, GRADIENT_BOOSTING):
        kind, (base, trees) = Kind.BOOSTING, gradient_boosting(estimator)
    elif isinstance(estimator, IsolationForest):
        kind, (base, trees) = Kind.ISOLATION, isolation_forest(estimator)
    else:
        kind = Kind.REGRESSOR if classes is None else Kind.CLASSIFIER
        base, trees = [], forest(estimator)
    return Ensemble(
        kind,
        n_features,
        classes,
        np.array(base, dtype=np.float64),
        trees,
        rounds=kind != Kind.HIST_BOOSTING,
        halfway=not splits_at_random(estimator),
        bins=bins,
    )


def splits_at_random(estimator: BaseEstimator) -> bool:
    """Whether thresholds were drawn at random, as those of extra trees are."""
    member = np.ravel(getattr(estimator, "estimators_", [estimator]))[0]
    return getattr(member, "splitter", "best") == "random"


def forest(estimator: BaseEstimator) -> list[Tree]:
    """Trees of a decision tree, a random forest or extra trees."""
    members = getattr(estimator, "estimators_", [estimator])
    return [plain_tree(member.tree_, member.tree_.value[:, 0, :]) for member in members]


def gradient_boosting(estimator: BaseEstimator) -> tuple[list[float], list[Tree]]:
    """Initial raw values and trees, those of a stage one after the other, of GradientBoosting."""
    constant = isinstance(estimator.init_, DummyRegressor) or (
        isinstance(estimator.init_, DummyClassifier)
        and estimator.init_.strategy not in ("stratified", "uniform")
    )
    if estimator.init_ != "zero" and not constant:
        name = type(estimator.init_).__name__
        raise ValueError(f"init must give the same start for every row; {name} does not")
    anything = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    base = estimator._raw_predict_init(anything)[0]
    trees = [
        plain_tree(member.tree_, estimator.learning_rate * member.tree_.value[:, 0, :])
        for member in estimator.estimators_.ravel()
    ]
    return base.tolist(), trees


def hist_gradient_boosting(estimator: BaseEstimator) -> tuple[list[float], list[Tree]]:
    """Initial raw values and trees, those of a stage one after the other."""
    if estimator.is_categorical_ is not None:
        raise ValueError("categorical splits are not supported: encode categories as numbers")
    loss = estimator.loss
    if loss in ("poisson", "gamma"):
        raise ValueError(f"loss {loss!r} is not supported: its predict is exp of the trees' sum")
    trees = []
    for predictor in (member for stage in estimator._predictors for member in stage):
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        tree = Tree(
            feature=nodes["feature_idx"],
            threshold=nodes["num_threshold"],
            left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
            right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
            value=nodes["value"][:, np.newaxis],
            samples=nodes["count"].astype(np.int64),
        )
        check_no_missing_values(tree, nodes["missing_go_to_left"])
        if np.any(np.abs(tree.threshold[~leaf]) > FLOAT32_MAX):
            raise ValueError("features must lie within float32's range: scale them down")
        trees.append(tree)
    return np.ravel(estimator._baseline_prediction).tolist(), trees


def isolation_forest(estimator: IsolationForest) -> tuple[list[float], list[Tree]]:
    """Factor and limit of the path lengths' sum, and the trees with their path lengths.

    Source: Liu, Ting and Zhou, Isolation Forest, ICDM 2008, equations 1 and 2. score_samples is
    -2^(-sum * factor), and predict gives -1 where that is below offset_: where sum < limit.
    """
    if estimator.max_samples_ < 2:
        raise ValueError("max_samples must be at least 2: one row alone cannot be isolated")
    factor = 1 / float(len(estimator.estimators_) * average_path_length(estimator.max_samples_))
    limit = isolation_limit(factor, estimator.offset_)
    trees = []
    for member, features in zip(estimator.estimators_, estimator.estimators_features_, strict=True):
        tree = member.tree_
        depth = np.zeros(tree.node_count)
        for node in np.flatnonzero(tree.children_left >= 0):
            depth[[tree.children_left[node], tree.children_right[node]]] = depth[node] + 1
        length = depth + average_path_length(tree.n_node_samples)
        trees.append(plain_tree(tree, length[:, np.newaxis], np.asarray(features)))
    return [factor, limit], trees


def isolation_limit(factor: float, threshold: float) -> float:
    """Return below what sum of path lengths the score is below the threshold.

    The threshold is often the very score of a row, which is no anomaly then. That the sum is
    rounded to float32 must not make it one.
    """
    return float(-np.log2(-threshold) / factor * (1 - 1e-6))


def average_path_length(rows: np.ndarray | int) -> np.ndarray:
    """Mean depth at which an isolation tree over so many rows ends: c(n) of the paper."""
    rows = np.asarray(rows, dtype=np.float64)
    many = np.maximum(rows, 3)
    length = 2 * (np.log(many - 1) + np.euler_gamma) - 2 * (many - 1) / many
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, length))


def plain_tree(tree: Any, value: np.ndarray, features: np.ndarray | None = None) -> Tree:
    """Return scikit-learn's Tree object as ours, with these values.

    features: the model's number of each of the tree's features; None if they are the same.
    """
    split = tree.children_left >= 0
    feature = np.where(split, tree.feature, 0)
    result = Tree(
        feature=feature if features is None else features[feature],
        threshold=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        value=value,
        samples=tree.n_node_samples,
    )
    check_no_missing_values(result, tree.missing_go_to_left)
    return result


def check_no_missing_values(tree: Tree, missing_go_to_left: np.ndarray) -> None:
    """Raise ValueError if the tree has learnt where to send missing values.

    A node whose training rows had none sends them to the child with more rows, and says nothing
    else about it. Any other choice, or an infinite threshold, was learnt.
    """
    split = np.flatnonzero(tree.left >= 0)
    by_default = tree.samples[tree.left[split]] > tree.samples[tree.right[split]]
    learnt = missing_go_to_left[split].astype(bool) != by_default
    if np.any(learnt | np.isinf(tree.threshold[split])):
        raise ValueError(
            "missing values are not supported: the training data had some; fill them in first"
        )
