"""IIR filters for emliir: design them with scipy and write them to a file that the device reads.

The file has a line `sos,<rows>`, which tells a whole file from one that was cut short, and then a
line of 6 numbers for each section, in the order of scipy.signal.sosfilt: b0 b1 b2 a0 a1 a2.
A number is a decimal, or exactly an integer times a power of two: 5p-3 is 0.625.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import signal


def design(
    kind: str,
    frequency: float | Sequence[float],
    sample_rate: float,
    order: int = 4,
    band: str = "lowpass",
    ripple: float = 1.0,
    quality: float = 30.0,
) -> np.ndarray:
    """Design a filter; return its sections as rows for scipy.signal.sosfilt and emliir.new.

    kind is "butter", "cheby" (type 1, with `ripple` dB in the pass band) or "notch" (with
    `quality`; `order` and `band` do not apply). Rows come with the calmest poles first, each beside
    the zeros that are nearest, so that no section amplifies more than it must.
    """
    if kind == "butter":
        z, p, k = signal.butter(order, frequency, band, fs=sample_rate, output="zpk")
    elif kind == "cheby":
        z, p, k = signal.cheby1(order, ripple, frequency, band, fs=sample_rate, output="zpk")
    elif kind == "notch":
        z, p, k = signal.tf2zpk(*signal.iirnotch(frequency, quality, fs=sample_rate))
    else:
        raise ValueError("kind must be 'butter', 'cheby' or 'notch'")
    return signal.zpk2sos(z, p, k, pairing="nearest")


def exact(value: float) -> str:
    """A float32 as an integer and a power of two: 0.625 is 5p-3.

    MicroPython does not always read decimals into the nearest float32, which filters with poles
    near 1 feel.
    """
    numerator, denominator = value.as_integer_ratio()
    exponent = 1 - denominator.bit_length()
    while numerator and numerator % 2 == 0:
        numerator //= 2
        exponent += 1
    return f"{numerator}p{exponent}"


def save(sos: np.ndarray, path: str | Path) -> None:
    """Write rows for emliir.load; they are checked as the device will check them."""
    rows = np.asarray(sos, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != 6 or len(rows) == 0:
        raise ValueError("sos must have 6 columns and a row for each section")
    for number, row in enumerate(rows, 1):
        if not np.isfinite(row).all():
            raise ValueError(f"row {number}: values must be finite")
        if row[3] == 0:
            raise ValueError(f"row {number}: a0 must not be 0")
        a1, a2 = row[4:] / row[3]
        if not (abs(a2) < 1 and abs(a1) < 1 + float(a2)):
            raise ValueError(f"row {number}: poles must lie inside the unit circle")
    lines = [f"sos,{len(rows)}"]
    lines += [",".join(exact(float(value)) for value in row) for row in rows]
    Path(path).write_text("\n".join(lines) + "\n")
