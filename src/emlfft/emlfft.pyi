"""Fourier transforms and spectra of float and int16 samples."""

from array import array

__version__: str

# What holds samples: an array, or a memoryview of one.
Buffer = array[float] | array[int] | memoryview

class FFT:
    """Transforms of one length.

    The first call with float samples, and the first with int16 samples, of any of the three,
    allocates what their kind needs; those after it allocate nothing. Where it fails with a
    MemoryError, the object is as it was.

    All raise TypeError for an argument that is no array, or an output that cannot be written to;
    ValueError for an array of another type or length, with the numbers, and for arrays that
    overlap.
    """

    @property
    def n(self) -> int:
        """Length of the transforms."""
    @property
    def nbytes(self) -> int:
        """Bytes of RAM that the object takes with the tables that it has made so far."""

    def run(self, real: Buffer, imag: Buffer) -> int | None:
        """Transform n complex samples of type 'f' or 'h' in place.

        Returns None, or for type 'h' the exponent: a value * 2**exponent is what numpy.fft gives.
        Raises TypeError, ValueError and, in the first call with samples of a type, MemoryError.
        """

    def rfft(self, samples: Buffer, out: Buffer) -> int | None:
        """Transform n real samples into n + 2 values: real and imaginary part of bins 0 to n / 2.

        No window. Both arrays are of type 'f' or 'h'. Returns and raises as `run`.
        """

    def power(self, samples: Buffer, out: Buffer) -> int | None:
        """Window, transform and square n samples: squared magnitudes of bins 0 to n / 2.

        out: n / 2 + 1 values of type 'f', or of type 'I' for samples of type 'h'. Returns and
        raises as `run`: a value * 2**exponent is numpy's squared magnitude.
        """

def new(n: int, window: str | Buffer | None = None) -> FFT:
    """Make transforms of length n, 8 to 4096, a power of two.

    window: for power: 'hann' or 'hamming', as scipy.signal.get_window gives them, or an array of n
        values of type 'f', which is copied.

    Raises TypeError if n is no int or window neither a str nor an array; ValueError for another n,
    another window, or one that is not finite; MemoryError.
    """
