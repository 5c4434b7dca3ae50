"""emlfft's int16 kernel on this computer, and random signals for it."""

import ctypes

import numpy as np

from emlmpy.twin import compile_kernel
from tests.machines.machine import ROOT

SOURCE = """
#include <stdlib.h>
#include "eml_fft_i16.h"

void rfft(const int16_t *in, int rows, int log2_n, uint32_t *out, int32_t *exponents) {
    uint32_t *twiddle = malloc(3u << log2_n);
    eml_fft_i16_fill(log2_n, twiddle);
    for (int i = 0; i < rows; i++, in += 1 << log2_n, out += (1 << log2_n) / 2 + 1) {
        exponents[i] = eml_fft_i16_real(in, NULL, log2_n, twiddle, 0, out);
    }
    free(twiddle);
}
"""


def rfft(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What rfft makes of int16 rows, (rows, n): int16, (rows, n + 2), and the exponents."""
    kernel = compile_kernel("fft_i16", SOURCE, [ROOT / "src" / "emlfft"])
    rows = np.ascontiguousarray(rows, np.int16)
    count, n = rows.shape
    out = np.zeros((count, n // 2 + 1), np.uint32)
    exponents = np.zeros(count, np.int32)
    pointer = ctypes.c_void_p
    kernel.rfft(
        pointer(rows.ctypes.data),
        count,
        n.bit_length() - 1,
        pointer(out.ctypes.data),
        pointer(exponents.ctypes.data),
    )
    return out.view(np.int16).reshape(count, n + 2), exponents


def decibels(rows: np.ndarray) -> np.ndarray:
    """Signal to noise of rfft of each of the rows, against numpy's."""
    parts, exponents = rfft(rows)
    found = (parts[:, 0::2] + 1j * parts[:, 1::2]) * 2.0 ** exponents[:, np.newaxis]
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
