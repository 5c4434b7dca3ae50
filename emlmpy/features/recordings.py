"""Recordings as users have them: brought to int16, and cut into windows with labels."""

import math
import warnings
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int16 = NDArray[np.int16]
LIMITS = np.iinfo(np.int16)
MIXED = ("majority", "drop", "refuse")


@overload
def to_int16(X: NDArray[Any], unit: float) -> Int16: ...
@overload
def to_int16(X: Sequence[Any], unit: float) -> list[Int16]: ...
def to_int16(X: Any, unit: float) -> Int16 | list[Int16]:
    """Return samples as int16: whole numbers of a unit, the nearest, halves up.

    X: an array of any shape, or a list of arrays, such as recordings.
    unit: what a count stands for, such as 0.001 g: positive. Give it to WindowFeatures, too, which
        keeps it in the file. A board's sensor has to give the same counts.

    Raises ValueError for NaN, for infinity, and for samples beyond int16, with a unit that would
    fit; TypeError for what holds no numbers.

    >>> to_int16(np.array([[0.25, -1.0, 0.0004]]), unit=0.001)
    array([[  250, -1000,     0]], dtype=int16)
    """
    require_unit(unit)
    is_list = isinstance(X, (list, tuple)) and any(np.ndim(part) for part in X)
    parts = [as_floats(part) for part in (X if is_list else [X])]
    counts = [np.floor(part / unit + 0.5) for part in parts]
    low = min((float(part.min()) for part in counts if part.size), default=0.0)
    high = max((float(part.max()) for part in counts if part.size), default=0.0)
    if low < LIMITS.min or high > LIMITS.max:
        worst = low if low < LIMITS.min else high
        raise ValueError(
            f"samples must lie within int16, {unit * LIMITS.min:.6g} to {unit * LIMITS.max:.6g} "
            f"with a unit of {unit:.6g}, not reach {worst * unit:.6g}: a unit of "
            f"{rounded_up(unit * max(low / LIMITS.min, high / LIMITS.max)):.3g} would fit"
        )
    found = [part.astype(np.int16) for part in counts]
    return found if is_list else found[0]


def as_floats(samples: Any) -> NDArray[np.float64]:
    """Return samples as finite float64. Raises TypeError or ValueError for what is no such."""
    given = np.asarray(samples)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"samples must be numbers, not {given.dtype}")
    floats = given.astype(np.float64)
    if not np.all(np.isfinite(floats)):
        raise ValueError("samples must not be NaN or infinite")
    return floats


def require_unit(unit: Any) -> None:
    """Raise TypeError or ValueError unless unit is a positive finite number."""
    require_positive("unit", unit)


def require_positive(name: str, value: Any) -> None:
    """Raise TypeError or ValueError unless value is a positive finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite, not {value}")


def rounded_up(value: float) -> float:
    """Return the next number of three digits."""
    digit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return math.ceil(value / digit * (1 + 1e-12)) * digit


def require_int16(samples: Any, what: str = "samples") -> Int16:
    """Return samples as an array. Raises TypeError unless they are int16."""
    array = np.asarray(samples)
    if array.dtype != np.int16:
        raise TypeError(
            f"{what} must be int16, not {array.dtype}: to_int16(X, unit) brings them there"
        )
    return array


def as_recordings(X: Any, n_channels: int | None = None) -> list[Int16]:
    """Return recordings as arrays, each (samples, channels).

    n_channels: how many there must be; None for as many as the first recording has. Raises
    TypeError or ValueError, with the number of the recording, for others.
    """
    found = []
    for number, recording in enumerate(X):
        array = require_int16(recording, f"samples of recording {number}")
        if n_channels is None and array.ndim == 2:
            n_channels = array.shape[1]
        if array.ndim != 2 or array.shape[1] != n_channels:
            channels = "channels" if n_channels is None else n_channels
            raise ValueError(
                f"recording {number} must have the shape (samples, {channels}), not {array.shape}"
            )
        found.append(array)
    if not found:
        raise ValueError("X must have a recording")
    return found


def count_windows(samples: int, window: int, hop: int) -> int:
    """How many complete windows a recording has."""
    return max(0, (samples - window) // hop + 1)


def warn_of_short(recordings: Sequence[Int16], window: int, stacklevel: int) -> None:
    """Warn of recordings that have no complete window."""
    short = [number for number, found in enumerate(recordings) if len(found) < window]
    if short:
        more = f" and {len(short) - 1} more" if len(short) > 1 else ""
        warnings.warn(
            f"recording {short[0]}{more} of {len(recordings)} are shorter than a window of "
            f"{window} samples, and give no row",
            stacklevel=stacklevel + 1,
        )


def windows(
    recordings: Sequence[ArrayLike],
    labels: Sequence[Any] | NDArray[Any] | None = None,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    window: int = 256,
    hop: int | None = None,
    mixed: str = "majority",
) -> tuple[Int16, NDArray[Any] | None, NDArray[Any] | None]:
    """Cut recordings into windows, each with its label: what a Pipeline of WindowFeatures fits on.

    recordings: int16, each (samples, channels). One shorter than a window gives none; a warning
        says so.
    labels: one for each recording, or for each an array with one for each sample; None without.
    groups: the same, such as who it was: what GroupKFold needs to test with others.
    window, hop: samples of a window, and from one to the next; by default half a window. Behind a
        high-pass, windows longer than those of WindowFeatures let it settle.
    mixed: what becomes of a window whose samples have several labels. 'majority': it gets the one
        that most of them have; 'drop': it is left out; 'refuse': ValueError. Groups as 'majority'.

    Returns windows, int16 (windows, window, channels), their labels and their groups, (windows,),
    each None if it was not given. Raises ValueError or TypeError, which names the recording.

    >>> still, moving = np.zeros((600, 3), np.int16), np.full((400, 3), 99, np.int16)
    >>> X, y, _ = windows([still, moving], ["still", "moving"], window=256)
    >>> X.shape, y.tolist()
    ((5, 256, 3), ['still', 'still', 'still', 'moving', 'moving'])
    """
    hop = hop_of(window, hop)
    if mixed not in MIXED:
        raise ValueError(f"mixed must be {', '.join(MIXED[:-1])} or {MIXED[-1]}, not {mixed!r}")
    found = as_recordings(recordings)
    warn_of_short(found, window, 2)
    lengths = [len(recording) for recording in found]
    starts = [range(0, n - window + 1, hop) for n in lengths]
    X = np.array(
        [
            recording[at : at + window]
            for recording, places in zip(found, starts, strict=True)
            for at in places
        ],
        np.int16,
    ).reshape(-1, window, found[0].shape[1])
    y, pure = labels_of(labels, lengths, window, hop, "labels")
    of_group = labels_of(groups, lengths, window, hop, "groups")[0]
    if not np.all(pure) and mixed == "refuse":
        raise ValueError(
            f"{np.count_nonzero(~pure)} windows of {len(X)} have several labels: use "
            "mixed='majority' or mixed='drop'"
        )
    if mixed == "drop":
        X = X[pure]
        y = None if y is None else y[pure]
        of_group = None if of_group is None else of_group[pure]
    return X, y, of_group


def hop_of(window: Any, hop: Any) -> int:
    """Return the samples from one window to the next; None is half a window.

    Raises TypeError or ValueError for a window or hop that is no int above 0.
    """
    for name, value in (("window", window), ("hop", 1 if hop is None else hop)):
        if not hasattr(value, "__index__") or isinstance(value, bool):
            raise TypeError(f"{name} must be an int, not {value!r}")
        if value < 1:
            raise ValueError(f"{name} must be 1 at least, not {value}")
    return max(int(window) // 2, 1) if hop is None else int(hop)


def how_many(labels: Any) -> int | str:
    """How many labels there are: a text is one."""
    return "one" if isinstance(labels, str) or not hasattr(labels, "__len__") else len(labels)


def labels_of(
    labels: Any, lengths: Sequence[int], window: int, hop: int, name: str = "labels"
) -> tuple[NDArray[Any] | None, NDArray[np.bool_]]:
    """Return the label of each window, and whether all of its samples have it.

    labels: one for each recording, or for each an array with one for each sample; or None. lengths:
    samples of the recordings. name: what the user calls labels.
    """
    counts = [count_windows(length, window, hop) for length in lengths]
    pure = np.ones(sum(counts), np.bool_)
    if labels is None:
        return None, pure
    if how_many(labels) != len(lengths):
        found = how_many(labels)
        raise ValueError(f"{name} must be one for each of {len(lengths)} recordings, not {found}")
    chosen: list[Any] = []
    for number, (label, length, count) in enumerate(zip(labels, lengths, counts, strict=True)):
        if np.ndim(label) == 0:
            chosen += [label] * count
            continue
        each = np.asarray(label)
        if each.shape != (length,):
            raise ValueError(
                f"{name} of recording {number} must be one, or one for each of {length} samples, "
                f"not of shape {each.shape}"
            )
        for at in range(0, hop * count, hop):
            values, times = np.unique(each[at : at + window], return_counts=True)
            pure[len(chosen)] = len(values) == 1
            chosen.append(values[np.argmax(times)])
    if isinstance(labels, np.ndarray) and labels.ndim == 1 and labels.dtype != object:
        return np.array(chosen, labels.dtype), pure
    return np.array(chosen), pure
