"""emliir against scipy.signal.sosfilt, on every machine: the modules in dist/ are what runs."""

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import emlearn
import numpy as np
import pytest
from scipy import signal

from emlmpy import iir
from machines.machine import ROOT, Board, Machine
from tools.compile_kernel import compile_kernel

DEVICE = Path(__file__).parents[1] / "device" / "iir"
N = 10_000
# Where multiplications are fused with additions.
FUSED = ("armv7emsp", "armv7emdp")
EMLEARN = """
#include <eml_iir.h>

void run(const float *sos, int n_sections, float *samples, int n) {
    float states[4 * 8] = {0};
    EmlIIR iir = {n_sections, states, 4 * n_sections, sos, 6 * n_sections};
    for (int i = 0; i < n; i++) {
        samples[i] = eml_iir_filter(iir, samples[i]);
    }
}
"""


def module(machine: Machine) -> dict[str, Path]:
    """The module as it ships."""
    return {"emliir.mpy": machine.module("emliir")}


class Job(NamedTuple):
    """A filter to run: its rows, its samples, and how. Jobs with the same samples share a file."""

    sos: np.ndarray
    samples: np.ndarray
    channels: int = 1
    chunk: int = 500


def run(machine: Machine, folder: Path, jobs: list[Job]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Output and state of filters that are loaded from files and run in chunks."""
    files = module(machine)
    lines = []
    for number, job in enumerate(jobs):
        csv, data = f"{number}.csv", f"{id(job.samples)}.bin"
        iir.save(job.sos, folder / csv, int16=False)
        files[csv] = folder / csv
        files[data] = job.samples.tobytes()
        typecode = {"float32": "f", "int16": "h"}[job.samples.dtype.name]
        lines.append(f"{csv} {data} {typecode} {job.channels} {job.chunk}\n")
    files["jobs.txt"] = "".join(lines).encode()
    results = []
    output = machine.run(DEVICE / "run.py", files).splitlines()
    for job, line in zip(jobs, output, strict=True):
        out, state = (bytes.fromhex(word) for word in line.split())
        assert len(out) == job.samples.nbytes
        results.append((np.frombuffer(out, job.samples.dtype), np.frombuffer(state, np.float32)))
    return results


def filters() -> dict[str, np.ndarray]:
    """Filters of every kind, as scipy and as emlmpy give them."""
    found = {}
    for cutoff, order in ((0.001, 2), (0.001, 8), (0.01, 4), (0.01, 8), (0.1, 3), (0.25, 5)):
        found[f"butter {order} {cutoff}"] = signal.butter(order, cutoff, fs=1, output="sos")
    found["butter 8 0.45"] = signal.butter(8, 0.45, fs=1, output="sos")
    found["highpass 4 0.01"] = iir.design("butter", 0.01, 1, 4, "highpass")
    found["highpass 8 0.02"] = signal.butter(8, 0.02, "highpass", fs=1, output="sos")
    found["cheby 8 0.01"] = signal.cheby1(8, 1, 0.01, fs=1, output="sos")
    found["cheby 6 0.1"] = iir.design("cheby", 0.1, 1, 6)
    found["cheby 8 0.45"] = signal.cheby1(8, 1, 0.45, fs=1, output="sos")
    found["bandpass 4 0.1"] = signal.butter(2, [0.08, 0.11], "bandpass", fs=1, output="sos")
    found["notch 2 0.05"] = iir.design("notch", 0.05, 1, quality=10)
    found["notch 2 0.4"] = iir.design("notch", 0.4, 1)
    return found


FILTERS = filters()
ON_BOARDS = ("butter 2 0.001", "highpass 4 0.01", "butter 8 0.01", "cheby 6 0.1", "notch 2 0.4")


def names_for(machine: Machine, lowest: float = 0) -> list[str]:
    """All filters with such cut-offs; on boards, whose serial ports are slow, one of each kind."""
    names = [name for name in FILTERS if cutoff_of(name) >= lowest]
    return [name for name in names if name in ON_BOARDS or not isinstance(machine, Board)]


def cutoff_of(name: str) -> float:
    """The cut-off frequency that a filter's name ends with."""
    return float(name.split()[-1])


def test_float(machine: Machine, tmp_path: Path) -> None:
    """scipy's own float32 filter, to the bit, or of no more than twice its error."""
    names = names_for(machine)
    samples = np.random.default_rng(1).uniform(-1, 1, N).astype(np.float32)
    jobs = [Job(FILTERS[name].astype(np.float32), samples) for name in names]
    for name, job, (out, _) in zip(names, jobs, run(machine, tmp_path, jobs), strict=True):
        exact = signal.sosfilt(job.sos.astype(float), samples.astype(float))
        error = np.abs(out - exact).max()
        scipys = signal.sosfilt(job.sos, samples)
        allowed = 2 * np.abs(scipys - exact).max()
        assert error <= allowed, name
        if machine.arch not in FUSED:
            np.testing.assert_array_equal(out, scipys)
        if cutoff_of(name) >= 0.1:
            assert error <= 2e-5 * np.abs(exact).max(), name


def test_int16(machine: Machine, tmp_path: Path) -> None:
    """Within 2 of the rounded exact result, for noise and all frequencies one after the other."""
    names = names_for(machine, lowest=0.01)
    sweep = 12000 * signal.chirp(np.arange(N), 0.001, N, 0.5, "logarithmic")
    samples = (sweep + np.random.default_rng(1).uniform(-15000, 15000, N)).astype(np.int16)
    jobs = [Job(FILTERS[name].astype(np.float32), samples) for name in names]
    for name, job, (out, _) in zip(names, jobs, run(machine, tmp_path, jobs), strict=True):
        exact = signal.sosfilt(job.sos.astype(float), samples.astype(float))
        wanted = np.clip(np.round(exact), -32768, 32767)
        assert np.abs(out - wanted).max() <= 2, name


def test_int16_is_what_the_pc_gives(machine: Machine, tmp_path: Path) -> None:
    """To the bit what Filter gives, saturated or not, in C and in assembly."""
    random = np.random.default_rng(6)
    noise = random.integers(-32768, 32768, 151)
    loud = random.choice([-32768, 32767], 60)
    samples = np.concatenate([noise, [32767] * 50, [-32768] * 50, loud]).astype(np.int16)
    names = list(FILTERS)[::2]
    jobs = [Job(FILTERS[name].astype(np.float32), samples, chunk=311) for name in names]
    jobs.append(Job(np.float32([[0.02, 0.04, 0.02, 1, -1.7, 0.8]] * 2), samples, chunk=311))
    for job, (out, _) in zip(jobs, run(machine, tmp_path, jobs), strict=True):
        wanted = iir.Filter(job.sos, cpu=machine.arch).run(samples)
        np.testing.assert_array_equal(out, wanted)


@pytest.mark.parametrize("cpu", ["armv6m", "armv7emsp"])
def test_int16_does_not_ring_on(cpu: str) -> None:
    """Full-scale square waves, of which a high-pass makes more than int16 holds, saturate."""
    for sos in (
        signal.butter(4, 0.01, "high", fs=1, output="sos"),
        signal.cheby1(2, 1, 0.01, "high", fs=1, output="sos"),
        signal.cheby1(8, 1, 0.01, "high", fs=1, output="sos"),
        signal.ellip(4, 1, 40, 0.03, "high", fs=1, output="sos"),
    ):
        rows = sos.astype(np.float32)
        for period in (4, 20, 100, 300, 1000):
            loud = np.arange(6000) // (period // 2) % 2
            samples = np.where(loud, -32768, 32767).astype(np.int16)
            samples[4000:] //= 4
            exact = np.clip(signal.sosfilt(rows.astype(float), samples), -32768, 32767)
            out = iir.Filter(rows, cpu=cpu).run(samples)
            assert np.abs(out - exact).max() <= 3, (sos, period)


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_channels_chunks_and_state(machine: Machine, dtype: type, tmp_path: Path) -> None:
    """Chunks give what one call gives; a channel gives what it gives alone; state is scipy's zi."""
    samples = np.random.default_rng(3).uniform(-9000, 9000, 3 * 315).astype(dtype)
    jobs = []
    for rows in (1, 2, 3):
        sos = signal.butter(2 * rows, 0.15, fs=1, output="sos").astype(np.float32)
        jobs += [Job(sos, samples, 3, chunk) for chunk in (945, 3, 105)]
        jobs.append(Job(sos, np.ascontiguousarray(samples[1::3]), 1, 315))
    results = run(machine, tmp_path, jobs)
    for rows in (1, 2, 3):
        (whole, state), *chunked, (alone, _) = results[4 * rows - 4 : 4 * rows]
        for pieces, piece_state in chunked:
            np.testing.assert_array_equal(pieces, whole)
            np.testing.assert_array_equal(piece_state, state)
        np.testing.assert_array_equal(alone, whole[1::3])
        if dtype == np.float32:
            zi = np.zeros((rows, 2, 3))
            sos = jobs[4 * rows - 1].sos.astype(float)
            _, zi = signal.sosfilt(sos, samples.reshape(-1, 3).astype(float), 0, zi)
            np.testing.assert_allclose(state.reshape(zi.shape), zi, rtol=1e-4, atol=1e-2)


def test_agrees_with_emlearn(machine: Machine, tmp_path: Path) -> None:
    """The same filters in emlearn's own C give the same, but for rounding."""
    library = compile_kernel("emlearn_iir", EMLEARN, [Path(emlearn.includedir)])
    samples = np.random.default_rng(4).uniform(-1, 1, 1000).astype(np.float32)
    names = ("butter 8 0.45", "cheby 6 0.1", "bandpass 4 0.1", "butter 3 0.1", "notch 2 0.4")
    jobs = [Job(np.ascontiguousarray(FILTERS[name], np.float32), samples) for name in names]
    pointer = ctypes.POINTER(ctypes.c_float)
    for name, job, (out, _) in zip(names, jobs, run(machine, tmp_path, jobs), strict=True):
        theirs = samples.copy()
        sos = job.sos.ctypes.data_as(pointer)
        library.run(sos, len(job.sos), theirs.ctypes.data_as(pointer), len(theirs))
        assert np.abs(out - theirs).max() <= 2e-5 * np.abs(theirs).max(), name
        assert np.abs(theirs).max() > 0.1, name


@pytest.mark.parametrize("cpu", ["", "-D__ARM_ARCH_6M__"])
def test_kernels_under_sanitizers(
    cpu: str, tmp_path: Path, seed: int, rounds: Callable[[int], int]
) -> None:
    """No filter and no samples make a kernel leave its memory or overflow."""
    program = tmp_path / "fuzz"
    source = Path(__file__).parents[1] / "fuzz" / "iir.c"
    command = ["gcc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", *cpu.split()]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    command += [f"-I{ROOT / 'src' / folder}" for folder in ("emliir", "common")]
    command += [str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    output = subprocess.check_output([program, str(seed), str(rounds(5000))], text=True)
    assert int(output.split()[0]) > 0


def test_calls(machine: Machine) -> None:
    """A script that checks itself on the device."""
    assert machine.run(DEVICE / "calls.py", module(machine)) == "ok\n"


def test_filter_on_the_pc() -> None:
    """Shapes, types, channels, calls one after the other; float32 gives scipy's samples."""
    sos = FILTERS["bandpass 4 0.1"]
    rows = sos.astype(np.float32)
    samples = np.random.default_rng(8).uniform(-9000, 9000, (315, 3)).astype(np.float32)
    wanted, zi = signal.sosfilt(rows, samples, 0, np.zeros((len(rows), 2, 3), np.float32))
    three = iir.Filter(sos, channels=3)
    found = three.run(samples)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(three.state, zi.ravel())
    three.reset()
    pieces = [three.run(piece) for piece in np.split(samples.ravel(), [3, 300, 300])]
    np.testing.assert_array_equal(np.concatenate(pieces), wanted.ravel())
    for cpu in ("armv6m", "xtensawin"):
        integers = samples.astype(np.int16)
        three = iir.Filter(sos, channels=3, cpu=cpu)
        out = three.run(integers)
        assert out.dtype == np.int16 and out.shape == (315, 3)
        exact = signal.sosfilt(rows.astype(float), integers.astype(float), axis=0)
        assert np.abs(out - np.round(exact)).max() <= 2
        one = iir.Filter(sos, cpu=cpu)
        np.testing.assert_array_equal(one.run(integers[:, 1]), out[:, 1])
        assert three.nbytes > one.nbytes > 0


def test_filter_refuses() -> None:
    """What it is not for; texts of the device where it has them."""
    sos = FILTERS["bandpass 4 0.1"]
    for kind, text, action in (
        (TypeError, "float32 or int16, not float64", lambda: iir.Filter(sos).run(np.zeros(3))),
        (TypeError, "float32 or int16, not int32", lambda: iir.Filter(sos).run(np.int32([1]))),
        (ValueError, "shape", lambda: iir.Filter(sos, 3).run(np.zeros((4, 2), np.float32))),
        (ValueError, "multiple of channels", lambda: iir.Filter(sos, 3).run(np.zeros(4, np.int16))),
        (
            ValueError,
            "gain must be below 8",
            lambda: iir.Filter(sos * ([1e9] * 3 + [1] * 3)).run(np.int16([1])),
        ),
        (ValueError, "channels must be 1 to 255", lambda: iir.Filter(sos, 256)),
        (ValueError, "cpu must be one of armv6m, ", lambda: iir.Filter(sos, cpu="m0")),
        (ValueError, "row 1: poles must lie", lambda: iir.Filter([[1, 0, 0, 1, 0, 1]])),
        (ValueError, "cut short", lambda: iir.Filter.load(b"sos,1\n")),
    ):
        with pytest.raises(kind, match=text):
            action()


def test_design_refuses() -> None:
    """Kinds that there are not."""
    with pytest.raises(ValueError, match="kind must be"):
        iir.design("bessel", 0.1, 1)
