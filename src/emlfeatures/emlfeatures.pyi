"""Features of windows of samples: statistics, correlations and spectra, computed as samples come."""

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

def new(
    window: int,
    hop: int,
    channels: int,
    *,
    highpass: Sequence[int] = ...,
    gravity: str | None = ...,
    magnitude: int = ...,
    difference: bool = ...,
    stats: Sequence[str] = ...,
    stats_of: Sequence[int] | None = ...,
    pairs: Sequence[int] = ...,
    bands: Sequence[int] = ...,
    peak: bool = ...,
    centroid: bool = ...,
    spectrum_of: Sequence[int] | None = ...,
    fft: int = ...,
    taper: str = ...,
) -> Front:
    """Make a front end; the arguments are the rows of formats/front.md.

    window: 2 to 4096 samples; hop: 1 to window; channels: 1 to 16.
    highpass: coefficients that emlmpy.features.highpass made.
    gravity: "mean" takes the mean of the window off each channel.
    magnitude: so many channels in turn are a vector, whose length is a further channel; True for
    all channels.
    difference: whether the difference to the sample before is a further channel of each.
    stats: names of statistics: mean, std, rms, mad, min, max, range, median, q25, q75, iqr, skew,
    kurtosis, jerk, zero_crossings, mean_crossings, energy.
    stats_of, spectrum_of: channels that have statistics or a spectrum, rising; None for all.
    pairs: channels, two for each correlation.
    bands: edges of bands, bins of the transform, rising.
    fft: samples of the transform, a power of two from 8 to window; 0 for the longest.
    taper: "hann" or "none".

    Raises ValueError or TypeError for other arguments, MemoryError.
    """

def load(source: str | bytes | bytearray | memoryview | IO[str] | Iterable[str]) -> Front:
    """Read the front end of a model's file, or of a file of its own.

    source: a path, an open text file, the bytes of either, or a memoryview of a binary file, as one
    in ROMFS is. The whole file's checksum is verified; of a binary file the front end's part.

    Raises ValueError if the file has no front end, or is damaged; OSError if it cannot be read.
    """
