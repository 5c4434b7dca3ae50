"""Front ends on this computer: rows against numpy and scipy, and streams however they are cut."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emlmpy.features import twin
from tests.features import reference

FULL = 32767


def motion(rng: np.random.Generator, samples: int, channels: int) -> NDArray[np.int16]:
    """Something like an accelerometer's samples: gravity, movement, tremor."""
    t = np.arange(samples)[:, None]
    slow = 4000 * np.sin(t * rng.uniform(0.01, 0.2, channels) + rng.uniform(0, 6, channels))
    steps = np.cumsum(rng.normal(0, 60, (samples, channels)), axis=0)
    noise = rng.normal(0, 150, (samples, channels))
    gravity = rng.uniform(-8000, 8000, channels)
    return np.clip(slow + steps + noise + gravity, -FULL, FULL).astype(np.int16)


def expected_row(
    window: NDArray[np.int16], options: dict[str, Any]
) -> tuple[list[float], list[str]]:
    """The features of a window, and what each is."""
    found = reference.channels(
        window,
        options.get("gravity"),
        options.get("magnitude", 0),
        options.get("difference", False),
    )
    every = range(len(found))
    row, kinds = [], []
    for c in options.get("stats_of", every):
        values = reference.statistics(found[c])
        row += [values[name] for name in options.get("stats", ())]
        kinds += list(options.get("stats", ()))
    pairs = options.get("pairs", ())
    for a, b in zip(pairs[::2], pairs[1::2], strict=True):
        row.append(16384 * np.corrcoef(found[a], found[b])[0, 1])
        kinds.append("correlation")
    edges = options.get("bands", ())
    spectral = edges or options.get("peak") or options.get("centroid")
    for c in options.get("spectrum_of", every) if spectral else ():
        n = options.get("fft") or 1 << (len(window).bit_length() - 1)
        powers = reference.powers(found[c], n, options.get("taper", "hann"))
        for low, high in itertools.pairwise(edges):
            row.append(256 * np.log2(max(powers[low:high].sum(), 1)))
            kinds.append("band")
        if options.get("peak"):
            row.append(8 * (1 + int(np.argmax(powers[1:]))))
            kinds.append("peak")
        if options.get("centroid"):
            row.append(8 * (np.arange(len(powers)) * powers)[1:].sum() / powers[1:].sum())
            kinds.append("centroid")
    return row, kinds


ALL = reference.NAMES
OPTIONS = [
    {"stats": ("mean",)},
    {"stats": ALL},
    {"stats": ALL[::-1], "stats_of": (1,), "magnitude": 3},
    {"stats": ALL, "magnitude": 3, "difference": True},
    {"stats": ALL, "magnitude": 3, "difference": True, "gravity": "mean"},
    {"pairs": (0, 1, 1, 2, 0, 2)},
    {"pairs": (0, 3, 7, 1, 4, 4), "magnitude": 3, "difference": True, "gravity": "mean"},
    {"bands": (1, 3, 6, 12, 24, 33), "magnitude": 3},
    {"bands": (1, 4, 16), "peak": True, "centroid": True, "taper": "none", "spectrum_of": (0, 2)},
    {"peak": True, "fft": 16, "gravity": "mean", "stats": ("std", "q75"), "stats_of": (0, 2)},
]
# Spectra are of 16 bits; their errors are in tests/features/test_spectrum.py.
TOLERANCES = {"band": 64, "peak": 0, "centroid": 8}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("window", [64, 101])
def test_rows(options: dict[str, Any], window: int, seed: int) -> None:
    """Every feature of random windows, in its place."""
    rng = np.random.default_rng(seed)
    front = twin.new(window, window, 3, **options)
    windows = np.stack([motion(rng, window, 3) for _ in range(20)])
    rows = front.transform(windows)
    for samples, row in zip(windows, rows, strict=True):
        expected, kinds = expected_row(samples, options)
        assert len(row) == len(expected) == front.n_features
        for found, value, kind in zip(row.tolist(), expected, kinds, strict=True):
            if kind in reference.EXACT:
                assert found == reference.nearest(value), kind
            else:
                limited = np.clip(value, -32768, 32767)
                assert abs(found - limited) <= max(1, TOLERANCES.get(kind, 1)), (kind, found, value)


@pytest.mark.parametrize("gravity", [None, "mean"])
@pytest.mark.parametrize("hop", [1, 7, 32, 63, 64])
def test_streams_give_the_same_rows(hop: int, gravity: str | None, seed: int) -> None:
    """Chunks of any length up to a hop give the rows of the windows by themselves."""
    rng = np.random.default_rng(seed)
    options: dict[str, Any] = {
        "stats": ALL,
        "magnitude": 2,
        "bands": (1, 8, 17),
        "gravity": gravity,
    }
    front = twin.new(64, hop, 4, **options)
    recording = motion(rng, 300, 4)
    starts = range(0, len(recording) - 63, hop)
    expected = front.transform(np.stack([recording[at : at + 64] for at in starts]))
    for chunk in {1, 2, hop // 2 or 1, hop}:
        if chunk <= hop:
            assert np.array_equal(front.stream(recording, chunk), expected)
    front.reset()
    row = np.zeros(front.n_features, np.int16)
    rows, at = [], 0
    while at < len(recording):
        n = int(rng.integers(0, hop + 1))
        if front.push(recording[at : at + n], row):
            rows.append(row.copy())
        at += n
    assert np.array_equal(rows, expected)


EXTREMES = {
    "zeros": np.zeros(4096),
    "least": np.full(4096, -32768),
    "largest": np.full(4096, 32767),
    "alternating": np.where(np.arange(4096) % 2, 32767, -32768),
    "square": np.where(np.arange(4096) // 100 % 2, 32767, -32768),
    "one outlier": np.where(np.arange(4096) == 77, 32767, -32768),
    "steps": np.where(np.arange(4096) % 1024 < 1023, 5, -32768),
}


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("gravity", [None, "mean"])
def test_nothing_wraps(name: str, gravity: str | None) -> None:
    """Three channels of the same extremes, 4096 samples, all statistics."""
    samples = np.repeat(EXTREMES[name][:, None], 3, axis=1).astype(np.int16)
    options: dict[str, Any] = {
        "stats": ALL,
        "magnitude": 3,
        "difference": True,
        "pairs": (0, 1),
        "gravity": gravity,
    }
    row = twin.new(4096, 4096, 3, **options).transform(samples[None])[0].tolist()
    with np.errstate(invalid="ignore"):
        expected, kinds = expected_row(samples, options)
    for found, value, kind in zip(row, expected, kinds, strict=True):
        limited = 0.0 if np.isnan(value) else float(np.clip(value, -32768, 32767))
        assert abs(found - limited) <= 1, (kind, found, value)


REFUSED = [
    ((1, 1, 1), {"stats": ["mean"]}, "window must be 2 to 4096"),
    ((4097, 1, 1), {"stats": ["mean"]}, "window must be 2 to 4096"),
    ((8, 0, 1), {"stats": ["mean"]}, "hop must be 1 to window"),
    ((8, 9, 1), {"stats": ["mean"]}, "hop must be 1 to window"),
    ((8, 8, 0), {"stats": ["mean"]}, "channels must be 1 to 16"),
    ((8, 8, 17), {"stats": ["mean"]}, "channels must be 1 to 16"),
    ((8, 8, 3), {}, "features must be 1 to 4096"),
    ((8, 8, 3), {"stats": ["mode"]}, "stats must be of"),
    ((8, 8, 3), {"stats": ["mean"], "magnitude": 2}, "magnitude must divide channels"),
    ((8, 8, 3), {"stats": ["mean"], "magnitude": 65537}, "number is out of range"),
    ((8, 8, 3), {"stats": ["mean"], "magnitude": -1}, "number is out of range"),
    ((8, 8, 3), {"stats": ["mean"], "stats_of": [3]}, "must be channels that rise"),
    ((8, 8, 3), {"stats": ["mean"], "stats_of": [1, 0]}, "must be channels that rise"),
    ((8, 8, 3), {"stats": ["mean"], "stats_of": [1, 1]}, "must be channels that rise"),
    ((8, 8, 3), {"peak": True, "spectrum_of": [3]}, "must be channels that rise"),
    ((8, 8, 3), {"pairs": [0, 3]}, "pairs must be of channels"),
    ((8, 8, 3), {"pairs": [0, 1, 2]}, "front end is damaged"),
    ((7, 7, 3), {"peak": True}, "fft must be a power of two from 8 to window"),
    ((9, 9, 3), {"peak": True, "fft": 16}, "fft must be a power of two from 8 to window"),
    ((64, 9, 3), {"peak": True, "fft": 24}, "fft must be a power of two from 8 to window"),
    ((64, 9, 3), {"peak": True, "fft": 4}, "fft must be a power of two from 8 to window"),
    ((8, 8, 3), {"bands": [1]}, "bands must be two bins or more that rise"),
    ((8, 8, 3), {"bands": [1, 1]}, "bands must be two bins or more that rise"),
    ((8, 8, 3), {"bands": [1, 6]}, "bands must be two bins or more that rise"),
    ((8, 8, 3), {"stats": ["mean"], "gravity": "high"}, "gravity must be None or mean"),
    ((8, 8, 3), {"stats": ["mean"], "taper": "hamming"}, "taper hann or none"),
    ((8, 8, 3), {"stats": ["mean"], "highpass": [1]}, "highpass must be coefficients"),
    ((8, 8, 3), {"stats": ["mean"], "highpass": [2**31]}, "number is out of range"),
    ((8, 8, 16), {"stats": list(ALL) * 20}, "features must be 1 to 4096"),
]


@pytest.mark.parametrize(("sizes", "options", "text"), REFUSED)
def test_what_is_refused(sizes: tuple[int, int, int], options: dict[str, Any], text: str) -> None:
    """Configurations that no board could compute."""
    with pytest.raises(ValueError, match=text):
        twin.new(*sizes, **options)


@pytest.mark.parametrize("value", [None, "8", 8.0, [8]])
def test_sizes_are_ints(value: Any) -> None:
    """Other types are refused with the same words."""
    for sizes, text in (
        ((value, 1, 1), "window must be"),
        ((8, value, 1), "hop must be"),
        ((8, 1, value), "channels must be"),
    ):
        with pytest.raises(TypeError, match=text):
            twin.new(*sizes, stats=["mean"])
