"""Random IIR filters: what scipy designs, and rows that no one would design."""

import numpy as np
from scipy import signal

KINDS = ("butter", "cheby1", "cheby2", "ellip", "bessel", "notch", "peak")
BANDS = ("lowpass", "highpass", "bandpass", "bandstop")


def design(
    rng: np.random.Generator, low: float = 0.01, high: float = 0.45
) -> tuple[str, np.ndarray]:
    """A filter of any kind up to order 8, all frequencies between two parts of the sample rate.

    Returns what it is, and its rows.
    """
    kind = str(rng.choice(KINDS))
    if kind in ("notch", "peak"):
        at, quality = frequency(rng, low, high), float(np.exp(rng.uniform(-0.7, 4.6)))
        make = signal.iirnotch if kind == "notch" else signal.iirpeak
        b, a = make(at, quality, fs=1)
        return f"{kind} {at:.4f} quality {quality:.1f}", np.array([[*b, *a]])
    band = str(rng.choice(BANDS))
    order = int(rng.integers(1, 9))
    edges: float | list[float] = frequency(rng, low, high)
    if band.startswith("band"):
        order = max(1, order // 2)
        while len(np.atleast_1d(edges)) < 2 or edges[1] < max(1.05 * edges[0], edges[0] + 0.002):
            edges = sorted(frequency(rng, low, high) for _ in range(2))
    ripple, damping = float(rng.uniform(0.1, 3)), float(rng.uniform(20, 100))
    numbers = {"cheby1": [ripple], "cheby2": [damping], "ellip": [ripple, damping]}.get(kind, [])
    name = f"{kind} {band} {order} {np.round(edges, 4)} {np.round(numbers, 2)}"
    make = getattr(signal, kind)
    return name, make(order, *numbers, edges, band, fs=1, output="sos")


def frequency(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw one, evenly or evenly by octaves."""
    if rng.random() < 0.5:
        return float(rng.uniform(low, high))
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def at_the_edge(rng: np.random.Generator) -> np.ndarray:
    """Rows whose poles are near the unit circle, on either side, by some units of 2^-26."""
    sections = int(rng.integers(1, 4))
    rows = rng.normal(size=(sections, 6))
    rows[:, 3] = rng.choice([1, 1, 2, 3, -0.7, 1e-40, 1e38], sections)
    a2 = rng.choice([rng.uniform(-1, 1), 1, -1], sections) + rng.integers(-9, 10) * 2.0**-26
    a1 = rng.choice([-1, 1]) * (1 + a2) + rng.integers(-9, 10) * 2.0**-26
    rows[:, 4] = a1 * rows[:, 3]
    rows[:, 5] = a2 * rows[:, 3]
    return rows


def extreme(rng: np.random.Generator) -> np.ndarray:
    """A good filter, some of whose rows are scaled by 1e-45 to 3e38, or have bad numbers."""
    rows = design(rng)[1]
    for _ in range(int(rng.integers(1, 4))):
        row = rows[int(rng.integers(len(rows)))]
        columns = (slice(0, 3), slice(0, 6), slice(3, 6))[int(rng.integers(3))]
        row[columns] *= 10.0 ** rng.uniform(-45, 38.5)
    if rng.random() < 0.2:
        rows[int(rng.integers(len(rows))), int(rng.integers(6))] = rng.choice([np.nan, np.inf, 0])
    return rows


def long(rng: np.random.Generator) -> np.ndarray:
    """250 to 257 mild sections."""
    rows = np.tile([1.0, 0.2, 0.1, 1, -0.3, 0.1], (int(rng.integers(250, 258)), 1))
    rows[:, [1, 2, 4, 5]] *= rng.uniform(-1, 1, (len(rows), 4))
    peak = [np.abs(signal.freqz(row[:3], row[3:], 256)[1]).max() for row in rows]
    rows[:, :3] /= np.array(peak)[:, np.newaxis]
    return rows


def inputs(rng: np.random.Generator, rows: np.ndarray, n: int) -> list[np.ndarray]:
    """int16 signals: noise, a chirp, constants, steps, and sines and squares at each pole."""
    time = np.arange(n)
    found = [
        rng.integers(-32768, 32768, n),
        rng.choice([-32768, 32767], n),
        rng.integers(-100, 101, n),
        32767 * signal.chirp(time, 0.0005, n, 0.5, "logarithmic"),
        np.where(time // (n // 8) % 2, -32768, 32767),
    ]
    constants = (1, 20000, 32767, -32768, *rng.integers(-300, 300, 1))
    found += [np.full(n, constant) for constant in constants]
    for row in rows:
        for pole in np.roots(row[3:])[:1]:
            wave = np.sin(abs(np.angle(pole)) * time + 1)
            found += [wave * 32767, wave * 1000, wave * 30, np.where(wave > 0, 32767, -32768)]
    return [np.round(signal).astype(np.int16) for signal in found]
