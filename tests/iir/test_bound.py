"""How exact filters are, and what emlmpy.iir.save says of it beforehand."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from emlmpy import iir
from emlmpy.iir import model
from tests.iir import designs as iir_designs

CPUS = ("armv6m", "armv7emsp")
M0_1 = ("armv6m", 1)
N = 4000


def errors(rows: np.ndarray, cpu: str, signals: list[np.ndarray]) -> tuple[float, float]:
    """The largest difference of int16 results from exact ones, and from exact ones rounded."""
    device = iir.Filter(rows, cpu=cpu)
    largest = rounded = 0.0
    for samples in signals:
        device.reset()
        found = device.run(samples)
        wanted = np.clip(signal.sosfilt(rows, samples.astype(float)), -32768, 32767)
        largest = max(largest, float(np.abs(found - wanted).max()))
        rounded = max(rounded, float(np.abs(found - np.round(wanted)).max()))
    return largest, rounded


def as_saved(sos: np.ndarray) -> np.ndarray:
    """A filter's rows as its file has them, in float64."""
    return model.rows_of(model.encode(sos)).astype(float)


def said_by_save(sos: np.ndarray, path: Path, **options: bool) -> list[str]:
    """The warnings of save."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        iir.save(sos, path, **options)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize(("low", "high", "count"), [(0.01, 0.45, 150), (0.0005, 0.499, 50)])
def test_int16_bound(low: float, high: float, count: int, seed: int) -> None:
    """No error of random designs exceeds the bound, which is not much larger than the errors."""
    rng = np.random.default_rng(seed)
    ratios: dict[str, list[float]] = {cpu: [] for cpu in CPUS}
    while len(ratios[CPUS[0]]) < count:
        name, sos = iir_designs.design(rng, low, high)
        try:
            rows = as_saved(sos)
        except ValueError:  # unstable once it is rounded to float32
            continue
        signals = iir_designs.inputs(rng, rows, N)
        for cpu in CPUS:
            bound = iir.int16_bound(rows, cpu)
            assert bound is not None, name
            loudest = min(1, bound.amplitude / 32768)
            quiet = [np.trunc(samples * loudest).astype(np.int16) for samples in signals]
            largest, rounded = errors(rows, cpu, quiet)
            assert largest <= bound.lsb + 0.5, (name, cpu)
            assert rounded <= bound.rounded, (name, cpu)
            ratios[cpu].append((bound.lsb + 0.5) / max(largest, 0.5))
    # 1.4 and 1.06 were measured on 1000 designs.
    assert all(np.median(found) < 3 for found in ratios.values())


def test_int16_bound_is_reached() -> None:
    """Sines where filters resonate, and constants, come near it."""
    for sos in (
        signal.cheby2(2, 84.6, [0.0782, 0.2924], "bandstop", fs=1, output="sos"),
        signal.cheby2(2, 80, 0.0136, fs=1, output="sos"),
        signal.cheby2(3, 98.4, [0.1281, 0.3189], "bandstop", fs=1, output="sos"),
    ):
        rows = as_saved(sos)
        bound = iir.int16_bound(rows, "armv6m")
        assert bound is not None and 50 < bound.lsb < 5000
        signals = iir_designs.inputs(np.random.default_rng(1), rows, 30_000)
        assert errors(rows, "armv6m", signals)[0] > bound.lsb / 5


@pytest.mark.parametrize(
    ("sos", "constant", "cpu", "most"),
    [
        (signal.cheby2(2, 80, 0.0136, fs=1, output="sos"), 20000, "armv7emsp", 1),
        (signal.cheby2(2, 90.4, 0.298, "high", fs=1, output="sos"), 300, "armv7emsp", 1),
        (signal.butter(8, 0.49, fs=1, output="sos"), None, "armv7emsp", 1),
        (signal.cheby1(8, 1, 0.49, fs=1, output="sos"), None, "armv7emsp", 4),
        (signal.butter(8, 0.001, fs=1, output="sos"), None, "armv6m", 2),
        (signal.bessel(4, [0.0148, 0.2759], "bandstop", fs=1, output="sos"), None, "armv6m", 45),
        # Where the response is flat between the poles, and values were cut off.
        (signal.butter(4, [0.0221, 0.4491], "bandpass", fs=1, output="sos"), None, "armv6m", 1),
        (signal.butter(4, [0.0221, 0.4491], "bandpass", fs=1, output="sos"), None, "armv7m", 1),
        (signal.ellip(2, 0.33, 54.5, [0.0109, 0.426], "bandpass", fs=1, output="sos"), None, *M0_1),
    ],
)
def test_int16_of_difficult_filters(
    sos: np.ndarray, constant: int | None, cpu: str, most: int
) -> None:
    """Zeros near the unit circle, and poles: constants, and noise where there is None."""
    noise = np.random.default_rng(1).choice([-32768, 32767], 20_000)
    noise[::2] = np.random.default_rng(2).integers(-32768, 32768, 10_000)
    samples = noise if constant is None else np.full(60_000, constant)
    assert errors(as_saved(sos), cpu, [samples.astype(np.int16)])[1] <= most


def test_int16_on_average() -> None:
    """A Cortex-M0 shifts the results of a low-pass at 0.001 by less than half a step."""
    rows = as_saved(signal.butter(8, 0.001, fs=1, output="sos"))
    noise = np.random.default_rng(1).integers(-32768, 32768, 100_000).astype(np.int16)
    found = iir.Filter(rows, cpu="armv6m").run(noise)
    assert abs((found - signal.sosfilt(rows, noise.astype(float))).mean()) < 0.5


M0 = r"int16 samples on armv6m \(Cortex-M0, M0\+\) can be "
OTHERS = "int16 samples on all CPUs but armv6m can be "
SLOW = np.array([[2.0**-26, 0, 0, 1, -1 + 2.0**-24, 0]])


@pytest.mark.parametrize(
    ("sos", "texts"),
    [
        (signal.butter(4, 0.1, fs=1, output="sos"), []),
        (signal.butter(8, 0.4, "highpass", fs=1, output="sos"), []),
        (
            signal.cheby2(2, 57.4, [0.0378, 0.28], "bandstop", fs=1, output="sos"),
            [M0 + r"up to \d\d LSB off; within 2 is usual"],
        ),
        (
            signal.cheby2(1, 84.4, 0.2276, "highpass", fs=1, output="sos"),
            [M0 + r"up to \d+ LSB off", OTHERS + r"up to \d\d LSB off; within 2 is usual"],
        ),
        (
            signal.ellip(4, 2.56, 55, [0.0117, 0.0271], "bandstop", fs=1, output="sos"),
            [
                M0 + r"up to \d+ LSB off",
                r"beyond 2\d\d\d\d can sat.*armv6m \(",
                "all CPUs but armv6m",
            ],
        ),
        (SLOW, [M0 + "any number of LSB off", OTHERS + "any number of LSB off"]),
    ],
)
def test_save_warns_of_int16(sos: np.ndarray, texts: list[str], tmp_path: Path) -> None:
    """Filters whose int16 samples can be off by more than the README says."""
    said = [text for text in said_by_save(sos, tmp_path / "filter.csv") if "float32" not in text]
    assert len(said) == len(texts)
    for text, wanted in zip(said, texts, strict=True):
        assert re.search(wanted, text)
    assert not any("int16" in text for text in said_by_save(sos, tmp_path / "a", int16=False))


def test_save_warns_of_all_that_are_off(tmp_path: Path, seed: int) -> None:
    """Of random designs, those that are off by more than 2 are among those that are warned of."""
    rng = np.random.default_rng(seed)
    for _ in range(100):
        _, sos = iir_designs.design(rng)
        try:
            rows = as_saved(sos)
        except ValueError:
            continue
        said = " ".join(said_by_save(sos, tmp_path / "filter.csv"))
        signals = iir_designs.inputs(rng, rows, 2000)
        for cpu, name in (("armv6m", "armv6m (Cor"), ("x64", "all CPUs but armv6m")):
            if errors(rows, cpu, signals)[1] > 2:
                assert name in said, sos.tolist()


def test_save_says_nothing_where_int16_is_refused(tmp_path: Path) -> None:
    """A gain of a million is for float samples only, as the device says."""
    sos = np.array([[1e6, 0, 0, 1, 0, 0]])
    assert iir.int16_bound(sos) is None
    assert said_by_save(sos, tmp_path / "filter.csv") == []


def test_save_warns_of_float32(tmp_path: Path, seed: int) -> None:
    """Coefficients that change the response by more than 0.1 dB: with the size of the change."""
    rng = np.random.default_rng(seed)
    warned = 0
    for _ in range(200):
        _, sos = iir_designs.design(rng, 0.001, 0.1)
        try:
            rows = as_saved(sos)
        except ValueError:
            continue
        said = said_by_save(sos, tmp_path / "filter.csv", int16=False)
        w = np.concatenate([np.linspace(0, np.pi, 40_000), np.logspace(-6, -1, 5000)])
        wanted, found = (np.abs(signal.sosfreqz(part, w)[1]) for part in (sos, rows))
        least = wanted.max() / 1000  # -60 dB
        ratio = np.maximum(found, least) / np.maximum(wanted, least)
        change = 20 * np.abs(np.log10(ratio)).max()
        told = [float(re.search(r"by ([-+.\de]+) dB", text)[1]) for text in said]
        assert len(told) <= 1
        # The frequencies that save looks at are others, and its number has two digits.
        assert not told or abs(told[0]) >= 0.1
        if change > 0.12:
            assert told and abs(told[0]) > 0.9 * change, sos.tolist()
            warned += 1
    assert warned > 0
    said = said_by_save(signal.cheby2(2, 80, 0.0136, fs=1, output="sos"), tmp_path / "filter.csv")
    wanted = "float32 coefficients change the response by +0.18 dB at 0 of the sample rate"
    assert said[0] == wanted
