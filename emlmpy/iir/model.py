"""IIR filters for emliir: design them with scipy, try them, write them to a file that it reads.

formats/iir.md describes the file.
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from emlmpy import files
from emlmpy.iir import bound as iir_bound
from emlmpy.iir import twin as iir_twin
from emlmpy.iir.bound import Bound
from emlmpy.iir.format import MAX_SECTIONS, ROW, VERSION

__all__ = ["Bound", "Filter", "describe", "design", "int16_bound", "is_file", "save", "sign"]

# Results that differ by no more than this from exact ones are as good as README.md says.
USUAL_LSB = 2
# Responses that float32 coefficients change by no more dB than this get no warning.
USUAL_DECIBELS = 0.1
# The least peak gain, in dB, of the first sections. A CPU without FPU takes numbers below 1e-38 as
# 0: this leaves eight digits to samples around 1.
LEAST_GAIN = -600.0
LEAST_B = 1e-30


def design(
    kind: str,
    frequency: float | Sequence[float],
    sample_rate: float,
    order: int = 4,
    band: str = "lowpass",
    ripple: float = 1.0,
    quality: float = 30.0,
) -> NDArray[np.float64]:
    """Design a filter; return its sections as rows for scipy.signal.sosfilt, save and emliir.new.

    kind: "butter", "cheby" (type 1, with `ripple` dB in the pass band) or "notch" (with `quality`;
        `order` and `band` do not apply).
    frequency: the cut-off in the units of sample_rate; two of them for a band.
    band: "lowpass", "highpass", "bandpass" or "bandstop"; the last two have 2 `order` poles.

    Returns float64, (sections, 6). The section whose poles are the farthest from the unit circle,
    which has the lowest gain at its resonance, comes first, and each section has the zeros that are
    nearest to its poles: both keep the largest values between the sections small.

    Raises ValueError for another kind, or what scipy refuses.
    """
    if kind == "butter":
        z, p, k = signal.butter(order, frequency, band, fs=sample_rate, output="zpk")
    elif kind == "cheby":
        z, p, k = signal.cheby1(order, ripple, frequency, band, fs=sample_rate, output="zpk")
    elif kind == "notch":
        z, p, k = signal.tf2zpk(*signal.iirnotch(frequency, quality, fs=sample_rate))
    else:
        raise ValueError("kind must be 'butter', 'cheby' or 'notch'")
    return np.asarray(signal.zpk2sos(z, p, k, pairing="nearest"))


class Filter:
    """A filter on this computer: emliir's own kernels, which give the device's samples.

    int16 samples come out as on the device, bit for bit. So do float32 samples, but for numbers
    below 1e-38 and on armv7emsp and armv7emdp, which fuse multiplications with additions: there the
    last bits differ, as the README of emliir says.

    >>> import numpy as np
    >>> from emlmpy import iir
    >>> lowpass = iir.Filter(iir.design("butter", 50, 1000), cpu="armv6m")
    >>> lowpass.run(np.full(5, 1000, np.int16))
    array([ 0,  3, 14, 38, 81], dtype=int16)
    """

    def __init__(self, sos: ArrayLike, channels: int = 1, cpu: str = "x64") -> None:
        """Take the rows that `save` takes, rounded as there.

        channels: 1 to 255; their samples are interleaved, and each has a state of its own.
        cpu: the architecture of the device's modules: "armv6m", which has int16 arithmetic of its
            own, or "armv7m", "armv7emsp", "armv7emdp", "rv32imc", "x64" or "xtensawin".

        Raises ValueError, with the device's text, for rows that emliir refuses.
        """
        self._data = encode(sos)
        self._twin = _load(self._data, channels, cpu)

    @classmethod
    def load(cls, data: bytes, channels: int = 1, cpu: str = "x64") -> "Filter":
        """Take a file's content instead of rows. Raises ValueError, with the device's text."""
        found = cls.__new__(cls)
        found._data = data
        found._twin = _load(data, channels, cpu)
        return found

    def run(self, samples: ArrayLike) -> NDArray[np.float32] | NDArray[np.int16]:
        """Filter float32 or int16 samples; return as many, of the same type and shape.

        Those of several channels are interleaved: (frames * channels,) or (frames, channels). The
        filter goes on where the last call ended.

        Raises TypeError for other types, ValueError for other shapes, and for int16 samples where
        the filter's gain is too high.
        """
        samples = np.asarray(samples)
        if samples.dtype not in (np.float32, np.int16):
            raise TypeError(f"samples must be float32 or int16, not {samples.dtype}")
        channels = self._twin.channels
        if samples.ndim != 1 and samples.shape[1:] != (channels,):
            raise ValueError(f"samples must have the shape (n,) or (frames, {channels})")
        return self._twin.run(samples)

    def reset(self) -> None:
        """Forget all samples so far."""
        self._twin.reset()

    @property
    def state(self) -> NDArray[np.float32]:
        """The state of float samples, as state() gives it on the device: scipy's zi."""
        return self._twin.state.copy()

    @property
    def nbytes(self) -> int:
        """Bytes of RAM that the filter takes on the device, beside 40 or so for the object."""
        return self._twin.nbytes

    def describe(self) -> dict[str, str | int]:
        """Say what the filter is, by name: kind, sections, device bytes, version of its file."""
        return describe(self._data)

    def save(self, path: str | Path) -> None:
        """Write the file for emliir.load, whole or not at all; without the warnings of iir.save.

        Raises OSError if it cannot be written.
        """
        files.write(path, self._data)


def int16_bound(sos: ArrayLike, cpu: str = "x64") -> Bound | None:
    """Say how far int16 samples can be from exact arithmetic with the rows that `save` writes.

    cpu: as for Filter. Returns None if the gain is too high for int16 samples. Raises ValueError
    for rows that emliir refuses.
    """
    data = encode(sos)
    return iir_bound.int16_bound(rows_of(data).astype(np.float64), _load(data, 1, cpu))


def save(sos: ArrayLike, path: str | Path, *, int16: bool = True) -> None:
    """Write a file for emliir.load; the device's own reader has read it by then.

    sos: (sections, 6), 1 to 255 rows of b0 b1 b2 a0 a1 a2, as scipy gives them. They are divided by
        a0 and rounded to float32.
    int16: whether the filter is meant for int16 samples too.

    Warns, with the size, if the rounding changes the response by more than 0.1 dB where that is
    above -60 dB of its peak, and if int16 samples can be off by more than 2, of the exact result
    rounded, on armv6m or on the other CPUs.

    Raises ValueError, which names the row, for a filter that the device would refuse, or whose
    numbers leave float32's range; OSError if the file cannot be written. Then nothing is written.
    """
    data = encode(sos)
    for text in _cautions(np.asarray(sos, np.float64), data, int16):
        warnings.warn(text, stacklevel=2)
    files.write(path, data)


def encode(sos: ArrayLike) -> bytes:
    """Return the file that `save` writes. Raises ValueError as there."""
    rows = np.asarray(sos, np.float64)
    if rows.ndim != 2 or rows.shape[1] != ROW or not 1 <= len(rows) <= MAX_SECTIONS:
        raise ValueError(f"sos must be 1 to {MAX_SECTIONS} rows of {ROW}")
    single = rounded(rows)
    for number, row in enumerate(single, 1):
        if not np.isfinite(row).all():
            raise ValueError(f"row {number}: values must be finite")
        # CPUs without an FPU take products below 1e-38 as 0; so samples around 1 keep eight digits.
        largest = np.abs(row[:3]).max()
        if largest < LEAST_B:
            raise ValueError(
                f"row {number}: the largest of b0, b1, b2 must be 1e-30 or more, not {largest:.2g}"
            )
    data = as_file(single)
    iir_twin.load(data)
    for number, peak in enumerate(iir_bound.peak_gains(single.astype(np.float64)), 1):
        if not LEAST_GAIN <= peak <= -LEAST_GAIN:
            which = "row 1" if number == 1 else f"rows 1 to {number}"
            raise ValueError(f"{which}: gain must be -600 to 600 dB, not {peak:.0f}")
    return data


def rounded(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return rows with an a0 of 1, in float32; those whose a0 is 0 or not finite as they are."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        can_divide = np.isfinite(rows[:, 3:4]) & (rows[:, 3:4] != 0)
        return np.where(can_divide, rows / rows[:, 3:4], rows).astype(np.float32)


def as_file(rows: NDArray[np.float32], remarks: Sequence[str] = ()) -> bytes:
    """Return rows, behind rows that begin with ?, as a file."""
    lines = [",".join(exact(float(value)) for value in row) for row in rows]
    return files.signed([*remarks, f"sos{VERSION},{len(rows)}", *lines])


def exact(value: float) -> str:
    """Write a float32 as an integer and a power of two: 0.625 is 5p-3.

    MicroPython does not always read a decimal into the nearest float32, and a filter whose poles
    are near the unit circle is another one with coefficients that differ in the last bit.
    """
    numerator, denominator = value.as_integer_ratio()
    exponent = 1 - denominator.bit_length()
    while numerator and numerator % 2 == 0:
        numerator //= 2
        exponent += 1
    return f"{numerator}p{exponent}"


def is_file(data: bytes) -> bool:
    """Whether this begins as a file of emliir does, whole or not: by its first row."""
    first = next((row for row in _rows(data) if not row.startswith("?")), "")
    fields = first.split(",")
    if fields[0] in ("sos", "sos2"):
        return len(fields) == 2
    try:
        return len([_number(field) for field in fields]) == 6
    except ValueError:
        return False


def describe(data: bytes) -> dict[str, str | int]:
    """Say what a file holds. Raises ValueError, with the device's text, if it does not load."""
    twin = iir_twin.load(data)
    rows = [row for row in _rows(data) if not row.startswith("?")]
    version = rows[0].split(",")[0]
    return {
        "kind": "IIR filter",
        "sections": twin.n_sections,
        "device bytes": twin.nbytes,
        "version": version if version in ("sos", "sos2") else "rows without a head",
        "checksum": "right" if rows[-1].startswith("crc,") else "none",
    }


def sign(data: bytes) -> bytes:
    """Return a file that somebody has edited as one of the newest version, with its checksum.

    Numbers become exact; rows that begin with ? come first. Raises ValueError, with the device's
    text, if the device would not load that.
    """
    remarks = [row for row in _rows(data) if row.startswith("?")]
    signed = as_file(rows_of(data), remarks)
    iir_twin.load(signed)
    return signed


def rows_of(data: bytes) -> NDArray[np.float32]:
    """Return the numbers in a file's rows, (sections, 6), whatever its checksum is.

    Raises ValueError, with the device's text, for a row that has no 6 numbers.
    """
    found = []
    for number, row in enumerate(_rows(data), 1):
        kind, *fields = row.split(",")
        if row.startswith("?") or (kind in ("sos", "sos2", "crc") and len(fields) == 1):
            continue
        try:
            found.append([_number(field) for field in row.split(",")])
        except ValueError:
            found.append([])
        if len(found[-1]) != 6:
            raise ValueError(f"line {number}: 6 numbers expected")
    return np.array(found, np.float32).reshape(-1, 6)


def _load(data: bytes, channels: int, cpu: str) -> iir_twin.Twin:
    if cpu not in iir_twin.CPUS:
        raise ValueError(f"cpu must be one of {', '.join(iir_twin.CPUS)}")
    return iir_twin.load(data, channels, cpu)


def _rows(data: bytes) -> list[str]:
    """Return the rows of a text, without line ends, as the device splits it."""
    lines = data.decode(errors="replace").split("\n")
    return [line.rstrip("\r") for line in (lines if lines[-1] else lines[:-1])]


def _number(field: str) -> float:
    integer, power, exponent = field.partition("p")
    if not power:
        return iir_twin.decimal(field)
    with np.errstate(over="ignore", invalid="ignore"):
        return float(iir_twin.whole_number(integer) * 2.0 ** iir_twin.whole_number(exponent))


def _cautions(sos: NDArray[np.float64], data: bytes, int16: bool) -> Iterator[str]:
    """Yield what the user of a file should know about it."""
    rows = rows_of(data).astype(np.float64)
    change, frequency = iir_bound.response_change(sos, rows)
    if abs(change) > USUAL_DECIBELS:
        yield (
            f"float32 coefficients change the response by {change:+.2g} dB "
            f"at {frequency:.3g} of the sample rate"
        )
    cpus = (("armv6m", "armv6m (Cortex-M0, M0+)"), ("x64", "all CPUs but armv6m"))
    for cpu, name in cpus if int16 else ():
        bound = iir_bound.int16_bound(rows, iir_twin.load(data, 1, cpu))
        if bound is None:
            continue
        if bound.rounded > USUAL_LSB:
            size = f"up to {bound.rounded:.0f}" if np.isfinite(bound.lsb) else "any number of"
            yield f"int16 samples on {name} can be {size} LSB off; within {USUAL_LSB} is usual"
        if np.isfinite(bound.lsb) and bound.amplitude < 32767:
            yield f"int16 samples beyond {bound.amplitude} can saturate inside on {name}"
