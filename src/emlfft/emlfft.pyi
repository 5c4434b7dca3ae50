"""Fourier transforms and spectra of float and int16 samples."""

from array import array

__version__: str

class FFT:
    def run(self, real: array, imag: array) -> int | None:
        """Transform n complex samples in place; for type 'h', return the exponent."""

    def rfft(self, samples: array, out: array) -> int | None:
        """Transform n real samples into n + 2 values: real and imaginary part of each bin."""

    def power(self, samples: array, out: array) -> int | None:
        """Window, transform and square: n / 2 + 1 values, of type 'f', or 'I' for samples 'h'."""

def new(n: int, window: str | array | None = None) -> FFT:
    """Make transforms of length n, 8 to 4096, a power of two.

    The window for power is 'hann', 'hamming' or an array of n values of type 'f'.
    """
