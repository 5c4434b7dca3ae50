"""Statistics of one channel against numpy and scipy, and the integer arithmetic below them."""

import ctypes
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emlmpy.kernels import Kernel
from tests.features import reference

u32, i32, u64 = ctypes.c_uint32, ctypes.c_int32, ctypes.c_uint64
pointer = ctypes.c_void_p

kernel = Kernel(
    "features_parts",
    statistics=(None, [pointer, u32, u32, pointer, pointer]),
    quartiles=(None, [pointer, u32, pointer, pointer]),
    correlation=(i32, [pointer, pointer, u32]),
    root=(u32, [u32]),
    quotient=(u64, [u64, u32]),
    mean=(i32, [i32, u32]),
)

Samples = NDArray[np.int16]
NAMES = reference.NAMES
ALL = (1 << len(NAMES)) - 1
LEAST, MOST = -32768, 32767
SIZES = (2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 25, 31, 63, 64, 100, 127, 256, 257, 1000, 4095, 4096)


def statistics(x: Samples, wanted: int = ALL) -> dict[str, int]:
    """What the kernel gives. Neither samples nor what is around the memory may change."""
    before = x.copy()
    work = np.full(len(x) + 128 + 2, 77, np.int16)
    values = np.full(len(NAMES) + 2, 78, np.int16)
    kernel.statistics(x.ctypes.data, len(x), wanted, work.ctypes.data, values.ctypes.data)
    assert np.array_equal(x, before)
    assert work[-2:].tolist() == [77, 77]
    assert values[-2:].tolist() == [78, 78]
    return dict(zip(NAMES, values.tolist(), strict=False))


def check(x: Samples) -> None:
    """All statistics, exactly or within one unit, and each by itself."""
    found = statistics(x)
    for bit, (name, value) in enumerate(reference.statistics(x.astype(np.float64)).items()):
        nearest = float(reference.nearest(value))
        if name in (*reference.EXACT, "mean", "std", "rms", "jerk"):
            assert found[name] == nearest, name
        else:
            assert abs(found[name] - np.clip(value, LEAST, MOST)) <= 1, (name, value)
        assert statistics(x, 1 << bit)[name] == found[name], name


def motion(rng: np.random.Generator, n: int) -> Samples:
    """Something like an accelerometer's samples."""
    t = np.arange(n)
    slow = rng.uniform(50, 9000) * np.sin(t * rng.uniform(0.01, 0.3) + rng.uniform(0, 6))
    x = rng.uniform(-9000, 9000) + slow + rng.normal(0, rng.uniform(1, 900), n)
    return np.clip(np.rint(x), LEAST, MOST).astype(np.int16)


def uniform(rng: np.random.Generator, n: int) -> Samples:
    """All of int16."""
    return rng.integers(LEAST, MOST + 1, n, dtype=np.int16)


def narrow(rng: np.random.Generator, n: int) -> Samples:
    """A few values near one of any size."""
    base = rng.integers(LEAST, MOST - 300)
    return (base + rng.integers(0, rng.integers(1, 300), n)).astype(np.int16)


def skewed(rng: np.random.Generator, n: int) -> Samples:
    """Most samples in a small part of the range, on either side."""
    x = np.minimum(rng.exponential(rng.uniform(1, 3000), n), 65535) + LEAST
    return (x if rng.integers(2) else -1 - x).astype(np.int16)


def powers(rng: np.random.Generator, n: int) -> Samples:
    """Each bin of the first count holds half of what the next one does."""
    return (np.exp2(rng.uniform(0, 16, n)) - 1 + LEAST).astype(np.int16)


def outliers(rng: np.random.Generator, n: int) -> Samples:
    """A quiet channel with spikes."""
    x = rng.normal(rng.uniform(-2000, 2000), rng.uniform(0, 60), n)
    spikes = rng.integers(0, n, rng.integers(1, 1 + max(1, n // 100)))
    x[spikes] = rng.uniform(LEAST, MOST, len(spikes))
    return np.rint(x).astype(np.int16)


def two_values(rng: np.random.Generator, n: int) -> Samples:
    """Extremes or neighbours, in any share."""
    low = int(rng.integers(LEAST, MOST))
    high = int(rng.choice([low + 1, MOST]))
    return np.where(rng.random(n) < rng.random() ** 3, high, low).astype(np.int16)


KINDS = (motion, uniform, narrow, skewed, powers, outliers, two_values)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("n", SIZES)
def test_random_samples(kind: Any, n: int, seed: int) -> None:
    """Of each kind and length."""
    rng = np.random.default_rng(seed)
    for _ in range(6 if n > 1000 else 20):
        check(kind(rng, n))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_random_lengths(kind: Any, seed: int) -> None:
    """Of any length, most of them odd for some loop."""
    rng = np.random.default_rng(seed)
    for _ in range(100):
        check(kind(rng, int(2 ** rng.uniform(1, 12))))


EXTREMES = {
    "zeros": lambda i: 0 * i,
    "ones": lambda i: 0 * i + 1,
    "least": lambda i: 0 * i + LEAST,
    "largest": lambda i: 0 * i + MOST,
    "alternating": lambda i: np.where(i % 2, MOST, LEAST),
    "alternating, largest first": lambda i: np.where(i % 2, LEAST, MOST),
    "square": lambda i: np.where(i // 10 % 2, MOST, LEAST),
    "least, then largest": lambda i: np.where(2 * i < len(i), LEAST, MOST),
    "one is largest": lambda i: np.where(i == 1, MOST, LEAST),
    "one is least": lambda i: np.where(i == len(i) - 1, LEAST, MOST),
    "one is one": lambda i: np.where(i == 0, 1, 0),
    "one is less": lambda i: np.where(i == len(i) - 1, -1, 0),
    "rising": lambda i: LEAST + i * (65535 // (len(i) - 1)),
    "falling": lambda i: MOST - i * (65535 // (len(i) - 1)),
    "between zero and minus one": lambda i: -(i % 2),
}


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("n", SIZES)
def test_nothing_wraps(name: str, n: int) -> None:
    """Samples at which sums, differences and moments are largest, and smallest."""
    check(EXTREMES[name](np.arange(n)).astype(np.int16))


@pytest.mark.parametrize("share", [1 / 134, 1 / 100, 1 / 50, 1 / 10])
def test_skew_and_kurtosis_of_rare_spikes(share: float) -> None:
    """The mean's rounding error would weigh most where most samples are the same."""
    for n in (134, 257, 1000, 4093):
        for high in (MOST, LEAST, 1, 1000, 12345, 16384):
            x = np.zeros(n, np.int16)
            x[: max(1, round(share * n))] = high
            check(x)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_quartiles_are_exact(kind: Any, seed: int) -> None:
    """Four times numpy's are integers."""
    rng = np.random.default_rng(seed)
    for _ in range(300):
        x = kind(rng, int(2 ** rng.uniform(1, 12)))
        work, quarters = np.zeros(len(x) + 128, np.int16), np.zeros(3, np.int32)
        kernel.quartiles(x.ctypes.data, len(x), work.ctypes.data, quarters.ctypes.data)
        expected = 4 * np.percentile(x.astype(np.float64), [25, 50, 75])
        assert quarters.tolist() == expected.tolist()


def correlation(x: Samples, y: Samples) -> int:
    """What the kernel gives."""
    found = int(kernel.correlation(x.ctypes.data, y.ctypes.data, len(x)))
    assert found == kernel.correlation(y.ctypes.data, x.ctypes.data, len(x))
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_correlations(kind: Any, seed: int) -> None:
    """Of channels that have to do with each other by any degree."""
    rng = np.random.default_rng(seed)
    for _ in range(200):
        x = kind(rng, int(2 ** rng.uniform(1, 12)))
        y = kind(rng, len(x))
        share = rng.uniform(-1, 1)
        mixed = np.clip(x * share + y * (1 - abs(share)), LEAST, MOST).astype(np.int16)
        if np.ptp(x) == 0 or np.ptp(mixed) == 0:
            assert correlation(x, mixed) == 0
        else:
            expected = 16384 * np.corrcoef(x.astype(np.float64), mixed.astype(np.float64))[0, 1]
            assert abs(correlation(x, mixed) - expected) <= 1


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("n", [2, 3, 16, 257, 4096])
def test_correlations_of_extremes(name: str, n: int) -> None:
    """Of a channel with itself and with its opposite: exactly 1 and -1, or 0 if it is constant."""
    x = EXTREMES[name](np.arange(n)).astype(np.int16)
    one = 16384 if np.ptp(x) else 0
    assert correlation(x, x) == one
    assert correlation(x, ~x) == -one
    assert correlation(x, np.full(n, LEAST, np.int16)) == 0


def test_roots(seed: int) -> None:
    """The nearest integer: at squares and between them, and of random numbers of all sizes."""
    rng = np.random.default_rng(seed)
    numbers = {0, 1, 2, 3, 2**32 - 1, *range(300)}
    for root in {*range(1, 65536, 97), 46340, 46341, 65534, 65535}:
        numbers |= {root**2 - 1, root**2, root**2 + root, root**2 + root + 1}
    numbers |= {int(number) for number in np.exp2(rng.uniform(0, 32, 20000))}
    for number in sorted(numbers):
        if number < 2**32:
            root = math.isqrt(4 * number)  # of which a half is rounded
            assert kernel.root(number) == (root + 1) // 2, number


def test_quotients(seed: int) -> None:
    """Rounded down, of numbers of all sizes."""
    rng = np.random.default_rng(seed)
    for _ in range(2000):
        a = int.from_bytes(rng.bytes(8), "little") >> int(rng.integers(65))
        b = 1 + (int.from_bytes(rng.bytes(4), "little") >> int(rng.integers(1, 33)))
        assert kernel.quotient(a, b) == a // b


def test_means(seed: int) -> None:
    """The nearest integer, halves up, of sums as large as they may be."""
    rng = np.random.default_rng(seed)
    for _ in range(5000):
        n = int(rng.integers(1, 4097))
        limit = n << int(rng.integers(17))
        for total in (limit, -limit, int(rng.integers(-limit, limit + 1)), n // 2, -(n // 2)):
            assert kernel.mean(total, n) == (2 * total + n) // (2 * n)
