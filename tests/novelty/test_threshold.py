"""emlmpy.threshold: what it promises, and isolation forests that judge by it."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import emlmpy
from emlmpy.trees.model import ForestModel
from machines.machine import Machine


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.29, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("count", [1, 2, 9, 19, 99, 100, 1000, 999])
def test_share(share: float, count: int, seed: int) -> None:
    """At most this share of the scores is below, and one more score would be too much."""
    scores = np.random.default_rng(seed).normal(size=count)
    if round(share * (count + 1), 9) < 1:
        with pytest.raises(ValueError, match=r"needs \d+ scores of held-out rows or more, not"):
            emlmpy.threshold(scores, share)
        return
    found = emlmpy.threshold(scores, share)
    below = np.count_nonzero(scores < found)
    assert found in scores and below / count <= share
    assert (below + 1) / (count + 1) <= share + 1e-12
    assert (below + 2) / (count + 1) > share
    assert emlmpy.threshold(scores.tolist(), share) == found
    assert emlmpy.threshold(scores[::-1], false_alarms=share) == found


def test_smallest_share() -> None:
    """The error says how many scores are needed, and so many are enough."""
    for share in (0.01, 0.03, 0.1, 0.3, 1 / 3, 0.5):
        with pytest.raises(ValueError, match="needs") as error:
            emlmpy.threshold([0.5], share) if share < 0.5 else emlmpy.threshold([0.5], 0.49)
        needed = int(str(error.value).split(" needs ")[1].split()[0])
        share = share if share < 0.5 else 0.49
        assert emlmpy.threshold(np.arange(needed), share) == 0
        with pytest.raises(ValueError, match=f"needs {needed} scores .*, not {needed - 1}"):
            emlmpy.threshold(np.arange(needed - 1.0), share)


def test_equal_scores() -> None:
    """What equals the threshold is not below it."""
    assert emlmpy.threshold([-1.0] * 50 + [0.0] * 50, 0.2) == -1
    assert emlmpy.threshold(np.full(30, -2, np.float32), 0.9) == -2
    assert emlmpy.threshold(np.arange(19, dtype=np.int16), 0.1) == 1


def test_promise_for_new_rows(seed: int, rounds: Callable[[int], int]) -> None:
    """Over many draws, new rows of the same kind are below as often as promised, and no more."""
    generator = np.random.default_rng(seed)
    for share, count in ((0.05, 19), (0.05, 59), (0.2, 33)):
        draws = rounds(4000)
        rates = []
        for _ in range(draws):
            held_out, fresh = generator.lognormal(size=count), generator.lognormal(size=50)
            rates.append(np.mean(fresh < emlmpy.threshold(held_out, share)))
        expected = math.floor(share * (count + 1) + 1e-9) / (count + 1)
        assert expected <= share
        error = np.std(rates) / np.sqrt(draws)
        assert abs(np.mean(rates) - expected) < 5 * error


@pytest.mark.parametrize(
    ("scores", "share", "text"),
    [
        ([], 0.1, r"scores must have the shape \(rows,\), not \(0,\)"),
        (np.zeros((0,), np.float32), 0.1, "scores must have the shape"),
        (np.zeros((20, 1)), 0.1, r"not \(20, 1\)"),
        (np.zeros((1, 20)), 0.1, "scores must have the shape"),
        (0.5, 0.1, r"not \(\)"),
        ([0.0] * 20 + [math.nan], 0.1, "scores must be finite numbers"),
        ([0.0] * 20 + [math.inf], 0.1, "scores must be finite numbers"),
        ([0.0] * 20 + [-math.inf], 0.1, "scores must be finite numbers"),
        (["0.5"] * 20, 0.1, "scores must be finite numbers"),
        ([None] * 20, 0.1, "scores must be finite numbers"),
        ([True] * 20, 0.1, "scores must be finite numbers"),
        ([1j] * 20, 0.1, "scores must be finite numbers"),
        (np.zeros(20), 0, "false_alarms must be above 0 and below 1, not 0"),
        (np.zeros(20), 1, "false_alarms must be above 0 and below 1, not 1"),
        (np.zeros(20), -0.1, "not -0.1"),
        (np.zeros(20), 1.5, "not 1.5"),
        (np.zeros(20), math.nan, "not nan"),
        (np.zeros(20), 5, "not 5"),
        (np.zeros(18), 0.05, "false_alarms=0.05 needs 19 scores of held-out rows or more, not 18"),
        (np.zeros(98), 0.01, "needs 99 scores"),
        (np.zeros(1000), 1e-9, "needs 999999999 scores"),
    ],
)
def test_refused(scores: object, share: float, text: str) -> None:
    """What is no list of scores, and no share."""
    with pytest.raises(ValueError, match=text):
        emlmpy.threshold(scores, share)


def normal_rows() -> np.ndarray:
    """Rows of one kind, in random order."""
    data, labels = load_breast_cancer(return_X_y=True)
    return np.random.default_rng(1).permutation(data[labels == 1])


@pytest.mark.parametrize("behind", [False, True])
def test_isolation_forest(behind: bool, machine: Machine) -> None:
    """A threshold of held-out rows goes into the file, and the device judges by it."""
    data = normal_rows()
    forest = IsolationForest(n_estimators=30, contamination=0.1, random_state=1)
    detector = make_pipeline(StandardScaler(), forest) if behind else forest
    detector.fit(data[:150])
    model = emlmpy.convert(detector)
    assert isinstance(model, ForestModel) and model.threshold == forest.offset_
    assert model.check(data).agreement == 1
    held_out, fresh = data[150:250], data[250:]
    scores = model.score_samples(held_out)
    limit = emlmpy.threshold(scores, false_alarms=0.05)
    model.set_threshold(limit)
    assert model.threshold == limit and limit < forest.offset_
    # As many as were promised, which is fewer than contamination gives.
    assert np.count_nonzero(model.predict(held_out) == -1) == 4
    np.testing.assert_array_equal(model.predict(held_out) == -1, scores < limit)
    np.testing.assert_array_equal(model.predict(fresh) == -1, model.decision_function(fresh) < 0)
    expected = np.where(detector.score_samples(fresh) < limit, -1, 1)
    np.testing.assert_array_equal(model.predict(fresh), expected)
    report = model.check(held_out, np.ones(100))
    assert (report.agreement, report.score) == (1, 0.96)
    script = """
import emltrees
model = emltrees.load("model.csv")
row = model.row()
with open("rows.bin", "rb") as rows:
    while rows.readinto(row):
        print(model.predict(row))
"""
    files = {
        "emltrees.mpy": machine.module("emltrees"),
        "rows.bin": np.float32(fresh[:40]).tobytes(),
    }
    output = machine.run(script, files | {"model.csv": saved(model)})
    assert [int(word) for word in output.split()] == model.predict(fresh[:40]).tolist()
    # The extremes: nothing is below -1, and nearly everything below a score next to 0.
    model.set_threshold(-1)
    assert set(model.predict(data)) == {1}
    model.set_threshold(-1e-9)
    assert set(model.predict(data)) == {-1}


def saved(model: ForestModel) -> bytes:
    """The bytes of the file."""
    return model.twin.data


@pytest.mark.parametrize("value", [0, 0.0, 0.5, -1.0001, -2, math.nan, math.inf, -math.inf])
def test_no_threshold_of_a_forest(value: float) -> None:
    """Scores of isolation forests lie from -1 to below 0."""
    model = emlmpy.convert(IsolationForest(n_estimators=3, random_state=1).fit(normal_rows()))
    before = model.threshold
    with pytest.raises(ValueError, match=r"threshold must be from -1 to below 0, not"):
        model.set_threshold(value)
    assert model.threshold == before


def test_other_forests_have_none() -> None:
    """A classifier judges by votes."""
    model = emlmpy.convert(RandomForestClassifier(3).fit(normal_rows(), np.arange(357) % 2))
    assert model.threshold is None
    with pytest.raises(TypeError, match="RandomForestClassifier has no score_samples"):
        model.set_threshold(-0.5)
