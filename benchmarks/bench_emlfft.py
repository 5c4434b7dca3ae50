"""What emlfft costs: instructions for a spectrum or transform, and bytes.

The baseline is emlearn's own eml_fft.h, wrapped the plain way (baseline/emlfft).

And how much of an int16 spectrum is signal: the worst of noise, impulse, DC, Nyquist and sines,
against numpy. All machines give the same bits.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.modules import baseline, shipped, sizes
from tests.machines.machine import MACHINES
from tests.test_fft import Job, decibels, run, signals

SCRIPT = """
import array, gc, instructions, {module}
for n, kind, typecode in {cases}:
    gc.collect()
    fft = {module}.new(n{window})
    samples = array.array(typecode, [i * 7919 % 2001 - 1000 for i in range(n)])
    if kind == "power":
        call = fft.power
        out = array.array("f" if typecode == "f" else "I", bytes(4 * (n // 2 + 1)))
    else:
        call = fft.run
        out = array.array(typecode, samples)
    cost = instructions.count(call, samples, out) - instructions.count(
        instructions.bound, samples, out)
    print(kind, n, typecode, cost)
"""
CASES = {
    "cortex-m4f": (
        (256, "power", "f"), (1024, "power", "f"), (256, "power", "h"), (256, "complex", "f"),
    ),
    "cortex-m0": ((256, "power", "f"), (256, "power", "h"), (256, "complex", "f")),
}  # fmt: skip


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Yield the rows of results.csv."""
    for name, cases in CASES.items():
        machine = MACHINES[name]
        own = shipped("emlfft", machine.arch)
        plain = baseline("emlfft", "fft_baseline", machine.arch)
        for file, prefix, window, wanted in (
            (own, "", ", 'hann'", cases),
            (plain, "baseline_", "", [case for case in cases if case[1] == "complex"]),
        ):
            script = SCRIPT.format(module=file.stem, cases=wanted, window=window)
            for line in machine.run(script, {file.name: file}, shift=8).splitlines():
                kind, n, typecode, cost = line.split()
                case = f"{prefix}{kind}_{n}_{'f32' if typecode == 'f' else 'i16'}"
                yield "emlfft", case, name, "instructions", int(cost)
    for level, scale in (("full_scale", 32767), ("40_dB_below", 327.67)):
        for n in (8, 64, 256, 512, 1024, 2048, 4096):
            yield "emlfft", f"snr_{level}_{n}", "unix-x64", "dB", round(snr(n, scale), 1)
    for arch, size in sizes("emlfft"):
        yield "emlfft", "mpy", arch, "bytes", size


def snr(n: int, scale: float) -> float:
    """The least signal to noise of real int16 transforms, in dB."""
    rows = np.round(signals(n) * scale).astype(np.int16)
    found = []
    for row, (exponent, arrays) in zip(
        rows, run(MACHINES["unix-x64"], [Job("rfft", rows)])[0], strict=True
    ):
        parts = np.frombuffer(arrays[0], np.int16) * 2.0**exponent
        exact = np.fft.rfft(row.astype(float))
        found.append(decibels(parts[0::2] + 1j * parts[1::2], exact))
    return min(found)


if __name__ == "__main__":
    for row in measure():
        print(*row, sep=",")
