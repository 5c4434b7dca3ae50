"""What rounding can do to a filter, from its coefficients alone.

int16_bound: how far emliir's int16 samples can be from exact ones. A filter with rounded
coefficients is another linear filter: the l1 norm (sum of magnitudes) of the difference of the two
impulse responses, times the largest sample, is the most by which their outputs differ. Each value
that is rounded or cut off adds an error to the samples, which the rest of the filter shapes: the l1
norm of the impulse response from there to the output, times the largest error, is the most that it
makes there. No input exceeds the sum; some inputs, such as sines where the filter resonates, come
near it.

response_change: how far float32 coefficients move the response.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from emlmpy.iir.twin import Twin

FULL_SCALE = 32768
# Impulse responses are followed for at most so many samples.
MOST_SAMPLES = 2**20

# Numerator and denominator of a section, b0 b1 b2 and 1 a1 a2, with scipy's signs.
Section = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Bound:
    """How far int16 samples can be from exact ones.

    Attributes:
        lsb: the largest difference, in steps of int16, before both are rounded to int16; infinite
            if the filter answers for longer than is followed here.
        amplitude: the largest sample for which lsb holds. Below 32768, larger ones can saturate
            between the sections, which makes the difference larger.
    """

    lsb: float
    amplitude: int

    @property
    def rounded(self) -> float:
        """The largest difference between the int16 results and exact ones rounded to int16."""
        return float(np.floor(self.lsb)) + 1


@dataclass(frozen=True)
class Noise:
    """An error that each sample of a section gets, from `low` to `high`, and what shapes it.

    The error enters as if divided by A of the section and multiplied by `shape`.
    """

    low: float
    high: float
    shape: NDArray[np.float64]


@dataclass(frozen=True)
class Arithmetic:
    """A filter as eml_biquad_i16.h computes it: in numbers of 2^-bits of an int16 step."""

    bits: int
    sections: list[Section]
    noises: list[list[Noise]]


def int16_bound(rows: NDArray[np.float64], twin: Twin) -> Bound | None:
    """Bound the error of int16 samples that `twin` filters, against exact arithmetic with `rows`.

    rows: b0 b1 b2 a0 a1 a2 of each section. Returns None if the gain is too high for int16 samples.
    """
    if twin.shift_out < 0:
        return None
    exact = [(row[:3] / row[3], row[3:] / row[3]) for row in rows.astype(np.float64)]
    pieces = twin.integers.shape[1] != 5
    arithmetic = of_pieces(twin) if pieces else of_64_bits(twin)
    for samples in lengths(exact + arithmetic.sections):
        bound = bound_over(samples, exact, arithmetic, twin.shift_in, twin.shift_out)
        if bound is not None:
            return bound
    return Bound(np.inf, 0)


def of_64_bits(twin: Twin) -> Arithmetic:
    """The arithmetic of all CPUs but armv6m: coefficients of 2^-29, sums of 64 bits.

    What a sum has below its upper word, 8 numbers or less, goes into the next one.
    """
    sections: list[Section] = []
    noises = []
    for integers in twin.integers / 2.0**29:
        sections.append((integers[:3], np.append(1, -integers[3:])))
        noises.append([Noise(-4, 4, np.array([1.0, -1.0]))])
    return Arithmetic(13, sections, noises)


def of_pieces(twin: Twin) -> Arithmetic:
    """The arithmetic of armv6m: coefficients in two pieces, sums of 32 bits in numbers of 2^-10."""
    sections: list[Section] = []
    noises = []
    for number, row in enumerate(twin.integers.astype(np.float64)):
        low, high, quarters, (shift_b, shift_a) = row[:5], row[5:10], row[10:12] / 4, row[12:]
        b = (high[:3] * 2**15 + low[:3]) / 2.0 ** (25 + shift_b)
        rest = (high[3:] * 2**11 + low[3:]) / 2.0 ** (21 + shift_a)
        sections.append((b, np.append(1, -(rest + quarters))))
        # In numbers of 2^-10. Low pieces of b meet samples whose lowest 5 bits, which are 0 in
        # those that come in, are cut off; so is what their sum has below 1. The sum of b is rounded
        # if it is shifted, else a carry is added; that of a loses what is below 1; the result loses
        # 2 bits, after 2 was added.
        cut = 31 if number > 0 else 0
        lost = -cut * low[:3] / 2.0 ** (15 + shift_b)
        rounding = (-0.5, 0.5) if shift_b else (0, 1)
        least = np.minimum(lost, 0).sum() - 1 / 2.0**shift_b + rounding[0] - 1 - 1
        most = np.maximum(lost, 0).sum() + rounding[1] + 2
        noise = Noise(least / 2**10, most / 2**10, np.array([1.0]))
        # What is below a number is cut off where rest is multiplied, and in the section's output.
        # In the last section's output it is rounded with all that is shifted out.
        shape = np.append(1.0, -quarters)
        if number == twin.n_sections - 1:
            shape = np.append(0.0, rest)
        noises.append([noise, Noise(-255 / 256, 0, shape)])
    return Arithmetic(5, sections, noises)


def lengths(sections: list[Section]) -> Iterator[int]:
    """Numbers of samples after which an impulse may have died away, longer and longer."""
    radius = max(abs(np.roots(a)).max(initial=0) for _, a in sections)
    samples = 64
    while samples < MOST_SAMPLES and radius**samples > 1e-12:
        samples *= 2
    while samples <= MOST_SAMPLES:
        yield samples
        samples *= 2


def bound_over(
    samples: int, exact: list[Section], arithmetic: Arithmetic, shift_in: int, shift_out: int
) -> Bound | None:
    """Bound as int16_bound does, from impulse responses of so many samples; None: too few."""
    impulse = np.zeros(samples)
    impulse[0] = 1
    wanted, found = impulse, impulse * 2.0**shift_in
    loudest = 0.0
    for (b, a), (found_b, found_a) in zip(exact, arithmetic.sections, strict=True):
        wanted = lfilter(b, a, wanted)
        found = lfilter(found_b, found_a, found)
        loudest = max(loudest, norm(found))
    # The limit of what passes between sections; a thousandth is left to errors.
    amplitude = 0.999 * FULL_SCALE * 2.0**arithmetic.bits / max(loudest, 1e-30)
    found = found / 2.0**shift_out
    error = FULL_SCALE * norm(found - wanted)
    offset = np.zeros(samples)  # from errors that do not average 0
    rest = impulse / 2.0**shift_out  # the response from behind a section on
    whole = ends(wanted) and ends(found)
    for (b, a), noises in zip(arithmetic.sections[::-1], arithmetic.noises[::-1], strict=True):
        for noise in noises:
            response = lfilter(noise.shape, a, rest)
            # An error may be there before the first sample, or begin with it.
            error += (noise.high - noise.low) / 2 * (norm(response) + abs(response).max())
            offset += (noise.high + noise.low) / 2 * np.cumsum(response)
            whole = whole and ends(response)
        rest = lfilter(b, a, rest)
    if not whole:
        return None
    return Bound(error + abs(offset).max(), int(min(FULL_SCALE, amplitude)))


def norm(response: NDArray[np.float64]) -> float:
    """Return the l1 norm."""
    return float(np.abs(response).sum())


def ends(response: NDArray[np.float64]) -> bool:
    """Whether hardly anything of a response is left in its last eighth."""
    return norm(response[-len(response) // 8 :]) <= 1e-6 * norm(response)


def peak_gains(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest gains, in dB: of the first row, of the first two, and so on."""
    return np.array([response.max() for response in responses(rows, frequencies(rows))])


def response_change(
    before: NDArray[np.float64], after: NDArray[np.float64], floor: float = -60.0
) -> tuple[float, float]:
    """Find where the magnitudes of two filters' responses differ most.

    What is below `floor` dB of the largest response counts as that. Returns the difference in dB,
    and the frequency in parts of the sample rate.
    """
    grid = frequencies(np.concatenate([before, after]))
    least = decibels(before, grid).max() + floor
    # Once more between the neighbours of the worst: changes are sharp where they begin to count.
    for _ in range(2):
        levels = [np.maximum(decibels(rows, grid), least) for rows in (before, after)]
        change = levels[1] - levels[0]
        worst = int(np.abs(change).argmax())
        found = float(change[worst]), float(grid[worst])
        grid = np.linspace(grid[max(worst - 1, 0)], grid[min(worst + 1, len(grid) - 1)], 1001)
    return found


def frequencies(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequencies, in parts of the sample rate, that show all that happens in a response.

    4097 even ones, and 400 around each pole and zero and towards the ends, fewer where there are
    many, at distances of 1e-10 to 0.1.
    """
    roots = [np.roots(part) for row in rows for part in (row[:3], row[3:])]
    angles = np.unique(np.append(abs(np.angle(np.concatenate(roots))) / (2 * np.pi), [0, 0.5]))
    distances = np.logspace(-10, -1, int(np.clip(20_000 // len(angles), 20, 200)))
    around = np.add.outer(angles, np.concatenate([-distances, distances])).ravel()
    grid = np.unique(np.concatenate([np.linspace(0, 0.5, 4097), around]))
    return grid[(grid >= 0) & (grid <= 0.5)]


def decibels(rows: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the magnitude of a filter's response, in dB."""
    return deque(responses(rows, grid), maxlen=1)[0]


def responses(
    rows: NDArray[np.float64], grid: NDArray[np.float64]
) -> Iterator[NDArray[np.float64]]:
    """Yield the magnitude of the response, in dB: of the first row, of the first two, and so on.

    Exact even where coefficients are nearly 1, -2, 1 and the frequency nearly 0.
    """
    sine, cosine = np.sin(np.pi * grid), np.cos(np.pi * grid)
    squares = cosine**2, sine**2, 2 * sine * cosine

    def power(c: NDArray[np.float64]) -> NDArray[np.float64]:
        # |c0 + c1/z + c2/z^2|^2
        even = squares[0] * (c[0] + c[1] + c[2]) - squares[1] * (c[0] - c[1] + c[2])
        return np.asarray(even**2 + (squares[2] * (c[0] - c[2])) ** 2)

    total = np.zeros(len(grid))
    for row in rows:
        # Numbers near 1, so that their squares are within float64's range.
        b, a = (max(abs(part).max(), 1e-300) for part in (row[:3], row[3:]))
        with np.errstate(divide="ignore"):
            total = total + 10 * np.log10(power(row[:3] / b) / power(row[3:] / a))
        total += 20 * np.log10(b / a)
        yield total
