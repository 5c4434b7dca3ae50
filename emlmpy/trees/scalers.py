"""Moves scalers into the thresholds of the trees behind them.

A tree behind a scaler asks whether scaled(x) <= t. A scaler keeps the order of a feature's values,
so that this is x <= u, where u is the largest x for which it holds. u is found by bisection with
the scaler's own transform, so that all of its rounding is in it, and the answer is that of the
pipeline for every x.

That is so for rows of float64, ints too, which scikit-learn scales in float64. Rows of float32 it
scales in float32, which rounds otherwise: there a value next to a threshold may go the other way.
"""

import warnings
from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator

from emlmpy.trees.extract import FLOAT32_MAX, Ensemble
from emlmpy.trees.rounding import nearest

ROWS = 4096  # that are scaled at once


def fold(ensemble: Ensemble, scalers: list[BaseEstimator]) -> Ensemble:
    """Return the ensemble with thresholds for features as they are in front of the scalers.

    It compares float64. A threshold that all values in float32's range are below is inf, one that
    none is below -inf. Raises ValueError if a scaler does not keep the order of values.
    """
    if not scalers:
        return ensemble
    bins = ensemble.bins
    wanted = ensemble.thresholds()
    if bins is not None:
        wanted = [np.union1d(*pair) for pair in zip(wanted, bins.borders, strict=True)]
    found = unscaled(wanted, scalers, ensemble.rounds)
    trees = []
    for tree in ensemble.trees:
        threshold = tree.threshold.copy()
        for feature in np.unique(tree.feature[tree.left >= 0]):
            here = (tree.left >= 0) & (tree.feature == feature)
            threshold[here] = found[feature][np.searchsorted(wanted[feature], threshold[here])]
        trees.append(replace(tree, threshold=threshold))
    if bins is not None:
        borders = [
            after[np.searchsorted(before, old)]
            for before, after, old in zip(wanted, found, bins.borders, strict=True)
        ]
        bins = replace(bins, borders=[column[np.isfinite(column)] for column in borders])
    return replace(ensemble, trees=trees, bins=bins, rounds=False, halfway=False)


def unscaled(
    thresholds: list[np.ndarray], scalers: list[BaseEstimator], rounds: bool
) -> list[np.ndarray]:
    """Return the largest float64 of each feature that is scaled to at most each threshold.

    rounds: scaled values are rounded to float32 before they are compared.
    """
    table = np.full((max(map(len, thresholds)), len(thresholds)), np.nan)
    for feature, column in enumerate(thresholds):
        table[: len(column), feature] = column
    result = np.empty_like(table)
    for start in range(0, len(table), ROWS):
        rows = slice(start, start + ROWS)
        result[rows] = bisect(table[rows], scalers, rounds)
    return [result[: len(column), feature] for feature, column in enumerate(thresholds)]


def bisect(thresholds: np.ndarray, scalers: list[BaseEstimator], rounds: bool) -> np.ndarray:
    """Return the same for an array of (n, features), where nan asks nothing."""
    low = order_key(np.full(thresholds.shape, -FLOAT32_MAX))
    high = order_key(np.full(thresholds.shape, FLOAT32_MAX))

    def goes_left(key: np.ndarray) -> np.ndarray:
        return scaled(from_order_key(key), scalers, rounds) <= thresholds

    none, all_of_them = ~goes_left(low), goes_left(high)
    while np.any(high - 1 > low):
        middle = (low & high) + ((low ^ high) >> 1)  # the sum of both could overflow
        left = goes_left(middle)
        low, high = np.where(left, middle, low), np.where(left, high, middle)
    result = from_order_key(low)
    check_order(result, scalers)
    return np.where(all_of_them, np.inf, np.where(none, -np.inf, result))


def check_order(values: np.ndarray, scalers: list[BaseEstimator]) -> None:
    """Raise ValueError if scaling changes the order of each column's values, or of all numbers."""
    ladder = np.geomspace(1e-30, 1e30, 121)
    ladder = np.concatenate([-ladder[::-1], [0.0], ladder])
    rungs = np.repeat(ladder[:, np.newaxis], values.shape[1], axis=1)
    steps = np.diff(scaled(np.sort(np.vstack([values, rungs]), axis=0), scalers, False), axis=0)
    if not np.all(steps >= 0):
        raise ValueError("scalers must keep the order of values: their scale_ must be above 0")


def scaled(rows: np.ndarray, scalers: list[BaseEstimator], rounds: bool) -> np.ndarray:
    """Return what the estimator behind the scalers compares, float64."""
    with warnings.catch_warnings(), np.errstate(over="ignore", under="ignore"):
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        for scaler in scalers:
            # A copy, since a scaler with copy=False overwrites what it is given.
            rows = np.array(scaler.transform(np.array(rows)), dtype=np.float64)
        return nearest(rows) if rounds else rows


def order_key(values: np.ndarray) -> np.ndarray:
    """Return int64 in the order of these float64, neighbours next to each other."""
    bits = values.view(np.int64)
    return np.where(bits >= 0, bits, np.iinfo(np.int64).min - bits)


def from_order_key(keys: np.ndarray) -> np.ndarray:
    """Return the float64 of these keys."""
    return np.where(keys >= 0, keys, np.iinfo(np.int64).min - keys).view(np.float64)
