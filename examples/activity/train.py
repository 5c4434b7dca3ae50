"""Train a forest to tell exercises from the motion of a wrist: `python train.py` in any folder.

Prints how often it is right about people whom it never saw, one left out at a time, and writes
activity.csv: front end and forest for main.py, trained without the person in clip.npy.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import Pipeline, make_pipeline

from emlmpy import convert
from emlmpy.features import WindowFeatures, windows
from examples.motion_data import CLIP_PERSON, RATE, load

WINDOW, HOP = 256, 128  # samples: 5.1 s, every 2.6 s
STATS = ("q25", "median", "q75")
BANDS = (0.15, 0.35, 0.75, 1.5, 3, 6)  # Hz
COPIES = 2
SPREAD = np.deg2rad(10)

Windows = NDArray[np.int16]


def turned(X: Windows, copies: int = COPIES) -> Windows:
    """Return windows as watches worn a little otherwise would have recorded them, copies of each.

    Each is turned about an axis of its own. A person's watch sits as it likes, and a forest that is
    told so knows more about people whom it never saw. It costs nothing on the board.
    """
    generator = np.random.default_rng(0)
    vectors = SPREAD * generator.normal(size=(copies * len(X), 3))
    axes = Rotation.from_rotvec(vectors).as_matrix()
    samples = np.einsum("nij,nsj->nsi", axes, np.tile(X, (copies, 1, 1)))
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def make(window: int = WINDOW, hop: int = HOP, **features) -> Pipeline:
    """Return the front end and the forest, untrained."""
    features = features or {"stats": STATS, "bands": BANDS, "correlations": True}
    front = WindowFeatures(
        window=window, hop=hop, channels="xyz", rate=RATE, magnitude=True, **features
    )
    return make_pipeline(
        front, RandomForestClassifier(16, max_leaf_nodes=64, random_state=0, n_jobs=-1)
    )


def fit(pipeline: Pipeline, X: Windows, y: NDArray[np.str_]) -> Pipeline:
    """Train on windows and on their turned copies."""
    return pipeline.fit(np.concatenate([X, turned(X)]), np.tile(y, COPIES + 1))


def accuracies(
    pipeline: Pipeline, X: Windows, y: NDArray[np.str_], people: NDArray[np.int64]
) -> Iterator[tuple[int, float]]:
    """Yield each person, and the accuracy for them when trained on all others."""
    for known, unseen in LeaveOneGroupOut().split(X, y, people):
        fit(pipeline, X[known], y[known])
        yield int(people[unseen][0]), float(np.mean(pipeline.predict(X[unseen]) == y[unseen]))


def main() -> None:
    """Print the accuracies, train without the person in the clip, write."""
    motion = load()
    X, y, people = windows(motion.recordings, motion.exercises, motion.people, WINDOW, HOP)
    pipeline = make()
    shares = []
    for person, share in accuracies(pipeline, X, y, people):
        print(f"person {person:2}: {share:.1%} when trained on the others", flush=True)
        shares.append(share)
    print(f"mean {np.mean(shares):.1%}, worst {min(shares):.1%}")
    known = people != CLIP_PERSON
    model = convert(fit(pipeline, X[known], y[known]))
    print(model.check(X[~known], y[~known]))
    path = Path("activity.csv")
    model.save(path)
    print(f"{path}: {path.stat().st_size} bytes, {model.nbytes} on the board")


if __name__ == "__main__":
    main()
