"""Chooses how nearest neighbours of any numbers become int16 features.

The device computes feature = round(x * scale + offset). All features are multiplied by one common
factor, besides what scalers in front of the estimator do with each. So distances between int16
rows are those of scikit-learn times that factor, but for rounding.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emlmpy.pipeline import SCALERS, factors_of

# How many of int16's 65536 steps the items take: rows to predict may lie beyond all items.
SPAN = 49150
# Scales and offsets beyond these could not be computed with on the device.
SMALLEST, LARGEST = 2.0**-100, 2.0**37


def choose(items: NDArray[Any], scalers: list[Any]) -> tuple[NDArray[np.float32], float]:
    """Return scale and offset of each feature, float32 (features, 2), for features before scalers.

    And by what distances between int16 rows are to be divided to be those behind the scalers.

    items: as the estimator has them, behind the scalers, (items, features).
    Raises ValueError, which names the cause, if int16 cannot hold them.
    """
    items = np.asarray(items, np.float64)
    if not np.all(np.isfinite(items)):
        raise ValueError("features must be finite")
    low, high = items.min(axis=0), items.max(axis=0)
    with np.errstate(over="ignore"):
        width = float((high - low).max())
    factor = common_factor(items, width, decimals=not scalers)
    for scaler in scalers:
        if type(scaler) not in SCALERS:
            names = ", ".join(kind.__name__ for kind in SCALERS)
            raise ValueError(
                f"{type(scaler).__name__} is not supported before nearest neighbours: use {names}"
            )
    scale, shift = factors_of(scalers, items.shape[1])
    # Around 0, but by a whole number, which leaves decimal steps whole numbers.
    offset = -np.rint(factor * (low / 2 + high / 2)) + factor * shift
    scale = factor * scale
    sizes = np.abs(scale)
    if not (np.all(sizes >= SMALLEST) and np.all(sizes <= LARGEST)):
        raise ValueError("features must have ranges that a float32 scale can bring to int16")
    if not np.all(np.abs(offset) <= LARGEST):
        raise ValueError("features must not be so far from 0: subtract a constant before fit")
    return np.column_stack([scale, offset]).astype(np.float32), factor


def common_factor(items: NDArray[np.float64], width: float, decimals: bool) -> float:
    """Return what to multiply by, so that the widest feature takes SPAN steps.

    Where all items are multiples of a decimal step, the factor makes whole numbers of them, if
    int16 holds those: then distances are exact, and those that are equal stay so.
    """
    if width == 0:
        width = float(np.abs(items).max()) or 1.0
    for power in range(7 if decimals else 0):
        step = 10**power
        scaled = items * step
        largest = np.abs(scaled).max()
        steps = round(width * step)
        if largest >= 2**24 or steps > SPAN:  # more than a float32 or int16 has digits for
            break
        # Decimals may have been rounded to float32.
        noise = largest * 2.0**-23
        if np.abs(scaled - np.rint(scaled)).max() <= (noise if noise < 0.05 else 0):
            return float(step * (SPAN // max(steps, 1)))
    return SPAN / width


def raw_items(items: NDArray[Any], scalers: list[Any]) -> NDArray[np.float32]:
    """Return items as they are before the scalers."""
    for scaler in reversed(scalers):
        # A copy: a scaler with copy=False overwrites what it is given.
        items = scaler.inverse_transform(np.array(items))
    with np.errstate(over="ignore"):
        return np.asarray(items, np.float32)
