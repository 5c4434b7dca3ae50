"""What check reports, what save writes, and the numbers that a file and a board can carry."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.metrics import accuracy_score, r2_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from emlmpy import convert
from emlmpy.report import Report
from emlmpy.trees.file import to_bin, to_csv
from emlmpy.trees.twin import ForestTwin

X, CLASSES = load_iris(return_X_y=True)
FOREST = RandomForestClassifier(5, max_depth=2, random_state=1)


def test_check_with_the_truth() -> None:
    """Accuracy of both, or R2; what was there before stays."""
    estimator = FOREST.fit(X[::2], CLASSES[::2])
    report = convert(estimator).check(X, CLASSES)
    assert isinstance(report, Report)
    assert report.score == accuracy_score(CLASSES, convert(estimator).predict(X))
    assert report.expected_score == estimator.score(X, CLASSES)
    assert str(report) == (
        "150 of 150 rows agree (100.00%); "
        f"class proportions differ by at most {report.largest_error:.2g}; "
        f"accuracy {report.score:.4f}, scikit-learn's {report.score:.4f}"
    )
    assert "accuracy" not in str(convert(estimator).check(X))
    rows, target = load_diabetes(return_X_y=True)
    regressor = RandomForestRegressor(5, max_depth=3, random_state=1).fit(rows, target)
    report = convert(regressor).check(rows, target)
    assert report.expected_score == r2_score(target, regressor.predict(rows))
    assert abs(report.score - report.expected_score) < 1e-6
    assert "; values differ by at most" in str(report)
    assert "; R2 0." in str(report)
    boosting = GradientBoostingClassifier(n_estimators=3).fit(X, CLASSES)
    assert "; raw values differ by at most" in str(convert(boosting).check(X, CLASSES))
    isolation = IsolationForest(n_estimators=9, random_state=1).fit(X)
    report = convert(isolation).check(X, np.ones(len(X)))
    assert report.expected_score == np.mean(isolation.predict(X) == 1)
    assert "; scores differ by at most" in str(report)


@pytest.mark.parametrize("labels", [["no", "yes", "é"], [0.0, 1.0, 2.0], [True, False, True]])
def test_check_of_labels(labels: list) -> None:
    """Any labels that convert have accuracy."""
    truth = np.array(labels)[CLASSES]
    estimator = DecisionTreeClassifier(random_state=1).fit(X, truth)
    model = convert(estimator)
    found = model.predict(X)
    np.testing.assert_array_equal(found, estimator.predict(X))
    assert found.dtype == truth.dtype
    assert model.check(X, truth).score == 1


@pytest.mark.filterwarnings("ignore:features='uint8' changes")
def test_small_values_are_not_all_equal() -> None:
    """What counts as equal goes by the size of the values: 1e-8 is not 2e-8."""
    generator = np.random.default_rng(3)
    rows = np.exp(5 * generator.normal(size=(500, 2)))
    for scale in (1e-8, 1.0, 1e8):
        estimator = DecisionTreeRegressor(random_state=1).fit(rows, scale * np.arange(500))
        report = convert(estimator, "uint8", X=rows).check(rows)
        assert report.agreement < 0.9
        assert convert(estimator).check(rows).agreement == 1


def test_no_rows() -> None:
    """There is nothing to compare."""
    with pytest.raises(ValueError, match="X must have a row"):
        convert(FOREST.fit(X, CLASSES)).check(X[:0])


@pytest.mark.parametrize("format", ["csv", "bin"])
def test_save_loads_what_it_writes(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the device's reader refuses is not written, and the old file stays."""
    model = convert(FOREST.fit(X, CLASSES))
    path = tmp_path / "model"
    path.write_bytes(b"old")
    encoders = {"csv": to_csv, "bin": to_bin}
    damaged = {name: lambda forest, to=to: to(forest)[:-9] for name, to in encoders.items()}
    monkeypatch.setattr("emlmpy.trees.model.ENCODERS", damaged)
    with pytest.raises(ValueError, match=r"[a-z]+"):
        model.save(path, format)
    assert path.read_bytes() == b"old"
    monkeypatch.undo()
    model = convert(FOREST)
    model.save(path, format)
    assert path.read_bytes() == encoders[format](model.forest)
    ForestTwin(path.read_bytes())
    assert list(tmp_path.iterdir()) == [path]


def test_save_that_fails(tmp_path: Path) -> None:
    """A folder that is not there, and one in the file's place, are named."""
    model = convert(FOREST.fit(X, CLASSES))
    with pytest.raises(OSError, match=r"No such file or directory: .*none/model\.csv"):
        model.save(tmp_path / "none" / "model.csv")
    with pytest.raises(OSError, match="irectory"):
        model.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_both_formats_give_the_answers_of_predict(tmp_path: Path) -> None:
    """predict and check run on the bytes of the CSV; those of the binary file give the same."""
    rows, target = load_diabetes(return_X_y=True)
    cancer, classes = load_breast_cancer(return_X_y=True)
    for estimator, data, arguments in (
        (FOREST.fit(X, CLASSES), X, {}),
        (FOREST.fit(X, CLASSES), X, {"features": "int16", "vote": "hard"}),
        (HistGradientBoostingRegressor(max_iter=9).fit(rows, target), rows, {}),
        (GradientBoostingClassifier(n_estimators=9).fit(cancer, classes), cancer, {}),
        (IsolationForest(n_estimators=9).fit(cancer), cancer, {}),
    ):
        model = convert(estimator, **arguments)
        assert model.twin.data == to_csv(model.forest)
        device = model.quantize(data) if model.scaled else data.astype(np.float32)
        for format in ("csv", "bin"):
            model.save(tmp_path / "model", format)
            twin = ForestTwin((tmp_path / "model").read_bytes())
            assert twin.nbytes == model.nbytes
            for found, expected in zip(
                twin.predict(device), model.twin.predict(device), strict=True
            ):
                np.testing.assert_array_equal(found.view(np.int32), expected.view(np.int32))


LARGEST = float(np.finfo(np.float32).max)


def boosted_to(value: float, trees: int = 2) -> GradientBoostingRegressor:
    """Boosting from 0 whose trees' leaves add half of what is missing to a value each."""
    rows = np.array([[0.0]] * 5 + [[1.0]] * 5)
    boosting = GradientBoostingRegressor(init="zero", learning_rate=0.5, n_estimators=trees)
    return boosting.fit(rows, value * rows[:, 0])


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("trees", [1, 2, 3, 4, 7, 8])
def test_sums_beyond_float32(trees: int, sign: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Convert refuses what the device's reader would, and all that it accepts is right."""
    rows = np.array([[0.0], [1.0]])
    # The largest leaf is half of the value, and counts as the power of two above it.
    limit = 2.0 ** (129 - np.ceil(np.log2(trees + 1)))
    for share in (0.5, 0.99, 1 - 1e-7):
        estimator = boosted_to(sign * share * limit, trees)
        np.testing.assert_allclose(
            convert(estimator).predict(rows), estimator.predict(rows), rtol=1e-6
        )
    for share in (1, 1.5):
        estimator = boosted_to(sign * share * limit, trees)
        text = "values of up to .* can leave float32's range|must lie within float32's range"
        with pytest.raises(ValueError, match=text):
            convert(estimator)
        with monkeypatch.context() as patch:
            patch.setattr("emlmpy.trees.leaves.check_sums", lambda ensemble: None)
            with pytest.raises(ValueError, match="must lie within float32's range"):
                convert(estimator).predict(rows)


def test_targets_of_the_finding() -> None:
    """Targets of 3.9e38 came out as nan or a wrong number."""
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(100, 3))
    target = 3.9e38 * np.sign(rows[:, 0])
    with pytest.raises(ValueError, match=r"sums of 100 trees' values .* leave float32's range"):
        convert(GradientBoostingRegressor().fit(rows, target))
    boosting = HistGradientBoostingRegressor().fit(rows, np.full(100, 3.9e38))
    with pytest.raises(ValueError, match="predicted values must lie within float32's range"):
        convert(boosting)


def test_means_of_large_values() -> None:
    """A mean is never beyond its values: it works up to the largest float32."""
    rows = np.arange(40.0)[:, np.newaxis]
    target = np.where(rows[:, 0] < 20, LARGEST, -LARGEST)
    estimator = RandomForestRegressor(50, random_state=1).fit(rows, target)
    expected = estimator.predict(rows)
    np.testing.assert_allclose(convert(estimator).predict(rows), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="predicted values must lie within float32's range"):
        convert(estimator.fit(rows, target * 1.001))


@pytest.mark.parametrize("estimator", [DecisionTreeRegressor(), boosted_to(1.0)])
def test_values_that_are_too_small(estimator) -> None:
    """Below the normal range of float32 the device has only 0."""
    rows = np.arange(20.0)[:, np.newaxis]
    for size in (1e-30, 1.3e-33):
        estimator.fit(rows, size * np.arange(20))
        found, expected = convert(estimator).predict(rows), estimator.predict(rows)
        assert np.abs(found - expected).max() <= 2e-5 * expected.max()
    for size in (1e-37, 1e-40, 1e-44):
        with pytest.raises(ValueError, match=r"too small for float32, .*scale the target up"):
            convert(estimator.fit(rows, size * np.arange(20)))
    assert convert(estimator.fit(rows, np.zeros(20))).predict(rows).tolist() == [0.0] * 20
