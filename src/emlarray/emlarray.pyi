"""Sums, extremes and scaling of arrays of samples, without a loop in Python.

All raise TypeError for an argument that is no array, or an output that cannot be written to, and
ValueError for an array of another type or length. An array is array.array, bytes, bytearray or a
memoryview of one. `samples` has items of type 'b', 'B' or 'h'.
"""

from array import array

__version__: str

_Ints = array[int] | bytes | bytearray | memoryview[int]
# For type checkers, memoryview(array('f', ...)) is a memoryview of ints.
_Items = _Ints | array[float] | memoryview[float]

def sum(samples: _Ints, /) -> int:
    """Return the exact sum; 0 for no samples."""

def mean(samples: _Ints, /) -> float:
    """Return the exact sum, divided as the firmware divides ints. ValueError for no samples."""

def sumsq(samples: _Ints, /) -> int:
    """Return the exact sum of the squares; 0 for no samples."""

def sum_abs_diff(samples: _Ints, /) -> int:
    """Return the exact sum of abs(samples[i + 1] - samples[i]); 0 for less than two samples."""

def max(samples: _Ints, /) -> int:
    """Return the largest sample. ValueError for no samples."""

def min(samples: _Ints, /) -> int:
    """Return the smallest sample. ValueError for no samples."""

def argmax(samples: _Ints, /) -> int:
    """Return the first index of the largest sample. ValueError for no samples."""

def dot(samples: _Ints, other: _Ints, /) -> int:
    """Return the exact sum of samples[i] * other[i], of two arrays of one type and length."""

def linear_map(
    samples: _Items,
    out: _Items,
    in_min: float,
    in_max: float,
    out_min: float,
    out_max: float,
    /,
) -> None:
    """Set out[i] so that in_min becomes out_min, and in_max becomes out_max.

    samples, out: of type 'b', 'B', 'h' or 'f' each, of one length. They may be the same array, and
        start at the same address, if an item of out has no more bytes; else they must not overlap.

    Computed in float32 as (samples[i] - in_min) * slope + out_min. What is beyond out_min or
    out_max becomes that, as does what is beyond the range of out's type; the rest is rounded to the
    nearest int, halves to even. out_max may be below out_min. Not a number becomes one of both.

    Raises ValueError also for limits, or a slope, that are not finite in float32, and arrays that
    overlap; ZeroDivisionError if in_max equals in_min.
    """

def deinterleave(samples: _Items, out: _Items, channel: int, channels: int, /) -> None:
    """Copy samples[channel::channels] to out.

    samples: len(out) * channels items of the type of out, 'b', 'B', 'h' or 'f'.
    channel: 0 to channels - 1.
    channels: 1 to 255.

    Raises ValueError also for numbers out of range and arrays that overlap; TypeError for no ints.
    """

def push(window: _Items, chunk: _Items, /) -> None:
    """Drop the first len(chunk) items of window, move up the others, and add those of the chunk.

    Of a chunk longer than the window, the last items remain. Both have one type, 'b', 'B', 'h' or
    'f'. Raises ValueError also for arrays that overlap.
    """
