"""Which feature type convert chooses, what each costs, and the float32 of every threshold."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier
from threadpoolctl import threadpool_limits

from emlmpy import convert

DIGITS, DIGIT_CLASSES = load_digits(return_X_y=True)
IRIS, IRIS_CLASSES = load_iris(return_X_y=True)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small histograms are sorted faster by one thread than by several."""
    with threadpool_limits(1):
        yield


def assert_exact(model, rows: np.ndarray) -> None:
    """No split decision differs, and so no answer but for the rounding of leaves."""
    report = model.check(rows)
    assert (report.changed, report.decisions > 0) == (0, True)
    assert report.largest_error <= 0.5 / 255 + 1e-7


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(5, random_state=1),
        DecisionTreeClassifier(random_state=1),
        GradientBoostingClassifier(n_estimators=3, random_state=1),
        HistGradientBoostingClassifier(max_iter=3, random_state=1),
    ],
)
def test_whole_numbers_become_int16(estimator) -> None:
    """Many thresholds show them; the model then refuses all else, and says what to do."""
    model = convert(estimator.fit(DIGITS, DIGIT_CLASSES))
    assert (model.forest.feature_type, model.scaled) == ("int16", False)
    assert_exact(model, DIGITS)
    for value in (0.5, np.nan, 32768, -32769):
        rows = DIGITS.copy()
        rows[3, 5] = value
        for method in (model.predict, model.check):
            with pytest.raises(ValueError, match=r"X\[3, 5\] is .*give these rows to convert"):
                method(rows)


@pytest.mark.parametrize(
    "estimator",
    [
        ExtraTreesClassifier(5, random_state=1),
        ExtraTreeClassifier(random_state=1),
        DecisionTreeClassifier(splitter="random", random_state=1),
        IsolationForest(n_estimators=10, random_state=1),
    ],
)
def test_random_thresholds_tell_nothing(estimator) -> None:
    """They are float32 without X; X shows whole numbers."""
    estimator.fit(DIGITS, DIGIT_CLASSES)
    model = convert(estimator)
    assert model.forest.feature_type == "float32"
    assert_exact(model, DIGITS)
    model = convert(estimator, X=DIGITS)
    assert model.forest.feature_type == "int16"
    assert_exact(model, DIGITS)


# Values in steps of 0.5 and so on: some of their thresholds look like those of whole numbers.
STEPS = [0.5, 0.25, 0.1, 0.01, 0.0]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("depth", [1, 2, 3, None])
def test_few_thresholds_do_not_mislead(step: float, depth: int | None) -> None:
    """Without X and other arguments, fractional data give an exact model and no error."""
    for seed in range(40):
        generator = np.random.default_rng(seed)
        rows = generator.normal(size=(60, 3)) * 3
        rows = np.round(rows / step) * step if step else rows
        target = rows[:, 0] + generator.normal(size=60)
        assert_exact(convert(DecisionTreeRegressor(max_depth=depth).fit(rows, target)), rows)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("values", [20, 300, 3000])
def test_quantiles_do_not_mislead(step: float, values: int) -> None:
    """The thresholds of a histogram can be values, and then half of those in steps of 0.5 whole."""
    generator = np.random.default_rng(1)
    rows = generator.uniform(0, values * (step or 0.1), size=(4000, 2))
    rows = np.round(rows / step) * step if step else rows
    estimator = HistGradientBoostingRegressor(max_iter=10).fit(rows, rows[:, 0] + rows[:, 1])
    assert_exact(convert(estimator), rows)
    whole = np.round(rows / (step or 0.01))
    estimator.fit(whole, rows[:, 0] + rows[:, 1])
    model = convert(estimator)
    assert model.forest.feature_type == "int16"
    assert_exact(model, whole)


def test_one_threshold_of_whole_appearance() -> None:
    """A threshold of 0.5 can come from 0.25 and 0.75 as from 0 and 1."""
    rows = np.array([[0.25], [0.75]])
    model = convert(DecisionTreeClassifier().fit(rows, [0, 1]))
    assert model.predict(rows).tolist() == [0, 1]


def test_x_decides() -> None:
    """X in or out of the range of int16; X that cannot be what the estimator was fitted on."""
    forest = RandomForestClassifier(5, random_state=1).fit(DIGITS, DIGIT_CLASSES)
    for rows, expected in (
        (DIGITS, "int16"),
        (DIGITS.astype(np.uint8), "int16"),
        (DIGITS + 0.25, "float32"),
        (DIGITS + 32760, "float32"),
        (DIGITS - 32769, "float32"),
    ):
        assert convert(forest, X=rows).forest.feature_type == expected
    stump = DecisionTreeClassifier(max_depth=1).fit([[0], [1]], [0, 1])
    assert convert(stump).forest.feature_type == "float32"
    assert convert(stump, X=[[0], [1]]).forest.feature_type == "int16"
    assert convert(stump, X=[[True], [False]]).forest.feature_type == "int16"
    # These thresholds are no multiples of 0.5, whatever X says.
    iris = RandomForestClassifier(5, random_state=1).fit(IRIS, IRIS_CLASSES)
    assert convert(iris, X=np.round(IRIS)).forest.feature_type == "float32"
    extra = ExtraTreesClassifier(5, random_state=1).fit(DIGITS * 5000, DIGIT_CLASSES)
    assert convert(extra, X=DIGITS).forest.feature_type == "float32"


@pytest.mark.parametrize("bad", [DIGITS[:0], DIGITS[:, 1:], DIGITS[0], np.full((2, 64), np.nan)])
def test_bad_x(bad: np.ndarray) -> None:
    """X of convert must be rows of numbers for the estimator."""
    tree = DecisionTreeClassifier(max_depth=2).fit(DIGITS, DIGIT_CLASSES)
    with pytest.raises(ValueError, match="X must"):
        convert(tree, X=bad)


@pytest.mark.parametrize("features", ["int16", "uint8"])
def test_changed_decisions_are_counted(features: str) -> None:
    """The warning and check give the number that the file's own thresholds give."""
    generator = np.random.default_rng(3)
    rows = np.exp(5 * generator.normal(size=(3000, 4)))
    target = generator.integers(2, size=3000)  # thresholds anywhere
    forest = RandomForestClassifier(60, max_depth=1, random_state=1).fit(rows, target)
    with pytest.warns(UserWarning, match=rf"features='{features}' changes \d+ of 180000 split"):
        model = convert(forest, features, X=rows)
    assert model.scaled
    device = model.quantize(rows).astype(float)
    expected = 0
    for tree, root in zip(forest.estimators_, model.forest.root, strict=True):
        feature = tree.tree_.feature[0]
        left = rows.astype(np.float32)[:, feature] <= tree.tree_.threshold[0]
        expected += np.sum(left != (device[:, feature] <= model.forest.threshold[root]))
    report = model.check(rows)
    assert 0 < report.changed == expected
    assert report.decisions == 180000
    assert f"{expected} of 180000 split decisions differ (" in str(report)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exact = convert(forest, X=rows)
    assert exact.forest.feature_type == "float32"
    assert_exact(exact, rows)


def test_warning_points_at_the_caller() -> None:
    """Both warnings name the line that called convert."""
    generator = np.random.default_rng(3)
    rows = np.exp(5 * generator.normal(size=(2000, 2)))
    tree = DecisionTreeRegressor().fit(rows, rows[:, 0])
    for arguments in ({}, {"X": rows}):
        with pytest.warns(UserWarning) as caught:
            convert(tree, "uint8", **arguments)
        assert [warning.filename for warning in caught] == [__file__]


def test_no_warning_where_nothing_changes() -> None:
    """Decimal data lose nothing as int16, and neither do whole numbers."""
    iris = RandomForestClassifier(5, random_state=1).fit(IRIS, IRIS_CLASSES)
    digits = RandomForestClassifier(5, random_state=1).fit(DIGITS, DIGIT_CLASSES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_exact(convert(iris, "int16", X=IRIS), IRIS)
        assert_exact(convert(digits, "uint8", X=DIGITS), DIGITS)


def test_scaled_models_say_so() -> None:
    """By attribute, repr and describe; the others say that they take values as they are."""
    forest = RandomForestClassifier(5, random_state=1).fit(IRIS, IRIS_CLASSES)
    scaled, raw = convert(forest, "int16"), convert(forest)
    assert (scaled.scaled, raw.scaled) == (True, False)
    assert "4 scaled int16 features" in repr(scaled)
    assert "4 float32 features" in repr(raw)
    assert (scaled.describe()["scaled"], raw.describe()["scaled"]) == (True, False)
    np.testing.assert_array_equal(scaled.predict(IRIS), raw.predict(IRIS))
    assert raw.describe() == {
        "kind": "classifier",
        "features": 4,
        "feature type": "float32",
        "scaled": False,
        "feature names": None,
        "classes": [0, 1, 2],
        "trees": 5,
        "nodes": len(raw.forest.feature),
        "leaves": len(raw.forest.leaf),
        "leaf bits": 8,
        "device bytes": raw.nbytes,
    }


def kinds_of_data(name: str, rows: int, seed: int) -> np.ndarray:
    """Four features of float64."""
    data = np.random.default_rng(seed).normal(size=(rows, 4))
    return {
        "normal": lambda: data,
        "decimals": lambda: np.round(data, 1),
        "zeros": lambda: np.maximum(data, 0),
        "lognormal": lambda: np.exp(3 * data),
        # Steps of 0.01 where float32 has steps of 0.0078.
        "pressure": lambda: np.round(101325 + data, 2),
        "pressure of 200 values": lambda: np.round(101325 + 0.2 * data, 2),
    }[name]()


KINDS = ["normal", "decimals", "zeros", "lognormal", "pressure", "pressure of 200 values"]


def boosted(rows: np.ndarray) -> HistGradientBoostingRegressor:
    """Many thresholds, and a target that every decision changes."""
    generator = np.random.default_rng(1)
    centre = rows - np.median(rows, axis=0)
    target = np.sign(centre) @ [1, 2, 3, 4] + generator.normal(size=len(rows))
    return HistGradientBoostingRegressor(max_iter=40, min_samples_leaf=2).fit(rows, target)


def all_thresholds(estimator: HistGradientBoostingRegressor) -> list[np.ndarray]:
    """The distinct thresholds of each feature."""
    nodes = np.concatenate([tree.nodes for stage in estimator._predictors for tree in stage])
    nodes = nodes[nodes["is_leaf"] == 0]
    return [np.unique(nodes["num_threshold"][nodes["feature_idx"] == i]) for i in range(4)]


def wrong_rows(model, estimator, rows: np.ndarray) -> np.ndarray:
    """The rows whose value is not scikit-learn's."""
    expected = estimator.predict(rows)
    return np.flatnonzero(np.abs(model.predict(rows) - expected) > 1e-5 * (1 + np.abs(expected)))


def next_to_thresholds(estimator, rows: np.ndarray, steps: list[int]) -> np.ndarray:
    """Rows of float32, in each feature so many steps off the float32 nearest to a threshold."""
    result = []
    for feature, thresholds in enumerate(all_thresholds(estimator)):
        for off in steps:
            value = thresholds.astype(np.float32)
            value = np.nextafter(value, np.float32(np.inf * off)) if off else value
            some = np.random.default_rng(2).choice(rows, len(value)).astype(np.float32)
            some[:, feature] = value
            result.append(some)
    return np.vstack(result).astype(np.float64)


@pytest.mark.parametrize("rows", [200, 2000, 2550])
@pytest.mark.parametrize("kind", KINDS)
def test_histograms_on_float64_rows(kind: str, rows: int) -> None:
    """Training rows agree, given X or not, and unseen ones but for those next to a threshold."""
    train, test = kinds_of_data(kind, rows, 1), kinds_of_data(kind, 3000, 2)
    estimator = boosted(train)
    for given in (None, train):
        model = convert(estimator, X=given)
        assert model.forest.feature_type == "float32"
        # Without X, nothing tells whether these borders, a float32 step apart, are values.
        if given is not None or (kind, rows) not in (("pressure", 2000), ("pressure", 2550)):
            assert len(wrong_rows(model, estimator, train)) == 0
            assert model.check(train).changed == 0
        close = np.zeros(len(test), dtype=bool)
        for feature, thresholds in enumerate(all_thresholds(estimator)):
            values = test[:, feature]
            found = np.searchsorted(thresholds, values)
            for place in (found - 1, found):
                threshold = thresholds[np.clip(place, 0, len(thresholds) - 1)]
                same = np.abs(values.astype(np.float32) - threshold.astype(np.float32))
                close |= same <= np.spacing(np.abs(threshold).astype(np.float32))
        assert not np.any(np.isin(wrong_rows(model, estimator, test), np.flatnonzero(~close)))
        if kind in ("normal", "lognormal"):
            assert np.count_nonzero(close) < 10
            off = next_to_thresholds(estimator, kinds_of_data(kind, 500, 3), [-1, 1])
            assert len(wrong_rows(model, estimator, off)) == 0


@pytest.mark.parametrize("rows", [200, 2000, 2550])
@pytest.mark.parametrize("kind", KINDS)
def test_histograms_on_float32_rows(kind: str, rows: int) -> None:
    """Every row of float32 agrees: on the float32 nearest to a threshold, and next to it."""
    train = kinds_of_data(kind, rows, 1).astype(np.float32).astype(np.float64)
    estimator = boosted(train)
    unseen = kinds_of_data(kind, 3000, 2).astype(np.float32).astype(np.float64)
    near = next_to_thresholds(estimator, unseen, [-1, 0, 1])
    for given in (None, train, train.astype(np.float32)):
        model = convert(estimator, X=given)
        for one in (train, unseen, near):
            assert len(wrong_rows(model, estimator, one)) == 0


def test_rows_of_float32_for_a_model_of_float64() -> None:
    """X of float32 makes it exact for such rows, though training rows then can differ."""
    train = kinds_of_data("normal", 2000, 1)
    estimator = boosted(train)
    rows = train.astype(np.float32)
    near = next_to_thresholds(estimator, rows, [-1, 0, 1])
    for given in (rows, rows.astype(np.float64), rows[:5]):
        model = convert(estimator, X=given)
        for one in (rows.astype(np.float64), near):
            assert len(wrong_rows(model, estimator, one)) == 0


def test_few_rows_of_x_do_not_mislead() -> None:
    """Values such as 0.5 are float32, or whole numbers, by chance."""
    train = np.round(kinds_of_data("normal", 2000, 1), 2)
    boosting = boosted(train)
    extra = ExtraTreesClassifier(3, random_state=1).fit(train, train[:, 0] > 0.3)
    for given in (np.array([[0.5, 1.0, -1.5, 2.0]]), np.array([[0, 1, 2, 3], [1, 1, 1, 1]])):
        assert len(wrong_rows(convert(boosting, X=given), boosting, train)) == 0
        assert_exact(convert(extra, X=given), train)


def test_histograms_of_the_finding() -> None:
    """2000 rows, 50 iterations: 78 training rows had wrong raw values."""
    rows = np.random.default_rng(0).normal(size=(2000, 4))
    target = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0).astype(int)
    estimator = HistGradientBoostingClassifier(max_iter=50).fit(rows, target)
    report = convert(estimator, "float32").check(rows)
    assert report.agreement == 1
    assert report.largest_error < 1e-5


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeRegressor(random_state=1),
        RandomForestRegressor(5, random_state=1),
        GradientBoostingClassifier(n_estimators=10, random_state=1),
        IsolationForest(n_estimators=10, random_state=1),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_others_compare_float32(estimator, kind: str) -> None:
    """What scikit-learn itself rounds to float32 agrees on every row, next to thresholds too."""
    train, test = kinds_of_data(kind, 500, 1), kinds_of_data(kind, 1000, 2)
    target = (np.sign(train - np.median(train, axis=0)).sum(axis=1) > 0).astype(int)
    estimator.fit(train, target)
    trees = [tree.tree_ for tree in np.ravel(getattr(estimator, "estimators_", [estimator]))]
    near = test[: len(test) // 2].astype(np.float32)
    for feature in range(4):
        values = np.concatenate([tree.threshold[tree.feature == feature] for tree in trees])
        values = values.astype(np.float32)
        values = np.concatenate([np.nextafter(values, np.float32(side)) for side in (-9e9, 9e9)])
        near[: len(values), feature] = values[: len(near)]
    for given in (None, train):
        model = convert(estimator, "float32", X=given)
        for rows in (train, test, near):
            assert model.check(rows).changed == 0
            assert model.check(rows).agreement == 1


def test_values_beyond_float32() -> None:
    """They are refused: the device could not hold them."""
    rows = np.array([[0.0], [1e39], [2e39]] * 10)
    boosting = HistGradientBoostingRegressor(min_samples_leaf=1).fit(rows, rows[:, 0] / 1e39)
    with pytest.raises(ValueError, match="features must lie within float32's range"):
        convert(boosting)
    tree = DecisionTreeRegressor().fit(IRIS, IRIS[:, 0])
    for model in (convert(tree), convert(tree, "int16")):
        bad = IRIS.copy()
        bad[1, 1] = -3.5e38
        with pytest.raises(ValueError, match="X must lie within float32's range"):
            model.predict(bad)


def test_extreme_thresholds() -> None:
    """The ends of float32, and numbers below its normal range."""
    ends = np.finfo(np.float32)
    values = [0.0, ends.smallest_subnormal, ends.tiny, 1.0, ends.max / 2, ends.max]
    values = np.unique([sign * value for value in values for sign in (-1.0, 1.0)])
    rows = values[:, np.newaxis]
    for estimator in (
        DecisionTreeRegressor(),
        HistGradientBoostingRegressor(min_samples_leaf=1, max_leaf_nodes=None, max_iter=3),
    ):
        estimator.fit(rows, np.arange(len(values)))
        np.testing.assert_allclose(
            convert(estimator, "float32").predict(rows), estimator.predict(rows), rtol=1e-5
        )
