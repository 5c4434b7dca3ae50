"""WindowFeatures as scikit-learn's transformer: rows, names, searches, and what is refused."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from emlmpy.features import STATISTICS, WindowFeatures, highpass, twin, windows
from emlmpy.features.words import words_of
from tests.features import reference
from tests.features.test_features import expected_row, motion


def movements(seed: int, channels: int = 3) -> tuple[list[np.ndarray], list[str], list[int]]:
    """Recordings of three movements of four people, which statistics tell apart."""
    rng = np.random.default_rng(seed)
    found, labels, people = [], [], []
    for person in range(4):
        for name, size in (("still", 20), ("walk", 400), ("run", 3000)):
            noise = rng.normal(0, size, (int(rng.integers(150, 250)), channels))
            found.append((noise + 1000).astype(np.int16))
            labels.append(name)
            people.append(person)
    return found, labels, people


def test_rows_have_their_names(seed: int) -> None:
    """Each feature is what its name says, of windows of each recording."""
    front = WindowFeatures(
        64, 48, "xyz", 50, list(STATISTICS), magnitude=True, difference=True, correlations=True
    )
    rng = np.random.default_rng(seed)
    recordings = [motion(rng, n, 3) for n in (64, 200)]
    rows = front.fit_transform(recordings)
    names = front.get_feature_names_out().tolist()
    assert rows.dtype == np.int16
    assert rows.shape == (1 + 3, len(names))
    channels = ["x", "y", "z", "magnitude", "x_diff", "y_diff", "z_diff", "magnitude_diff"]
    starts = [(recordings[0], 0), *((recordings[1], at) for at in (0, 48, 96))]
    for row, (recording, at) in zip(rows, starts, strict=True):
        found = reference.channels(recording[at : at + 64], None, 3, True)
        for channel, x in zip(channels, found, strict=True):
            for name, value in reference.statistics(x).items():
                feature = row[names.index(f"{channel}_{name}")]
                assert abs(feature - np.clip(value, -32768, 32767)) <= 1, (channel, name)
        for a, b in ("xy", "xz", "yz"):
            expected = 16384 * np.corrcoef(found["xyz".index(a)], found["xyz".index(b)])[0, 1]
            assert abs(row[names.index(f"{a}_{b}_correlation")] - expected) <= 1


# Arguments, and the words that they stand for.
SAME = [
    ({}, {"stats": ["mean", "std", "mad", "min", "max"]}),
    ({"stats": ["q25"], "stats_of": "zx"}, {"stats": ["q25"], "stats_of": [0, 2]}),
    ({"stats": ["q25"], "stats_of": ["y"]}, {"stats": ["q25"], "stats_of": [1]}),
    (
        {"stats": ["std"], "stats_of": "magnitude", "magnitude": True},
        {"stats": ["std"], "stats_of": [3], "magnitude": 3},
    ),
    (
        {"stats": ["std"], "stats_of": ["magnitude_diff", "x"], "magnitude": 3, "difference": True},
        {"stats": ["std"], "stats_of": [0, 7], "magnitude": 3, "difference": True},
    ),
    ({"stats": [], "correlations": True}, {"pairs": [0, 1, 0, 2, 1, 2]}),
    (
        {"stats": [], "correlations": [("z", "x"), "yz"], "gravity": "mean"},
        {"pairs": [2, 0, 1, 2], "gravity": "mean"},
    ),
    # Of 64 samples at 32 Hz, bins are 0.5 Hz apart.
    ({"stats": [], "bands": [0, 0.5, 1, 16]}, {"bands": [0, 1, 2, 32]}),
    ({"stats": [], "bands": [0.1, 0.6, 1.9]}, {"bands": [1, 2, 4]}),
    ({"stats": [], "bands": [1, 9], "fft": 16}, {"bands": [1, 5], "fft": 16}),
    ({"stats": [], "bands": [0.3 / 0.1, 15]}, {"bands": [6, 30]}),
    (
        {"stats": [], "peak": True, "centroid": True, "spectrum_of": "y", "taper": "none"},
        {"peak": True, "centroid": True, "spectrum_of": [1], "taper": "none"},
    ),
]


@pytest.mark.parametrize(("arguments", "words"), SAME)
def test_arguments(arguments: dict[str, Any], words: dict[str, Any]) -> None:
    """Names and Hz become channels and bins."""
    front = WindowFeatures(window=64, hop=16, rate=32, **arguments)
    assert front.words == words_of(64, 16, 3, **words)
    assert len(front.fit([np.zeros((64, 3), np.int16)]).get_feature_names_out()) == (
        twin.new(front.words).n_features
    )


def test_highpass_runs_through_a_recording(seed: int) -> None:
    """From its first sample on, or from that of an item."""
    rng = np.random.default_rng(seed)
    front = WindowFeatures(64, 32, rate=50, gravity="highpass", cutoff=0.5)
    words = words_of(64, 32, 3, stats=front.stats, highpass=highpass.coefficients(0.5, 50))
    assert front.words == words
    recording = motion(rng, 300, 3)
    rows = front.fit_transform([recording])
    assert np.array_equal(rows, twin.new(words).stream(recording))
    assert np.array_equal(front.transform(recording[None, : 64 + 4 * 32])[0], rows[4])


def test_names_of_spectra() -> None:
    """Edges as they were given."""
    front = WindowFeatures(
        magnitude=True, rate=50, stats=[], bands=[0.4, 1.2, 10], peak=True, centroid=True,
        spectrum_of=["magnitude", "z"],
    ).fit([np.zeros((256, 3), np.int16)])  # fmt: skip
    assert front.get_feature_names_out().tolist() == [
        f"{channel}_{name}"
        for channel in ("z", "magnitude")
        for name in ("band_0.4_1.2", "band_1.2_10", "peak", "centroid")
    ]


@pytest.mark.parametrize(
    ("channels", "magnitude", "names"),
    [
        ("xy", True, ["x", "y", "magnitude"]),
        (2, True, ["c0", "c1", "magnitude"]),
        (np.int64(1), False, ["c0"]),
        (["left", "right hand"], False, ["left", "right hand"]),
        ("abcd", 2, ["a", "b", "c", "d", "a_b_magnitude", "c_d_magnitude"]),
    ],
)
def test_names_of_channels(channels: Any, magnitude: Any, names: list[str]) -> None:
    """Letters, names, or a number of channels."""
    front = WindowFeatures(8, channels=channels, magnitude=magnitude, stats=["rms"])
    n = front.words[3]
    front.fit(np.zeros((1, 8, n), np.int16))
    assert front.get_feature_names_out().tolist() == [f"{name}_rms" for name in names]


def test_forms_of_X(seed: int) -> None:
    """Items, the same side by side, and recordings of a window each."""
    rng = np.random.default_rng(seed)
    items = np.stack([motion(rng, 100, 3) for _ in range(9)])
    front = WindowFeatures(64, magnitude=True)
    rows = front.fit_transform(items)
    assert rows.shape == (9, 20)
    expected = [
        expected_row(item[-64:], {"stats": front.stats, "magnitude": 3})[0] for item in items
    ]
    assert np.abs(rows - np.array(expected)).max() <= 1
    assert np.array_equal(front.transform(items.reshape(9, 300)), rows)
    last = [item[-64:] for item in items]
    for recordings in (last, tuple(last)):
        assert np.array_equal(front.transform(recordings), rows)
    ragged = np.empty(2, object)
    ragged[:] = [items[0][-64:], items[1][-70:]]
    assert np.array_equal(front.transform(ragged)[0], rows[0])
    frames = [pd.DataFrame(item[-64:], columns=list("xyz")) for item in items]
    assert np.array_equal(front.transform(frames), rows)
    assert front.transform(items[:0]).shape == (0, 20)


def test_short_recordings_warn() -> None:
    """They give no row."""
    front = WindowFeatures(16)
    recordings = [np.zeros((n, 3), np.int16) for n in (15, 16, 0)]
    with pytest.warns(UserWarning, match="recording 0 and 1 more of 3 are shorter than a window"):
        assert front.fit(recordings).transform(recordings).shape == (1, 15)
    with pytest.warns(UserWarning, match="recording 0 of 1"):
        assert front.transform(recordings[:1]).shape == (0, 15)


def test_is_a_transformer_of_scikit_learn(seed: int) -> None:
    """Clones, parameters, pickles, data frames."""
    X = np.stack([motion(np.random.default_rng(seed), 64, 3) for _ in range(3)])
    front = WindowFeatures(32, magnitude=True, stats=["std", "jerk"])
    rows = front.fit_transform(X)
    for other in (pickle.loads(pickle.dumps(front)), clone(front).fit(X)):
        assert other.get_params() == front.get_params()
        assert np.array_equal(other.transform(X), rows)
    with pytest.raises(NotFittedError):
        clone(front).transform(X)
    with pytest.raises(NotFittedError):
        clone(front).get_feature_names_out()
    changed = clone(front).set_params(window=64, stats=("min",))
    assert changed.fit_transform(X).shape == (3, 4)
    with pytest.raises(ValueError, match="Invalid parameter"):
        changed.set_params(windows=3)
    frame = clone(front).set_output(transform="pandas").fit_transform(X)
    assert frame.columns.tolist() == front.get_feature_names_out().tolist()
    assert np.array_equal(frame, rows)
    assert "stats=['std', 'jerk']" in repr(front)


def test_parameters_after_fit_wait_for_the_next() -> None:
    """As scikit-learn's transformers do."""
    X = np.zeros((1, 64, 3), np.int16)
    front = WindowFeatures(32).fit(X)
    front.set_params(window=64, stats=["min"])
    assert front.transform(X).shape == (1, 15)
    assert front.words_[1] == 32
    assert front.words[1] == 64


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_search_for_windows_and_features(output: str, seed: int) -> None:
    """The number of rows stays, so that window length is a parameter as others are."""
    recordings, labels, people = movements(seed)
    X, y, groups = windows(recordings, labels, people, 64, 32)
    pipe = make_pipeline(WindowFeatures(), RandomForestClassifier(5, random_state=1))
    pipe.set_output(transform=output)
    grid = {
        "windowfeatures__window": [16, 64],
        "windowfeatures__stats": [("mean",), ("mean", "std")],
        "windowfeatures__magnitude": [False, True],
    }
    search = GridSearchCV(pipe, grid, cv=GroupKFold(4), error_score="raise")
    search.fit(X, y, groups=groups)
    assert search.best_score_ > 0.9
    assert "std" in search.best_params_["windowfeatures__stats"]
    assert np.all(search.predict(X) == y)
    flat = X.reshape(len(X), -1)
    assert np.mean(cross_val_score(search.best_estimator_, flat, y, cv=3)) > 0.9


def test_pipeline_of_recordings(seed: int) -> None:
    """Labels are those of rows, and the error says who makes them."""
    recordings, labels, _ = movements(seed)
    pipe = make_pipeline(WindowFeatures(64), RandomForestClassifier(5, random_state=1))
    with pytest.raises(ValueError, match=r"not 12 for 12 recordings: emlmpy.features.windows\("):
        pipe.fit(recordings, labels)
    _, y, _ = windows(recordings, labels, None, 64)
    assert y is not None
    assert pipe.fit(recordings, y).score(recordings, y) > 0.9
    # Two recordings, of which one gives both rows: two labels are not those of the rows.
    uneven = [recordings[0][:20], recordings[1][:100]]
    with pytest.raises(ValueError, match="y must be one for each of 2 rows, not 2 for 2"):
        pipe.fit(uneven, labels[:2])


ZEROS = np.zeros((2, 64, 3), np.int16)
REFUSED_X: list[tuple[Any, str]] = [
    (ZEROS.astype(np.float64), r"samples must be int16, not float64: to_int16\(X, unit\) brings"),
    (ZEROS.astype(np.int32), "samples must be int16, not int32"),
    (ZEROS.astype(np.uint16), "samples must be int16, not uint16"),
    (ZEROS.astype(bool), "samples must be int16, not bool"),
    ([ZEROS[0], ZEROS[1].astype(float)], "samples of recording 1 must be int16, not float64"),
    ([ZEROS[0].tolist()], "samples of recording 0 must be int16, not int64"),
    (ZEROS[0], r"X must be a list of recordings.*of one recording give \[recording\]"),
    (ZEROS[0, 0], r"X must be a list .* or \(items, samples \* 3\), not \(3,\)"),
    (ZEROS[..., :2], r"X must be .* \(items, samples, 3\) .*, not \(2, 64, 2\)"),
    (ZEROS.reshape(2, -1)[:, :-1], r"X must be .* not \(2, 191\)"),
    (ZEROS[None], r"X must be .* not \(1, 2, 64, 3\)"),
    (ZEROS[:, :63], "items must have 64 samples at least, not 63"),
    ([], "X must have a recording"),
    ([ZEROS], r"recording 0 must have the shape \(samples, 3\), not \(2, 64, 3\)"),
    ([ZEROS[0], ZEROS[0, :, :2]], r"recording 1 must have the shape \(samples, 3\), not \(64, 2\)"),
    ([ZEROS[0], None], "samples of recording 1 must be int16, not object"),
    (None, "samples must be int16, not object"),
    ("recording", "samples must be int16, not <U9"),
    (pd.DataFrame(ZEROS[0].astype(float)), "samples must be int16, not float64"),
    ([pd.DataFrame(ZEROS[0], columns=list("zyx"))], "recording 0 must have the columns .*, not"),
]


@pytest.mark.parametrize(("X", "text"), REFUSED_X)
def test_refused_samples(X: Any, text: str) -> None:
    """At fit, and after it."""
    front = WindowFeatures(64)
    with pytest.raises((TypeError, ValueError), match=text):
        front.fit(X)
    front.fit(ZEROS)
    with pytest.raises((TypeError, ValueError), match=text):
        front.transform(X)


def test_refused_labels() -> None:
    """Of items, one each."""
    for y in ([1], [1, 2, 3], "walk", 3):
        with pytest.raises(ValueError, match="y must be one for each of 2 items, not"):
            WindowFeatures(64).fit(ZEROS, y)
    WindowFeatures(64).fit(ZEROS, [1, 2])


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"window": 1}, "window must be 2 to 4096, not 1"),
    ({"window": 4097}, "window must be 2 to 4096, not 4097"),
    ({"window": 64.0}, "window must be 2 to 4096, not 64.0"),
    ({"window": "64"}, "window must be 2 to 4096, not '64'"),
    ({"window": True}, "window must be 2 to 4096, not True"),
    ({"window": None}, "window must be 2 to 4096, not None"),
    ({"hop": 0}, "hop must be 1 to window, not 0"),
    ({"hop": 65}, "hop must be 1 to window, not 65"),
    ({"hop": 8.5}, "hop must be 1 to window, not 8.5"),
    ({"channels": ""}, "channels must be 1 to 16, not 0"),
    ({"channels": 0}, "channels must be 1 to 16, not 0"),
    ({"channels": 17}, "channels must be 1 to 16, not 17"),
    ({"channels": None}, "channels must be names or their number, not None"),
    ({"channels": "xyx"}, "channels must have names of their own"),
    ({"channels": ["x", "x_diff"], "difference": True}, "channels must have names of their own"),
    ({"channels": ["x", "magnitude"], "magnitude": True}, "channels must have names of their own"),
    ({"channels": ["x", "y,z"]}, "channels must be names of 1 to 100 bytes without commas"),
    ({"channels": ["x", ""]}, "channels must be names of 1 to 100 bytes"),
    ({"channels": ["x", "y\n"]}, "channels must be names of 1 to 100 bytes"),
    ({"channels": ["x", 3]}, "channels must be names .*, not 3"),
    ({"channels": ["x" * 101]}, "channels must be names of 1 to 100 bytes"),
    ({"magnitude": 2}, "magnitude must divide channels, 3, and not be 2"),
    ({"magnitude": -1}, "magnitude must be 0 to 16, not -1"),
    ({"magnitude": "yes"}, "magnitude must be 0 to 16, not 'yes'"),
    ({"stats": ["mean", "mode"]}, "stats must be of mean, std.*, not 'mode'"),
    ({"stats": "mean"}, "stats must be a sequence, not 'mean'"),
    ({"stats": None}, "stats must be a sequence, not None"),
    ({"stats": ["mean", "mean"]}, "stats must differ, not be"),
    ({"stats": []}, "features must be 1 to 4096, not 0"),
    ({"stats_of": "w"}, "stats_of must be of x, y, z, not 'w'"),
    ({"stats_of": [0]}, "stats_of must be of x, y, z, not 0"),
    ({"stats_of": ["magnitude"]}, "stats_of must be of x, y, z, not 'magnitude'"),
    ({"stats_of": 3}, "stats_of must be a sequence, not 3"),
    ({"stats_of": "xx"}, "stats_of must differ, not be"),
    ({"spectrum_of": "w"}, "spectrum_of must be of x, y, z, not 'w'"),
    ({"correlations": [("x", "w")]}, "correlations must be of x, y, z, not 'w'"),
    ({"correlations": ["xyz"]}, "correlations must be pairs of names, not 'xyz'"),
    ({"correlations": 3}, "correlations must be a sequence, not 3"),
    ({"correlations": "xy"}, "correlations must be a sequence, not 'xy'"),
    ({"correlations": ["xy", ("x", "y")]}, "correlations must differ"),
    ({"gravity": "low"}, "gravity must be of None, mean, highpass, not 'low'"),
    ({"gravity": "highpass"}, "rate must be given, in Hz, for gravity='highpass'"),
    ({"gravity": "highpass", "rate": 50, "cutoff": 0}, "cutoff must be positive and finite, not 0"),
    ({"gravity": "highpass", "rate": 50, "cutoff": "1"}, "cutoff must be a number, not '1'"),
    ({"gravity": "highpass", "rate": 50, "cutoff": 11}, "cutoff must be 0.025 to 10 Hz, not 11"),
    ({"gravity": "highpass", "rate": 50, "cutoff": 0.02}, "cutoff must be 0.025 to 10 Hz"),
    ({"rate": 0}, "rate must be positive and finite, not 0"),
    ({"rate": np.nan}, "rate must be positive and finite, not nan"),
    ({"rate": "50 Hz"}, "rate must be a number, not '50 Hz'"),
    ({"unit": -1}, "unit must be positive and finite, not -1"),
    ({"unit": np.inf}, "unit must be positive and finite, not inf"),
    ({"unit": "g"}, "unit must be a number, not 'g'"),
    ({"bands": [1, 5]}, "rate must be given, in Hz, for bands"),
    ({"bands": [1], "rate": 50}, r"bands must be two edges or more, not \[1\]"),
    ({"bands": [], "rate": 50}, "bands must be two edges or more"),
    ({"bands": 5, "rate": 50}, "bands must be a sequence, not 5"),
    ({"bands": [1, "5"], "rate": 50}, "bands must be edges in Hz, not '5'"),
    ({"bands": [1, np.nan], "rate": 50}, "bands must be edges in Hz, not nan"),
    ({"bands": [5, 1], "rate": 50}, "bands must rise, from 0 to rate / 2, 25, not be"),
    ({"bands": [-1, 5], "rate": 50}, "bands must rise, from 0 to rate / 2, 25, not be"),
    ({"bands": [1, 26], "rate": 50}, "bands must rise, from 0 to rate / 2, 25, not be"),
    ({"bands": [1, 1.1], "rate": 50}, "from 1 to 1.1 Hz there is none: bins are 0.7812 Hz apart"),
    ({"peak": True, "fft": 12}, "fft must be a power of two from 8 to window, not 12"),
    ({"peak": True, "fft": 128}, "fft must be a power of two from 8 to window, not 128"),
    ({"peak": True, "fft": "16"}, "fft must be"),
    ({"bands": [1, 5], "rate": 50, "fft": 16.0}, "fft must be"),
    ({"bands": [1, 5], "rate": 50, "fft": -16}, "fft must be"),
    ({"peak": True, "window": 7}, "fft must be a power of two from 8 to window"),
    ({"peak": True, "taper": "hamming"}, "taper must be of hann, none, not 'hamming'"),
    ({"taper": None}, "taper must be of hann, none, not None"),
    ({"channels": 16, "stats": STATISTICS, "difference": True, "correlations": [("c0", "w")]},
     "correlations must be of c0"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "text"), REFUSED)
def test_refused_parameters(arguments: dict[str, Any], text: str) -> None:
    """At fit, not before: so that searches may set them one by one."""
    front = WindowFeatures(**{"window": 64, **arguments})
    X = np.zeros((2, 64, 3), np.int16)
    with pytest.raises((TypeError, ValueError), match=text):
        front.fit(X)
    with pytest.raises((TypeError, ValueError), match=text):
        _ = front.words


@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_a_search_names_what_a_candidate_cannot() -> None:
    """A band that is too narrow for a short window fails that candidate alone."""
    X = np.stack([motion(np.random.default_rng(1), 256, 3) for _ in range(12)])
    pipe = Pipeline([
        ("front", WindowFeatures(rate=50, stats=[], bands=[0.5, 1.2, 10])),
        ("forest", RandomForestClassifier(2, random_state=1)),
    ])  # fmt: skip
    search = GridSearchCV(pipe, {"front__window": [32, 256]}, cv=2)
    with pytest.warns(FitFailedWarning, match="but from 0.5 to 1.2 Hz there is none"):
        search.fit(X, np.arange(12) % 2)
    assert search.best_params_ == {"front__window": 256}
