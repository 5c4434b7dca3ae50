"""emlfeatures on every machine: rows, streams and files are those of the PC, to the bit."""

from pathlib import Path

import numpy as np
import pytest

from emlmpy import files
from emlmpy.features import twin
from emlmpy.features.words import words_of
from machines.machine import Machine
from tests.features.test_features import ALL, EXTREMES, motion

DEVICE = Path(__file__).parents[1] / "device" / "features"
FULL = ("unix-x64", "cortex-m0", "cortex-m4f")  # more cases there
FRONTS = {
    "statistics": (3, {"window": 64, "hop": 24, "stats": ALL, "magnitude": 3}),
    "spectrum": (
        2,
        {"window": 80, "hop": 80, "bands": [1, 3, 9, 33], "peak": True, "centroid": True},
    ),
    "pairs": (
        4,
        {
            "window": 33,
            "hop": 5,
            "pairs": [0, 1, 4, 5, 11, 3],
            "magnitude": 2,
            "difference": True,
            "gravity": "mean",
        },
    ),
}


def recording(name: str, channels: int, seed: int) -> np.ndarray:
    """Motion, or extremes."""
    rng = np.random.default_rng(seed)
    samples = motion(rng, 400, channels)
    for at, extreme in zip((60, 180, 300), ("alternating", "square", "least"), strict=True):
        samples[at : at + 50] = EXTREMES[extreme][:50, None].astype(np.int16)
    return samples


@pytest.mark.cases("name", tuple(FRONTS))
def test_rows(machine: Machine, name: str, seed: int) -> None:
    """Rows of a stream that is pushed in three ways, and of single windows."""
    channels, options = FRONTS[name]
    data = files.signed([twin.row_of(words_of(channels=channels, **options))])
    front = twin.load(data)
    samples = recording(name, channels, seed)
    expected = front.stream(samples)
    windows = front.transform(
        np.stack([samples[at : at + front.window] for at in range(0, 200, 50)])
    )
    files_there = {
        "emlfeatures.mpy": machine.module("emlfeatures"),
        "front.csv": data,
        "samples.bin": samples.tobytes(),
    }
    script = (DEVICE / "rows.py").read_text()
    output = machine.run(script, files_there, timeout=300).split("\n")
    found = {
        kind: np.array(
            [line.split()[1:] for line in output if line.startswith(kind)], dtype=np.int64
        )
        for kind in ("stream", "cut", "window")
    }
    assert np.array_equal(found["stream"], expected)
    assert np.array_equal(found["cut"], expected)
    assert np.array_equal(found["window"], windows)
