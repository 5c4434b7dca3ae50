"""Filters of second-order sections, for float and int16 samples."""

from array import array
from collections.abc import Iterable

__version__: str

class Filter:
    def run(self, samples: array, out: array | None = None) -> None:
        """Filter an array of type 'f' or 'h', in place or into `out`; allocates nothing."""

    def reset(self) -> None:
        """Forget all samples so far."""

    def state(self, values: array | None = None) -> array | None:
        """Get, or set, the state of the float path: scipy's zi, an array of type 'f'."""

def new(sos: array, channels: int = 1) -> Filter:
    """Make a filter of rows b0 b1 b2 a0 a1 a2, an array of type 'f'; channels are interleaved."""

def load(source: str | Iterable[str], channels: int = 1) -> Filter:
    """Make a filter of a CSV file's rows: its path, or its lines."""
