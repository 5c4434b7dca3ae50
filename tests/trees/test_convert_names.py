"""Data frames: names and order of columns, as scikit-learn checks them."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from emlmpy import convert
from emlmpy.trees.file import to_bin, to_csv
from emlmpy.trees.twin import ForestTwin

pandas = pytest.importorskip("pandas")

IRIS, CLASSES = load_iris(return_X_y=True)
NAMES = ["sepal length (cm)", "sepal, width", "Länge", "petal width"]
FRAME = pandas.DataFrame(IRIS, columns=NAMES)
TREE = DecisionTreeClassifier(random_state=1)

ESTIMATORS = {
    "tree": TREE,
    "forest": RandomForestClassifier(5, random_state=1),
    "boosting": GradientBoostingClassifier(n_estimators=3),
    "histogram": HistGradientBoostingClassifier(max_iter=3),
    "isolation": IsolationForest(n_estimators=3, random_state=1),
    "pipeline": make_pipeline("passthrough", StandardScaler(), MinMaxScaler(), TREE),
    "search": GridSearchCV(TREE, {"max_depth": [3]}, cv=2),
    "search around a pipeline": GridSearchCV(
        make_pipeline(StandardScaler(), TREE), {"standardscaler__with_mean": [True]}, cv=2
    ),
    "search in a pipeline": make_pipeline(MinMaxScaler(), GridSearchCV(TREE, {"max_depth": [3]})),
}


def error_of(call, X) -> str:
    """The text with which a call refuses X."""
    with pytest.raises(ValueError) as caught:
        call(X)
    return str(caught.value)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_other_columns_are_refused(name: str) -> None:
    """Another order, other names, missing ones: in scikit-learn's words, wherever X goes in."""
    estimator = ESTIMATORS[name].fit(FRAME, CLASSES)
    model = convert(estimator)
    assert model.feature_names == model.forest.feature_names == NAMES
    assert model.describe()["feature names"] == NAMES
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(model.predict(FRAME), estimator.predict(FRAME))
        assert model.check(FRAME).agreement == 1
    scaled = convert(estimator, "int16")
    for bad in (
        FRAME[NAMES[::-1]],
        FRAME.rename(columns={"Länge": "Breite"}),
        FRAME.rename(columns=str.upper),
        FRAME[NAMES[:3]],
    ):
        text = error_of(estimator.predict, bad)
        assert text.startswith("The feature names should match those that were passed during fit")
        calls = [model.predict, model.check, scaled.quantize, lambda X: convert(estimator, X=X)]
        calls += [
            getattr(model, method)
            for method in ("predict_proba", "decision_function", "score_samples")
            if hasattr(estimator, method)
        ]
        for call in calls:
            assert error_of(call, bad) == text


def test_one_side_without_names() -> None:
    """A warning, scikit-learn's own, and the answers."""
    named, plain = convert(TREE.fit(FRAME, CLASSES)), None
    with pytest.warns(UserWarning, match="X does not have valid feature names, but Decision"):
        found = named.predict(IRIS)
    np.testing.assert_array_equal(found, CLASSES)
    plain = convert(DecisionTreeClassifier(random_state=1).fit(IRIS, CLASSES))
    assert plain.feature_names is None
    with pytest.warns(UserWarning, match="X has feature names, but DecisionTreeClassifier was"):
        np.testing.assert_array_equal(plain.predict(FRAME), CLASSES)
    numbered = pandas.DataFrame(IRIS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(plain.predict(numbered), CLASSES)


def test_columns_of_several_types() -> None:
    """Whole numbers, floats, bools and those that may be missing are numbers alike."""
    frame = pandas.DataFrame(
        {
            "count": np.arange(40) % 7,
            "level": np.arange(40) / 8,
            "on": np.arange(40) % 3 == 0,
            "maybe": pandas.array(np.arange(40) % 5, dtype="Int64"),
        }
    )
    classes = np.where(frame["on"], "yes", "no")
    estimator = DecisionTreeClassifier(random_state=1).fit(frame, classes)
    assert convert(estimator).check(frame, classes).agreement == 1
    assert convert(estimator, X=frame).forest.feature_type == "float32"
    whole = frame.drop(columns="level")
    estimator.fit(whole, classes)
    model = convert(estimator, X=whole)
    assert model.forest.feature_type == "int16"
    assert model.check(whole, classes).score == 1


def test_names_that_no_row_of_text_can_carry() -> None:
    """They are changed in the file, which a warning says; the check is for those at fit."""
    names = ["two\nlines", "a" * 99 + "é", "nul\0 and\r", "surrogate \udc80"]
    frame = pandas.DataFrame(IRIS, columns=names)
    estimator = DecisionTreeClassifier(random_state=1).fit(frame, CLASSES)
    text = r"the file names features 'two\\nlines' as 'two lines', .* and 1 more"
    with pytest.warns(UserWarning, match=text):
        model = convert(estimator)
    assert model.feature_names == ["two lines", "a" * 99, "nul  and ", "surrogate ?"]
    assert model.check(frame).agreement == 1
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"two\nlines": "two lines"}))


@pytest.mark.parametrize("features", ["float32", "int16"])
def test_names_change_no_answer(features: str) -> None:
    """Neither do they take memory on the device."""
    named = convert(TREE.fit(FRAME, CLASSES), features).forest
    plain = convert(TREE.fit(IRIS, CLASSES), features).forest
    rows = np.random.default_rng(1).normal(size=(50, 4)).astype(features)
    twins = [ForestTwin(write(forest)) for forest in (named, plain) for write in (to_csv, to_bin)]
    expected = twins[0].predict(rows)
    for twin in twins[1:]:
        assert twin.nbytes == twins[0].nbytes
        for one, other in zip(twin.predict(rows), expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_polars() -> None:
    """Its data frames are checked the same way."""
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(IRIS, schema=NAMES)
    estimator = DecisionTreeClassifier(random_state=1).fit(frame, CLASSES)
    model = convert(estimator)
    np.testing.assert_array_equal(model.predict(frame), CLASSES)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.select(NAMES[::-1]))
