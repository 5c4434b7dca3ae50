"""emlarray against numpy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from machines.machine import Machine

DEVICE = Path(__file__).parents[1] / "device" / "array"
TYPES: dict[str, Any] = {"b": np.int8, "B": np.uint8, "h": np.int16, "f": np.float32}
INTS = "bBh"
LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 255, 256, 4096]


class Jobs:
    """Calls for a device, and what each must give."""

    def __init__(self) -> None:
        """None yet."""
        self.data = b""
        self.lines: list[str] = []
        self.expected: list[object] = []

    def items(self, values: np.ndarray, skip: int = 0) -> str:
        """Keep values; return the words that name them."""
        self.data += bytes(-len(self.data) % 4)
        offset = len(self.data)
        self.data += values.tobytes()
        typecode = next(code for code, kind in TYPES.items() if kind == values.dtype)
        return f"{offset} {typecode} {len(values)} {skip}"

    def add(self, line: str, expected: object) -> None:
        """One more call."""
        self.lines.append(line)
        self.expected.append(expected)

    def run(self, machine: Machine) -> list[str]:
        """What the device prints for each."""
        files = module(machine)
        files["jobs.txt"] = "\n".join(self.lines).encode()
        files["data.bin"] = self.data
        found = machine.run(DEVICE / "run.py", files, timeout=200).splitlines()
        assert len(found) == len(self.lines)
        return found

    def check(self, machine: Machine) -> None:
        """All are what is expected, exactly."""
        for line, expected, found in zip(self.lines, self.expected, self.run(machine), strict=True):
            assert found == str(expected), line


def module(machine: Machine) -> dict[str, Path | bytes]:
    """The module as it ships."""
    return {"emlarray.mpy": machine.module("emlarray")}


def extremes(typecode: str, n: int) -> list[np.ndarray]:
    """The least and the greatest values, and both in turn."""
    info = np.iinfo(TYPES[typecode])
    found = [np.full(n, value, TYPES[typecode]) for value in (info.min, info.max)]
    found.append(np.where(np.arange(n) % 2 == 0, info.min, info.max).astype(TYPES[typecode]))
    return found


def noise(rng: np.random.Generator, typecode: str, n: int) -> np.ndarray:
    """All values are as likely."""
    info = np.iinfo(TYPES[typecode])
    return rng.integers(info.min, info.max, n, dtype=TYPES[typecode], endpoint=True)


def words(values: np.ndarray) -> str:
    """The bytes as the device prints them."""
    return values.tobytes().hex() or "-"


def add_reductions(jobs: Jobs, values: np.ndarray, skip: int) -> None:
    """All calls with one array, and dot with its reverse."""
    items = jobs.items(values, skip)
    exact = values.astype(np.int64)
    jobs.add(f"sum {items}", exact.sum())
    jobs.add(f"sumsq {items}", np.dot(exact, exact))
    jobs.add(f"sum_abs_diff {items}", np.abs(np.diff(exact)).sum())
    jobs.add(f"dot {items} {jobs.items(values[::-1], 1 - skip)}", np.dot(exact, exact[::-1]))
    if len(values):
        jobs.add(f"max {items}", exact.max())
        jobs.add(f"min {items}", exact.min())
        jobs.add(f"argmax {items}", exact.argmax())


@pytest.mark.cases("typecode", list(INTS))
def test_reductions(machine: Machine, typecode: str, seed: int) -> None:
    """Exactly numpy's int64, for extremes and noise, at all alignments."""
    rng = np.random.default_rng(seed)
    jobs = Jobs()
    for n in LENGTHS:
        for values in [noise(rng, typecode, n)] + (extremes(typecode, n) if n in (3, 256) else []):
            add_reductions(jobs, values, 0)
            if n < 4096:
                add_reductions(jobs, values, 1)
    jobs.check(machine)


def test_argmax_is_the_first(machine: Machine) -> None:
    """Of several that are the largest."""
    jobs = Jobs()
    for values in ([5, 9, 9, 1], [-7, -7, -7], [-32768, -32768], [1, 2, 3, 3]):
        jobs.add(f"argmax {jobs.items(np.array(values, np.int16))}", np.argmax(values))
    jobs.check(machine)


def test_long_arrays(machine: Machine) -> None:
    """More items than 32 bits hold the sum of; the device makes them of a range of its own."""
    script = """
from array import array
import emlarray
n = 70001
try:
    lowest = array("h", b"\\x00\\x80" * n)
except MemoryError:
    n = 0
if n:
    view = memoryview(lowest)
    for x in (lowest, view[1:], view[:65536]):
        assert emlarray.sum(x) == -32768 * len(x)
        assert emlarray.sumsq(x) == 2**30 * len(x)
        assert emlarray.dot(x, x) == 2**30 * len(x)
        assert emlarray.mean(x) == -32768
    for i in range(0, n, 2):
        lowest[i] = 32767
    assert emlarray.sum_abs_diff(lowest) == 65535 * (n - 1)
    assert emlarray.argmax(view[1:]) == 1
print("ok")
"""
    assert machine.run(script, module(machine), timeout=200) == "ok\n"


def test_mean(machine: Machine, seed: int) -> None:
    """The exact sum, divided in the firmware's floats."""
    rng = np.random.default_rng(seed)
    jobs = Jobs()
    for n in (1, 3, 256, 1000):
        for typecode in INTS:
            values = noise(rng, typecode, n)
            jobs.add(f"mean {jobs.items(values)}", values.astype(np.int64).mean())
    for expected, found in zip(jobs.expected, jobs.run(machine), strict=True):
        # The mean of noise is next to 0, but its sum is rounded to 24 bits first.
        assert float(found) == pytest.approx(expected, rel=1e-6)


def mapped(values: np.ndarray, typecode: str, limits: tuple[float, ...]) -> np.ndarray:
    """What linear_map documents, in numpy's float32."""
    in_min, in_max, out_min, out_max = limits
    slope = np.float32((out_max - out_min) / (in_max - in_min))
    # An infinity by a slope of 0 is not a number.
    with np.errstate(invalid="ignore", over="ignore"):
        found = (values.astype(np.float32) - np.float32(in_min)) * slope + np.float32(out_min)
    found[np.isnan(found)] = out_min
    found = np.clip(found, *np.sort(np.array([out_min, out_max], np.float32)))
    if typecode != "f":
        info = np.iinfo(TYPES[typecode])
        found = np.rint(np.clip(found, info.min, info.max))
    result: np.ndarray = found.astype(TYPES[typecode])
    return result


LIMITS = [
    (-32768, 32767, 0, 255),
    (0, 255, -32768, 32767),
    (-1.0, 1.0, -32767.0, 32767.0),
    (0, 65535, -1.0, 1.0),
    (-100, 100, 127, -128),
    (-4.0, 4.0, -1000, 1000),
    (0, 1, 300, 400),
    (0, 1, -10, -5),
    (0, 10, 7, 7),
    (0.0, 2.0, 0.0, 1.0),
]


@pytest.mark.cases("typecode", list(TYPES))
def test_linear_map(machine: Machine, typecode: str, seed: int) -> None:
    """Each type to each, to the bit, within the limits and the type's range."""
    rng = np.random.default_rng(seed)
    jobs = Jobs()
    for limits in LIMITS:
        if typecode == "f":
            values = (rng.uniform(-1.5, 1.5, 61) * limits[1]).astype(np.float32)
            values[:5] = np.inf, -np.inf, 0, 3e38, -3e38
        else:
            values = np.concatenate([extremes(typecode, 2)[2], noise(rng, typecode, 29)])
        for out in TYPES:
            expected = mapped(values, out, limits)
            text = " ".join(map(str, limits))
            jobs.add(f"linear_map {jobs.items(values, 1)} {out} apart {text}", words(expected))
        same = words(mapped(values, typecode, limits))
        jobs.add(f"linear_map {jobs.items(values)} {typecode} same {text}", same)
    jobs.check(machine)


def test_rounding(machine: Machine) -> None:
    """To the nearest, halves to even, as numpy.rint."""
    jobs = Jobs()
    values = np.arange(-9, 10, dtype=np.int16)
    for out in "bBh":
        expected = np.clip(np.rint(values / 2), 0, 1).astype(TYPES[out])
        jobs.add(f"linear_map {jobs.items(values)} {out} apart 0 2 0 1", words(expected))
        expected = np.clip(np.rint(values / 2), np.iinfo(TYPES[out]).min, 100).astype(TYPES[out])
        text = f"linear_map {jobs.items(values)} {out} apart -200 200 -100 100"
        jobs.add(text, words(expected))
    jobs.check(machine)


@pytest.mark.cases("typecode", list(TYPES))
def test_deinterleave(machine: Machine, typecode: str, seed: int) -> None:
    """Every channel of several."""
    rng = np.random.default_rng(seed)
    jobs = Jobs()
    for channels, n in ((1, 5), (2, 1), (3, 64), (7, 0), (255, 1)):
        values = rng.integers(0, 127, channels * n).astype(TYPES[typecode])
        for channel in {0, channels // 2, channels - 1}:
            text = f"deinterleave {jobs.items(values, 1)} {channel} {channels}"
            jobs.add(text, words(values[channel::channels]))
    jobs.check(machine)


@pytest.mark.cases("typecode", list(TYPES))
def test_push(machine: Machine, typecode: str, seed: int) -> None:
    """The last items of both, as numpy.concatenate gives them."""
    rng = np.random.default_rng(seed)
    jobs = Jobs()
    for n, added in ((8, 3), (8, 0), (8, 8), (8, 13), (0, 3), (0, 0), (255, 64), (1, 1)):
        window, chunk = (rng.integers(0, 127, k).astype(TYPES[typecode]) for k in (n, added))
        expected = np.concatenate([window, chunk])[added:]
        if added > n:
            expected = chunk[added - n :]
        jobs.add(f"push {jobs.items(window, 1)} {jobs.items(chunk)}", words(expected))
    jobs.check(machine)


def test_bad_calls(machine: Machine) -> None:
    """What the suites do not reach: empty arrays, overlap, limits."""
    assert machine.run(DEVICE / "bad_calls.py", module(machine)) == "ok\n"
