"""WindowModel.report: a front end and the model behind it, against sklearn.metrics and files."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, confusion_matrix, r2_score
from sklearn.pipeline import make_pipeline

import emlmpy
from emlmpy import modules
from emlmpy.evaluate import ARCHITECTURES, Evaluation
from emlmpy.features import WindowFeatures, windows
from tests.features.test_one_file import MODULES, model_of
from tests.features.test_transformer import movements

WINDOW, HOP = 16, 8


@cache
def recordings() -> tuple[list[Any], Any]:
    """Recordings that were not fitted, and their labels."""
    found, labels, _ = movements(3)
    return found[6:], np.unique(labels, return_inverse=True)[1][6:]


@cache
def report_of(name: str) -> Evaluation:
    """The report on those."""
    return model_of(name).report(*recordings())


@pytest.mark.parametrize("name", MODULES)
def test_parts(name: str, tmp_path: Path) -> None:
    """The model's part is that of a report on rows, the front end's what it says itself."""
    model, found = model_of(name), report_of(name)
    X, y = recordings()
    truth = windows(X, y, None, WINDOW, HOP)[1]
    predicted = model.predict(X)
    assert found.rows == len(predicted) == len(truth)
    assert found.accuracy == accuracy_score(truth, predicted)
    np.testing.assert_array_equal(found.confusion, confusion_matrix(truth, predicted))
    front, behind = found.parts
    alone = model.model.report(model.rows(X), truth)
    assert [behind] == alone.parts and front.name == "front end"
    assert front.bytes == model.front.nbytes and found.device_bytes == model.nbytes
    for machine, architecture in ARCHITECTURES.items():
        assert front.instructions[machine] > 1000
        total = front.instructions[machine] + behind.instructions[machine]
        assert found.instructions[machine] == pytest.approx(total)
        size = modules.path("emlfeatures", architecture).stat().st_size
        assert front.module_bytes[machine] == size
    assert found.module == alone.module and found.module_bytes == alone.module_bytes
    assert front.module == "emlfeatures" and behind.module_bytes == {}
    model.save(tmp_path / "model")
    assert found.file_bytes == (tmp_path / "model").stat().st_size > alone.file_bytes


@pytest.mark.parametrize("name", MODULES)
def test_text(name: str) -> None:
    """Both stand one above the other, with their sums, as do both modules."""
    found = report_of(name)
    lines = str(found).splitlines()
    assert max(map(len, lines)) < 100
    at = next(i for i, line in enumerate(lines) if line.startswith("front end "))
    names = [line.split("  ")[0] for line in lines[at : at + 3]]
    assert names == ["front end", "model", "together"]
    assert lines[at + 4] == "Those of the front end are for 8 new samples, and the window of 16."
    front = found.parts[0]
    sizes = {"emlfeatures": front.module_bytes, found.module: found.module_bytes}
    for machine in ("cortex-m4f", "cortex-m0"):
        together = sum(each[machine] for each in sizes.values())
        assert f"{together:,}".replace(",", " ") in lines[-1]
    for line, module in zip(lines[-3:], [*sizes, "together"], strict=True):
        assert line.split()[0] == (module if module == "together" else f"{module}.mpy")


def test_labels() -> None:
    """One for each recording, for each of its samples, or for each window; items have theirs."""
    model, found = model_of("linear"), report_of("linear")
    X, y = recordings()
    of_samples = [np.full(len(recording), label) for recording, label in zip(X, y, strict=True)]
    items, of_windows, _ = windows(X, y, None, WINDOW, HOP)
    for given, labels in ((X, of_samples), (X, of_windows), (items, of_windows)):
        again = model.report(given, labels)
        np.testing.assert_array_equal(again.confusion, found.confusion)
        assert again.parts[0] == found.parts[0]
    flat = model.report(items.reshape(len(items), -1), of_windows.tolist())
    assert flat.accuracy == found.accuracy


def test_other_models() -> None:
    """Values have R2, detectors two labels."""
    X, y = recordings()
    front = WindowFeatures(WINDOW, HOP, stats=["std", "jerk"])
    items, truth, _ = windows(X, y, None, WINDOW, HOP)
    model = emlmpy.convert(make_pipeline(front, LinearRegression()).fit(items, truth))
    found = model.report(items, truth)
    assert found.r2 == pytest.approx(r2_score(truth, model.predict(items)))
    assert found.classes is None and len(found.parts) == 2
    detector = IsolationForest(n_estimators=10, random_state=1)
    model = emlmpy.convert(make_pipeline(front, detector).fit(items[truth == 0]))
    assert model.report(X, np.where(y == 0, 1, -1)).classes == [-1, 1]


def test_refused() -> None:
    """Labels must fit, and there must be a window."""
    X, y = recordings()
    items, of_windows, _ = windows(X, y, None, WINDOW, HOP)
    model = model_of("linear")
    for wrong in (y[:-1], [], None, "one", of_windows[1:]):
        with pytest.raises(ValueError, match=r"y must be one for each of \d+ windows or \d+ rec"):
            model.report(X, wrong)
        with pytest.raises(ValueError, match=r"y must be one for each of \d+ items"):
            model.report(items, wrong)
    with pytest.raises(ValueError, match="of recording 1 must be one, or one for each of"):
        model.report(X[:2], [y[0], [1, 2]])
    with pytest.raises(ValueError, match="X must have a window"):
        model.report(items[:0], [])
    with pytest.warns(UserWarning, match="shorter"), pytest.raises(ValueError, match="a window"):
        model.report([X[0][:4]], [0])
    with pytest.raises(TypeError, match="must be int16"):
        model.report(items.astype(float), of_windows)
    with pytest.raises(ValueError, match="X must be a list of recordings"):
        model.report(X[0], y)
    with pytest.raises(ValueError, match="must have the shape"):
        model.report([X[0][:, :2]], [0])
