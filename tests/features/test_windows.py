"""Recordings cut into windows with labels, and samples brought to int16."""

import doctest
from typing import Any

import numpy as np
import pytest

from emlmpy.features import file, to_int16, transformer, windows
from emlmpy.features import recordings as cut


def recordings(rng: np.random.Generator, *lengths: int) -> list[np.ndarray]:
    """Recordings of three channels."""
    return [rng.integers(-3000, 3000, (n, 3)).astype(np.int16) for n in lengths]


@pytest.mark.parametrize(("window", "hop"), [(16, None), (16, 16), (10, 3), (2, 1), (16, 40)])
def test_windows(window: int, hop: int | None, seed: int) -> None:
    """Are the parts of each recording, with its label and group."""
    found = recordings(np.random.default_rng(seed), 100, 40, 33)
    X, y, groups = windows(found, ["a", "b", "a"], np.array([7, 8, 9]), window, hop)
    views = [
        np.lib.stride_tricks.sliding_window_view(r, window, axis=0)[:: hop or window // 2]
        for r in found
    ]
    assert np.array_equal(X, np.concatenate(views).transpose(0, 2, 1))
    assert X.dtype == np.int16
    counts = [len(view) for view in views]
    assert y is not None
    assert groups is not None
    assert y.tolist() == np.repeat(["a", "b", "a"], counts).tolist()
    assert groups.tolist() == np.repeat([7, 8, 9], counts).tolist()
    assert windows(found, window=window)[1:] == (None, None)


def test_labels_of_samples(seed: int) -> None:
    """The label that most samples have, unless mixed windows are left out."""
    rng = np.random.default_rng(seed)
    found = recordings(rng, 200, 90)
    labels = [np.repeat(rng.integers(0, 3, 10), 20), np.repeat(5, 90)]
    X, y, groups = windows(found, labels, ["p", "q"], 30, 7)
    parts = [each[at : at + 30] for each in labels for at in range(0, len(each) - 29, 7)]
    assert y is not None
    assert y.tolist() == [np.bincount(part).argmax() for part in parts]
    pure = np.array([len(set(part.tolist())) == 1 for part in parts])
    assert not pure.all()
    kept_X, kept_y, kept_groups = windows(found, labels, ["p", "q"], 30, 7, mixed="drop")
    assert np.array_equal(kept_X, X[pure])
    assert kept_y is not None
    assert kept_groups is not None
    assert groups is not None
    assert kept_y.tolist() == y[pure].tolist()
    assert kept_groups.tolist() == groups[pure].tolist()
    with pytest.raises(ValueError, match=f"{(~pure).sum()} windows of {len(pure)} have several"):
        windows(found, labels, None, 30, 7, mixed="refuse")


def test_short_recordings_warn(seed: int) -> None:
    """They have no window, nor labels."""
    found = recordings(np.random.default_rng(seed), 15, 16, 3)
    with pytest.warns(UserWarning, match="recording 0 and 1 more of 3 are shorter than a window"):
        X, y, _ = windows(found, ["a", "b", "c"], window=16)
    assert X.shape == (1, 16, 3)
    assert y is not None
    assert y.tolist() == ["b"]
    with pytest.warns(UserWarning, match="recording 0 of 1"):
        assert windows(found[:1], ["a"], window=16)[0].shape == (0, 16, 3)


GOOD = [np.zeros((40, 3), np.int16), np.zeros((30, 3), np.int16)]


@pytest.mark.parametrize(
    ("given", "options", "text"),
    [
        ([], {}, "X must have a recording"),
        ([GOOD[0].astype(float)], {}, r"recording 0 must be int16, not float64: to_int16\(X, unit"),
        ([GOOD[0], [[1, 2, 3]] * 40], {}, "recording 1 must be int16, not int64"),
        ([GOOD[0], GOOD[1].astype(np.uint16)], {}, "recording 1 must be int16, not uint16"),
        ([GOOD[0], GOOD[1][:, :2]], {}, r"recording 1 must have the shape \(samples, 3\), not"),
        (
            [GOOD[0][:, 0]],
            {},
            r"recording 0 must have the shape \(samples, channels\), not \(40,\)",
        ),
        (GOOD, {"labels": ["a"]}, "labels must be one for each of 2 recordings, not 1"),
        (GOOD, {"labels": ["a"] * 3}, "labels must be one for each of 2 recordings, not 3"),
        (GOOD, {"labels": "a"}, "labels must be one for each of 2 recordings, not one"),
        (GOOD, {"groups": [1]}, "groups must be one for each of 2 recordings, not 1"),
        (GOOD, {"labels": [[0] * 40, [0] * 40]}, "labels of recording 1 must be one, or .* 30"),
        (GOOD, {"labels": [[[0]] * 40, 1]}, r"labels of recording 0 .* not of shape \(40, 1\)"),
        (GOOD, {"window": 0}, "window must be 1 at least, not 0"),
        (GOOD, {"window": 2.0}, "window must be an int, not 2.0"),
        (GOOD, {"window": True}, "window must be an int, not True"),
        (GOOD, {"hop": 0}, "hop must be 1 at least, not 0"),
        (GOOD, {"hop": "2"}, "hop must be an int, not '2'"),
        (GOOD, {"mixed": "most"}, "mixed must be majority, drop or refuse, not 'most'"),
    ],
)
def test_windows_refuses(given: Any, options: dict[str, Any], text: str) -> None:
    """What would give wrong windows or labels."""
    with pytest.raises((TypeError, ValueError), match=text):
        windows(given, **{"window": 8, **options})


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.uint8])
def test_to_int16(dtype: Any, seed: int) -> None:
    """The nearest whole numbers of a unit; halves go up."""
    rng = np.random.default_rng(seed)
    samples = (rng.uniform(0, 200, (50, 3))).astype(dtype)
    found = to_int16(samples, 0.01)
    assert found.dtype == np.int16
    assert np.array_equal(found, np.floor(samples.astype(np.float64) / 0.01 + 0.5))
    listed = to_int16([samples, samples[:7]], 0.01)
    assert isinstance(listed, list)
    assert [part.shape for part in listed] == [(50, 3), (7, 3)]
    assert np.array_equal(listed[0], found)
    assert to_int16(np.array([0.5, -0.5, 1.5, -32768.4, 32767.4]), 1).tolist() == [
        1, 0, 2, -32768, 32767,
    ]  # fmt: skip
    assert to_int16(np.zeros((0, 3)), 1).shape == (0, 3)


@pytest.mark.parametrize("peak", [33.0, -33.0, 123.4, -1e9, 1e300])
def test_saturation_is_an_error_with_a_unit_that_fits(peak: float) -> None:
    """That unit is taken, and is not much larger than it must be."""
    samples = np.array([0.0, peak, -1.0])
    with pytest.raises(ValueError, match="samples must lie within int16") as error:
        to_int16([samples], 0.001)
    unit = float(str(error.value).rpartition("a unit of ")[2].partition(" ")[0])
    found = to_int16(samples, unit)
    assert np.abs(found.astype(int)).max() > 32000


@pytest.mark.parametrize(
    ("samples", "unit", "text"),
    [
        (np.array([1.0, np.nan]), 1, "samples must not be NaN or infinite"),
        ([np.zeros(3), np.array([np.inf])], 1, "samples must not be NaN or infinite"),
        (np.array([-np.inf]), 1, "samples must not be NaN or infinite"),
        (np.array(["1"]), 1, "samples must be numbers, not <U1"),
        (np.array([1j]), 1, "samples must be numbers, not complex128"),
        (np.array([None]), 1, "samples must be numbers, not object"),
        (np.zeros(3), 0, "unit must be positive and finite, not 0"),
        (np.zeros(3), -0.1, "unit must be positive and finite, not -0.1"),
        (np.zeros(3), np.inf, "unit must be positive and finite, not inf"),
        (np.zeros(3), np.nan, "unit must be positive and finite, not nan"),
        (np.zeros(3), "g", "unit must be a number, not 'g'"),
        (np.zeros(3), None, "unit must be a number, not None"),
        (np.zeros(3), True, "unit must be a number, not True"),
    ],
)
def test_to_int16_refuses(samples: Any, unit: Any, text: str) -> None:
    """What int16 could not stand for."""
    with pytest.raises((TypeError, ValueError), match=text):
        to_int16(samples, unit)


def test_examples_in_docstrings() -> None:
    """Give what they say."""
    for module in (cut, file, transformer):
        failed, tried = doctest.testmod(module)
        assert failed == 0
        assert tried > 0
