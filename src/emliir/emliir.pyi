"""Filters of second-order sections, for float and int16 samples."""

from array import array
from collections.abc import Iterable

__version__: str

# What holds samples: an array, or a memoryview of one.
Buffer = array[float] | array[int] | memoryview

class Filter:
    """Sections one behind the other, with a state for each channel. Made by new or load."""

    @property
    def n_sections(self) -> int:
        """Number of second-order sections: the rows of sos."""
    @property
    def channels(self) -> int:
        """Number of channels whose samples are interleaved."""
    @property
    def nbytes(self) -> int:
        """Bytes of RAM that the filter takes."""
    def run(self, samples: Buffer, out: Buffer | None = None) -> None:
        """Filter an array of type 'f' or 'h', in place or into `out`; allocates nothing.

        Samples of several channels are interleaved. `out` is of the same type and length, and is
        samples itself or does not overlap it. int16 results saturate.

        Raises TypeError for an argument that is no array, or an `out` that cannot be written to;
        ValueError for an array of another type or length, if the samples are no multiple of the
        channels, and for type 'h' if the gain is too high: no gain below 8 is.
        """

    def reset(self) -> None:
        """Forget all samples so far."""

    def state(self, values: Buffer | None = None) -> array[float] | None:
        """Get, or set, the state of float samples: scipy's zi, an array of type 'f'.

        2 values for each section and channel: value j of section i in channel c is at
        (2 i + j) channels + c.

        Raises TypeError or ValueError for another array; ValueError if a value is not finite;
        MemoryError.
        """

def new(sos: Buffer, channels: int = 1) -> Filter:
    """Make a filter of 1 to 255 rows b0 b1 b2 a0 a1 a2, an array of type 'f'.

    channels: 1 to 255; their samples are interleaved, and each has a state of its own.

    Raises TypeError if sos is no array, or channels no int; ValueError for an array of another type
    or length, other channels, and, with the row's number, values that are not finite, an a0 of 0 or
    above 8e37, and poles that are not inside the unit circle; MemoryError.
    """

def load(source: str | Iterable[str], channels: int = 1) -> Filter:
    """Make a filter of a file's rows: its path, the open file, or its lines.

    Raises OSError if the file cannot be read; ValueError as `new`, and, with the line's number, for
    a row that is not 6 numbers and a file that was cut short; ValueError if the checksum differs.
    """
