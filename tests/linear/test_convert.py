"""emlmpy.linear against scikit-learn: the answers of every estimator that converts."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn import linear_model as linear
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import BernoulliNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor

import emlmpy
from emlmpy import linear as families
from emlmpy.cli import main
from emlmpy.linear import LinearModel
from emlmpy.linear import twin as linear_twin
from tests.linear.estimators import (
    CLASSIFIERS,
    NAIVE_BAYES,
    REGRESSORS,
    SEVERAL_VALUES,
    classes_of,
    counts_of,
    fitted,
    name_of,
    random_weights,
    values_of,
)

PROPORTION_ERROR = 1e-5
SCORE_ERROR = 1e-5  # of the largest term summed


def scores_of(estimator: Any, X: np.ndarray) -> np.ndarray:
    """scikit-learn's scores, (rows, scores)."""
    for method in ("decision_function", "predict_joint_log_proba", "predict"):
        if hasattr(estimator, method):
            found = getattr(estimator, method)(X)
            return found.reshape(len(X), -1)
    raise AssertionError(estimator)


def largest_terms(estimator: Any, X: np.ndarray) -> np.ndarray:
    """The largest of the numbers that each score is the sum of, (rows, scores)."""
    weights = families.extract.extract(estimator)
    terms = np.abs(X[:, np.newaxis, :] * weights.weights).max(axis=2)
    return np.maximum(terms, np.abs(weights.bias))


def check_answers(estimator: Any, model: LinearModel, X: np.ndarray) -> None:
    """Compare scores, proportions, labels and values of a model, and what check says of them."""
    # Of float32 rows scikit-learn takes float32 sigmoids, which are 0 for scores below -88.
    X = X.astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = model.check(X)
        found = model.predict(X)
    terms = largest_terms(estimator, X)
    scores = model.decision_function(X).reshape(len(X), -1)
    if hasattr(estimator, "classes_"):
        expected = scores_of(estimator, X)
        assert np.all(np.abs(scores - expected) <= SCORE_ERROR * terms)
        # The largest score may change places with one that is as large but for that error.
        exact = np.column_stack([0 * expected, expected]) if expected.shape[1] == 1 else expected
        ordered = np.sort(exact, axis=1)
        clear = ordered[:, -1] - ordered[:, -2] > 2 * SCORE_ERROR * terms.max(axis=1)
        assert np.mean(clear) > 0.8
        np.testing.assert_array_equal(found[clear], estimator.predict(X)[clear])
        assert found.dtype == estimator.classes_.dtype
        if hasattr(estimator, "predict_proba"):
            proportions = model.predict_proba(X)
            # An error of a score is one of them, too.
            slack = np.abs(scores - expected).max()
            error = np.abs(proportions - estimator.predict_proba(X))
            if getattr(estimator, "loss", "") == "modified_huber":
                # Proportions of scores that are all next to -1 are anybody's.
                exact, slack = (np.clip(exact, -1, 1) + 1) / 2, 5 * slack
                error = error[(exact.sum(axis=1) > 0.1) | (exact.sum(axis=1) == 0)]
            assert error.max() <= PROPORTION_ERROR + slack
            assert report.what == "class proportions"
            assert report.largest_error == pytest.approx(
                np.abs(proportions - estimator.predict_proba(X)).max()
            )
            np.testing.assert_allclose(proportions.sum(axis=1), 1, atol=1e-5)
        else:
            with pytest.raises(TypeError, match="has no predict_proba"):
                model.predict_proba(X)
        assert report.agreeing == np.count_nonzero(found == estimator.predict(X))
    else:
        expected = estimator.predict(X).reshape(len(X), -1)
        if model.describe()["kind"] == "exp":
            exact = np.log(expected)
            assert np.all(np.abs(scores - exact) <= SCORE_ERROR * terms)
            np.testing.assert_allclose(found, expected.ravel(), rtol=1e-6 + 2e-7 * terms.max())
        else:
            assert np.all(np.abs(scores - expected) <= SCORE_ERROR * terms)
            np.testing.assert_array_equal(found.reshape(len(X), -1), scores)
        assert report.what == "values" and report.measure == "R2"


@pytest.mark.parametrize("features", ["float32", "int16"])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_of)
def test_classifiers(estimator: BaseEstimator, n_classes: int, features: str, seed: int) -> None:
    """Labels, scores and proportions of classifiers."""
    X, y = classes_of(seed, n_classes)
    X = np.rint(1000 * X) if features == "int16" else X.astype(np.float32)
    estimator = fitted(clone(estimator), X, np.array(["ant", "bee", "cat", "dog"])[y])
    check_answers(estimator, emlmpy.convert(estimator, features=features, X=X), X)
    check_answers(estimator, emlmpy.convert(estimator, features=features), X)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("estimator", NAIVE_BAYES, ids=name_of)
def test_naive_bayes(estimator: BaseEstimator, n_classes: int, seed: int) -> None:
    """Those of naive Bayes."""
    X, y = counts_of(seed, n_classes, 1 if isinstance(estimator, BernoulliNB) else 9)
    estimator = fitted(clone(estimator), X, y)
    for features in ("float32", "int16", "auto"):
        model = emlmpy.convert(estimator, features=features, X=X)
        assert model.features == ("int16" if features == "auto" else features)
        check_answers(estimator, model, X)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=name_of)
def test_regressors(estimator: BaseEstimator, seed: int) -> None:
    """Values of regressors."""
    X, y = values_of(seed)
    X = X.astype(np.float32)
    estimator = fitted(clone(estimator), X, y)
    base = getattr(estimator, "estimator_", estimator)
    if hasattr(base, "coef_"):
        check_answers(base, emlmpy.convert(estimator), X)
    whole = np.rint(X * 1000)
    estimator = fitted(clone(estimator), whole, y)
    base = getattr(estimator, "estimator_", estimator)
    check_answers(base, emlmpy.convert(estimator, features="int16", X=whole), whole)


@pytest.mark.parametrize("estimator", SEVERAL_VALUES, ids=name_of)
def test_several_values(estimator: BaseEstimator, seed: int) -> None:
    """Several values, whose sizes differ."""
    X, y = values_of(seed, 3)
    X = X.astype(np.float32)
    y *= (1, 1e-4, 1e6)
    estimator = fitted(clone(estimator), X, y)
    model = emlmpy.convert(estimator)
    check_answers(estimator, model, X)
    assert model.predict(X).shape == (120, 3)
    report = model.check(X, y)
    assert report.score == pytest.approx(report.expected_score, abs=1e-5)
    check_answers(estimator, emlmpy.convert(estimator, features="int16"), np.rint(X * 9))


def test_all_estimators_are_tried() -> None:
    """The lists above leave no type out."""
    tried = {type(item) for item in (*CLASSIFIERS, *NAIVE_BAYES, *REGRESSORS, *SEVERAL_VALUES)}
    assert tried == set(families.ESTIMATORS)


def test_random_estimators(seed: int) -> None:
    """Weights and rows of any scale and number; what converts is right."""
    source = random_weights(np.random.default_rng(seed))
    for _ in range(60):
        estimator, X = next(source)
        model = emlmpy.convert(estimator)
        terms = largest_terms(estimator, X)
        expected = scores_of(estimator, X.astype(np.float64))
        if model.describe()["kind"] == "exp":
            expected = np.log(expected)
        scores = model.decision_function(X).reshape(len(X), -1)
        assert np.all(np.abs(scores - expected) <= SCORE_ERROR * terms), estimator
        whole = np.rint(np.clip(X * 100, -32768, 32767))
        model = emlmpy.convert(estimator, features="int16", X=whole)
        expected = scores_of(estimator, whole)
        if model.describe()["kind"] == "exp":
            with np.errstate(divide="ignore"):
                expected = np.log(expected)
            expected = np.where(np.abs(expected) < 80, expected, np.nan)
        scores = model.decision_function(whole).reshape(len(X), -1)
        # Where features are 0, what is left has the precision of the largest weight.
        unit = 2.0**-30 * np.abs(estimator.coef_).max()
        bound = SCORE_ERROR * largest_terms(estimator, whole) + unit
        error = np.abs(scores - expected)
        assert np.all((error <= bound) | np.isnan(error)), estimator


@pytest.mark.parametrize(
    "scalers",
    [
        [StandardScaler()],
        [MinMaxScaler((-1, 3))],
        [MaxAbsScaler()],
        [RobustScaler()],
        [StandardScaler(with_mean=False), MinMaxScaler()],
        [StandardScaler(with_std=False), RobustScaler(with_centering=False)],
    ],
    ids=name_of,
)
def test_scalers(scalers: list[BaseEstimator], seed: int) -> None:
    """Scalers are in the weights: the device takes raw features."""
    X, y = classes_of(seed, 3)
    X = (X * np.geomspace(0.1, 100, 12)).astype(np.float32).astype(np.float64)
    pipeline = make_pipeline(*scalers, linear.LogisticRegression()).fit(X, y)
    model = emlmpy.convert(pipeline)
    np.testing.assert_allclose(model.predict_proba(X), pipeline.predict_proba(X), atol=1e-5)
    assert model.check(X, y).agreement == 1
    whole = np.rint(X)
    pipeline.fit(whole, y)
    model = emlmpy.convert(pipeline, X=whole)
    assert model.features == "int16"
    np.testing.assert_allclose(model.predict_proba(whole), pipeline.predict_proba(whole), atol=1e-5)


@pytest.mark.parametrize("load", [load_iris, load_digits, load_breast_cancer])
def test_real_data(load: Any) -> None:
    """scikit-learn's own data: all rows agree."""
    X, y = load(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), linear.LogisticRegression()).fit(X, y)
    model = emlmpy.convert(pipeline, X=X)
    assert model.features == ("int16" if load is load_digits else "float32")
    report = model.check(X, y)
    assert report.agreement == 1 and report.largest_error < 1e-5
    assert report.score == pipeline.score(X, y)


def test_ties() -> None:
    """The first of equal classes; of two the first, unless the score is above 0."""
    X = np.array([[0.0, 0], [1, 0], [0, 1], [-1, 0], [2, 2]], np.float32)
    estimator = LinearSVC().fit(np.eye(3, 2), [7, 8, 9])
    estimator.coef_, estimator.intercept_ = np.array([[1.0, 0], [0, 1], [1, 0]]), np.zeros(3)
    two = LinearSVC().fit(np.eye(2), [7, 8])
    two.coef_, two.intercept_ = np.array([[1.0, -1]]), np.zeros(1)
    for features in ("float32", "int16"):
        assert emlmpy.convert(estimator, features=features).predict(X).tolist() == [7, 7, 8, 8, 7]
        assert estimator.predict(X).tolist() == [7, 7, 8, 8, 7]
        assert emlmpy.convert(two, features=features).predict(X).tolist() == [7, 8, 7, 7, 7]
        assert two.predict(X).tolist() == [7, 8, 7, 7, 7]


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
def test_proportions_of_extreme_scores(loss: str) -> None:
    """Scores far below 0 and above, where sigmoids are 0 or 1."""
    estimator = linear.SGDClassifier(loss=loss).fit(np.eye(3), [0, 1, 2])
    estimator.coef_, estimator.intercept_ = np.eye(3), np.zeros(3)
    values = [-1e4, -800, -710, -709, -100, -30, -1, -0.5, 0, 0.25, 1, 2, 30, 1000]
    X = np.array([[a, b, c] for a in values for b in values for c in values])
    with np.errstate(all="ignore"):
        expected = estimator.predict_proba(X)
    assert np.all(np.isfinite(expected))
    found = emlmpy.convert(estimator).predict_proba(X)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    estimator = linear.SGDClassifier(loss=loss).fit(np.eye(2), [0, 1])
    estimator.coef_, estimator.intercept_ = np.eye(1, 2), np.zeros(1)
    X = X[:, :2]
    expected = estimator.predict_proba(X)
    np.testing.assert_allclose(emlmpy.convert(estimator).predict_proba(X), expected, atol=1e-6)


def test_files(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A file is what was said of it; the command describes it, and signs one edited by hand."""
    frame = pd.DataFrame(load_iris().data, columns=["a", "b, c", "d", "e"])
    labels = np.array(["x,y", "", "ü"])[load_iris().target]
    model = emlmpy.convert(linear.LogisticRegression().fit(frame, labels))
    path = tmp_path / "model.csv"
    model.save(path)
    data = path.read_bytes()
    assert data == model.encode() and families.is_file(data)
    rows = data.decode().split("\n")
    assert rows[0] == "lin1,4,0,4,3"
    assert rows[1:5] == ["?name,a", "?name,b, c", "?name,d", "?name,e"]
    assert rows[5:8] == ["ys,", "ys,x,y", "ys,ü"]
    words = [int(word) for row in rows[8:] if row[:2] == "w," for word in row[2:].split(",")]
    expected = np.column_stack([model.estimator.intercept_, model.estimator.coef_])
    np.testing.assert_array_equal(
        np.array(words, np.int32).view(np.float32), expected.astype(np.float32).ravel()
    )
    assert len(words) == 3 * 5 and model.nbytes == 4 * (4 + 15)
    main(["check", str(path)])
    printed = capsys.readouterr().out
    for text in ("linear model of emllinear", "softmax", "a, b, c, d, e", ", x,y, ü", "float32"):
        assert text in printed
    path.write_bytes(data.replace(b"ys,x,y", b"ys,xyz"))
    with pytest.raises(ValueError, match="checksum differs"):
        families.describe(path.read_bytes())
    main(["check", "--sign", str(path)])
    assert linear_twin.load(path.read_bytes()).classes == ("", "xyz", "ü")
    assert model.feature_names == ["a", "b, c", "d", "e"]
    assert model.check(frame, labels).agreement == 1
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[["b, c", "a", "d", "e"]])
    assert "LogisticRegression: 4 float32 features, 3 classes" in repr(model)


def test_labels() -> None:
    """Labels are the estimator's own, ints, strings and floats."""
    X, y = load_iris(return_X_y=True)
    for labels in ([5, -7, 2**31 - 1], ["a", "b", "c"], [0.0, 1.0, 2.0], [True, False, True]):
        estimator = linear.LogisticRegression().fit(X, np.array(labels)[y])
        model = emlmpy.convert(estimator)
        np.testing.assert_array_equal(model.predict(X), estimator.predict(X))
        assert model.predict(X).dtype == estimator.classes_.dtype
    for labels in ([0.5, 1, 2], [2**31, 0, 1]):
        with pytest.raises(ValueError, match="class labels"):
            emlmpy.convert(linear.RidgeClassifier().fit(X, np.array(labels)[y].astype(str)))
            emlmpy.convert(fitted_with_labels(X, y, labels))


def fitted_with_labels(X: np.ndarray, y: np.ndarray, labels: list) -> BaseEstimator:
    """An estimator whose labels were changed after fit: scikit-learn takes no such y."""
    estimator = linear.LogisticRegression().fit(X, y)
    estimator.classes_ = np.array(labels)
    return estimator


def test_searches_and_sparse_weights() -> None:
    """What GridSearchCV finds, and an estimator that was made sparse."""
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(linear.LogisticRegression(max_iter=500), {"C": [0.1, 1]}, cv=2).fit(X, y)
    assert emlmpy.convert(search).check(X, y).agreement == 1
    estimator = linear.LogisticRegression(max_iter=500).fit(X, y).sparsify()
    model = emlmpy.convert(estimator)
    np.testing.assert_array_equal(model.predict(X), estimator.predict(X))


TREE = DecisionTreeRegressor()
X4 = np.arange(40.0).reshape(10, 4)
Y4 = np.arange(10) % 2


@pytest.mark.parametrize(
    ("estimator", "arguments", "text"),
    [
        (BernoulliNB().fit(X4, Y4), {}, "must have binarize=None"),
        (MultinomialNB().fit(X4, 0 * Y4), {}, "at least 2 classes"),
        (linear.RidgeClassifier().fit(X4, np.eye(10)[:, :3]), {}, "must have one output"),
        (linear.Ridge().fit(X4, Y4), {"features": "uint8"}, "auto, float32 or int16, not 'uint8'"),
        (linear.Ridge().fit(X4, Y4), {"vote": "hard"}, "linear models take no vote or leaves"),
        (linear.Ridge().fit(X4, Y4), {"leaves": 3}, "linear models take no vote or leaves"),
        (linear.Ridge().fit(X4, Y4), {"X": X4[:, :3]}, "shape"),
        (linear.Ridge().fit(X4, Y4), {"X": X4[:0]}, "X must have a row"),
        (linear.Ridge().fit(X4, Y4), {"X": X4 * np.nan}, "NaN"),
        (linear.Ridge().fit(X4, Y4), {"X": X4 / 7, "features": "int16"}, "whole numbers"),
        (linear.Ridge().fit(X4, Y4), {"X": X4 * 1e4, "features": "int16"}, "whole numbers"),
        (linear.Ridge().fit(X4, Y4 * 1e60), {}, "float32's range"),
        (linear.Ridge().fit(X4, Y4 * 1e40), {"features": "int16"}, "must be below 2"),
        (
            linear.RANSACRegressor(DecisionTreeRegressor(), min_samples=5).fit(X4, Y4),
            {},
            "must have a linear",
        ),
        (linear.Ridge().fit(np.ones((3, 4097)), [1, 2, 3]), {}, "1 to 4096, not 4097"),
        (linear.Ridge().fit(X4, np.ones((10, 256))), {}, "at most 255, not 256"),
        (make_pipeline(MinMaxScaler(clip=True), linear.Ridge()).fit(X4, Y4), {}, "clip=False"),
    ],
    ids=lambda value: name_of(value)[:60],
)
def test_convert_refuses(estimator: Any, arguments: dict, text: str) -> None:
    """What the device could not stand for is refused, and the text says why."""
    with pytest.raises(ValueError, match=text):
        emlmpy.convert(estimator, **arguments)


def test_not_fitted() -> None:
    """An estimator must be fitted."""
    with pytest.raises(ValueError, match="call fit first"):
        emlmpy.convert(linear.Ridge())


def test_rows_refused() -> None:
    """Rows that the device's features cannot hold are refused."""
    estimator = linear.Ridge().fit(X4, Y4)
    model, whole = emlmpy.convert(estimator), emlmpy.convert(estimator, X=X4)
    for rows in (X4[:, :3], X4[0], [["a"] * 4]):
        with pytest.raises(ValueError):
            model.predict(rows)
    with pytest.raises(TypeError, match="dense"):
        model.predict(csr_matrix(X4))
    for value in (np.nan, np.inf, -np.inf, 1e39):
        with pytest.raises(ValueError, match="must be finite"):
            model.predict(np.full((1, 4), value))
    for value in (np.nan, np.inf, 0.5, 32768, -32769):
        with pytest.raises(ValueError, match="whole numbers"):
            whole.predict(np.full((1, 4), value))
    with pytest.raises(ValueError, match="must have a row"):
        model.check(X4[:0])
    np.testing.assert_array_equal(whole.predict(np.int8(X4)), whole.predict(X4))


def test_save_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the device would refuse is not written, and leaves the file that was there."""
    model = emlmpy.convert(linear.Ridge().fit(X4, Y4))
    path = tmp_path / "model.csv"
    model.save(path)
    before = path.read_bytes()
    model._rows[0, 2] = np.float32(np.nan).view(np.int32)
    with pytest.raises(ValueError, match="weights must be in range"):
        model.save(path)
    with pytest.raises(OSError):
        emlmpy.convert(linear.Ridge().fit(X4, Y4)).save(tmp_path / "missing" / "model.csv")
    assert path.read_bytes() == before and [item.name for item in tmp_path.iterdir()] == [path.name]
