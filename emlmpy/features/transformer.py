"""Front ends as scikit-learn knows them: a transformer from samples to rows of features."""

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from emlmpy.features import file, highpass, twin
from emlmpy.features import recordings as cut
from emlmpy.features import words as front_words
from emlmpy.features.format import MAX_CHANNELS, MAX_WINDOW, MIN_FFT
from emlmpy.features.recordings import Int16
from emlmpy.names import MAX_NAME_BYTES

GRAVITY = (None, "mean", "highpass")


class WindowFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Features of windows of int16 samples, as emlfeatures computes them on the device, to the bit.

    The first step of a Pipeline: `emlmpy.convert(pipeline).save(path)` writes it and the model
    behind it into one file. formats/front.md has each feature with its unit; all are int16.

    X is one of
    - a list of recordings, each int16 (samples, channels): transform gives the rows of all complete
      windows of each, one under the other. One shorter than a window gives none, with a warning;
    - an array, int16 (items, samples, channels), with a window of samples or more: one row an item,
      that of its last window. The number of rows stays, whatever the window is: so GridSearchCV can
      look for the best one. emlmpy.features.windows cuts recordings into such items, with labels;
    - the same as (items, samples * channels), the channels of a sample side by side.

    A high-pass runs from the first sample of a recording or of an item on.

    Parameters:
        window: samples of a window, 2 to 4096
        hop: samples from one window to the next, 1 to window; by default half a window
        channels: names of a sample's channels: letters, a sequence of names; or their number
        rate: samples a second; bands and the high-pass need it
        stats: statistics of each channel, names of emlmpy.features.STATISTICS
        stats_of: names of the channels that have them; by default all, also those that come next
        magnitude: whether the length of the vector of all channels is a further channel,
            'magnitude'; a number for that of so many channels in turn, 'x_y_z_magnitude' and so on
        difference: whether the differences from sample to sample are further channels of each,
            'x_diff' and so on
        gravity: 'mean' takes each window's mean off its channels; 'highpass' lets them through a
            second-order high-pass
        cutoff: of that high-pass, in Hz
        correlations: pairs of names of channels whose correlation is a feature; True for all pairs
            of a sample's channels
        bands: edges of bands in Hz, which rise, rate / 2 at most: the power from each to below the
            next
        peak, centroid: whether the spectrum's are features
        spectrum_of: names of the channels that have bands, peak and centroid; by default all
        fft: samples of the transform, a power of two; by default the longest in a window
        taper: 'hann' or 'none'
        unit: what a count stands for, as to_int16 takes it; the file says it

    Attributes:
        words: what a board's emlfeatures.new takes; fit is not needed
        words_: the same, as of fit
        feature_names_out_: names of the features, as of fit

    >>> from emlmpy.features import WindowFeatures
    >>> front = WindowFeatures(window=4, channels="xy", stats=["mean", "max"], magnitude=True)
    >>> recording = np.array([[3, 4]] * 3 + [[6, 8]] * 5, np.int16)
    >>> front.fit_transform([recording])
    array([[ 4,  6,  5,  8,  6, 10],
           [ 5,  6,  7,  8,  9, 10],
           [ 6,  6,  8,  8, 10, 10]], dtype=int16)
    >>> front.get_feature_names_out()[:3].tolist()
    ['x_mean', 'x_max', 'y_mean']
    """

    def __init__(
        self,
        window: int = 256,
        hop: int | None = None,
        channels: str | Sequence[str] | int = "xyz",
        rate: float | None = None,
        stats: Sequence[str] = ("mean", "std", "mad", "min", "max"),
        stats_of: Sequence[str] | None = None,
        magnitude: bool | int = False,
        difference: bool = False,
        gravity: str | None = None,
        cutoff: float = 0.3,
        correlations: bool | Sequence[tuple[str, str]] = False,
        bands: Sequence[float] | None = None,
        peak: bool = False,
        centroid: bool = False,
        spectrum_of: Sequence[str] | None = None,
        fft: int | None = None,
        taper: str = "hann",
        unit: float | None = None,
    ) -> None:
        """Keep all of them as they are; fit checks them."""
        self.window = window
        self.hop = hop
        self.channels = channels
        self.rate = rate
        self.stats = stats
        self.stats_of = stats_of
        self.magnitude = magnitude
        self.difference = difference
        self.gravity = gravity
        self.cutoff = cutoff
        self.correlations = correlations
        self.bands = bands
        self.peak = peak
        self.centroid = centroid
        self.spectrum_of = spectrum_of
        self.fft = fft
        self.taper = taper
        self.unit = unit

    # ---------------------------------------------------------------------------- scikit-learn's

    def fit(self, X: Any, y: Any = None) -> "WindowFeatures":
        """Check the parameters and X; nothing is learned from its samples.

        y: labels, only counted. Raises ValueError if recordings have another number of rows;
        ValueError or TypeError for parameters and X that no board would take.
        """
        words = self.words
        recordings, items = self._samples(X, words)
        if recordings is not None:
            self._require_rows(recordings, y)
        elif items is not None and y is not None and cut.how_many(y) != len(items):
            raise ValueError(f"y must be one for each of {len(items)} items, not {cut.how_many(y)}")
        self.words_ = words
        self.feature_names_out_ = self._feature_names()
        return self

    def transform(self, X: Any) -> Int16:
        """Return the features, int16 (rows, features); see the class for X."""
        check_is_fitted(self)
        front = twin.new(self.words_)
        recordings, items = self._samples(X, self.words_)
        if items is not None:
            return front.last(items)
        assert recordings is not None
        cut.warn_of_short(recordings, front.window, 3)
        return np.vstack([front.stream(recording) for recording in recordings])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the features, such as 'x_mean' or 'magnitude_band_0.4_1.2'.

        input_features: not used; scikit-learn gives it.
        """
        check_is_fitted(self)
        return np.array(self.feature_names_out_, dtype=object)

    def __sklearn_tags__(self) -> Any:
        """Say what X may be: arrays of items, too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        return tags

    # ---------------------------------------------------------------------------------- device's

    @property
    def words(self) -> list[int]:
        """What emlfeatures.new takes on a board.

        Raises ValueError or TypeError, which names the parameter, for what no board would take.
        """
        # What follows computes with it.
        front_words.require_int("window", self.window, 2, MAX_WINDOW)
        window = int(self.window)
        if self.fft is not None:
            front_words.require_int("fft", self.fft, MIN_FFT, MAX_WINDOW)
        names, derived = self._channels(), self._all_channels()
        stats = self._sequence("stats", self.stats)
        if len(set(stats)) != len(stats):
            raise ValueError(f"stats must differ, not be {list(stats)}")
        for name in ("rate", "unit"):
            if getattr(self, name) is not None:
                cut.require_positive(name, getattr(self, name))
        front_words.require_one_of("gravity", self.gravity, GRAVITY)
        coefficients: Sequence[int] = ()
        if self.gravity == "highpass":
            cut.require_positive("cutoff", self.cutoff)
            rate = self._require_rate("gravity='highpass'")
            coefficients = highpass.coefficients(float(self.cutoff), rate)
        pairs: list[int] = []
        for pair in self._pairs():
            pairs += self._numbers("correlations", pair, derived)
        return front_words.words_of(
            window,
            max(window // 2, 1) if self.hop is None else self.hop,
            len(names),
            highpass=coefficients,
            gravity="mean" if self.gravity == "mean" else None,
            magnitude=self._vector(),
            difference=bool(self.difference),
            stats=stats,
            stats_of=self._of("stats_of", derived),
            pairs=pairs,
            bands=self._bins(window),
            peak=bool(self.peak),
            centroid=bool(self.centroid),
            spectrum_of=self._of("spectrum_of", derived),
            fft=0 if self.fft is None else self.fft,
            taper=self.taper,
        )

    @property
    def nbytes(self) -> int:
        """Bytes of RAM that it takes on the device: samples, tables and what it works with."""
        return twin.new(self.words).nbytes

    def describe(self) -> dict[str, Any]:
        """Say what the file that save writes holds, by name."""
        return file.describe(self.encode())

    def rows(self) -> list[str]:
        """Return the rows of a file that hold it."""
        given = (("?rate", self.rate), ("?unit", self.unit))
        return [
            twin.row_of(getattr(self, "words_", None) or self.words),
            f"?channels,{','.join(self._channels())}",
            *(f"{name},{float(value):.12g}" for name, value in given if value is not None),
        ]

    def encode(self) -> bytes:
        """Return the bytes of a file of its own."""
        return file.encode(self.rows())

    def save(self, path: str | Path) -> None:
        """Write a file of its own, which emlfeatures.load reads, whole or not at all.

        In front of a model that emlmpy.convert takes, convert the Pipeline instead: one file holds
        both. A network's lies beside it: see emlmpy.features.front_path. Raises OSError if the file
        cannot be written.
        """
        file.write(path, self.encode())

    # ----------------------------------------------------------------------------------- samples

    def _samples(self, X: Any, words: list[int]) -> tuple[list[Int16] | None, Int16 | None]:
        """Return recordings, or items, int16 (items, samples, channels); the other is None."""
        window, n_channels = words[1], words[3]
        if isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.dtype == object):
            for number, recording in enumerate(X):
                self._check_columns(recording, f"recording {number}")
            return cut.as_recordings(X, n_channels), None
        items = cut.require_int16(X)
        if items.ndim == 2 and items.shape[1] == n_channels and window > 1:
            raise ValueError(
                f"X must be a list of recordings, or items, not of shape {items.shape}: of one "
                "recording give [recording]"
            )
        if items.ndim == 2 and items.shape[1] % n_channels == 0:
            items = items.reshape(len(items), -1, n_channels)
        if items.ndim != 3 or items.shape[2] != n_channels:
            raise ValueError(
                f"X must be a list of recordings, or have the shape (items, samples, {n_channels}) "
                f"or (items, samples * {n_channels}), not {items.shape}"
            )
        if items.shape[1] < window:
            raise ValueError(f"items must have {window} samples at least, not {items.shape[1]}")
        return None, items

    def _check_columns(self, recording: Any, what: str) -> None:
        """Raise ValueError if a data frame has the channels in another order, or others."""
        columns = [str(name) for name in getattr(recording, "columns", ())]
        names = self._channels()
        if columns and not isinstance(self.channels, (int, np.integer)) and columns != names:
            raise ValueError(f"{what} must have the columns {names}, not {columns}")

    def _require_rows(self, recordings: list[Int16], y: Any) -> None:
        """Raise ValueError unless y, if there is one, has a label for each row."""
        if y is None:
            return
        window = int(self.window)
        hop = cut.hop_of(window, self.hop)
        counts = [cut.count_windows(len(found), window, hop) for found in recordings]
        rows = sum(counts)
        # As many recordings as rows are no proof that labels are those of rows.
        n = cut.how_many(y)
        if n != rows or (n == len(counts) and set(counts) != {1}):
            raise ValueError(
                f"y must be one for each of {rows} rows, not {n} for {len(counts)} recordings: "
                "emlmpy.features.windows(recordings, labels) gives windows with their labels"
            )

    # --------------------------------------------------------------------------------- parameters

    def _channels(self) -> list[str]:
        """Return the names of a sample's channels."""
        given = self.channels
        if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
            front_words.require_int("channels", given, 1, MAX_CHANNELS)
            return [f"c{number}" for number in range(given)]
        if not np.iterable(given):
            raise TypeError(f"channels must be names or their number, not {given!r}")
        names = list(given)
        for name in names:
            text = isinstance(name, str) and name.isprintable() and "," not in name
            if not text or not 1 <= len(name.encode()) <= MAX_NAME_BYTES:
                raise ValueError(
                    f"channels must be names of 1 to {MAX_NAME_BYTES} bytes without commas, "
                    f"not {name!r}"
                )
        front_words.require_int("channels", len(names), 1, MAX_CHANNELS)
        return [str(name) for name in names]

    def _vector(self) -> int:
        """Return how many channels in turn are a vector; 0 for none."""
        if isinstance(self.magnitude, (bool, np.bool_)):
            return len(self._channels()) if self.magnitude else 0
        front_words.require_int("magnitude", self.magnitude, 0, MAX_CHANNELS)
        return int(self.magnitude)

    def _all_channels(self) -> list[str]:
        """Return the names of all channels, in the device's order."""
        names, size = self._channels(), self._vector()
        if size:
            if len(names) % size:
                raise ValueError(f"magnitude must divide channels, {len(names)}, and not be {size}")
            vectors = [names[at : at + size] for at in range(0, len(names), size)]
            alone = len(vectors) == 1
            names += ["magnitude" if alone else "_".join([*v, "magnitude"]) for v in vectors]
        if self.difference:
            names += [f"{name}_diff" for name in names]
        if len(set(names)) != len(names):
            raise ValueError(f"channels must have names of their own, not {names}")
        return names

    def _sequence(self, name: str, value: Any) -> list[Any]:
        """Return a sequence that is no text as a list."""
        if isinstance(value, str) or not np.iterable(value):
            raise TypeError(f"{name} must be a sequence, not {value!r}")
        return list(value)

    def _numbers(self, name: str, given: Sequence[Any], known: list[str]) -> list[int]:
        """Return the numbers of channels by their names."""
        for channel in given:
            if channel not in known:
                raise ValueError(f"{name} must be of {', '.join(known)}, not {channel!r}")
        return [known.index(channel) for channel in given]

    def _of(self, name: str, known: list[str]) -> list[int] | None:
        """Return the numbers of the channels that a parameter names, rising; None for all."""
        given = getattr(self, name)
        if given is None:
            return None
        # One-letter names may be a text, as channels may.
        channels = list(given) if isinstance(given, str) else self._sequence(name, given)
        if isinstance(given, str) and given in known:
            channels = [given]
        numbers = self._numbers(name, channels, known)
        if len(set(numbers)) != len(numbers):
            raise ValueError(f"{name} must differ, not be {channels}")
        return sorted(numbers)

    def _pairs(self) -> list[tuple[str, str]]:
        """Return the names of channels whose correlations are features."""
        if isinstance(self.correlations, (bool, np.bool_)):
            return list(combinations(self._channels(), 2)) if self.correlations else []
        found: list[tuple[str, str]] = []
        for pair in self._sequence("correlations", self.correlations):
            if len(pair) != 2:
                raise ValueError(f"correlations must be pairs of names, not {pair!r}")
            found.append((pair[0], pair[1]))
        if len(set(found)) != len(found):
            raise ValueError(f"correlations must differ, not be {found}")
        return found

    def _require_rate(self, what: str) -> float:
        if self.rate is None:
            raise ValueError(f"rate must be given, in Hz, for {what}")
        return float(self.rate)

    def _edges(self) -> list[float]:
        """Return the edges of bands, in Hz."""
        if self.bands is None:
            return []
        edges = self._sequence("bands", self.bands)
        for edge in edges:
            if not isinstance(edge, (int, float, np.number)) or not math.isfinite(edge):
                raise ValueError(f"bands must be edges in Hz, not {edge!r}")
        if len(edges) < 2:
            raise ValueError(f"bands must be two edges or more, not {edges}")
        return [float(edge) for edge in edges]

    def _bins(self, window: int) -> list[int]:
        """Return the first bin of each band, and the one behind the last."""
        edges = self._edges()
        if not edges:
            return []
        rate = self._require_rate("bands")
        if edges[0] < 0 or edges[-1] > rate / 2 or any(a >= b for a, b in pairwise(edges)):
            raise ValueError(f"bands must rise, from 0 to rate / 2, {rate / 2:g}, not be {edges}")
        step = rate / front_words.length_of(int(self.fft or 0), window)
        # A bin at the edge but for float's rounding is at the edge.
        bins = [math.ceil(edge / step * (1 - 1e-12)) for edge in edges]
        for (low, high), (first, last) in zip(pairwise(edges), pairwise(bins), strict=True):
            if first == last:
                raise ValueError(
                    f"bands must have a bin at least, but from {low:g} to {high:g} Hz there is "
                    f"none: bins are {step:.4g} Hz apart, closer in a longer window"
                )
        return bins

    def _feature_names(self) -> list[str]:
        """Return the names of the features, in the device's order."""
        every = self._all_channels()
        chosen = {
            name: every
            if (numbers := self._of(name, every)) is None
            else [every[i] for i in numbers]
            for name in ("stats_of", "spectrum_of")
        }
        spectrum = [f"band_{low:g}_{high:g}" for low, high in pairwise(self._edges())]
        spectrum += ["peak"] * bool(self.peak) + ["centroid"] * bool(self.centroid)
        return [
            *(f"{channel}_{name}" for channel in chosen["stats_of"] for name in self.stats),
            *(f"{first}_{second}_correlation" for first, second in self._pairs()),
            *(f"{channel}_{name}" for channel in chosen["spectrum_of"] for name in spectrum),
        ]
