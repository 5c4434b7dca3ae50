"""What emliir costs: instructions for a sample and section, and bytes.

The baseline is emlearn's own eml_iir.h, wrapped the plain way (baseline/emliir).

And how much of an int16 signal is signal: white noise at half scale, with the error against
sosfilt in float64. Kernels run on this computer; the tests hold the machines to the same bits.
"""

from collections.abc import Iterator

import numpy as np
from scipy import signal

from benchmarks.modules import baseline, shipped, sizes
from emlmpy import iir
from machines.machine import MACHINES

# Two sections; counting two lengths leaves out what a call costs once.
SCRIPT = """
import array, instructions, {module}
sos = array.array("f", [0.02, 0.04, 0.02, 1, -1.56, 0.64, 1, 2, 1, 1, -1.7, 0.8])
run = {module}.new(sos).run
for typecode in {typecodes}:
    counts = []
    for n in (100, 200):
        samples = array.array(typecode, [i * 7919 % 2001 - 1000 for i in range(n)])
        run(samples)
        counts.append(instructions.count(run, samples))
    print(typecode, (counts[1] - counts[0]) / 200)
"""


def snr(sos: np.ndarray, arch: str) -> float:
    """Signal to noise of an int16 filter, in dB."""
    samples = np.random.default_rng(1).uniform(-16384, 16384, 50_000).astype(np.int16)
    rows = sos.astype(np.float32)
    exact = signal.sosfilt(rows.astype(float), samples.astype(float))
    error = iir.Filter(rows, cpu=arch).run(samples) - exact
    return 10 * np.log10(np.mean(exact**2) / np.mean(error**2))


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Yield the rows of results.csv."""
    for name in ("cortex-m4f", "cortex-m0"):
        machine = MACHINES[name]
        for file, prefix, typecodes in (
            (shipped("emliir", machine.arch), "", ("f", "h")),
            (baseline("emliir", "iir_baseline", machine.arch), "baseline_", ("f",)),
        ):
            script = SCRIPT.format(module=file.stem, typecodes=typecodes)
            for line in machine.run(script, {file.name: file}, shift=8).splitlines():
                typecode, slope = line.split()
                case = prefix + {"f": "f32_section", "h": "i16_section"}[typecode]
                yield "emliir", case, name, "instructions", round(float(slope), 2)
        for cutoff in (0.01, 0.003, 0.001):
            filters = {f"lowpass{n}": iir.design("butter", cutoff, 1, n) for n in (2, 4, 8)}
            filters["notch"] = iir.design("notch", cutoff, 1)
            for kind, sos in filters.items():
                yield "emliir", f"snr_{kind}_{cutoff}", name, "dB", round(snr(sos, machine.arch), 1)
    for arch, size in sizes("emliir"):
        yield "emliir", "mpy", arch, "bytes", size


if __name__ == "__main__":
    for row in measure():
        print(*row, sep=",")
