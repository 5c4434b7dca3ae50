"""model.report, against sklearn.metrics and the files themselves."""

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    mean_absolute_error,
    precision_score,
    r2_score,
    recall_score,
)
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import emlmpy
from emlmpy import modules
from emlmpy.evaluate import Evaluation, Part, table

WINE = load_wine(as_frame=True)
NAMES = np.array(["red, dry", "white", "rosé"])[WINE.target]
CLASSIFIERS = {
    "emltrees": RandomForestClassifier(7, max_depth=3, random_state=1),
    "emlknn": make_pipeline(StandardScaler(), KNeighborsClassifier(3)),
    "emllinear": make_pipeline(StandardScaler(), LogisticRegression()),
}


def classifier(name: str) -> tuple[object, Evaluation]:
    """A model of wines, and its report on other wines."""
    model = emlmpy.convert(CLASSIFIERS[name].fit(WINE.data[::2], NAMES[::2]))
    return model, model.report(WINE.data[1::2], NAMES[1::2])


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classes(name: str, tmp_path: Path) -> None:
    """Numbers are sklearn.metrics', bytes those of the files."""
    model, found = classifier(name)
    truth, predicted = NAMES[1::2], model.predict(WINE.data[1::2])
    assert found.classes == ["red, dry", "rosé", "white"] and found.rows == 89
    assert found.accuracy == accuracy_score(truth, predicted)
    for scores, metric in ((found.precision, precision_score), (found.recall, recall_score)):
        np.testing.assert_allclose(scores, metric(truth, predicted, average=None))
    np.testing.assert_array_equal(found.confusion, confusion_matrix(truth, predicted))
    assert found.support.sum() == 89 and found.r2 is None
    model.save(tmp_path / "model")
    assert found.file_bytes == (tmp_path / "model").stat().st_size
    assert found.module == name and found.device_bytes == model.nbytes
    for machine, arch in (("cortex-m0", "armv6m"), ("cortex-m4f", "armv7emsp")):
        assert found.module_bytes[machine] == modules.path(name, arch).stat().st_size
        assert found.instructions[machine] > 100
    text = str(found)
    assert text.startswith(f"accuracy {found.accuracy:.4f}: {np.sum(truth == predicted)} of 89")
    lines = text.splitlines()
    assert lines[1].split() == ["class", "precision", "recall", "rows"]
    assert lines[2].startswith("red, dry ") and lines[2].endswith(str(np.sum(truth == "red, dry")))
    assert "confusion: a row for each true class, a column for each predicted one" in lines
    assert "about" in text and "estimated" in text and f"{name}.mpy, bytes: " in text
    assert max(map(len, lines)) < 100


def test_integers_need_the_small_module() -> None:
    """A forest that votes on integers runs in emltrees_votes."""
    X, y = load_digits(return_X_y=True)
    estimator = RandomForestClassifier(3, max_depth=3, random_state=1).fit(X, y)
    assert emlmpy.convert(estimator).report(X, y).module == "emltrees_votes"
    assert emlmpy.convert(estimator, "float32").report(X, y).module == "emltrees"


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestRegressor(5, max_depth=4, random_state=1),
        KNeighborsRegressor(5),
        LinearRegression(),
    ],
)
def test_values(estimator) -> None:
    """R^2 and the mean error."""
    X, y = load_diabetes(return_X_y=True)
    model = emlmpy.convert(estimator.fit(X[:300], y[:300]))
    found = model.report(X[300:], y[300:].tolist())
    predicted = model.predict(X[300:])
    assert found.r2 == pytest.approx(r2_score(y[300:], predicted))
    assert found.mean_error == pytest.approx(mean_absolute_error(y[300:], predicted))
    assert found.accuracy is None and found.classes is None
    assert str(found).startswith(f"142 rows: R2 {found.r2:.4f}, mean absolute error ")
    assert "confusion" not in str(found)
    with pytest.raises(ValueError, match="a regression has no confusion matrix"):
        found.plot()
    assert math.isnan(model.report(X[:1], y[:1]).r2)


def test_several_values() -> None:
    """Of several values the mean."""
    X, y = load_diabetes(return_X_y=True)
    both = np.column_stack([y, X[:, 0] * 100 + y])
    model = emlmpy.convert(LinearRegression().fit(X, both))
    assert model.report(X, both).r2 == pytest.approx(r2_score(both, model.predict(X)))


@pytest.mark.parametrize(
    "detector", [IsolationForest(random_state=1), LocalOutlierFactor(novelty=True)]
)
def test_novelty(detector) -> None:
    """The labels of detectors are 1 and -1."""
    X = WINE.data.to_numpy()
    model = emlmpy.convert(detector.fit(X[:59]))
    truth = np.where(WINE.target == 0, 1, -1)
    found = model.report(X, truth)
    assert found.classes == [-1, 1]
    assert found.accuracy == accuracy_score(truth, model.predict(X))


def test_classes_that_are_missing() -> None:
    """A class that is never true has no recall, one that is never predicted no precision."""
    model = emlmpy.convert(KNeighborsClassifier(1).fit([[0], [10], [20]], [1, 2, 3]))
    found = model.report([[0], [0], [10]], [1, 4, 1])
    assert found.classes == [1, 2, 4] and found.accuracy == 1 / 3
    np.testing.assert_array_equal(found.precision, [0.5, 0, np.nan])
    np.testing.assert_array_equal(found.recall, [0.5, np.nan, 0])
    np.testing.assert_array_equal(found.confusion, [[1, 1, 0], [0, 0, 0], [1, 0, 0]])
    lines = str(found).splitlines()
    assert lines[3].split() == ["2", "0.000", "-", "0"]
    assert lines[4].split() == ["4", "-", "0.000", "1"]


def test_parts() -> None:
    """What comes before the model is counted with it."""
    X, y = load_digits(return_X_y=True)
    model = emlmpy.convert(RandomForestClassifier(3, max_depth=3, random_state=1).fit(X, y))
    alone = model.report(X, y)
    front = Part("front end", 1200, {"cortex-m4f": 50000, "cortex-m0": 90000})
    found = model.report(X, y, parts=[front])
    assert [part.name for part in found.parts] == ["front end", "model"]
    assert found.device_bytes == alone.device_bytes + 1200
    for machine, count in front.instructions.items():
        assert found.instructions[machine] == pytest.approx(alone.instructions[machine] + count)
    assert "together" in str(found) and "together" not in str(alone)
    row = next(line for line in str(found).splitlines() if line.startswith("front end"))
    assert row.split("  ")[0] == "front end" and "1 200" in row and row.endswith("about 90 000")


def test_refused() -> None:
    """Rows and truth must fit."""
    for name in CLASSIFIERS:
        model, _ = classifier(name)
        X, y = WINE.data, NAMES
        with pytest.raises(ValueError, match="X must have a row"):
            model.report(X[:0], y[:0])
        for wrong in (y[:-1], y[:0], [*y, "white"]):
            with pytest.raises(ValueError, match=r"y must have 178 rows as X, not \d+"):
                model.report(X, wrong)
        with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
            model.report(X[X.columns[::-1]], y)
        with pytest.raises(ValueError, match="shape"):
            model.report(X.to_numpy()[:, :3], y)
        with pytest.raises(ValueError, match=r"(?i)mix|str"):
            model.report(X, np.arange(178))


def test_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The confusion matrix as a picture, with the classes' labels."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    _, found = classifier("emllinear")
    axes = found.plot()
    assert [label.get_text() for label in axes.get_xticklabels()] == found.classes
    numbers = [int(text.get_text()) for text in axes.texts]
    assert numbers == found.confusion.ravel().tolist()
    _, other = plt.subplots()
    assert found.plot(other) is other
    plt.close("all")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"plot needs matplotlib: pip install emlmpy\[plot\]"):
        found.plot()


def test_table() -> None:
    """The first column to the left, the others to the right, and no spaces at the end."""
    assert table(["", "a"], [["long", "1"], ["x", "200"]]) == [
        "        a",
        "long    1",
        "x     200",
    ]
    frame = pd.DataFrame({"a": [1, 2]})
    assert len(table(list(frame.columns), frame.astype(str).to_numpy().tolist())) == 3
