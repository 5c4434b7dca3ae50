"""emlfft's int16 kernel on this computer, and random signals for it."""

import numpy as np

from emlmpy.fft import FFT


def decibels(rows: np.ndarray) -> np.ndarray:
    """Signal to noise of rfft of each of the rows, against numpy's."""
    bins, exponents = FFT(rows.shape[1]).rfft(rows)
    found = bins.astype(complex) * 2.0 ** exponents[:, np.newaxis]
    exact = np.fft.rfft(rows.astype(float))
    noise = (np.abs(found - exact) ** 2).sum(axis=1)
    return 10 * np.log10((np.abs(exact) ** 2).sum(axis=1) / np.maximum(noise, 1e-30))


def random_signals(rng: np.random.Generator, n: int, count: int) -> np.ndarray:
    """As many rows as said of each kind: noise, signs, a sine on a bin, a sine, two, an impulse.

    1 is full scale.
    """
    time = np.arange(n)
    turns = 2 * np.pi * rng.uniform(0, 1, (count, 1))

    def sines(frequencies: np.ndarray) -> np.ndarray:
        return np.sin(2 * np.pi * frequencies * time + turns)

    return np.concatenate(
        [
            rng.uniform(-1, 1, (count, n)),
            rng.choice([-1.0, 1.0], (count, n)),
            sines(rng.integers(1, n // 2, (count, 1)) / n),
            sines(rng.uniform(0.5 / n, 0.5, (count, 1))),
            sum(sines(rng.uniform(0.5 / n, 0.5, (count, 1))) for _ in range(2)) / 2,
            np.eye(n)[rng.integers(0, n, count)],
        ]
    )
