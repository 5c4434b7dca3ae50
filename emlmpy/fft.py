"""emlfft's transforms on this computer: the spectra that a board computes, bit for bit.

    fft = FFT(256, "hann")
    powers, exponents = fft.power(samples)      # samples: int16 or float32, (256,) or (rows, 256)

Float samples give the device's bits on CPUs without fused multiply-add, which compute as the PC
does; on the others they are within the error that src/emlfft/README.md states.
"""

import ctypes
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emlmpy import kernels

WINDOWS = ("hann", "hamming")


class FFT:
    """A transform of n samples, as emlfft.new makes it.

    Attributes:
        n: samples of a transform, a power of two from 8 to 4096
    """

    def __init__(self, n: int, window: str | ArrayLike | None = None) -> None:
        """Make the tables. window: "hann", "hamming", n finite numbers or None; power applies it.

        Raises ValueError for another n or window.
        """
        if n not in [2**power for power in range(3, 13)]:
            raise ValueError(f"n must be a power of two from 8 to 4096, not {n}")
        self.n = n
        kind, values = 0, np.zeros(0, np.float32)
        if isinstance(window, str):
            if window not in WINDOWS:
                raise ValueError(f"window must be {' or '.join(WINDOWS)}, not {window!r}")
            kind = 1 + WINDOWS.index(window)
        elif window is not None:
            kind, values = 3, np.ascontiguousarray(window, np.float32)
            if values.shape != (n,) or not np.all(np.isfinite(values)):
                raise ValueError(f"window must be {n} finite numbers")
        self._kernel = load_kernel()
        self._twin = self._kernel.new(n.bit_length() - 1, kind, values.ctypes.data)
        if not self._twin:
            raise MemoryError("not enough memory for the transform")

    def __del__(self) -> None:
        """Free the kernel's memory."""
        if getattr(self, "_twin", None):
            self._kernel.free(self._twin)

    def rfft(self, samples: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Return the bins 0 to n/2 of real samples, without a window, and their exponents.

        samples: float32 or int16, (n,) or (rows, n). The bins are complex64, (..., n/2 + 1); of
        int16 samples they are whole numbers, and bins * 2.0**exponent is the transform. Exponents
        are int32, (rows,) or one number; of float samples 0. Raises as power does.
        """
        rows, exponents = self._real(samples, False)
        if rows.dtype == np.float32:
            return rows.view(np.complex64), exponents
        parts = rows.view(np.int16).astype(np.float32)
        return np.ascontiguousarray(parts).view(np.complex64), exponents

    def power(self, samples: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Return the squared magnitudes of the windowed samples' bins 0 to n/2, and exponents.

        samples: float32 or int16, (n,) or (rows, n). The powers are float32, or of int16 samples
        uint32, (..., n/2 + 1); powers * 2.0**exponent is what numpy gives. Exponents are int32,
        (rows,) or one number; of float samples 0.

        Raises ValueError for another shape, TypeError for another type.
        """
        return self._real(samples, True)

    def run(self, real: ArrayLike, imag: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], Any]:
        """Return real and imaginary part of the transform of complex samples, and the exponents.

        real, imag: both float32 or both int16, (n,) or (rows, n). Raises as power does.
        """
        real_rows, imag_rows = self._rows(real).copy(), self._rows(imag).copy()
        if real_rows.dtype != imag_rows.dtype or real_rows.shape != imag_rows.shape:
            raise ValueError("real and imag must be of the same type and shape")
        exponents = np.zeros(len(real_rows), np.int32)
        arrays = [real_rows.ctypes.data, imag_rows.ctypes.data]
        if real_rows.dtype == np.float32:
            self._kernel.run_f32(self._twin, *arrays, len(real_rows))
        else:
            self._kernel.run_i16(self._twin, *arrays, len(real_rows), exponents.ctypes.data)
        if np.ndim(real) == 1:
            return real_rows[0], imag_rows[0], exponents[0]
        return real_rows, imag_rows, exponents

    def _real(self, samples: ArrayLike, is_power: bool) -> tuple[NDArray[Any], NDArray[np.int32]]:
        rows = self._rows(samples)
        exponents = np.zeros(len(rows), np.int32)
        if rows.dtype == np.float32:
            width = self.n // 2 + 1 if is_power else self.n + 2
            out = np.zeros((len(rows), width), np.float32)
            arrays = [rows.ctypes.data, len(rows), is_power, out.ctypes.data]
            self._kernel.real_f32(self._twin, *arrays)
        else:
            out = np.zeros((len(rows), self.n // 2 + 1), np.uint32)
            arrays = [rows.ctypes.data, len(rows), is_power, out.ctypes.data]
            self._kernel.real_i16(self._twin, *arrays, exponents.ctypes.data)
        return (out[0], exponents[0]) if np.ndim(samples) == 1 else (out, exponents)

    def _rows(self, samples: ArrayLike) -> NDArray[Any]:
        """Return samples as rows."""
        array = np.asarray(samples)
        if array.dtype not in (np.float32, np.int16):
            raise TypeError(f"samples must be float32 or int16, not {array.dtype}")
        if array.ndim not in (1, 2) or array.shape[-1] != self.n:
            raise ValueError(f"samples must have the shape (rows, {self.n}), not {array.shape}")
        return np.ascontiguousarray(array.reshape(-1, self.n))


@cache
def load_kernel() -> kernels.Kernel:
    """Return the functions of kernels/fft.c."""
    pointer, size, int32 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int32
    return kernels.Kernel(
        "fft",
        new=(pointer, [ctypes.c_uint32, int32, pointer]),
        free=(None, [pointer]),
        real_f32=(None, [pointer, pointer, size, int32, pointer]),
        real_i16=(None, [pointer, pointer, size, int32, pointer, pointer]),
        run_f32=(None, [pointer, pointer, pointer, size]),
        run_i16=(None, [pointer, pointer, pointer, size, pointer]),
    )
