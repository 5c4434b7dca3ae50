"""What a front end computes, by numpy and scipy in float64."""

import math
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray

INT16 = np.iinfo(np.int16)
Floats = NDArray[np.float64]


def nearest(values: Any) -> NDArray[np.float64]:
    """The nearest whole numbers, halves up, within int16."""
    return np.clip(np.floor(np.asarray(values, np.float64) + 0.5), INT16.min, INT16.max)


def crossings(x: Floats, level: float) -> int:
    """How often x >= level changes."""
    return int(np.count_nonzero(np.diff(x >= level)))


def statistics(x: Floats) -> dict[str, float]:
    """All statistics of a channel, before they are rounded."""
    mean = float(x.mean())
    power = float(np.mean(x**2))
    q25, median, q75 = np.percentile(x, [25, 50, 75])
    moments = np.ptp(x) > 0
    return {
        "mean": mean,
        "std": float(x.std()),
        "rms": math.sqrt(power),
        "mad": float(np.mean(np.abs(x - mean))),
        "min": float(x.min()),
        "max": float(x.max()),
        "range": float(np.ptp(x)),
        "median": float(median),
        "q25": float(q25),
        "q75": float(q75),
        "iqr": float(q75 - q25),
        "skew": 256 * float(scipy.stats.skew(x)) if moments else 0,
        "kurtosis": 256 * float(scipy.stats.kurtosis(x)) if moments else 0,
        "jerk": float(np.mean(np.abs(np.diff(x)))),
        "zero_crossings": crossings(x, 0),
        "mean_crossings": crossings(x, mean),
        "energy": 256 * math.log2(power) if power else -4096,
    }


EXACT = ("min", "max", "range", "zero_crossings", "mean_crossings", "median", "q25", "q75", "iqr")
NAMES = tuple(statistics(np.arange(4.0)))


def powers(x: Floats, n: int, taper: str) -> Floats:
    """The powers of the last n samples, as numpy has them."""
    part = x[-n:]
    part = part - math.floor(part.mean() + 0.5)
    if taper == "hann":
        part = part * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n))
    return np.abs(np.fft.rfft(part)) ** 2


def channels(
    window: NDArray[np.int16], gravity: str | None, magnitude: int, difference: bool
) -> list[Floats]:
    """All channels of a window, (samples, channels), derived ones behind those of the samples."""
    found = [nearest(column.astype(np.float64)) for column in window.T]
    if gravity == "mean":
        found = [nearest(x - nearest(x.mean())) for x in found]
    if magnitude:
        groups = [found[at : at + magnitude] for at in range(0, len(found), magnitude)]
        found = found + [nearest(np.sqrt(sum(x**2 for x in group))) for group in groups]
    if difference:
        found = found + [nearest(np.diff(x, prepend=x[:1])) for x in found]
    return found
