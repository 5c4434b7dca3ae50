"""emlmpy.convert against scikit-learn: the kernel, compiled for this computer, runs the models."""

import doctest
import functools
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
    make_regression,
)
from sklearn.ensemble import (
    AdaBoostClassifier,
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
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

import emlmpy
from emlmpy import __version__, convert
from emlmpy.knn import KnnModel
from emlmpy.trees.file import to_bin, to_csv
from emlmpy.trees.twin import ForestTwin
from machines.machine import ROOT
from tools.compile_kernel import compile_kernel

FEATURES = ["int16", "uint8", "float32"]
SETS = ["digits", "iris", "wine", "cancer", *(f"random {seed}" for seed in range(20))]
REGRESSION_SETS = ["diabetes", *(f"random {seed}" for seed in range(4))]

CLASSIFIERS = {
    "tree": DecisionTreeClassifier(min_samples_leaf=3, random_state=1),
    "best-first tree": DecisionTreeClassifier(max_leaf_nodes=20, random_state=1),
    "forest": RandomForestClassifier(10, random_state=42),
    "shallow forest": RandomForestClassifier(10, max_depth=5, random_state=42),
    "extra trees": ExtraTreesClassifier(7, min_samples_leaf=2, random_state=3),
}
REGRESSORS = {
    "tree": DecisionTreeRegressor(random_state=1),
    "forest": RandomForestRegressor(10, min_samples_leaf=3, random_state=2),
    "extra trees": ExtraTreesRegressor(5, max_depth=7, random_state=3),
}
BOOSTED_CLASSIFIERS = {
    "gradient": GradientBoostingClassifier(n_estimators=12, random_state=1),
    "histogram": HistGradientBoostingClassifier(max_iter=12, random_state=1),
}
BOOSTED_REGRESSORS = {
    "gradient": GradientBoostingRegressor(n_estimators=40, random_state=1),
    "huber": GradientBoostingRegressor(loss="huber", init="zero", n_estimators=20, random_state=1),
    "histogram": HistGradientBoostingRegressor(max_iter=40, random_state=1),
    "quantile": HistGradientBoostingRegressor(loss="quantile", quantile=0.8, max_iter=20),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Small histograms are sorted faster by one thread than by several."""
    with threadpool_limits(1):
        yield


def representable(data: np.ndarray, features: str) -> np.ndarray:
    """Make every value one that the feature type holds."""
    if features == "float32":
        return data.astype(np.float32).astype(np.float64)
    low, high = data.min(axis=0), data.max(axis=0)
    spread = (data - low) / np.where(high > low, high - low, 1)
    return np.round(spread * 255) if features == "uint8" else np.round(spread * 60000 - 30000)


@functools.cache
def split(name: str, features: str, regression: bool = False) -> list[np.ndarray]:
    """Rows to train on and to predict, and their classes or values."""
    if name.startswith("random"):
        seed = int(name.split()[1])
        if regression:
            data, target = make_regression(250, 8, noise=5, random_state=seed)
        else:
            data, target = make_classification(
                400, 8, n_informative=5, n_classes=2 + seed % 4, flip_y=0.1, random_state=seed
            )
    else:
        load = {
            "digits": load_digits,
            "iris": load_iris,
            "wine": load_wine,
            "cancer": load_breast_cancer,
            "diabetes": load_diabetes,
        }[name]
        data, target = load(return_X_y=True)
        if name == "digits" and features != "float32":
            return train_test_split(data, target, test_size=0.3, random_state=42)
    return train_test_split(representable(data, features), target, test_size=0.3, random_state=42)


def fitted(estimator, train: np.ndarray, target: np.ndarray | None = None):
    """Return a fitted copy."""
    return clone(estimator).fit(train, target)


@pytest.mark.parametrize("features", FEATURES)
def test_soft_vote(features: str) -> None:
    """Proportions within the 8 bits of the leaves; other classes only where that decides."""
    rows = agreeing = 0
    for name in SETS:
        train, test, classes, _ = split(name, features)
        for estimator in CLASSIFIERS.values():
            estimator = fitted(estimator, train, classes)
            model = convert(estimator, features, X=train)
            expected = estimator.predict_proba(test)
            proportions = model.predict_proba(test)
            assert np.abs(proportions - expected).max() <= 0.5 / 255 + 1e-7
            found = model.predict(test)
            np.testing.assert_array_equal(found, proportions.argmax(axis=1))
            lost = expected.max(axis=1) - expected[np.arange(len(test)), found]
            assert lost.max() <= 1 / 255
            rows += len(test)
            agreeing += np.count_nonzero(found == estimator.predict(test))
    assert agreeing / rows >= 0.999


@pytest.mark.parametrize("features", FEATURES)
def test_hard_vote(features: str) -> None:
    """The class that most of scikit-learn's own trees predict, in every row."""
    for name in SETS:
        train, test, classes, _ = split(name, features)
        for estimator in CLASSIFIERS.values():
            estimator = fitted(estimator, train, classes)
            trees = getattr(estimator, "estimators_", [estimator])
            votes = sum(
                np.eye(len(estimator.classes_))[tree.predict(test).astype(int)] for tree in trees
            )
            model = convert(estimator, features, vote="hard", X=train)
            np.testing.assert_array_equal(model.predict(test), votes.argmax(axis=1))
            proportions = (votes / len(trees)).astype(np.float32)
            np.testing.assert_array_equal(model.predict_proba(test), proportions)


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("kind", REGRESSORS)
def test_regression(kind: str, features: str) -> None:
    """Values are scikit-learn's, but for float32."""
    for name in REGRESSION_SETS:
        train, test, target, _ = split(name, features, regression=True)
        estimator = fitted(REGRESSORS[kind], train, target)
        found = convert(estimator, features, X=train).predict(test)
        # Relative to the trees' values: where those cancel, their float32 is what is left.
        trees = getattr(estimator, "estimators_", [estimator])
        size = np.mean([np.abs(tree.predict(test)) for tree in trees], axis=0)
        assert np.all(np.abs(found - estimator.predict(test)) <= 1e-6 * (1 + size))


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("kind", BOOSTED_REGRESSORS)
def test_boosted_regression(kind: str, features: str) -> None:
    """The same for sums of many trees."""
    for name in REGRESSION_SETS:
        train, test, target, _ = split(name, features, regression=True)
        estimator = fitted(BOOSTED_REGRESSORS[kind], train, target)
        found = convert(estimator, features, X=train).predict(test)
        np.testing.assert_allclose(found, estimator.predict(test), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("kind", BOOSTED_CLASSIFIERS)
def test_boosted_classes(kind: str, features: str) -> None:
    """Raw values and probabilities are scikit-learn's; so are classes, but for near-ties."""
    for name in [*SETS[:4], *SETS[-4:]]:
        train, test, classes, _ = split(name, features)
        estimator = fitted(BOOSTED_CLASSIFIERS[kind], train, classes)
        model = convert(estimator, features, X=train)
        raw = estimator.decision_function(test)
        np.testing.assert_allclose(model.decision_function(test), raw, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(
            model.predict_proba(test), estimator.predict_proba(test), atol=1e-5
        )
        if raw.ndim == 1:
            margin = np.abs(raw)
        else:
            second, first = np.sort(raw, axis=1)[:, -2:].T
            margin = first - second
        differ = model.predict(test) != estimator.predict(test)
        assert np.all(margin[differ] <= 2e-5 * (1 + np.abs(raw).max()))


def test_exponential_loss() -> None:
    """The loss whose raw value is half the log-odds."""
    train, test, classes, _ = split("cancer", "float32")
    estimator = fitted(
        GradientBoostingClassifier(loss="exponential", n_estimators=10), train, classes
    )
    found = convert(estimator, "float32").predict_proba(test)
    np.testing.assert_allclose(found, estimator.predict_proba(test), atol=1e-5)


def test_raw_zero() -> None:
    """At a raw value of 0, GradientBoosting says class 1 and HistGradientBoosting class 0."""
    rows, classes = np.zeros((40, 2)), np.arange(40) % 2
    for estimator in (
        GradientBoostingClassifier(n_estimators=2),
        GradientBoostingClassifier(init="zero", n_estimators=2),
        HistGradientBoostingClassifier(max_iter=2),
    ):
        estimator.fit(rows, classes)
        assert np.all(estimator.decision_function(rows) == 0)
        found = convert(estimator, "float32").predict(rows)
        np.testing.assert_array_equal(found, estimator.predict(rows))


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize(
    "estimator",
    [
        IsolationForest(random_state=1),
        IsolationForest(n_estimators=50, contamination=0.1, max_samples=100, random_state=2),
        IsolationForest(
            n_estimators=40, max_features=0.5, contamination=0.05, bootstrap=True, random_state=3
        ),
        IsolationForest(n_estimators=5, max_samples=2, random_state=4),
    ],
)
def test_isolation_forest(estimator: IsolationForest, features: str) -> None:
    """Scores are scikit-learn's, and so is the verdict, on the rows that set offset_ too."""
    for name in ("digits", "cancer", "wine"):
        train, test, _, _ = split(name, features)
        estimator = fitted(estimator, train)
        model = convert(estimator, features, X=train)
        rows = np.vstack([train, test])
        scores = estimator.score_samples(rows)
        np.testing.assert_allclose(model.score_samples(rows), scores, atol=1e-5)
        np.testing.assert_allclose(
            model.decision_function(rows), estimator.decision_function(rows), atol=1e-5
        )
        differ = model.predict(rows) != estimator.predict(rows)
        assert np.all((np.abs(scores - estimator.offset_) < 1e-6)[differ])
        at_offset = np.abs(scores - estimator.offset_) < 1e-12
        assert not np.any(differ & at_offset)


def test_thresholds_next_to_features() -> None:
    """Float32 neighbours on either side of a threshold, which lies between them in float64."""
    generator = np.random.default_rng(5)
    for low in (generator.normal(size=30) * 10.0 ** generator.integers(-6, 6, 30)).astype("f4"):
        high = np.nextafter(low, np.float32(np.inf))
        rows = np.array([[low], [high]], dtype=np.float32)
        estimator = DecisionTreeClassifier().fit(np.repeat(rows, 2, axis=0), [0, 0, 1, 1])
        if estimator.get_depth() == 0:
            continue  # scikit-learn takes them for equal
        assert convert(estimator, "float32").predict(rows).tolist() == [0, 1]
    zeros = np.array([[-0.0], [0.0], [-1e-30], [1e-30]])
    estimator = DecisionTreeClassifier().fit([[-1.0], [1.0]], [0, 1])
    assert estimator.tree_.threshold[0] == 0
    found = convert(estimator, "float32").predict(zeros)
    assert found.tolist() == estimator.predict(zeros).tolist()


@pytest.mark.parametrize(
    ("features", "end"), [("int16", 32767), ("int16", -32768), ("uint8", 255), ("uint8", 0)]
)
def test_thresholds_at_the_ends(features: str, end: int) -> None:
    """The last integers that a feature type has go left like others."""
    estimator = DecisionTreeClassifier().fit([[end - 1], [end + 1]], [0, 1])
    assert estimator.tree_.threshold[0] == end
    rows = np.clip([[end - 1], [end], [end + 1]], *(np.iinfo(features).min, np.iinfo(features).max))
    model = convert(estimator, features)
    assert model.forest.scale is None
    for one in (model.twin, ForestTwin(to_csv(model.forest))):
        found, *_ = one.predict(rows.astype(features))
        np.testing.assert_array_equal(found, estimator.predict(rows))


def test_scale_of_one_decimal_threshold() -> None:
    """A decimal number next to its like, both rounded to float32."""
    for number in range(1, 300):
        around = np.array([[number - 1], [number + 1]], dtype=np.float32) / np.float32(10)
        estimator = DecisionTreeClassifier().fit(around, [0, 1])
        rows = np.array([[number / 10]], dtype=np.float32)
        found = convert(estimator, "int16", X=around).predict(rows)
        assert found == estimator.predict(rows), number
    rows = np.array([[0.0], [0.1], [10.0], [10.1]])
    estimator = DecisionTreeClassifier().fit(rows, [0, 1, 1, 0])
    near = np.array([[0.04], [0.06], [10.04], [10.06]])
    found = convert(estimator, "uint8").predict(near)
    np.testing.assert_array_equal(found, estimator.predict(near))


@pytest.mark.parametrize("name", ["iris", "wine", "cancer"])
def test_scale_keeps_decimal_data_exact(name: str) -> None:
    """Data in decimal steps lose nothing as int16; every tree decides as before."""
    train, test, classes, _ = split(name, "float32")
    estimator = fitted(CLASSIFIERS["forest"], train, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = convert(estimator, "int16")
    assert model.scaled
    expected = convert(estimator, "float32")
    for rows in (train, test):
        np.testing.assert_array_equal(model.predict_proba(rows), expected.predict_proba(rows))


def test_scale_of_random_data() -> None:
    """On data of full precision only rows next to a threshold can change."""
    for seed in range(5):
        train, test, classes, _ = split(f"random {seed}", "float32")
        estimator = fitted(CLASSIFIERS["shallow forest"], train, classes)
        model = convert(estimator, "int16")
        # Half a unit, and what float32 loses.
        slack = 0.51 / model.forest.scale[:, 0]
        close = np.zeros(len(test), dtype=bool)
        for tree in estimator.estimators_:
            split_nodes = tree.tree_.children_left >= 0
            for feature, threshold in zip(
                tree.tree_.feature[split_nodes], tree.tree_.threshold[split_nodes], strict=True
            ):
                close |= np.abs(test[:, feature] - threshold) <= slack[feature]
        error = np.abs(model.predict_proba(test) - estimator.predict_proba(test)).max(axis=1)
        assert np.all(error[~close] <= 1 / 255)
        assert np.count_nonzero(close) < len(test) / 10


def test_uint8_warns() -> None:
    """Thresholds that fall together are counted in a warning, and check tells the rest."""
    train, _, classes, _ = split("random 3", "float32")
    estimator = fitted(CLASSIFIERS["shallow forest"], train, classes)
    with pytest.warns(UserWarning, match=r"uint8 features keep \d+ of \d+ thresholds apart"):
        model = convert(estimator, "uint8")
    report = model.check(train)
    assert report.agreement == np.mean(model.predict(train) == estimator.predict(train))
    assert 0.9 <= report.agreement < 1
    assert f"{report.agreeing} of {len(train)} rows agree" in str(report)


@pytest.mark.parametrize(
    ("factor", "shift"), [(1, 0), (1e-5, 0), (1e9, 0), (1, 1e5), (100, -1e6), (1e-3, 20)]
)
def test_scale_of_far_and_near_data(factor: float, shift: float) -> None:
    """Units that suit the data, also where float32 has few digits to spare."""
    train, _, classes, _ = split("random 2", "float32")
    train = (train * factor + shift).astype(np.float32)
    for estimator in (CLASSIFIERS["forest"], DecisionTreeClassifier(max_depth=2, random_state=0)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = convert(fitted(estimator, train, classes), "int16")
        assert model.check(train).agreement == 1


def test_scale_of_histograms() -> None:
    """Where thresholds are training values, these stay on their side."""
    train, _, classes, _ = split("random 2", "float32")
    estimator = fitted(BOOSTED_CLASSIFIERS["histogram"], train, classes)
    model = convert(estimator, "int16")
    expected = estimator.decision_function(train)
    error = np.abs(model.decision_function(train) - expected).max(axis=1)
    assert np.mean(error < 1e-5) >= 0.99


def rounded(units: np.ndarray, features: str) -> np.ndarray:
    """Round, halves away from zero, and limit to the feature type."""
    limits = np.iinfo(features)
    whole = np.copysign(np.floor(np.abs(units) + 0.5), units)
    return np.clip(whole, limits.min, limits.max).astype(features)


@pytest.mark.parametrize("features", ["int16", "uint8"])
def test_quantize(features: str) -> None:
    """What float64 gives, in which the products of float32 are exact."""
    train, test, classes, _ = split("wine", "float32")
    estimator = fitted(CLASSIFIERS["forest"], train, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = convert(estimator, features)
    scale, offset = model.forest.scale.astype(np.float64).T
    halves = ((np.arange(-20, 300)[:, np.newaxis] + 0.5 - offset) / scale).astype(np.float32)
    rows = np.vstack([test, halves, np.full((1, 13), 1e30), np.full((1, 13), -1e30)])
    units = rows.astype(np.float32) * scale + offset
    found = model.quantize(rows)
    assert found.dtype == features
    # The device's arithmetic ends at 2^-24 units.
    unsure = np.abs(units - np.floor(units) - 0.5) < 2.0**-23
    np.testing.assert_array_equal(found[~unsure], rounded(units, features)[~unsure])
    # Halves exactly.
    forest = replace(model.forest, scale=np.full((13, 2), [-0.5, 3], dtype=np.float32))
    rows = np.add.outer(np.arange(-700.0, 70000.0, 51), np.arange(13.0))
    found = ForestTwin(to_bin(forest)).quantize(rows, features)
    np.testing.assert_array_equal(found, rounded(3 - rows / 2, features))
    with pytest.raises(ValueError, match="row 1 has a feature that is no number"):
        model.quantize(np.vstack([test[:1], np.full((1, 13), np.nan)]))


def test_integers_need_no_scale() -> None:
    """Neither where the thresholds show them, nor where X does."""
    train, _, classes, _ = split("digits", "uint8")
    forest = fitted(CLASSIFIERS["forest"], train, classes)
    extra = fitted(CLASSIFIERS["extra trees"], train, classes)
    for features in ("int16", "uint8"):
        assert convert(forest, features).forest.scale is None
        assert convert(extra, features, X=train).forest.scale is None
    assert convert(extra, "int16", X=train + 0.25).scaled
    assert convert(forest, "int16", X=train * 10000).scaled
    with pytest.raises(ValueError, match="without a scale"):
        convert(forest).quantize(train)


def test_codebook() -> None:
    """A few leaves stand for all: small, and nearly as good."""
    train, test, classes, target = split("digits", "uint8")
    estimator = fitted(CLASSIFIERS["shallow forest"], train, classes)
    full = convert(estimator)
    for leaves in (10, 40):
        model = convert(estimator, leaves=leaves)
        assert len(model.forest.leaf) <= leaves < len(full.forest.leaf)
        assert len(to_bin(model.forest)) < len(to_bin(full.forest))
        assert model.nbytes < full.nbytes
        accuracy = np.mean(model.predict(test) == target)
        assert accuracy > estimator.score(test, target) - 0.03
    assert to_csv(convert(estimator, leaves=5000).forest) == to_csv(full.forest)
    assert to_csv(convert(estimator, leaves=40).forest) == to_csv(model.forest)


LABELS = {
    "ints": ([-(2**31), 2**31 - 1, 3], ["yi,-2147483648", "yi,3", "yi,2147483647"]),
    "whole floats": ([0.0, 2.0, -1.0], ["yi,-1", "yi,0", "yi,2"]),
    "objects": (np.array(["up", "down", ""], dtype=object), ["ys,", "ys,down", "ys,up"]),
    "text": (["stay", "go, left", "é"], ["ys,go, left", "ys,stay", "ys,é"]),
    "bools": ([False, True, True], ["yi,0", "yi,1"]),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels(name: str) -> None:
    """The model predicts the estimator's labels, and the file carries them."""
    classes, lines = LABELS[name]
    rows = np.array([[1.0], [2.0], [3.0]])
    estimator = DecisionTreeClassifier().fit(rows, classes)
    model = convert(estimator)
    found = model.predict(rows)
    assert found.tolist() == list(classes)
    assert found.dtype == estimator.predict(rows).dtype
    csv = to_csv(model.forest).decode().split("\n")
    assert [line for line in csv if line.startswith("y")] == lines
    labels = b"".join(
        line.replace("y", "", 1).replace(",", "", 1).encode() + b"\0" for line in lines
    )
    assert to_bin(model.forest).endswith(labels)


@functools.cache
def small_models() -> dict[str, tuple]:
    """A model of each kind, leaf and link size, and rows for it."""
    models = {}
    train, test, classes, _ = split("digits", "uint8")
    names = np.array([f"digit {i}" for i in range(10)])
    forest = RandomForestClassifier(3, max_depth=4, random_state=1)
    models["hard"] = convert(fitted(forest, train, classes), vote="hard"), test
    models["soft"] = convert(fitted(forest, train, names[classes]), "uint8"), test
    models["boosted"] = (
        convert(fitted(GradientBoostingClassifier(n_estimators=2), train, classes)),
        test,
    )
    train, test, classes, _ = split("wine", "float32")
    models["scaled"] = convert(fitted(forest, train, classes), "int16", leaves=3), test
    models["histogram"] = (
        convert(fitted(HistGradientBoostingClassifier(max_iter=3), train, classes), "float32"),
        test,
    )
    models["isolation"] = convert(fitted(IsolationForest(n_estimators=4), train), "float32"), test
    train, test, target, _ = split("diabetes", "int16", regression=True)
    # More than 255 leaves: links of two bytes.
    models["regressor"] = convert(fitted(DecisionTreeRegressor(), train, target)), test
    models["one leaf"] = (
        convert(fitted(DecisionTreeRegressor(max_depth=1), train[:1], target[:1]), "float32"),
        test,
    )
    return models


SMALL = [
    "hard",
    "soft",
    "boosted",
    "scaled",
    "histogram",
    "isolation",
    "regressor",
    "one leaf",
]


@pytest.mark.parametrize("name", SMALL)
def test_formats_agree(name: str, tmp_path: Path) -> None:
    """Both files give the same bits, and take the same bytes."""
    model, rows = small_models()[name]
    forest = model.forest
    model.save(tmp_path / "model.csv")
    model.save(str(tmp_path / "model.bin"), format="bin")
    twins = [ForestTwin((tmp_path / name).read_bytes()) for name in ("model.csv", "model.bin")]
    features = rows.astype(forest.feature_type) if forest.scale is None else model.quantize(rows)
    for csv, binary in zip(*(twin.predict(features) for twin in twins), strict=True):
        np.testing.assert_array_equal(csv.view(np.int32), binary.view(np.int32))
    if forest.scale is not None:
        for twin in twins:
            np.testing.assert_array_equal(twin.quantize(rows, forest.feature_type), features)


def with_missing(train: np.ndarray) -> np.ndarray:
    """The rows with every fifth value missing."""
    train = train.copy()
    train.ravel()[::5] = np.nan
    return train


X, CLASSES = load_iris(return_X_y=True)
NUMBERS = X[:, 0]
FOREST = RandomForestClassifier(5, random_state=1)
# What is refused: an estimator, fitted when its test runs; the error; a part of its text.
BAD = {
    "unfitted": (lambda: FOREST, ValueError, "not fitted"),
    "unfitted boosting": (lambda: HistGradientBoostingClassifier(), ValueError, "not fitted"),
    "linear": (
        lambda: SVR().fit(X, NUMBERS),
        TypeError,
        "SVR is not supp",
    ),
    "ada boost": (
        lambda: AdaBoostClassifier().fit(X, CLASSES),
        TypeError,
        "supported are Decision",
    ),
    "no estimator": (lambda: "forest", TypeError, "'forest' is no estimator"),
    "the class": (
        lambda: RandomForestClassifier,
        TypeError,
        r"is a class: convert a fitted object of it, RandomForestClassifier\(\).fit",
    ),
    "outputs": (
        lambda: DecisionTreeClassifier().fit(X, np.c_[CLASSES, CLASSES]),
        ValueError,
        "several outputs",
    ),
    "values": (lambda: RandomForestRegressor(2).fit(X, X[:, :2]), ValueError, "several outputs"),
    "256 features": (
        lambda: DecisionTreeRegressor().fit(np.ones((4, 256)), np.ones(4)),
        ValueError,
        "255 features .* not 256",
    ),
    "256 classes": (
        lambda: DecisionTreeClassifier().fit(np.arange(256)[:, None], np.arange(256)),
        ValueError,
        "255 classes .* not 256",
    ),
    "long ints": (
        lambda: fitted(FOREST, X, CLASSES + 2**31),
        ValueError,
        r"must lie in -2147483648..2147483647, not 2147483648",
    ),
    "large whole floats": (
        lambda: fitted(FOREST, X, CLASSES * -1e10),
        ValueError,
        "must lie in -2147483648..2147483647, not -20000000000.0",
    ),
    "surrogates": (
        lambda: fitted(FOREST, X, np.array(["a", "\udc80", "c"])[CLASSES]),
        ValueError,
        "must be Unicode text",
    ),
    "line end": (
        lambda: fitted(FOREST, X, np.array(["a", "b\n", "c"])[CLASSES]),
        ValueError,
        "without line ends",
    ),
    "long text": (
        lambda: fitted(FOREST, X, np.array(["a", "é" * 51, "c"])[CLASSES]),
        ValueError,
        "at most 100 bytes",
    ),
    "missing, tree": (
        lambda: DecisionTreeClassifier(random_state=1).fit(with_missing(X), CLASSES),
        ValueError,
        "missing values",
    ),
    "missing, most": (
        lambda: DecisionTreeClassifier().fit([[1.0], [1.0], *[[np.nan]] * 3], [0, 0, 1, 1, 1]),
        ValueError,
        "missing values",
    ),
    "missing, forest": (
        lambda: RandomForestRegressor(5, random_state=1).fit(with_missing(X), NUMBERS),
        ValueError,
        "missing values",
    ),
    "missing, histogram": (
        lambda: HistGradientBoostingClassifier(max_iter=3).fit(with_missing(X), CLASSES),
        ValueError,
        "missing values",
    ),
    "missing, isolation": (
        lambda: IsolationForest(n_estimators=5, random_state=1).fit(with_missing(X)),
        ValueError,
        "missing values",
    ),
    "categories": (
        lambda: HistGradientBoostingClassifier(max_iter=3, categorical_features=[0]).fit(
            CLASSES[:, None], CLASSES
        ),
        ValueError,
        "categorical splits",
    ),
    "poisson": (
        lambda: HistGradientBoostingRegressor(loss="poisson", max_iter=3).fit(X, NUMBERS),
        ValueError,
        "'poisson' is not supported",
    ),
    "gamma": (
        lambda: HistGradientBoostingRegressor(loss="gamma", max_iter=3).fit(X, NUMBERS),
        ValueError,
        "'gamma' is not supported",
    ),
    "init": (
        lambda: GradientBoostingRegressor(init=LinearRegression(), n_estimators=3).fit(X, NUMBERS),
        ValueError,
        "LinearRegression does not",
    ),
    "init of classes": (
        lambda: GradientBoostingClassifier(init=clone(FOREST), n_estimators=3).fit(X, CLASSES),
        ValueError,
        "RandomForestClassifier does not",
    ),
    "one row": (
        lambda: IsolationForest(n_estimators=3, max_samples=1).fit(X),
        ValueError,
        "max_samples must be",
    ),
    "large values": (
        lambda: DecisionTreeRegressor().fit(X, NUMBERS * 1e39),
        ValueError,
        "predicted values must lie within float32's range",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_refused(name: str) -> None:
    """What the device could not do like the estimator is refused, and the cause named."""
    make, error, text = BAD[name]
    estimator = make()
    with pytest.raises(error, match=text):
        convert(estimator, "float32")


def test_too_large() -> None:
    """More nodes, or nodes and leaves, than the device counts."""
    rows = np.arange(50000.0)[:, np.newaxis]
    with pytest.raises(ValueError, match="at most 65535 longest jump and leaves"):
        convert(DecisionTreeRegressor().fit(rows, rows[:, 0]), "float32")
    classes = np.random.default_rng(1).integers(2, size=50000)
    forest = RandomForestClassifier(3, bootstrap=False).fit(rows, classes)
    with pytest.raises(ValueError, match="at most 65000 nodes are supported, the model has"):
        convert(forest, "float32")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"features": "int8"}, "features must be one of auto, int16, uint8, float32, not 'int8'"),
        ({"features": np.int16}, "features must be one of"),
        ({"vote": "medium"}, "vote must be soft or hard"),
        ({"leaves": 0}, "leaves must be a whole number above 0"),
        ({"leaves": 2.5}, "leaves must be a whole number above 0"),
        ({"leaves": 4, "vote": "hard"}, "leaves needs a soft vote"),
    ],
)
def test_bad_arguments(arguments: dict, text: str) -> None:
    """Arguments of convert."""
    with pytest.raises(ValueError, match=text):
        convert(fitted(FOREST, X, CLASSES), **arguments)


def test_neighbours_go_elsewhere() -> None:
    """KNeighbors estimators are for emlmpy.knn, and take no other argument."""
    estimator = KNeighborsClassifier().fit(X, CLASSES)
    assert isinstance(convert(estimator), KnnModel)
    for arguments in ({"features": "uint8"}, {"vote": "hard"}, {"leaves": 3}, {"X": X}):
        with pytest.raises(ValueError, match="take no features, vote, leaves or X"):
            convert(estimator, **arguments)


def test_votes_are_for_classes() -> None:
    """Regressors and boosting have leaves of their own."""
    for estimator in (
        DecisionTreeRegressor().fit(X, NUMBERS),
        GradientBoostingClassifier(n_estimators=2).fit(X, CLASSES),
        IsolationForest(n_estimators=3).fit(X),
    ):
        with pytest.raises(ValueError, match="a hard vote needs"):
            convert(estimator, vote="hard")
        with pytest.raises(ValueError, match="leaves needs a soft vote"):
            convert(estimator, leaves=5)


def test_bad_rows(tmp_path: Path) -> None:
    """Rows that the estimator or the feature type would not take; formats; methods."""
    train, test, classes, _ = split("digits", "uint8")
    model = convert(fitted(FOREST, train, classes), "uint8")
    for bad in (test[:, 1:], test[0], test[:, :, None]):
        with pytest.raises(ValueError, match=r"shape \(rows, 64\)"):
            model.predict(bad)
    for value in (0.5, -1, 256, np.nan, np.inf):
        bad = test.copy()
        bad[3, 5] = value
        with pytest.raises(ValueError, match=r"whole numbers from 0 to 255, .* X\[3, 5\] is"):
            model.predict(bad)
    floats = convert(fitted(FOREST, train, classes), "float32")
    bad = test.copy()
    bad[3, 5] = np.nan
    with pytest.raises(ValueError, match="row 3 has a feature that is no number"):
        floats.predict(bad)
    with pytest.raises(ValueError, match="must have a row"):
        floats.check(test[:0])
    assert floats.predict(test[:0]).shape == (0,)
    with pytest.raises(ValueError, match="format must be csv or bin"):
        model.save(tmp_path / "model", format="json")
    assert not (tmp_path / "model").exists()
    for method in ("decision_function", "score_samples"):
        with pytest.raises(TypeError, match=f"RandomForestClassifier has no {method}"):
            getattr(model, method)(test)
    regressor = convert(DecisionTreeRegressor().fit(train, classes))
    with pytest.raises(TypeError, match="DecisionTreeRegressor has no predict_proba"):
        regressor.predict_proba(test)


def test_check_and_repr() -> None:
    """What a model says about itself."""
    train, test, classes, _ = split("digits", "uint8")
    estimator = fitted(FOREST, train, classes)
    model = convert(estimator)
    trees = [tree.tree_ for tree in estimator.estimators_]
    nodes = sum(np.count_nonzero(tree.children_left >= 0) for tree in trees)
    assert len(model.forest.feature) <= nodes
    text = repr(model)
    assert "RandomForestClassifier: 5 trees" in text
    assert "64 int16 features, 10 classes" in text
    report = model.check(test)
    assert (report.rows, report.agreement) == (len(test), 1.0)
    assert report.largest_error <= 0.5 / 255
    train, test, target, _ = split("diabetes", "int16", regression=True)
    report = convert(fitted(REGRESSORS["forest"], train, target)).check(test)
    assert report.agreement == 1
    assert "values differ by at most" in str(report)
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_short_jumps() -> None:
    """No child is farther away than half of its tree, so that links take one byte."""
    train, _, classes, _ = split("digits", "uint8")
    estimator = fitted(CLASSIFIERS["forest"], train, classes)
    nodes = max(np.count_nonzero(tree.tree_.children_left >= 0) for tree in estimator.estimators_)
    assert convert(estimator).forest.longest_jump <= nodes / 2 + 1


def test_splits_that_decide_nothing_are_dropped() -> None:
    """A split between equal leaves costs no node; the answers stay."""
    train, _, classes, _ = split("random 1", "int16")
    estimator = fitted(CLASSIFIERS["shallow forest"], train, classes)
    soft, hard = convert(estimator), convert(estimator, vote="hard")
    assert len(hard.forest.feature) < len(soft.forest.feature)
    for model in (soft, hard):
        forest = model.forest
        assert not np.any((forest.child[:, 0] < 0) & (forest.child[:, 0] == forest.child[:, 1]))


def test_compile_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed header gives a new library; C errors and a missing gcc are named."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = '#include "answer.h"\nint answer(void) { return ANSWER; }'
    for answer in (41, 42, 41):
        (tmp_path / "answer.h").write_text(f"#define ANSWER {answer}\n")
        assert compile_kernel("answer", source, [tmp_path]).answer() == answer
    assert len(list((tmp_path / "cache" / "emlmpy").iterdir())) == 2
    with pytest.raises(RuntimeError, match="gcc could not compile answer"):
        compile_kernel("answer", source + "}", [tmp_path])
    monkeypatch.setenv("PATH", str(tmp_path))
    compile_kernel("answer", source, [tmp_path])
    with pytest.raises(RuntimeError, match="gcc is required"):
        compile_kernel("answer", source + "//", [tmp_path])


def test_examples() -> None:
    """The example in convert's docstring gives what it says."""
    failed, tried = doctest.testmod(emlmpy)
    assert (failed, tried > 0) == (0, True)


def test_runs_as_a_program() -> None:
    """`python -m emlmpy` is there."""
    result = subprocess.run(
        [sys.executable, "-m", "emlmpy", "--help"],
        env={"PYTHONPATH": str(ROOT / "tools"), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "check" in result.stdout
    assert __version__.count(".") == 2
