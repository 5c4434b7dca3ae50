"""Front ends on this computer: rows against numpy and scipy, and streams however they are cut."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emlmpy.features import twin
from emlmpy.features.words import words_of
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


def new(*sizes: int, **options: Any) -> twin.Front:
    """A front end by keywords."""
    return twin.new(words_of(*sizes, **options))


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
    front = new(window, window, 3, **options)
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
    front = new(64, hop, 4, **options)
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
    row = new(4096, 4096, 3, **options).transform(samples[None])[0].tolist()
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
    ((8, 8, 3), {"stats": ["mode"]}, "stats must be of mean, std"),
    ((8, 8, 3), {"stats": ["mean"], "magnitude": 2}, "magnitude must divide channels"),
    ((8, 8, 3), {"stats": ["mean"], "magnitude": 65537}, "magnitude must be 0 to channels"),
    ((8, 8, 3), {"stats": ["mean"], "magnitude": -1}, "magnitude must be 0 to channels"),
    ((8, 8, 3), {"stats": ["mean"], "stats_of": [3]}, "must rise, from 0 to 2 at most"),
    ((8, 8, 3), {"stats": ["mean"], "stats_of": [1, 0]}, "must rise, from 0 to 2 at most"),
    ((8, 8, 3), {"stats": ["mean"], "stats_of": [1, 1]}, "must rise, from 0 to 2 at most"),
    ((8, 8, 3), {"peak": True, "spectrum_of": [3]}, "must rise, from 0 to 2 at most"),
    ((8, 8, 3), {"pairs": [0, 3]}, "pairs must be two channels each"),
    ((8, 8, 3), {"pairs": [0, 1, 2]}, "pairs must be two channels each"),
    ((7, 7, 3), {"peak": True}, "fft must be a power of two from 8 to window"),
    ((9, 9, 3), {"peak": True, "fft": 16}, "fft must be a power of two from 8 to window"),
    ((64, 9, 3), {"peak": True, "fft": 24}, "fft must be a power of two from 8 to window"),
    ((64, 9, 3), {"peak": True, "fft": 4}, "fft must be a power of two from 8 to window"),
    ((8, 8, 3), {"bands": [1]}, "bands must "),
    ((8, 8, 3), {"bands": [1, 1]}, "bands must "),
    ((8, 8, 3), {"bands": [1, 6]}, "bands must "),
    ((8, 8, 3), {"stats": ["mean"], "gravity": "high"}, "gravity must be of None, mean"),
    ((8, 8, 3), {"stats": ["mean"], "taper": "hamming"}, "taper must be of hann, none"),
    ((8, 8, 3), {"stats": ["mean"], "highpass": [1]}, "front end is damaged"),
    ((8, 8, 3), {"stats": ["mean"], "highpass": [2**31]}, "front end is damaged"),
    ((8, 8, 16), {"stats": list(ALL) * 20}, "features must be 1 to 4096"),
]


@pytest.mark.parametrize(("sizes", "options", "text"), REFUSED)
def test_what_is_refused(sizes: tuple[int, int, int], options: dict[str, Any], text: str) -> None:
    """Configurations that no board could compute."""
    with pytest.raises(ValueError, match=text):
        new(*sizes, **options)


def words(**changes: int) -> list[int]:
    """The words of a small front end with some of them changed."""
    found = words_of(16, 8, 3, stats=["mean"], magnitude=3, bands=[1, 3, 9], pairs=[0, 1])
    for name, word in changes.items():
        found[FIELDS.index(name)] = word
    return found


FIELDS = [
    "version",
    "window",
    "hop",
    "channels",
    "flags",
    "magnitude",
    "fft",
    "n_stats",
    "n_stats_of",
    "n_pairs",
    "n_spectrum_of",
    "n_edges",
    "stat",
    "of_0",
    "of_1",
    "of_2",
    "of_3",
    "pair_0",
    "pair_1",
    "spectrum_0",
    "spectrum_1",
    "spectrum_2",
    "spectrum_3",
    "edge_0",
    "edge_1",
    "edge_2",
]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"version": 2}, "version 1"),
        ({"version": 0}, "version 1"),
        ({"window": 1}, "window must be 2 to 4096"),
        ({"window": 4097}, "window must be 2 to 4096"),
        ({"window": 65536}, "words must be 0 to 65535"),
        ({"window": -1}, "words must be 0 to 65535"),
        ({"hop": 0}, "hop must be 1 to window"),
        ({"hop": 17}, "hop must be 1 to window"),
        ({"channels": 0}, "channels must be 1 to 16"),
        ({"channels": 17}, "channels must be 1 to 16"),
        *(
            ({name: value}, "front end is damaged")
            for name, value in (
                ("magnitude", 2),
                ("magnitude", 4),
                ("flags", 32),
                ("fft", 4),
                ("fft", 24),
                ("fft", 32),
                ("n_stats", 0),
                ("n_stats", 2),
                ("n_stats", 65535),
                ("n_stats_of", 3),
                ("n_pairs", 2),
                ("n_spectrum_of", 5),
                ("n_edges", 2),
                ("stat", 17),
                ("of_0", 1),
                ("of_3", 4),
                ("pair_1", 4),
                ("spectrum_3", 4),
                ("spectrum_3", 2),
                ("edge_0", 3),
                ("edge_2", 10),
            )
        ),
    ],
)
def test_what_the_device_refuses(changes: dict[str, int], text: str) -> None:
    """Words that no PC writes."""
    assert twin.new(words()).n_features == 13
    with pytest.raises(ValueError, match=text):
        twin.new(words(**changes))


def test_the_device_refuses_words_that_are_missing() -> None:
    """Or one too many."""
    for length in range(len(words())):
        with pytest.raises(ValueError, match=r"front end (is damaged|must be of version 1)"):
            twin.new(words()[:length])
    with pytest.raises(ValueError, match="front end is damaged"):
        twin.new([*words(), 0])
    too_many = words_of(8, 8, 16, stats=["mean"] * 256)
    with pytest.raises(ValueError, match="features must be 1 to 4096"):
        twin.new([*too_many[:7], 257, *too_many[8:12], 0, *too_many[12:]])
    with pytest.raises(ValueError, match="features must be 1 to 4096"):
        twin.new([*words()[:7], *[0] * 5])


@pytest.mark.parametrize("value", [None, "8", 8.0, [8]])
def test_sizes_are_ints(value: Any) -> None:
    """Other types are refused with the same words."""
    for sizes, text in (
        ((value, 1, 1), "window must be"),
        ((8, value, 1), "hop must be"),
        ((8, 1, value), "channels must be"),
    ):
        with pytest.raises(TypeError, match=text):
            new(*sizes, stats=["mean"])
