"""What emliir costs: instructions for a sample and section, and bytes.

The baseline is emlearn's own eml_iir.h, wrapped the plain way (baseline/emliir).

And how much of an int16 signal is signal: white noise at half scale, with the error against
sosfilt in float64; and how far random filters are off. Kernels run on this computer; the tests hold
the machines to the same bits.
"""

from collections.abc import Iterator

import numpy as np
from scipy import signal

from benchmarks.modules import baseline, shipped, sizes
from emlmpy import iir
from emlmpy.iir import model
from machines.machine import MACHINES
from tests.iir import designs as iir_designs

DESIGNS = 1000

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


def snr(sos: np.ndarray, arch: str | None) -> float:
    """Signal to noise of an int16 filter, in dB; None: of exact results, rounded."""
    samples = np.random.default_rng(1).uniform(-16384, 16384, 50_000).astype(np.int16)
    rows = sos.astype(np.float32)
    exact = signal.sosfilt(rows.astype(float), samples.astype(float))
    found = np.round(exact) if arch is None else iir.Filter(rows, cpu=arch).run(samples)
    error = found - exact
    return 10 * np.log10(np.mean(exact**2) / np.mean(error**2))


def designs(low: float, high: float) -> Iterator[np.ndarray]:
    """DESIGNS random filters with frequencies between two parts of the sample rate, as saved."""
    rng = np.random.default_rng(1)
    found = 0
    while found < DESIGNS:
        try:
            data = model.encode(iir_designs.design(rng, low, high)[1])
        except ValueError:  # unstable once it is rounded to float32
            continue
        found += 1
        yield model.rows_of(data).astype(float)


def float_errors(low: float, high: float) -> tuple[float, float]:
    """The error that 99 % of random filters keep to, and the largest, in parts of the output."""
    noise = np.random.default_rng(2).uniform(-1, 1, 4000).astype(np.float32)
    errors = []
    for rows in designs(low, high):
        for samples in (noise, np.ones_like(noise)):
            exact = signal.sosfilt(rows, samples.astype(float))
            found = iir.Filter(rows).run(samples)
            errors.append(np.abs(found - exact).max() / np.abs(exact).max())
    # Of each filter the larger of two.
    largest = np.array(errors).reshape(-1, 2).max(axis=1)
    return float(np.quantile(largest, 0.99)), float(largest.max())


def int16_errors(arch: str) -> Iterator[tuple[str, str, float]]:
    """Of how many random filters int16 results are within 2, as the bound says and as is found."""
    rng = np.random.default_rng(3)
    kept, off, saturating, ratios = 0, 0, 0, []
    for rows in designs(0.01, 0.45):
        bound = iir.int16_bound(rows, arch)
        assert bound is not None
        kept += bound.rounded <= 2
        saturating += bound.rounded <= 2 and bound.amplitude < 32767
        loudest = min(1, bound.amplitude / 32768)
        device = iir.Filter(rows, cpu=arch)
        largest = rounded = 0.0
        for samples in iir_designs.inputs(rng, rows, 4000):
            samples = np.trunc(samples * loudest).astype(np.int16)
            device.reset()
            found = device.run(samples)
            exact = np.clip(signal.sosfilt(rows, samples.astype(float)), -32768, 32767)
            largest = max(largest, np.abs(found - exact).max())
            rounded = max(rounded, np.abs(found - np.round(exact)).max())
        assert rounded <= bound.rounded
        off += rounded > 2
        ratios.append((bound.lsb + 0.5) / max(largest, 0.5))
    yield "int16_bound_within_2", "percent", 100 * kept / DESIGNS
    yield "int16_found_beyond_2", "percent", 100 * off / DESIGNS
    yield "int16_may_saturate", "percent", 100 * saturating / DESIGNS
    yield "int16_bound_per_error", "ratio", float(np.median(ratios))


def exactness() -> Iterator[tuple[str, str, str, str, float]]:
    """Yield how far results are from exact ones, and how far rounding alone would bring them."""
    yield "emliir", "random_filters", "all", "number", DESIGNS
    for low, high in ((0.1, 0.45), (0.01, 0.1), (0.001, 0.01)):
        most, worst = float_errors(low, high)
        yield "emliir", f"f32_error_99_percent_{low}", "unix-x64", "of_largest", most
        yield "emliir", f"f32_error_worst_{low}", "unix-x64", "of_largest", worst
    for name in ("cortex-m4f", "cortex-m0"):
        for case, metric, value in int16_errors(MACHINES[name].arch):
            yield "emliir", case, name, metric, round(value, 2)


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
                alone = round(snr(sos, None), 1)
                yield "emliir", f"snr_{kind}_{cutoff}", "rounding", "dB", alone
    yield from exactness()
    for arch, size in sizes("emliir"):
        yield "emliir", "mpy", arch, "bytes", size


if __name__ == "__main__":
    for row in measure():
        print(*row, sep=",")
