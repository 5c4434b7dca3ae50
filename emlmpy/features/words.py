"""Front ends as words, the numbers that a board reads: formats/front.md."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from emlmpy.features.format import (
    MAX_CHANNELS,
    MAX_FEATURES,
    MAX_WINDOW,
    MIN_FFT,
    VERSION,
    Flag,
    Statistic,
)

STATISTICS = tuple(statistic.name.lower() for statistic in Statistic)
TAPERS = ("hann", "none")


def words_of(
    window: int,
    hop: int,
    channels: int,
    *,
    highpass: Sequence[int] = (),
    gravity: str | None = None,
    magnitude: int = 0,
    difference: bool = False,
    stats: Sequence[str] = (),
    stats_of: Sequence[int] | None = None,
    pairs: Sequence[int] = (),
    bands: Sequence[int] = (),
    peak: bool = False,
    centroid: bool = False,
    spectrum_of: Sequence[int] | None = None,
    fft: int = 0,
    taper: str = "hann",
) -> list[int]:
    """Return the words of a front end.

    window, hop: samples, 2 to 4096 and 1 to window. channels: 1 to 16.
    highpass: coefficients, as highpass.coefficients makes them; none without a high-pass.
    gravity: 'mean' takes the mean of the window off each channel.
    magnitude: so many channels in turn are a vector, whose length is a further channel; 0 for none.
    difference: whether the difference to the sample before is a further channel of each.
    stats: names of STATISTICS. stats_of: channels that have them, rising; None for all.
    pairs: channels, two for each correlation.
    bands: edges, bins that rise; a band has those from one edge to below the next.
    peak, centroid: whether they are features. spectrum_of: channels that have bands, peak and
    centroid, rising; None for all.
    fft: length of the transform, a power of two from 8 to window; 0 for the longest.
    taper: 'hann' or 'none'.

    Raises ValueError, which names the argument, for what no board would take; TypeError for sizes
    that are no ints.
    """
    require_int("window", window, 2, MAX_WINDOW)
    require_int("hop", hop, 1, window, "window")
    require_int("channels", channels, 1, MAX_CHANNELS)
    require_int("magnitude", magnitude, 0, channels, "channels")
    if magnitude and channels % magnitude:
        raise ValueError(f"magnitude must divide channels, {channels}, and not be {magnitude}")
    require_one_of("gravity", gravity, (None, "mean"))
    require_one_of("taper", taper, TAPERS)
    for name in stats:
        require_one_of("stats", name, STATISTICS)
    n = (channels + (channels // magnitude if magnitude else 0)) * (2 if difference else 1)
    spectral = bool(len(bands) or peak or centroid)
    statistics = [STATISTICS.index(name) for name in stats]
    of = list(range(n)) if stats_of is None else list(stats_of)
    spectrum = list(range(n)) if spectrum_of is None else list(spectrum_of)
    require_rising("stats_of", of, n)
    require_rising("spectrum_of", spectrum, n)
    if len(pairs) % 2 or not all(0 <= channel < n for channel in pairs):
        raise ValueError(f"pairs must be two channels each, 0 to {n - 1}, not {list(pairs)}")
    if spectral:
        fft = length_of(fft, window)
        if len(bands):
            require_rising("bands", list(bands), fft // 2 + 2)
        if len(bands) == 1:
            raise ValueError("bands must be two edges or more")
    flags = (
        (Flag.GRAVITY_MEAN if gravity else 0)
        + (Flag.DIFFERENCE if difference else 0)
        + (Flag.TAPER if spectral and taper == "hann" else 0)
        + (Flag.PEAK if peak else 0)
        + (Flag.CENTROID if centroid else 0)
        + (Flag.HIGHPASS if len(highpass) else 0)
    )
    lists = [
        statistics,
        of if statistics else [],
        list(pairs),
        spectrum if spectral else [],
        list(bands),
    ]
    counts = [len(items) for items in lists]
    features = counts[0] * counts[1] + counts[2] // 2
    features += counts[3] * (max(counts[4] - 1, 0) + bool(peak) + bool(centroid))
    require_int("features", features, 1, MAX_FEATURES)
    counts[2] //= 2
    words = [VERSION, window, hop, channels, int(flags), magnitude, fft if spectral else 0]
    words += counts + [item for items in lists for item in items]
    for coefficient in highpass:
        words += [coefficient & 0xFFFF, coefficient >> 16 & 0xFFFF]
    return [int(word) for word in words]


def length_of(fft: int, window: int) -> int:
    """Return the length of the transform; 0 for the longest. Raises ValueError for another."""
    longest = 1 << (window.bit_length() - 1)
    length = fft or longest
    if not MIN_FFT <= length <= window or length & (length - 1):
        raise ValueError(f"fft must be a power of two from {MIN_FFT} to window, not {length}")
    return length


def require_int(name: str, value: Any, low: int, high: int, limit: str | None = None) -> None:
    """Raise TypeError or ValueError unless value is an int from low to high."""
    requirement = f"{name} must be {low} to {limit or high}, not {value!r}"
    if not hasattr(value, "__index__") or isinstance(value, bool):
        raise TypeError(requirement)
    if not low <= value <= high:
        raise ValueError(requirement)


def require_one_of(name: str, value: Any, known: tuple[Any, ...]) -> None:
    """Raise ValueError unless value is known."""
    if value not in known:
        raise ValueError(f"{name} must be of {', '.join(map(str, known))}, not {value!r}")


def require_rising(name: str, numbers: list[int], limit: int) -> None:
    """Raise ValueError unless all numbers are 0 to limit - 1, and rise."""
    inside = all(0 <= number < limit for number in numbers)
    if not inside or any(low >= high for low, high in pairwise(numbers)):
        raise ValueError(f"{name} must rise, from 0 to {limit - 1} at most, not {numbers}")
