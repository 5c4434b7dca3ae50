"""Spectra of emlfeatures on this computer, each kernel by itself, against numpy in float64."""

import math
from collections.abc import Sequence
from ctypes import c_int32, c_size_t, c_uint32, c_uint64, c_void_p

import numpy as np
import pytest
from numpy.typing import NDArray

from emlmpy.kernels import Kernel
from tests.features import reference

POINTER = c_void_p
kernel = Kernel(
    "features_spectrum",
    log2=(c_int32, [c_uint64]),
    rows=(
        c_uint32,
        [c_uint32, c_int32, POINTER, c_size_t, POINTER, c_uint32, c_uint32, POINTER],
    ),
)
SIZES = [1 << log2_n for log2_n in range(3, 13)]
TAPERS = ("hann", "none")
BANDS, PEAK, CENTROID = 1, 2, 4  # EML_SPECTRUM_...
Samples = NDArray[np.int16]


def spectra(
    rows: Samples,
    edges: Sequence[int] = (),
    taper: str = "hann",
    wanted: int = BANDS | PEAK | CENTROID,
) -> Samples:
    """The kernel's features of rows: bands, peak, centroid."""
    count, n = rows.shape
    n_bands = max(len(edges) - 1, 0)
    width = n_bands * (wanted & BANDS) + (wanted // PEAK & 1) + (wanted // CENTROID & 1)
    out = np.full((count, width), -1, np.int16)
    numbers = np.array(edges, np.uint16)
    written = kernel.rows(
        n.bit_length() - 1,
        taper == "hann",
        rows.ctypes.data,
        count,
        numbers.ctypes.data,
        n_bands,
        wanted,
        out.ctypes.data,
    )
    assert written == width
    return out


def octaves(n: int) -> list[int]:
    """Edges of bands from bin 1 to the last, each twice as wide as the one below."""
    return [1 << k for k in range(n.bit_length() - 1)] + [n // 2 + 1]


def check(rows: Samples, taper: str = "hann", within: int = 1) -> None:
    """Hold features to numpy's: the centroid, and bands to 20 dB below the loudest one.

    The peak must be a bin that is as large as numpy's largest, but for the transform's noise.
    """
    n = rows.shape[1]
    edges = octaves(n)
    found = spectra(rows, edges, taper).astype(np.float64)
    powers = np.array([reference.powers(row.astype(np.float64), n, taper) for row in rows])
    bands = np.add.reduceat(powers, edges[:-1], axis=1)
    loud = bands >= np.maximum(bands.max(axis=1, keepdims=True) * 10**-2, 1)
    expected = 256 * np.log2(np.maximum(bands, 1))
    assert np.abs(found[:, :-2] - np.rint(expected))[loud].max(initial=0) <= within
    assert np.all(found[:, :-2] >= 0)
    bins, of_bins = np.arange(1, n // 2 + 1), powers[:, 1:]
    peak = (found[:, -2] / 8).astype(int)
    at_peak = np.take_along_axis(of_bins, peak[:, np.newaxis] - 1, axis=1)[:, 0]
    assert np.all(at_peak >= 0.999 * of_bins.max(axis=1))
    total = of_bins.sum(axis=1)
    heard = total > 0
    centroid = 8 * (of_bins * bins).sum(axis=1)[heard] / total[heard]
    # The transform's noise is in all bins, and pulls towards the middle.
    assert np.abs(found[heard, -1] - centroid).max(initial=0) <= 1 + n / 4096


def test_logarithms(seed: int) -> None:
    """They are the nearest integers, but for a few that are nearly in the middle."""
    rng = np.random.default_rng(seed)
    numbers = [int(2**power) for power in rng.uniform(0, 63.99, 20000)]
    numbers += [*range(1, 70000), 2**64 - 1, 2**32 - 1, 2**32, 2**32 + 1]
    worst = max(abs(kernel.log2(x) - 256 * math.log2(x)) for x in numbers)
    assert worst <= 0.52


def test_logarithms_of_powers_of_two() -> None:
    """These are exact."""
    assert [kernel.log2(1 << k) for k in range(64)] == [256 * k for k in range(64)]


def motion(rng: np.random.Generator, count: int, n: int) -> Samples:
    """Gravity, steps and what comes with them, tremor, drift; 1 g is 4096."""
    t = np.arange(n) / 100
    rows = 4096 * rng.uniform(-1, 1, (count, 1)) + rng.normal(0, 60, (count, n))
    rows = rows + np.cumsum(rng.normal(0, 30, (count, n)), axis=1)
    step, tremor = rng.uniform(0.5, 3, (count, 1)), rng.uniform(4, 12, (count, 1))
    for harmonic in range(1, 6):
        size, turns = rng.uniform(0, 3000, (count, 1)), rng.uniform(0, 7, (count, 1))
        rows += size / harmonic**1.5 * np.sin(2 * np.pi * step * harmonic * t + turns)
    rows += rng.uniform(0, 1000, (count, 1)) * np.sin(2 * np.pi * tremor * t)
    return np.clip(np.rint(rows), -32768, 32767).astype(np.int16)


def test_motion(seed: int) -> None:
    """Of bands of motion 99.5 % are within 1, and all within 8."""
    rows = motion(np.random.default_rng(seed), 500, 256)
    edges = [1, 3, 8, 16, 32, 64, 129]
    found = spectra(rows, edges, wanted=BANDS)
    powers = np.array([reference.powers(row.astype(np.float64), 256, "hann") for row in rows])
    expected = 256 * np.log2(np.add.reduceat(powers, edges[:-1], axis=1))
    error = np.abs(found - np.rint(expected))
    assert np.mean(error <= 1) >= 0.995
    assert error.max() <= 8


@pytest.mark.parametrize("taper", TAPERS)
@pytest.mark.parametrize("n", SIZES)
def test_noise(n: int, taper: str, seed: int) -> None:
    """Noise of all sizes, from 1 bit to all."""
    rng = np.random.default_rng(seed + n)
    sizes = 2.0 ** rng.uniform(0, 15, (30, 1))
    rows = np.clip(np.rint(rng.normal(0, 1, (30, n)) * sizes), -32768, 32767)
    # The loudest of few samples may be where the taper is small.
    check(rows.astype(np.int16), taper, within=2 if n <= 16 else 1)


@pytest.mark.parametrize("taper", TAPERS)
@pytest.mark.parametrize("n", SIZES)
def test_sines(n: int, taper: str, seed: int) -> None:
    """Sines on bins and between them, of all sizes."""
    rng = np.random.default_rng(seed + n)
    cycles = rng.uniform(0.6, n / 2 - 0.6, (40, 1))
    cycles[::2] = np.clip(np.rint(cycles[::2]), 1, n // 2 - 1)
    turns = rng.uniform(0, 2 * np.pi, (40, 1))
    sizes = np.minimum(2.0 ** rng.uniform(5, 15.2, (40, 1)), 32767)
    rows = sizes * np.sin(2 * np.pi * cycles * np.arange(n) / n + turns)
    check(np.rint(rows).astype(np.int16), taper)


@pytest.mark.parametrize("taper", TAPERS)
@pytest.mark.parametrize("n", SIZES)
def test_full_scale(n: int, taper: str) -> None:
    """Squares of all halves of a period, full scale, either sign: nothing wraps."""
    halves = [1 << k for k in range(n.bit_length() - 1)] + [3, 5, n // 3, n // 2 - 1]
    at = np.arange(n)
    high = [np.where(at // max(half, 1) % 2 == 0, 32767, -32768) for half in halves]
    rows = np.array([*high, *(-1 - row for row in high)], np.int16)
    check(rows, taper)


@pytest.mark.parametrize("n", SIZES)
def test_extremes(n: int, seed: int) -> None:
    """Signs of random sines and random extremes, about sizes where a shift changes."""
    rng = np.random.default_rng(seed + n)
    cycles, turns = rng.uniform(0, n, (100, 1)), rng.uniform(0, 2 * np.pi, (100, 1))
    rows = np.where(np.sin(cycles * np.arange(n) + turns) >= 0, 1, -1)
    rows[::4] = rng.choice([-1, 1], (25, n))
    sizes = 2.0 ** rng.integers(8, 16, (100, 1)) - rng.integers(-2, 3, (100, 1))
    rows = np.clip(rows * sizes, -32768, 32767).astype(np.int16)
    # One of few samples that differs, where the taper is small, leaves few bits to the others.
    check(rows, "hann", within=4 if n <= 64 else 1)
    check(rows, "none")


@pytest.mark.parametrize("n", SIZES)
def test_lone_samples(n: int) -> None:
    """One sample differs by as much as 17 bits hold; its power is in all bins alike."""
    rows = np.full((4, n), 32767, np.int16)
    rows[0, n // 2] = rows[1, n // 3] = -32768
    rows[2:] = -1 - rows[:2]
    check(rows, within=3)
    check(rows, "none", within=3)


@pytest.mark.parametrize("taper", TAPERS)
@pytest.mark.parametrize("level", [0, 1, -1, 1000, 32767, -32768])
@pytest.mark.parametrize("n", [8, 16, 4096])
def test_constants(n: int, level: int, taper: str) -> None:
    """Nothing is there: bands and centroid are 0, and the first bin is the peak."""
    rows = np.full((1, n), level, np.int16)
    assert spectra(rows, [0, 1, 3, n // 2 + 1], taper).tolist() == [[0, 0, 0, 8, 0]]


def test_sums_below_one() -> None:
    """A power below 1 counts as 1."""
    row = np.zeros((1, 8), np.int16)
    row[0, 1] = 1
    powers = reference.powers(row[0].astype(np.float64), 8, "hann")
    assert np.all(powers[:2] < 1)
    assert spectra(row, [0, 1, 2], wanted=BANDS).tolist() == [[0, 0]]


def test_only_what_is_wanted(seed: int) -> None:
    """Each feature is what it is among all of them."""
    rows = motion(np.random.default_rng(seed), 3, 128)
    edges = [1, 5, 9, 65]
    every = spectra(rows, edges)
    columns = {BANDS: [0, 1, 2], PEAK: [3], CENTROID: [4]}
    for wanted in range(8):
        chosen = [column for bit, those in columns.items() if wanted & bit for column in those]
        assert np.array_equal(spectra(rows, edges, wanted=wanted), every[:, chosen])


def test_any_halfword(seed: int) -> None:
    """Samples need no alignment beyond their own."""
    rows = motion(np.random.default_rng(seed), 1, 256)
    moved = np.concatenate([[0], rows[0]]).astype(np.int16)[1:].reshape(1, -1)
    assert np.array_equal(spectra(moved, [1, 9, 65]), spectra(rows, [1, 9, 65]))
