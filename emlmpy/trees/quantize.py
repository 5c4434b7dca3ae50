"""Chooses the device's feature type, and fits thresholds to it.

A device feature is an int16, a uint8 or a float32. Where an integer type is asked for and the
estimator's features are no such integers, the file carries a scale and an offset for each, and the
device computes

    feature = round(x * scale + offset), half away from zero, saturated

with float32 scale and offset, and an exact product. The thresholds alone decide on both: those of
a feature are spread over the whole type. What lies beyond them may saturate, because no split asks
about it.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from emlmpy.trees import rounding
from emlmpy.trees.extract import Ensemble
from emlmpy.trees.format import FeatureType, Kind

# Features as the file numbers them.
FEATURE_TYPES = tuple(kind.name.lower() for kind in FeatureType)

# How many thresholds, or values of X, must agree that features are whole numbers. Of data in steps
# of 0.1, fewer than a fifth of the thresholds are multiples of 0.5.
WITNESSES = 8
# Quantiles of whole numbers are nearly all whole, or nearly all halfway between two whole numbers.
QUANTILES = 64
SHARE = 0.75


@dataclass
class FeatureMap:
    """How an estimator's features become those of the device."""

    dtype: np.dtype
    scale: np.ndarray | None  # float32, (features, 2): scale and offset; None: features as they are
    on_values: bool = False  # thresholds are values that features have

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value of a feature on the device."""
        info = np.finfo(self.dtype) if self.dtype.kind == "f" else np.iinfo(self.dtype)
        return float(info.min), float(info.max)

    def threshold(self, feature: np.ndarray, threshold: np.ndarray) -> np.ndarray:
        """Return the thresholds on the device, for `device feature <= threshold`; float64.

        One below the lowest value of the feature type lets nothing go left, and one at or above
        the highest lets everything.
        """
        if self.dtype.kind == "f":
            return rounding.below(threshold) + 0.0  # -0.0 becomes 0.0
        if self.scale is None:
            return np.asarray(np.floor(threshold) + 0.0)
        low, high = self.range
        scale, offset = self.scale[feature].astype(np.float64).T
        finite = np.isfinite(threshold)
        everywhere = np.where(threshold > 0, high, low - 1)
        threshold = np.where(finite, threshold, 0.0)
        border = threshold * scale + offset
        # The device rounds, so that floor puts the border nearest to the threshold. Features that
        # are equal to the threshold must stay left of it, though.
        chosen = np.floor(border + 0.5) if self.on_values else np.floor(border)
        # A feature of decimal steps may be the threshold but for float32's rounding. It goes left
        # unless it was rounded up.
        nearest = np.rint(border)
        value = rounding.as_float32((nearest - offset) / scale)
        same = np.abs(value - threshold) <= 2.0**-23 * np.abs(threshold)
        chosen = np.where(same, nearest - (value > threshold), chosen)
        return np.where(finite, np.clip(chosen, low, high - 1), everywhere) + 0.0


def feature_type(ensemble: Ensemble, features: str, X: np.ndarray | None) -> str:
    """Return the device's feature type: features itself, or what 'auto' finds.

    'auto' is int16 only where that changes no decision, because features are whole numbers in its
    range, and float32, which is exact for any data, in case of doubt. Features are whole numbers if

    - X, if it is given, holds nothing else, and no threshold speaks against it: all are in range,
      and those that lie halfway between values are multiples of 0.5; if they lie elsewhere, X has
      WITNESSES different values or more, counted for each feature;
    - without X, there are WITNESSES thresholds or more, which lie halfway, and all are like this.

    It is never uint8: a model of int16 features takes no more bytes if its thresholds lie in
    0..255, and an array('B') on the device keeps the low 8 bits of a larger value without a word.

    Raises ValueError for an unknown feature type.
    """
    if features in FEATURE_TYPES:
        return features
    if features != "auto":
        names = ", ".join(("auto", *FEATURE_TYPES))
        raise ValueError(f"features must be one of {names}, not {features!r}")
    limits = np.iinfo(np.int16)
    thresholds = np.concatenate(ensemble.thresholds())
    whole = bool(np.all((limits.min <= thresholds) & (thresholds <= limits.max)))
    if ensemble.halfway:
        whole = whole and bool(np.all(2 * thresholds == np.floor(2 * thresholds)))
    if X is None:
        whole = whole and ensemble.halfway and len(thresholds) >= WITNESSES
        whole = whole and not any(map(are_steps, ensemble.bins.borders if ensemble.bins else []))
    else:
        enough = ensemble.halfway or sum(len(np.unique(column)) for column in X.T) >= WITNESSES
        whole = whole and enough and fits(X, np.dtype(np.int16))
    return "int16" if whole else "float32"


def are_steps(borders: np.ndarray) -> bool:
    """Whether many borders of a histogram, multiples of 0.5, could be values in steps of 0.5.

    Where a feature has more values than bins, borders are values, and half of these are whole.
    """
    whole = np.mean(borders == np.floor(borders)) if len(borders) >= QUANTILES else 1.0
    return bool(1 - SHARE < whole < SHARE)


def choose(ensemble: Ensemble, features: str, X: np.ndarray | None) -> FeatureMap:
    """Choose how features become those of the device.

    features: one of FEATURE_TYPES. X: rows as the estimator gets them, or None; it says whether
    the features are integers already. Without it, thresholds that are all multiples of 0.5 say so.

    Warns, without X, when an integer type cannot hold all thresholds of a feature apart.
    """
    dtype = np.dtype(features)
    thresholds = [distinct(found) for found in ensemble.thresholds()]
    if dtype.kind == "f" or are_integers(thresholds, dtype, X):
        return FeatureMap(dtype, None)
    scale = np.array([scale_and_offset(found, dtype) for found in thresholds], dtype=np.float32)
    # The histograms' borders are training values, where there are many; others lie between two.
    result = FeatureMap(dtype, scale, on_values=ensemble.kind == Kind.HIST_BOOSTING)
    wanted = sum(map(len, thresholds))
    kept = sum(
        len(np.unique(result.threshold(np.full(len(found), feature), found)))
        for feature, found in enumerate(thresholds)
    )
    if kept < wanted and X is None:
        warnings.warn(
            f"{features} features keep {kept} of {wanted} thresholds apart; check(X) tells how "
            "many split decisions that changes, and features='float32' changes none",
            stacklevel=4,
        )
    return result


def are_integers(thresholds: list[np.ndarray], dtype: np.dtype, X: np.ndarray | None) -> bool:
    """Whether the estimator's features are integers that the device's type holds."""
    if X is not None:
        return fits(X, dtype)
    # scikit-learn puts a threshold halfway between two values.
    doubled = 2 * np.concatenate(thresholds)
    inside = np.all((doubled >= 2 * np.iinfo(dtype).min) & (doubled <= 2 * np.iinfo(dtype).max))
    return len(doubled) > 0 and bool(inside) and bool(np.all(doubled == np.floor(doubled)))


def fits(X: np.ndarray, dtype: np.dtype) -> bool:
    """Whether all values are whole numbers that this integer type holds."""
    return not np.any(misfits(X, dtype))


def misfits(X: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Which values are no whole numbers that this integer type holds: bools, as X is."""
    X = np.asarray(X, dtype=np.float64)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return np.asarray(~((low <= X) & (high >= X) & (np.floor(X) == X)))


def scale_and_offset(thresholds: np.ndarray, dtype: np.dtype) -> tuple[float, float]:
    """Spread one feature's distinct thresholds, ascending, over the integer type."""
    if len(thresholds) == 0:
        return 1.0, 0.0  # the feature is never asked about
    on_grid = decimal_scale_and_offset(thresholds, dtype)
    if on_grid is not None:
        return on_grid
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    first, last = thresholds[0], thresholds[-1]
    largest = max(abs(first), abs(last), 1e-30)
    # Finer than the features' own float32 would be in vain.
    scale = min((high - low - 2) / max(last - first, 1e-30), 2**24 / largest)
    while True:  # until the range holds them with the offset that float32 makes of it
        scale = float(np.float32(scale))
        offset = float(np.float32((low + high - scale * (first + last)) / 2))
        if low <= first * scale + offset and last * scale + offset < high:
            return scale, offset
        scale /= 2


def decimal_scale_and_offset(thresholds: np.ndarray, dtype: np.dtype) -> tuple[float, float] | None:
    """Keep decisions on decimal numbers, such as readings in steps of 0.1, exact.

    Each such number becomes an integer, and a threshold halfway between two of them lies halfway
    between two integers too. None if the thresholds are no multiples of half a decimal step, or
    are too many steps apart for the type.
    """
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    for digits in range(7):
        doubled = 2 * 10**digits * thresholds
        noise = np.abs(doubled).max() * 2.0**-23  # the data were rounded to float32
        if noise > 0.05:
            break
        steps = np.rint(doubled) / 2
        if np.abs(doubled - 2 * steps).max() > noise:
            continue
        # How many integers a step takes: an odd number, to keep halves; few enough that float32
        # holds scale, offset and product exactly or nearly so.
        fine = min(
            (high - low - 1) // max(steps[-1] - steps[0], 1),
            2**24 // 10**digits,
            2**18 // max(np.abs(steps).max(), 1),
        )
        if fine < 1:
            break
        fine -= (fine + 1) % 2
        offset = np.rint((low + high - fine * (steps[0] + steps[-1])) / 2)
        return float(fine * 10**digits), float(offset)
    return None


def distinct(thresholds: np.ndarray) -> np.ndarray:
    """Drop thresholds, ascending, that are the next one but for float32's rounding."""
    new: np.ndarray = np.diff(thresholds, prepend=-np.inf) > 2.0**-22 * np.abs(thresholds)
    return np.asarray(thresholds[new])
