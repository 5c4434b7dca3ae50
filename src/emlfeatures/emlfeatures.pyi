"""Features of windows of samples, as these come: statistics, correlations and spectra."""

from array import array
from collections.abc import Iterable, Sequence
from typing import IO

__version__: str

_Int16 = array[int] | memoryview[int]

class Front:
    """A front end, made by new or load. Its answers have the same bits on every CPU and on the PC.

    Samples are array('h') with one item of each channel in turn. Nothing is allocated but by row.
    """

    @property
    def n_features(self) -> int:
        """Features of a row."""
    @property
    def window(self) -> int:
        """Samples of a window."""
    @property
    def hop(self) -> int:
        """Samples from one window to the next."""
    @property
    def channels(self) -> int:
        """Items of a sample."""
    @property
    def nbytes(self) -> int:
        """Bytes of the object, of its samples and tables."""
    def row(self) -> array[int]:
        """Return an array('h') for a row of features, all 0."""

    def push(self, chunk: _Int16, row: _Int16) -> bool:
        """Take samples; True if a window is complete, whose features are then in row.

        chunk: any whole number of samples up to a hop. row: n_features items.
        Raises TypeError or ValueError for other arrays, and takes nothing then.
        """

    def transform(self, window: _Int16, row: _Int16) -> None:
        """Fill row with the features of one window by itself; the stream is started anew.

        window: window * channels items. row: n_features items. Raises TypeError or ValueError for
        other arrays.
        """

    def reset(self) -> None:
        """Start the stream anew: the next sample that is pushed is its first."""

def new(words: Sequence[int]) -> Front:
    """Make a front end of its words, which formats/front.md describes.

    `emlmpy.features.WindowFeatures(...).words` has them on the PC.

    Raises ValueError or TypeError for what is no front end, MemoryError.
    """

def load(source: str | bytes | bytearray | memoryview | IO[str] | Iterable[str]) -> Front:
    """Read the front end of a model's file, or of a file of its own.

    source: a path; an open text file, or its rows; or what a binary file holds, as ROMFS gives it.
    The whole file's checksum is verified; of a binary file that of the front end.

    Raises ValueError if the file has no front end, or is damaged; OSError if it cannot be read.
    """
