"""emlfft against numpy.fft, on every machine: the modules in dist/ are what runs."""

import ctypes
import subprocess
from pathlib import Path
from typing import NamedTuple

import emlearn
import numpy as np
import pytest
from scipy import signal

from emlmpy.fft import FFT
from machines.machine import ROOT, Board, Machine
from tests.fft import host as fft_host
from tools.compile_kernel import compile_kernel

DEVICE = Path(__file__).parents[1] / "device" / "fft"
EMLEARN = """
#define _DEFAULT_SOURCE // for M_PI
#include <eml_fft.h>

int run(float *real, float *imag, int n) {
    float sines[2048], cosines[2048];
    EmlFFT fft = {n / 2, sines, cosines};
    eml_fft_fill(fft, n);
    return eml_fft_forward(fft, real, imag, n);
}
"""
SIZES = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]


def module(machine: Machine) -> dict[str, Path]:
    """The module as it ships."""
    return {"emlfft.mpy": machine.module("emlfft")}


def signals(n: int) -> np.ndarray:
    """One row each: random, impulse, DC, Nyquist, sines on and between bins; 1 is full scale."""
    time = np.arange(n)
    return np.array(
        [
            np.random.default_rng(n).uniform(-1, 1, n),
            time == 3,
            np.ones(n),
            (-1.0) ** time,
            np.sin(2 * np.pi * time * (n // 5) / n + 0.3),
            np.sin(2 * np.pi * time * 0.1234),
        ]
    )


def all_signals(machine: Machine) -> list[np.ndarray]:
    """Signals of all the sizes that a machine has memory for.

    Of the long ones a board, whose serial port is slow, gets only noise and a sine.
    """
    largest = 512 if machine.name == "cortex-m0" else 4096
    found = [signals(n) for n in SIZES if n <= largest]
    if isinstance(machine, Board):
        found = [rows if rows.shape[1] <= 512 else rows[[0, 4]] for rows in found]
    return found


class Job(NamedTuple):
    """Rows to transform, and how; "run" takes pairs. Jobs with the same rows share a file."""

    kind: str
    rows: np.ndarray
    window: str | np.ndarray = "none"


Result = list[tuple[int | None, list[bytes]]]


def run(machine: Machine, jobs: list[Job]) -> list[Result]:
    """For each job, what each call returns, and the arrays it wrote."""
    files = module(machine)
    lines = []
    for number, (kind, rows, window) in enumerate(jobs):
        typecode = {"float32": "f", "int16": "h"}[rows.dtype.name]
        data = f"{id(rows)}.bin"
        files[data] = rows.tobytes()
        if not isinstance(window, str):
            files[f"{number}.win"] = window.tobytes()
            window = f"{number}.win"
        lines.append(f"{data} {rows.shape[1]} {kind} {typecode} {window}\n")
    files["jobs.txt"] = "".join(lines).encode()
    results: list[Result] = [[]]
    for line in machine.run(DEVICE / "run.py", files).splitlines():
        exponent, *arrays = line.split()
        if exponent == "end":
            results.append([])
            continue
        result = None if exponent == "None" else int(exponent)
        results[-1].append((result, [bytes.fromhex(array) for array in arrays]))
    assert results.pop() == []
    return results


def relative_error(found: np.ndarray, exact: np.ndarray) -> float:
    """The largest error, of the largest bin."""
    return np.abs(found - exact).max() / np.abs(exact).max()


def decibels(found: np.ndarray, exact: np.ndarray) -> float:
    """Signal-to-noise ratio."""
    noise = (np.abs(found - exact) ** 2).sum()
    return 10 * np.log10((np.abs(exact) ** 2).sum() / max(noise, 1e-30))


def wanted_decibels(n: int) -> int:
    """What int16 must reach at full scale."""
    return 60 if n <= 512 else 57 if n <= 1024 else 50


def test_float(machine: Machine) -> None:
    """Within 1e-5 of the largest bin, for all sizes and inputs."""
    jobs = []
    for rows in all_signals(machine):
        rows = rows.astype(np.float32)
        jobs += [Job("rfft", rows), Job("power", rows), Job("run", rows)]
    for job, results in zip(jobs, run(machine, jobs), strict=True):
        rows = job.rows.astype(float)
        inputs = rows[::2] + 1j * rows[1::2] if job.kind == "run" else rows
        for row, (_, arrays) in zip(inputs, results, strict=True):
            if job.kind == "rfft":
                found, exact = np.frombuffer(arrays[0], np.complex64), np.fft.rfft(row)
            elif job.kind == "power":
                found = np.frombuffer(arrays[0], np.float32)
                exact = np.abs(np.fft.rfft(row)) ** 2
            else:
                real, imag = (np.frombuffer(array, np.float32) for array in arrays)
                found, exact = real + 1j * imag, np.fft.fft(row)
            assert relative_error(found, exact) < 1e-5


@pytest.mark.parametrize("scale", [32767, 327.67])
def test_int16(machine: Machine, scale: float) -> None:
    """Signal-to-noise ratios at full scale and 40 dB below."""
    jobs = []
    for rows in all_signals(machine):
        rows = np.round(rows * scale).astype(np.int16)
        jobs += [Job("rfft", rows), Job("power", rows), Job("run", rows)]
    for job, results in zip(jobs, run(machine, jobs), strict=True):
        wanted = wanted_decibels(job.rows.shape[1]) if scale > 1000 else 45
        rows = job.rows.astype(float)
        inputs = rows[::2] + 1j * rows[1::2] if job.kind == "run" else rows
        for row, (exponent, arrays) in zip(inputs, results, strict=True):
            assert exponent is not None
            if job.kind == "power":
                found = np.sqrt(np.frombuffer(arrays[0], np.uint32) * 2.0**exponent)
                assert decibels(found, np.abs(np.fft.rfft(row))) >= wanted
                continue
            values = [np.frombuffer(array, np.int16) * 2.0**exponent for array in arrays]
            if job.kind == "rfft":
                real, imag, exact = values[0][0::2], values[0][1::2], np.fft.rfft(row)
            else:
                (real, imag), exact = values, np.fft.fft(row)
            assert decibels(real + 1j * imag, exact) >= wanted


def on_pc(job: Job) -> list[tuple[int, list[bytes]]]:
    """What emlmpy.fft gives, as a machine prints it."""
    window = None if isinstance(job.window, str) and job.window == "none" else job.window
    fft = FFT(job.rows.shape[1], window)
    if job.kind == "run":
        real, imag, exponents = fft.run(job.rows[0::2], job.rows[1::2])
        arrays = [[re.tobytes(), im.tobytes()] for re, im in zip(real, imag, strict=True)]
    elif job.kind == "power":
        powers, exponents = fft.power(job.rows)
        arrays = [[row.tobytes()] for row in powers]
    else:
        bins, exponents = fft.rfft(job.rows)
        parts = bins.view(np.float32).astype(job.rows.dtype)
        arrays = [[row.tobytes()] for row in parts]
    is_float = job.rows.dtype == np.float32
    return [
        (None if is_float else int(exponent), found)
        for exponent, found in zip(exponents, arrays, strict=True)
    ]


def test_machines_give_what_the_pc_gives(machine: Machine, seed: int) -> None:
    """int16 to the bit on all machines, float on those without fused multiply-add."""
    rng = np.random.default_rng(seed)
    sizes = (8, 16, 32, 64, 128) if isinstance(machine, Board) else (8, 32, 256, 1024)
    jobs = []
    for n in sizes:
        signal = fft_host.random_signals(rng, n, 1)
        for scale in (32767, 327.67, 1):
            rows = np.round(signal * scale).astype(np.int16)
            jobs += [Job("rfft", rows), Job("run", rows), Job("power", rows, "hann")]
        window = rng.uniform(0, 1, n).astype(np.float32)
        jobs.append(Job("power", np.round(signal * 9999).astype(np.int16), window))
        if machine.arch in ("x64", "armv7m", "xtensawin"):
            rows = signal.astype(np.float32)
            jobs += [Job("rfft", rows), Job("run", rows), Job("power", rows, "hamming")]
    for job, results in zip(jobs, run(machine, jobs), strict=True):
        assert results == on_pc(job), (job.kind, job.rows.dtype, job.rows.shape)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((7,), "power of two from 8 to 4096, not 7"),
        ((4,), "not 4"),
        ((8192,), "not 8192"),
        ((16, "bartlett"), "window must be hann or hamming"),
        ((16, np.ones(8)), "16 finite numbers"),
        ((16, np.full(16, np.inf)), "16 finite numbers"),
        ((16, [1.0] * 15 + [np.nan]), "16 finite numbers"),
    ],
)
def test_bad_transforms_on_the_pc(arguments: tuple, text: str) -> None:
    """emlmpy.fft refuses what emlfft does."""
    with pytest.raises(ValueError, match=text):
        FFT(*arguments)


def test_bad_samples_on_the_pc() -> None:
    """Other types, lengths and pairs."""
    fft = FFT(16)
    for samples in (np.zeros(16), np.zeros(16, int), ["a"] * 16):
        with pytest.raises(TypeError, match="must be float32 or int16"):
            fft.rfft(samples)
    for shape in (15, (2, 8), (1, 1, 16), ()):
        with pytest.raises(ValueError, match=r"shape \(rows, 16\)"):
            fft.power(np.zeros(shape, np.int16))
    with pytest.raises(ValueError, match="same type and shape"):
        fft.run(np.zeros(16, np.int16), np.zeros(16, np.float32))
    with pytest.raises(ValueError, match="same type and shape"):
        fft.run(np.zeros((2, 16), np.int16), np.zeros(16, np.int16))


@pytest.mark.parametrize(
    ("n", "wanted"),
    [(8, 71), (16, 69), (64, 66), (256, 61), (512, 58), (1024, 56), (2048, 53), (4096, 49)],
)
def test_int16_of_random_signals(n: int, wanted: int, seed: int) -> None:
    """Signal-to-noise ratios at full scale and 40 dB below, some dB below those of the README."""
    rng = np.random.default_rng(seed)
    for scale in (32767, 327.67):
        rows = np.round(fft_host.random_signals(rng, n, 60) * scale).astype(np.int16)
        loud = rows[np.abs(rows).max(axis=1) > scale / 4]
        assert fft_host.decibels(loud).min() >= wanted


def test_int16_of_all_range(machine: Machine, seed: int) -> None:
    """Nothing wraps where all samples are the largest, -32768 among them."""
    rng = np.random.default_rng(seed)
    jobs = []
    for n in (8, 16, 32, 64, 128, 256):
        signs = rng.integers(0, 2, (6, n))
        signs[0] = 1
        signs[1] = np.arange(n) % 2
        signs[2] = np.arange(n) // 2 % 2
        signs[3] = np.arange(n) < n // 2
        rows = np.where(signs, -32768, 32767).astype(np.int16)
        jobs += [Job("rfft", rows), Job("power", rows, "hann"), Job("run", rows)]
    for job, results in zip(jobs, run(machine, jobs), strict=True):
        rows = job.rows.astype(float)
        if job.kind == "power":
            rows *= signal.get_window("hann", rows.shape[1])
        inputs = rows[::2] + 1j * rows[1::2] if job.kind == "run" else rows
        for row, (exponent, arrays) in zip(inputs, results, strict=True):
            if job.kind == "power":
                found = np.sqrt(np.frombuffer(arrays[0], np.uint32) * 2.0**exponent)
                exact = np.abs(np.fft.rfft(row))
            else:
                values = [np.frombuffer(array, np.int16) * 2.0**exponent for array in arrays]
                if job.kind == "rfft":
                    found, exact = values[0][0::2] + 1j * values[0][1::2], np.fft.rfft(row)
                else:
                    found, exact = values[0] + 1j * values[1], np.fft.fft(row)
            assert decibels(found, exact) >= 60


def test_windows(machine: Machine) -> None:
    """Windows are scipy's periodic ones, or any values, also beyond 1 and below 0."""
    jobs = []
    windows = []
    for n in (8, 256):
        # Without the impulse: it lies where some windows are nearly 0.
        rows = np.delete(signals(n), 1, axis=0)
        floats, integers = rows.astype(np.float32), np.round(rows * 32767).astype(np.int16)
        almost_one = np.full(n, 1 - 2.0**-17)
        almost_one[1::2] = 1e-36
        for window in (
            *("hann", "hamming"),
            np.random.default_rng(5).uniform(-3, 7, n),
            np.hanning(2 * n)[:n],
            almost_one,
            -almost_one,
        ):
            given: str | np.ndarray = window
            if isinstance(window, str):
                values = signal.get_window(window, n)
            else:
                given = window.astype(np.float32)
                values = given.astype(float)
            jobs += [Job("power", floats, given), Job("power", integers, given)]
            windows += [values, values]
    for job, values, results in zip(jobs, windows, run(machine, jobs), strict=True):
        exact = np.abs(np.fft.rfft(job.rows * values))
        for bins, (exponent, (out,)) in zip(exact, results, strict=True):
            if exponent is None:
                assert relative_error(np.frombuffer(out, np.float32), bins**2) < 1e-5
            else:
                found = np.sqrt(np.frombuffer(out, np.uint32) * 2.0**exponent)
                assert decibels(found, bins) >= 60


def test_agrees_with_emlearn(machine: Machine) -> None:
    """emlearn's own C gives the same complex transforms, but for rounding."""
    library = compile_kernel("emlearn_fft", EMLEARN, [Path(emlearn.includedir)])
    pointer = ctypes.POINTER(ctypes.c_float)
    jobs = [Job("run", signals(n).astype(np.float32)) for n in (8, 64, 128, 512)]
    for job, results in zip(jobs, run(machine, jobs), strict=True):
        theirs = job.rows.copy()
        for row in range(0, len(theirs), 2):
            real, imag = (part.ctypes.data_as(pointer) for part in theirs[row : row + 2])
            assert library.run(real, imag, theirs.shape[1]) == 0
        for real, imag, (_, arrays) in zip(theirs[::2], theirs[1::2], results, strict=True):
            ours = [np.frombuffer(array, np.float32) for array in arrays]
            assert relative_error(ours[0] + 1j * ours[1], real + 1j * imag) < 1e-5


def test_kernels_under_sanitizers(tmp_path: Path, seed: int) -> None:
    """No samples and no window make a kernel leave its memory or overflow."""
    program = tmp_path / "fuzz"
    source = Path(__file__).parents[1] / "fuzz" / "fft.c"
    command = ["gcc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    command += [f"-I{ROOT / 'src' / folder}" for folder in ("emlfft", "common")]
    command += [str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    subprocess.run([program, str(seed), "1000"], check=True)


def test_calls(machine: Machine) -> None:
    """A script that checks itself on the device."""
    assert machine.run(DEVICE / "calls.py", module(machine)) == "ok\n"


def test_memory(machine: Machine) -> None:
    """A script that checks itself on the device: what is allocated when, and each failure of it."""
    files = {**module(machine), "heap.py": DEVICE.parent / "heap.py"}
    assert machine.run(DEVICE / "memory.py", files, timeout=120) == "ok\n"
