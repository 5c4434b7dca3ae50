"""The twin's rows that go down a tree side by side, against single rows, which the device's walk
takes.
"""

from functools import cache

import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)

from emlmpy import convert
from emlmpy.trees.twin import ForestTwin

# Feature type, bytes of a threshold and of a link: a walk of its own each.
WALKS = [
    ("int16", 1, 1),
    ("int16", 1, 2),
    ("int16", 2, 1),
    ("int16", 2, 2),
    ("uint8", 1, 1),
    ("uint8", 1, 2),
    ("float32", 4, 1),
    ("float32", 4, 2),
]
KINDS = {
    "classes": RandomForestClassifier,
    "values": RandomForestRegressor,
    "boosting": GradientBoostingClassifier,
    "histogram boosting": HistGradientBoostingRegressor,
    "isolation": IsolationForest,
}


@cache
def rows_and_classes(feature_type: str, large: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows for training, and classes that hardly depend on them, which makes large trees."""
    rng = np.random.default_rng(seed)
    if feature_type == "float32":
        rows = rng.normal(size=(1200, 6)).astype(np.float32)
    else:
        rows = rng.integers(0, 30000 if large else 100, (1200, 6))
    return rows, (rows[:, 0] > np.median(rows[:, 0])) + rng.integers(0, 4, 1200)


def assert_same(twin: ForestTwin, rows: np.ndarray) -> None:
    """All rows at once and one by one: the same classes, trees used, and bits of the outputs."""
    for run in (twin.classify, twin.predict):
        together = run(rows)
        alone = [run(rows[i : i + 1]) for i in range(len(rows))]
        for found, parts in zip(together, zip(*alone, strict=True), strict=True):
            np.testing.assert_array_equal(
                found.view(np.uint32), np.concatenate(parts).view(np.uint32)
            )


@pytest.mark.parametrize("walk", WALKS, ids=str)
def test_every_walk(walk: tuple[str, int, int], seed: int) -> None:
    """Rows that fill 8 lanes and blocks of 64, and those that are left over."""
    feature_type, threshold_bytes, link_bytes = walk
    rows, classes = rows_and_classes(feature_type, threshold_bytes == 2, seed)
    # Leaves of many rows have proportions of their own, and links of one byte do not reach those.
    size = {"min_samples_leaf": 5} if link_bytes == 2 else {"max_depth": 4}
    forest = RandomForestClassifier(12, random_state=seed, **size).fit(rows, classes)
    twin = convert(forest, feature_type).twin
    assert twin.shape.threshold_bytes == threshold_bytes
    assert twin.shape.link_bytes == link_bytes
    assert [len(found) for found in twin.predict(rows[:0].astype(feature_type))] == [0, 0]
    for n_rows in (1, 7, 8, 9, 63, 64, 65, 203):
        assert_same(twin, rows[:n_rows].astype(feature_type))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: str, seed: int) -> None:
    """Outputs of every kind of model; thresholds that are themselves features."""
    rows, classes = rows_and_classes("float32", True, seed)
    estimator = KINDS[kind](random_state=seed)
    twin = convert(estimator.fit(rows, classes)).twin
    at_thresholds = rows[:203].copy()
    at_thresholds[::3, 1] = -0.0
    at_thresholds[::5, 2] = np.inf
    at_thresholds[::7, 0] = -np.inf
    assert_same(twin, at_thresholds)


@pytest.mark.parametrize("wrong", [0, 5, 8, 71, 202])
def test_first_nan_is_named(wrong: int, seed: int) -> None:
    """Wherever it is; a later one is not."""
    rows, classes = rows_and_classes("float32", True, seed)
    forest = RandomForestClassifier(3, random_state=seed).fit(rows, classes)
    twin = convert(forest).twin
    given = rows[:203].copy()
    given[wrong, 4] = given[202, 1] = np.nan
    for run in (twin.classify, twin.predict):
        with pytest.raises(ValueError, match=f"row {wrong} has a feature that is no number"):
            run(given)
