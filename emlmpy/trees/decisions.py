"""Counts the split decisions that a model takes otherwise than its estimator."""

import numpy as np

from emlmpy.trees.extract import Ensemble
from emlmpy.trees.rounding import as_float32


def count(
    ensemble: Ensemble, rows: np.ndarray, limits: list[np.ndarray], device_rows: np.ndarray
) -> tuple[int, int]:
    """Return how many decisions differ, and how many there are on the paths that rows take.

    rows: features as the estimator gets them, (rows, features). limits: for each tree the threshold
    of each node on the device. device_rows: the same rows in the device's units.

    Cost: one step for each row, tree and level.
    """
    if ensemble.rounds:
        rows = as_float32(rows)
    rows, device_rows = rows.astype(np.float64), device_rows.astype(np.float64)
    differing = total = 0
    for tree, limit in zip(ensemble.trees, limits, strict=True):
        node = np.zeros(len(rows), dtype=np.int64)
        walking = np.arange(len(rows))
        while True:
            walking = walking[tree.left[node[walking]] >= 0]
            if len(walking) == 0:
                break
            at = node[walking]
            feature = tree.feature[at]
            left = rows[walking, feature] <= tree.threshold[at]
            device_left = device_rows[walking, feature] <= limit[at]
            differing += int(np.count_nonzero(left != device_left))
            total += len(walking)
            node[walking] = np.where(left, tree.left[at], tree.right[at])
    return differing, total
