"""What emlfft costs: instructions for a spectrum or transform, and bytes.

The baseline is emlearn's own eml_fft.h, wrapped the plain way (baseline/emlfft).

And how much of an int16 spectrum is signal: the worst of 6000 random signals, against numpy. The
kernel runs on this computer; a test holds the machines to the same bits.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.modules import baseline, shipped, sizes
from machines.machine import MACHINES
from tests.fft import host as fft_host

SCRIPT = """
import array, gc, instructions, {module}
for n, kind, typecode in {cases}:
    gc.collect()
    fft = {module}.new(n{window})
    samples = [i * 7919 % 2001 - 1000 for i in range(n)]
    call, out, out_type = fft.run, samples, typecode
    if kind == "power":
        call, out, out_type = fft.power, bytes(4 * (n // 2 + 1)), "f" if typecode == "f" else "I"
    # The first call makes tables.
    call(array.array(typecode, samples), array.array(out_type, out))
    samples, out = array.array(typecode, samples), array.array(out_type, out)
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
    rng = np.random.default_rng(1)
    found = []
    for _ in range(10):
        rows = np.round(fft_host.random_signals(rng, n, 100) * scale).astype(np.int16)
        found.append(fft_host.decibels(rows[np.abs(rows).max(axis=1) > scale / 4]).min())
    return float(min(found))


if __name__ == "__main__":
    for row in measure():
        print(*row, sep=",")
