"""Draw what features and windows cost and bring: `python compare.py` writes accuracy.png here.

A point is a front end with the forest of train.py: how often it is right about people whom it never
saw; the bytes on a board of both, without the modules; the instructions of both for a second of
motion on a Cortex-M4F, counted over clip.npy.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from matplotlib.figure import Figure

import emlmpy
from emlmpy.features import windows
from examples.activity import train
from examples.motion_data import CLIP_PERSON, RATE, Motion, load
from machines.build import build
from machines.machine import MACHINES, Board

HERE = Path(__file__).resolve().parent
WINDOWS = (64, 128, 256, 384)  # samples
FEATURES = {
    "mean, deviation": {"stats": ("mean", "std")},
    "5 statistics": {"stats": ("mean", "mad", "jerk", "min", "max")},
    "bands": {"bands": train.BANDS},
    "quartiles, correlations": {"stats": train.STATS, "correlations": True},
    "quartiles, correlations, bands": {
        "stats": train.STATS,
        "correlations": True,
        "bands": train.BANDS,
    },
}
CHUNK = 64
COUNT = """
from array import array
import emlfeatures, emltrees, instructions
front, model = emlfeatures.load("model.csv"), emltrees.load("model.csv")
print(front.nbytes + model.nbytes)
row, chunk = front.row(), array("h", bytes(6 * {chunk}))
def take(chunk):
    if front.push(chunk, row):
        model.predict(row)
with open("clip.npy", "rb") as file:
    file.seek(128)
    while file.readinto(chunk):
        print(instructions.count(take, chunk))
"""


@dataclass(frozen=True)
class Point:
    """What one front end with its forest costs and brings."""

    accuracy: float
    nbytes: int
    instructions: float  # a second


def cost(model: emlmpy.model.Predictor, window: int) -> tuple[int, float]:
    """Return a model's bytes on the board, and its instructions for a second of motion."""
    board = MACHINES["cortex-m4f"]
    assert isinstance(board, Board)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.csv"
        model.save(path)
        files = {f"{name}.mpy": board.module(name) for name in ("emlfeatures", "emltrees")}
        files |= {"model.csv": path, "clip.npy": HERE / "clip.npy"}
        chunk = min(CHUNK, window // 2)
        output = board.run(COUNT.format(chunk=chunk), files, shift=4)
    nbytes, *counts = map(int, output.split())
    # The first window has no hops before it.
    counts = counts[window // chunk :]
    return nbytes, sum(counts) / len(counts) / chunk * RATE


def measure(motion: Motion, window: int, features: dict) -> Point:
    """Return the point of a front end."""
    X, y, people = windows(
        motion.recordings, motion.exercises, motion.people, window=window, hop=window // 2
    )
    if "bands" in features:
        # The edges from the first bin on: a short window knows no slow movements.
        bin_width = RATE / 2 ** (window.bit_length() - 1)
        features = features | {"bands": [edge for edge in train.BANDS if edge > bin_width / 2]}
    pipeline = train.make(window, window // 2, **features)
    accuracy = np.mean([share for _, share in train.accuracies(pipeline, X, y, people)])
    known = people != CLIP_PERSON
    model = emlmpy.convert(train.fit(pipeline, X[known], y[known]))
    return Point(float(accuracy), *cost(model, window))


def draw(points: dict[str, list[Point]], path: Path) -> None:
    """Draw accuracy against bytes and against instructions, a line for each set of features."""
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for name, line in points.items():
        accuracies = [100 * point.accuracy for point in line]
        left.plot([point.nbytes / 1000 for point in line], accuracies, "o-", label=name)
        right.plot([point.instructions / 1000 for point in line], accuracies, "o-", label=name)
        for window, point in zip(WINDOWS, line, strict=True):
            where = (point.instructions / 1000, 100 * point.accuracy)
            right.annotate(f"{window}", where, textcoords="offset points", xytext=(4, 4), size=7)
    left.set_xlabel("kB of RAM for front end and forest")
    left.set_ylabel("% right, people unseen")
    right.set_xlabel("1000 instructions a second, Cortex-M4F")
    right.set_xlim(left=0)
    right.set_title("numbers: samples of a window", size=9)
    left.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure all, print, draw."""
    build(["cortex-m4f"])
    motion = load()
    points: dict[str, list[Point]] = {}
    for name, features in FEATURES.items():
        for window in WINDOWS:
            point = measure(motion, window, features)
            points.setdefault(name, []).append(point)
            print(
                f"{name}, {window} samples: {point.accuracy:.1%}, {point.nbytes} bytes, "
                f"{point.instructions:.0f} instructions a second",
                flush=True,
            )
    draw(points, HERE / "accuracy.png")
    print("wrote accuracy.png")


if __name__ == "__main__":
    main()
