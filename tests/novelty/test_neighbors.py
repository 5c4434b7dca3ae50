"""NearestNeighbors and LocalOutlierFactor on emlknn, against scikit-learn, on every machine."""

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

import emlmpy
from emlmpy import knn
from emlmpy.knn import KnnModel, NoveltyModel, convert_novelty
from emlmpy.knn import twin as knn_twin
from machines.machine import Machine

Detector = NearestNeighbors | LocalOutlierFactor


def scores_of(detector: Any, rows: np.ndarray) -> np.ndarray:
    """scikit-learn's scores of rows, with any scalers in front."""
    if hasattr(detector, "steps"):
        for _, scaler in detector.steps[:-1]:
            rows = scaler.transform(rows)
        detector = detector.steps[-1][1]
    if isinstance(detector, LocalOutlierFactor):
        return detector.score_samples(rows)
    return -detector.kneighbors(rows)[0].mean(axis=1)


def without_ties(items: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Which rows have k neighbours that no other item replaces at the same distance."""
    squared = np.sort(
        ((rows[:, None].astype(np.int64) - items.astype(np.int64)) ** 2).sum(2), axis=1
    )
    return squared[:, k - 1] < squared[:, k]


DETECTORS = {
    "nearest": lambda: NearestNeighbors(n_neighbors=5),
    "nearest-1": lambda: NearestNeighbors(n_neighbors=1, algorithm="brute"),
    "factor": lambda: LocalOutlierFactor(n_neighbors=7, novelty=True),
    "factor-1": lambda: LocalOutlierFactor(n_neighbors=1, novelty=True, contamination=0.2),
    "factor-all": lambda: LocalOutlierFactor(n_neighbors=1000, novelty=True),
}


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("high", [20, 3000, 32767])
@pytest.mark.parametrize("n_features", [1, 3, 40])
def test_whole_numbers(name: str, high: int, n_features: int, seed: int) -> None:
    """Scores are scikit-learn's but for float32, and so is predict."""
    generator = np.random.default_rng(seed)
    data = generator.integers(-high, high, (400, n_features), endpoint=True)
    items, rows = data[:150], data[150:]
    if name in ("factor", "factor-1", "nearest"):
        rows[:20] = items[:20]  # at distance 0 of an item
    detector = DETECTORS[name]().fit(items)
    model = emlmpy.convert(detector)
    assert isinstance(model, NoveltyModel) and model.scale is None
    rows = rows[without_ties(items, rows, model.n_neighbors)]
    if len(rows) == 0:
        pytest.skip("other items are as near as the last neighbour of every row")
    expected = scores_of(detector, rows)
    # scikit-learn's fast squares lose digits next to an item.
    np.testing.assert_allclose(model.score_samples(rows), expected, rtol=2e-6, atol=2e-4)
    np.testing.assert_allclose(model.novelty(rows), -expected, rtol=2e-6, atol=2e-4)
    if isinstance(detector, LocalOutlierFactor):
        assert model.threshold == pytest.approx(detector.offset_, rel=1e-6)
        clear = np.abs(expected - detector.offset_) > 1e-4
        np.testing.assert_array_equal(model.predict(rows)[clear], detector.predict(rows)[clear])
    model.set_threshold(np.median(expected))
    report = model.check(rows, np.ones(len(rows)))
    assert report.agreement == 1 and report.what == "scores" and report.largest_error < 1
    assert report.score == report.expected_score == np.mean(model.predict(rows) == 1)


@pytest.mark.parametrize("scaler", [None, StandardScaler(), MinMaxScaler((-2, 5)), RobustScaler()])
@pytest.mark.parametrize("name", ["nearest", "factor"])
def test_any_numbers(name: str, scaler: Any, seed: int) -> None:
    """Behind scalers distances have scikit-learn's unit; rounding to int16 changes little."""
    generator = np.random.default_rng(seed)
    data = generator.normal(size=(500, 8)) * 10.0 ** generator.integers(-3, 4) - 3
    detector = make_pipeline(scaler, DETECTORS[name]()) if scaler else DETECTORS[name]()
    detector.fit(data[:200])
    model = emlmpy.convert(detector)
    assert model.scale is not None
    inside = np.all((data[200:] > data[:200].min(0)) & (data[200:] < data[:200].max(0)), axis=1)
    rows = data[200:][inside]
    expected = scores_of(detector, rows)
    np.testing.assert_allclose(model.score_samples(rows), expected, rtol=3e-4)
    assert np.median(np.abs(model.score_samples(rows) / expected - 1)) < 5e-5
    model.set_threshold(emlmpy.threshold(model.score_samples(rows), false_alarms=0.1))
    assert model.check(rows).agreement > 0.99
    assert 0.05 < np.mean(model.predict(rows) == -1) <= 0.1
    # A row far away is beyond int16, and novel even so.
    assert model.predict(data[:1] + 1e9 * np.abs(data[:1])).tolist() == [-1]


def test_repeated_rows() -> None:
    """Items on the same place have k-distances of 0, and densities of 1e10 in scikit-learn."""
    items = np.repeat([[0, 0], [100, 0], [0, 300]], [12, 4, 9], axis=0)
    detector = LocalOutlierFactor(n_neighbors=5, novelty=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions warn of them
        detector.fit(items)
    rows = np.array([[0, 0], [1, 0], [0, 300], [100, 0], [7, 290]])
    model = emlmpy.convert(detector)
    np.testing.assert_allclose(model.score_samples(rows), detector.score_samples(rows), rtol=1e-4)
    np.testing.assert_array_equal(model.predict(rows), detector.predict(rows))
    assert model.score_samples(rows)[0] == -1


def test_why_not_contamination() -> None:
    """What a model scores among rows that it knows says little of new ones: README's reason."""
    data, labels = load_breast_cancer(return_X_y=True)
    normal = StandardScaler().fit_transform(data[labels == 1])
    rates = []
    for state in range(10):
        train, rest = train_test_split(normal, train_size=0.3, random_state=state)
        held_out, fresh = train_test_split(rest, train_size=0.5, random_state=state)
        detector = NearestNeighbors(n_neighbors=3).fit(train)
        model = emlmpy.convert(detector)
        by_training = emlmpy.threshold(model.score_samples(train), 0.05)
        by_held_out = emlmpy.threshold(model.score_samples(held_out), 0.05)
        found = []
        for limit in (by_training, by_held_out):
            model.set_threshold(limit)
            found.append(np.mean(model.predict(fresh) == -1))
        rates.append(found)
    by_training, by_held_out = np.mean(rates, axis=0)
    assert by_training > 2.5 * 0.05 and by_held_out < 1.5 * 0.05


def digits_models() -> dict[str, tuple[NoveltyModel, np.ndarray]]:
    """Models of small files, and rows for them."""
    data = np.random.default_rng(3).permutation(load_digits().data)[:, 20:36]
    cancer = np.random.default_rng(3).permutation(load_breast_cancer().data)[:, :10]
    found = {}
    for name in ("nearest", "factor"):
        found[name] = (emlmpy.convert(DETECTORS[name]().fit(data[:60])), np.int16(data[60:90]))
        detector = make_pipeline(StandardScaler(), DETECTORS[name]()).fit(cancer[:60])
        found[f"{name}-scaled"] = (emlmpy.convert(detector), np.float32(cancer[60:90]))
    for model, rows in found.values():
        model.set_threshold(emlmpy.threshold(model.score_samples(rows), false_alarms=0.3))
    return found


@pytest.mark.cases("name", ["nearest", "nearest-scaled", "factor", "factor-scaled"])
def test_on_the_device(name: str, machine: Machine) -> None:
    """The device gives the PC's bits, and saves what it has loaded."""
    model, rows = digits_models()[name]
    script = """
import array, emlknn, struct
model = emlknn.load("model.csv")
row = model.row()
print(struct.pack("<f", model.threshold).hex(), model.nbytes)
with open("rows.bin", "rb") as rows:
    while rows.readinto(row):
        answer = model.predict(row)
        assert answer == (-1 if -model.novelty(row) < model.threshold else 1)
        print(answer, struct.pack("<f", model.novelty(row)).hex())
model.save("again.csv")
with open("again.csv") as again, open("model.csv") as file:
    print(again.read() == file.read())
try:
    model.removeitem(0)
    print("removed", len(model))
except ValueError as error:
    print(error)
"""
    files = {
        "emlknn.mpy": machine.module("emlknn"),
        "model.csv": model.encode(),
        "rows.bin": rows.tobytes(),
    }
    first, *lines, same, removed = machine.run(script, files).splitlines()
    limit, nbytes = first.split()
    assert limit == np.float32(model.threshold).tobytes().hex() and same == "True"
    object_bytes = int(nbytes) - model.nbytes
    assert object_bytes in (56, 96)  # of pointers with 32 or 64 bits
    expected = [
        f"{answer} {novelty.tobytes().hex()}"
        for answer, novelty in zip(model.predict(rows), model.novelty(rows), strict=True)
    ]
    assert lines == expected and {line.split()[0] for line in lines} == {"1", "-1"}
    learns = removed == "removed 59"
    assert learns == name.startswith("nearest") and (learns or "one that learns" in removed)


def test_learning_on_the_device(machine: Machine) -> None:
    """A board learns what is normal, finds a threshold as emlmpy.threshold does, and judges."""
    generator = np.random.default_rng(5)
    data = generator.normal(0, 300, (120, 4)).astype(np.int16)
    script = """
import array, emlknn
model = emlknn.new(80, 4, 3)
row = model.row()
novelties = []
with open("rows.bin", "rb") as rows:
    for i in range(120):
        rows.readinto(row)
        if i < 80:
            model.additem(row, 0)
        else:
            novelties.append(model.novelty(row))
model.threshold = -sorted(novelties)[-2]
row[0] = 5000
print(model.threshold, model.predict(row))
model.save("model.csv")
model = emlknn.load("model.csv")
print(model.threshold, model.predict(row))
with open("rows.bin", "rb") as rows:
    print(sum(rows.readinto(row) > 0 and model.predict(row) == -1 for i in range(120)))
"""
    files = {"emlknn.mpy": machine.module("emlknn"), "rows.bin": data.tobytes()}
    first, again, alarms = machine.run(script, files).splitlines()
    scores = scores_of(NearestNeighbors(n_neighbors=3).fit(data[:80]), data[80:])
    assert float(first.split()[0]) == pytest.approx(emlmpy.threshold(scores, 0.05), rel=1e-6)
    assert first == again and first.endswith(" -1") and alarms == "1"


def small(**arguments: Any) -> NoveltyModel:
    """A model of NearestNeighbors."""
    data = np.arange(24).reshape(12, 2) % 7
    return convert_novelty(NearestNeighbors(n_neighbors=2).fit(data), **arguments)


def test_without_a_threshold(tmp_path: Path) -> None:
    """Scores there are, but no judgement, and no file."""
    model = small()
    rows = np.array([[1, 2], [90, 90]])
    assert model.threshold is None and model.score_samples(rows).shape == (2,)
    assert repr(model) == (
        "<NoveltyModel of NearestNeighbors: 12 items of 2 features, 2 neighbours, no threshold>"
    )
    for call in (
        lambda: model.predict(rows),
        lambda: model.decision_function(rows),
        lambda: model.check(rows),
        lambda: model.save(tmp_path / "model.csv"),
    ):
        with pytest.raises(
            ValueError, match=r"model must have a threshold: model\.set_threshold\("
        ):
            call()
    assert not list(tmp_path.iterdir())
    model.set_threshold(-5)
    model.save(tmp_path / "model.csv", max_items=20, ring=True)
    assert model.predict(rows).tolist() == [1, -1] and model.decision_function(rows)[1] < 0
    assert "threshold -5>" in repr(model)
    found = knn.describe((tmp_path / "model.csv").read_bytes())
    assert (found["kind"], found["threshold"]) == ("novelty", "-5") and "labels" not in found
    assert found == model.describe() | {"room for items": 20, "ring": "yes"} | {
        "device bytes": found["device bytes"]
    }
    assert small(threshold=-3).threshold == -3
    assert isinstance(model, KnnModel)


@pytest.mark.parametrize("value", [1, 1e-30, math.nan, math.inf, -math.inf, -1e39, 0.5])
def test_no_threshold(value: float) -> None:
    """Thresholds are at most 0 and finite, as the device demands in the same words."""
    model = small(threshold=-5)
    for call in (model.set_threshold, lambda value: setattr(model.twin, "threshold", value)):
        with pytest.raises(ValueError, match="threshold must be at most 0, and finite"):
            call(value)
    assert model.threshold == model.twin.threshold == -5
    with pytest.raises(ValueError, match="threshold must be at most 0, and finite, not"):
        small(threshold=value)


def test_threshold_zero() -> None:
    """Then only what equals the items is normal."""
    model = small(threshold=0)
    assert model.predict(model.features[:5] * 0 + 100).tolist() == [-1] * 5
    assert model.threshold == 0 and model.twin.threshold == 0
    single = convert_novelty(NearestNeighbors(n_neighbors=1).fit(model.features), threshold=-0.0)
    assert set(single.predict(single.features)) == {1}


CANCER = load_breast_cancer().data[:40]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: LocalOutlierFactor(5).fit(CANCER), "must have novelty=True to judge new rows"),
        (lambda: LocalOutlierFactor(5, novelty=True, metric="manhattan").fit(CANCER), "Euclidean"),
        (lambda: LocalOutlierFactor(5, novelty=True, p=3).fit(CANCER), "a Euclidean metric"),
        (lambda: NearestNeighbors(metric="cosine").fit(CANCER), "with a Euclidean metric"),
        (lambda: NearestNeighbors(metric="precomputed").fit(np.eye(5)), "a Euclidean metric"),
        (lambda: NearestNeighbors(n_neighbors=41).fit(CANCER), "items must be n_neighbors to"),
        (lambda: NearestNeighbors().fit(csr_matrix(CANCER)), "must be fitted on dense rows"),
        (lambda: NearestNeighbors().fit(CANCER * 1e-40), "features must have ranges that"),
        (lambda: LocalOutlierFactor(5, novelty=True).fit(csr_matrix(CANCER)), "dense rows"),
        (lambda: NearestNeighbors().fit(np.zeros((20, 4097))), "features must have 1 to 4096"),
    ],
)
def test_refused(make: Callable[[], Detector], text: str) -> None:
    """What the device could not stand for."""
    with pytest.raises(ValueError, match=text):
        emlmpy.convert(make())


def test_options_are_for_others() -> None:
    """Convert's options are for other families; those of convert_novelty are checked."""
    detector = NearestNeighbors().fit(CANCER)
    for arguments in ({"features": "float32"}, {"vote": "hard"}, {"X": CANCER}):
        with pytest.raises(ValueError, match="nearest neighbours take no features, vote"):
            emlmpy.convert(detector, **arguments)
    with pytest.raises(ValueError, match="features must be auto, int16 or float32, not 'uint8'"):
        convert_novelty(detector, features="uint8")
    with pytest.raises(ValueError, match="features='int16' is not possible behind scalers"):
        convert_novelty(detector, [StandardScaler().fit(CANCER)], features="int16")
    rounded = NearestNeighbors().fit(np.rint(CANCER))
    model = convert_novelty(rounded, features="float32", threshold=-1)
    assert model.scale is not None and convert_novelty(rounded).scale is None
    np.testing.assert_allclose(
        model.score_samples(CANCER), scores_of(rounded, CANCER), rtol=0.01, atol=0.3
    )


def test_rows() -> None:
    """Rows are checked as those of all models are."""
    frame = pd.DataFrame(CANCER[:, :2], columns=["a", "b"])
    model = convert_novelty(LocalOutlierFactor(5, novelty=True).fit(frame))
    assert model.feature_names == ["a", "b"]
    for method in (model.predict, model.score_samples, model.novelty, model.check):
        with pytest.raises(ValueError, match="shape"):
            method(CANCER[:, :3])
        with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
            method(frame[["b", "a"]])
        with pytest.raises(ValueError, match="nan"):
            method(pd.DataFrame({"a": [math.nan], "b": [1.0]}))
    assert model.check(frame).agreement == 1
    with pytest.raises(ValueError, match="X must have a row"):
        model.check(frame[:0])


def test_factors_do_not_learn(tmp_path: Path) -> None:
    """Densities are those of the items of fit: there is no room for others."""
    model = convert_novelty(LocalOutlierFactor(5, novelty=True).fit(CANCER))
    for arguments in ({"max_items": 41}, {"ring": True}, {"max_items": 39}):
        with pytest.raises(ValueError, match="takes no max_items or ring: it cannot learn"):
            model.save(tmp_path / "model.csv", **arguments)
    model.save(tmp_path / "model.csv", max_items=40)
    data = (tmp_path / "model.csv").read_bytes()
    assert knn.describe(data) == model.describe()
    assert model.describe()["kind"] == "local outlier factor"
    assert model.nbytes == 8 * 5 + 40 * (2 * 30 + 4 + 4) + 10 * 30 + 4
    assert knn.sign(data) == data
    with pytest.raises(ValueError, match="model must not be full"):
        model.twin.additem(knn_twin.array("h", [0] * 30), 1.0)


def test_flipped_bits(seed: int) -> None:
    """No single bit of a file can be inverted so that it loads as another model."""
    generator = np.random.default_rng(seed)
    for model, _ in digits_models().values():
        data = model.encode()
        for bit in generator.integers(8 * len(data), size=300).tolist():
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ValueError):
                knn.describe(bytes(flipped))
