"""The high-pass of emlfeatures on this computer, against scipy in float64."""

import math
from collections.abc import Sequence
from ctypes import c_int32, c_size_t, c_void_p

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from emlmpy.features.highpass import coefficients
from emlmpy.kernels import Kernel

kernel = Kernel(
    "features_spectrum",
    is_stable=(c_int32, [c_void_p]),
    highpass=(None, [c_void_p, c_void_p, c_size_t, c_size_t]),
)
CUTOFFS = [0.0005, 0.001, 0.003, 0.01, 0.03, 0.1, 0.15, 0.2]  # of the rate
Samples = NDArray[np.int16]


def is_stable(numbers: Sequence[int]) -> bool:
    """Whether the kernel takes these coefficients."""
    return bool(kernel.is_stable(np.array(numbers, np.int32).ctypes.data))


def filtered(x: Samples, cutoff: float, chunk: int | None = None) -> Samples:
    """What the kernel makes of a stream, a chunk at a time."""
    numbers = np.array(coefficients(cutoff, 1), np.int32)
    out = x.copy()
    kernel.highpass(numbers.ctypes.data, out.ctypes.data, len(out), chunk or len(out))
    return out


def expected(x: Samples, cutoff: float) -> NDArray[np.float64]:
    """Scipy's, as if the first sample had always been there; limited to int16."""
    sections = signal.butter(2, cutoff, "highpass", fs=1, output="sos")
    state = signal.sosfilt_zi(sections) * float(x[0])
    found: NDArray[np.float64] = signal.sosfilt(sections, x.astype(np.float64), zi=state)[0]
    return np.clip(found, -32768, 32767)


def check(x: NDArray[np.float64], cutoff: float) -> None:
    """Hold the kernel to scipy within 1."""
    samples = np.clip(np.rint(x), -32768, 32767).astype(np.int16)
    assert np.abs(filtered(samples, cutoff) - expected(samples, cutoff)).max() <= 1


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_motion(cutoff: float, seed: int) -> None:
    """Gravity that turns, movement, noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(20000)
    gravity = 16384 * np.sin(2 * np.pi * t * cutoff * rng.uniform(0, 0.3) + rng.uniform(0, 7))
    movement = 5000 * np.sin(2 * np.pi * t * min(cutoff * rng.uniform(1, 50), 0.5))
    check(gravity + movement + rng.normal(0, 100, len(t)), cutoff)


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_noise(cutoff: float, seed: int) -> None:
    """Noise of full scale, of a few counts, and a walk."""
    rng = np.random.default_rng(seed)
    check(rng.uniform(-32768, 32767, 20000), cutoff)
    check(rng.uniform(-2, 2, 20000) + rng.integers(-32000, 32000), cutoff)
    check(np.cumsum(rng.normal(0, 200, 20000)), cutoff)


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_squares(cutoff: float, seed: int) -> None:
    """Squares of full scale, from far below the cut-off to half the rate."""
    rng = np.random.default_rng(seed)
    t = np.arange(20000)
    for frequency in [*cutoff * 2.0 ** np.arange(-3, 8), *rng.uniform(0, 0.5, 5), 0.5]:
        if frequency <= 0.5:
            phase = (t + 0.5) * frequency + rng.uniform(0, 1)
            check(np.where(phase % 1 < 0.5, 32767.0, -32768.0), cutoff)


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_worst_inputs(cutoff: float) -> None:
    """Inputs whose signs are those of the impulse response, backwards: the largest of outputs.

    And those of its sums, which states resemble.
    """
    length = min(int(8 / cutoff) + 20, 16000)
    impulse = np.zeros(length, np.float64)
    impulse[0] = 1
    sections = signal.butter(2, cutoff, "highpass", fs=1, output="sos")
    for response in (
        signal.sosfilt(sections, impulse),
        np.cumsum(signal.sosfilt(sections, impulse)),
        np.cumsum(np.cumsum(signal.sosfilt(sections, impulse))),
    ):
        signs = np.where(response[::-1] >= 0, 32767.0, -32768.0)
        for _ in range(2):
            check(np.concatenate([signs, np.repeat(-1 - signs[-1:], 50), signs]), cutoff)
            signs = -1 - signs


@pytest.mark.parametrize("cutoff", CUTOFFS)
@pytest.mark.parametrize("level", [0, 1, -1, 12345, 32767, -32768])
def test_constants(level: int, cutoff: float) -> None:
    """A stream begins at 0, whatever gravity is, and stays there."""
    assert not filtered(np.full(5000, level, np.int16), cutoff).any()


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_steps_fade(cutoff: float) -> None:
    """After a step of full scale, and time, nothing is left."""
    x = np.full(2 + int(20 / cutoff), 32767, np.int16)
    x[0] = -32768
    found = filtered(x, cutoff)
    assert found[1] > 25000
    assert found[-1] == 0


def test_chunks(seed: int) -> None:
    """A stream may be cut anywhere."""
    x = np.random.default_rng(seed).integers(-32768, 32768, 1000).astype(np.int16)
    whole = filtered(x, 0.01)
    for chunk in (1, 3, 64, 999):
        assert np.array_equal(filtered(x, 0.01, chunk), whole)


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_coefficients_are_taken(cutoff: float) -> None:
    """They are small ints of MicroPython, and the kernel takes them, at any rate."""
    for rate in (1.0, 50, 104.0, 26667):
        numbers = coefficients(cutoff * rate, rate)
        assert all(0 < number < 2**30 for number in numbers)
        assert is_stable(numbers)


def test_every_cutoff(seed: int) -> None:
    """So are all between."""
    for exponent in np.random.default_rng(seed).uniform(math.log(0.0005), math.log(0.2), 10000):
        assert is_stable(coefficients(math.exp(exponent), 1))


@pytest.mark.parametrize(
    "cutoff, rate, words",
    [
        (0.3, 0, "rate must be above 0, not 0"),
        (0.3, -100, "rate must be above 0, not -100"),
        (0.3, math.nan, "rate must be above 0, not nan"),
        (0.3, math.inf, "rate must be above 0, not inf"),
        (0, 100, "cutoff must be 0.05 to 20 Hz, not 0"),
        (-0.3, 100, "cutoff must be 0.05 to 20 Hz, not -0.3"),
        (0.049, 100, "cutoff must be 0.05 to 20 Hz, not 0.049"),
        (20.1, 100, "cutoff must be 0.05 to 20 Hz, not 20.1"),
        (50, 100, "cutoff must be 0.05 to 20 Hz, not 50"),
        (math.nan, 100, "cutoff must be 0.05 to 20 Hz, not nan"),
        (math.inf, 100, "cutoff must be 0.05 to 20 Hz, not inf"),
        (0.3, 1, "cutoff must be 0.0005 to 0.2 Hz, not 0.3"),
    ],
)
def test_refused_cutoffs(cutoff: float, rate: float, words: str) -> None:
    """What the kernel is not made for has no coefficients."""
    with pytest.raises(ValueError) as caught:
        coefficients(cutoff, rate)
    assert str(caught.value) == words


C, D = coefficients(0.3, 100)


@pytest.mark.parametrize(
    "numbers",
    [
        (0, 0),
        (0, 2**30 - 1),
        (C, 0),
        (-C, D),
        (C, -D),
        (C + 64, D),
        (C - 64, D),
        (C, D + 64),
        (C, D - 64),
        (D, C),
        (C, C),
        (D, D),
        (2**30, D),
        (C, 2**30),
        (2**31 - 1, 2**31 - 1),
        (-(2**31), -(2**31)),
        (C + 2**30, D),
        (C, D + 2**30),
        (759250125, 314490637),  # a quarter of the rate
    ],
)
def test_damaged_coefficients(numbers: tuple[int, int]) -> None:
    """Numbers that are no such filter's are refused, as its states might wrap."""
    assert not is_stable(numbers)


def test_random_coefficients(seed: int) -> None:
    """What is taken is a filter that scipy has, nearly."""
    for c, d in np.random.default_rng(seed).integers(0, 2**30, (20000, 2)):
        g = c / 2**29 / math.sqrt(2)
        exact = 2**30 / (1 + math.sqrt(2) * g + g * g)
        assert not is_stable((c, d)) or abs(d - exact) <= 64


def test_cut_off() -> None:
    """At the cut-off 3 dB are lost; there and above all is as it was."""
    t = np.arange(40000)
    for frequency, gain in ((0.01, math.sqrt(0.5)), (0.2, 1)):
        x = np.rint(16000 * np.sin(2 * np.pi * frequency * t)).astype(np.int16)
        found = filtered(x, 0.01)[20000:].astype(np.float64)
        assert math.sqrt(2) * found.std() == pytest.approx(16000 * gain, rel=1e-3)
