"""Finds the float32 that stands for a threshold where an estimator compares float64.

A device compares float32, and a row that is not of float32 is rounded to nearest on its way there.
Some estimators compare float64: histogram gradient boosting, and whatever is behind a scaler. Let t
be such a threshold, which is no float32, and lie between the float32 numbers d < t < u.

- A row of float32 goes left if it is at most d. So does the device with threshold d.
- A row of float64 that is t itself goes left. If u is nearer, the device gets u for it, and must
  send it left: with threshold u.

Both cannot be had where a row of float32 is u. Which rows there are decides:

- X, if it is given and holds float32 values: d is right for every row of float32.
- Otherwise the borders between the histogram's bins. If they are those of float32 data, d is right.
  Else it is the nearest of d and u: t is a value of the data, or halfway between two of them, where
  another row may be, as 0.2 is halfway between 0.1 and 0.3. But where borders are halfway and only
  a few float32 steps apart, u can be the float32 of the value above, and d is right.
- If X is given, the threshold is then moved to where all rows of X go the right way, so far as they
  differ as float32.

Rows of float64 next to a threshold, nearer than float32 has digits for, can go the other way.
"""

from dataclasses import replace

import numpy as np

from emlmpy.trees.extract import Bins, Ensemble

FLOAT32_SHARE = 0.75  # of borders that fit float32 data makes a feature one
FEW = 8  # float32 steps
WITNESSES = 16  # values that show what sort of data they are


def to_float32(ensemble: Ensemble, X: np.ndarray | None) -> Ensemble:
    """Return the ensemble with thresholds that are float32 numbers, as float64.

    X: rows as the estimator gets them, (rows, features), or None.
    """
    if ensemble.rounds:
        trees = [replace(tree, threshold=below(tree.threshold)) for tree in ensemble.trees]
        return replace(ensemble, trees=trees)
    wanted = ensemble.thresholds()
    found = [
        of_feature(column, ensemble.bins, feature, None if X is None else X[:, feature])
        for feature, column in enumerate(wanted)
    ]
    trees = []
    for tree in ensemble.trees:
        threshold = tree.threshold.copy()
        asks = (tree.left >= 0) & np.isfinite(threshold)
        for feature in np.unique(tree.feature[asks]):
            here = asks & (tree.feature == feature)
            threshold[here] = found[feature][np.searchsorted(wanted[feature], threshold[here])]
        trees.append(replace(tree, threshold=threshold))
    return replace(ensemble, trees=trees)


def of_feature(
    thresholds: np.ndarray, bins: Bins | None, feature: int, column: np.ndarray | None
) -> np.ndarray:
    """Return the float32, as float64, of a feature's thresholds, which are ascending.

    column: the feature's values as the estimator gets them, or None.
    """
    result = below(thresholds)
    if column is not None and holds_float32(column):
        return result
    if bins is not None:
        result = np.where(takes_nearest(thresholds, bins, feature), nearest(thresholds), result)
    if column is None:
        return result
    values = np.unique(column.astype(np.float64))
    bounded = np.concatenate([[-np.inf], values, [np.inf]])
    place = np.searchsorted(bounded, thresholds, side="right")
    last_left = nearest(bounded[place - 1])
    before_right = below(np.nextafter(nearest(bounded[place]), -np.inf))
    limited: np.ndarray = np.maximum(np.minimum(result, before_right), last_left)
    return limited


def holds_float32(column: np.ndarray) -> bool:
    """Whether a feature's values are of type float32, or that many of another that are float32.

    A few values of other data can be float32 by chance, as 0.5 is among steps of 0.1.
    """
    values = np.unique(column).astype(np.float64)
    enough = column.dtype == np.float32 or len(values) >= WITNESSES
    return enough and bool(np.all(values == nearest(values)))


def takes_nearest(thresholds: np.ndarray, bins: Bins, feature: int) -> np.ndarray:
    """Whether the nearest float32 suits each threshold of a feature better than the one below."""
    borders = bins.borders[feature]
    if are_float32(borders):
        return np.zeros(len(thresholds), dtype=bool)
    if len(borders) + 1 == bins.limit:
        return np.ones(len(thresholds), dtype=bool)  # quantiles, most of which are values
    gaps = np.diff(np.concatenate([[-np.inf], borders, [np.inf]]))
    place = np.searchsorted(borders, thresholds)
    return np.minimum(gaps[place], gaps[place + 1]) > FEW * step(thresholds)


def are_float32(borders: np.ndarray) -> bool:
    """Whether borders look like those of float32 data: they are values of it, or halfway between.

    Most of these are whole multiples of half a float32 step, and hardly any of those of other data.
    """
    if len(borders) == 0:
        return True
    half = step(borders) / 2
    # Borders that went through a scaler are off by a few float64 steps.
    off = np.abs(borders - np.rint(borders / half) * half)
    return float(np.mean(off <= 2.0**-40 * np.abs(borders))) > FLOAT32_SHARE


def step(values: np.ndarray) -> np.ndarray:
    """The distance from each number to the next float32, as float64."""
    size = np.maximum(np.abs(values), np.finfo(np.float32).tiny)
    spacing: np.ndarray = np.spacing(size.astype(np.float32))
    return spacing.astype(np.float64)


def as_float32(values: np.ndarray) -> np.ndarray:
    """Round to float32, whatever numpy is told to do about numbers that are too large or small."""
    with np.errstate(over="ignore", under="ignore"):
        return values.astype(np.float32)


def nearest(values: np.ndarray) -> np.ndarray:
    """Round to the nearest float32; returns float64."""
    return as_float32(values).astype(np.float64)


def below(values: np.ndarray) -> np.ndarray:
    """Round down to float32; returns float64."""
    rounded = as_float32(values)
    above = rounded > values
    rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
    return rounded.astype(np.float64)
