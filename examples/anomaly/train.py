"""Learn one movement, and tell all others from it: `python train.py` in any folder.

Windows of one exercise are normal, those of the six others are not, and are used in no training.
The threshold comes from people who are not trained on: what was trained on scores too well. Two
ways of scoring are tried on each person, whom neither training nor threshold saw.

Writes anomaly.csv: front end, isolation forest and threshold for main.py, without the person in
clip.npy.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import emlmpy
from emlmpy.features import WindowFeatures, windows
from examples.activity.train import turned
from examples.motion_data import CLIP_PERSON, RATE, load

NORMAL = "pendulum"
WINDOW, HOP = 256, 64
FALSE_ALARMS = 0.02
HOLD_OUT = 3  # people who decide the threshold

Windows = NDArray[np.int16]


def front() -> WindowFeatures:
    """Return the front end: what examples/activity uses, too."""
    return WindowFeatures(
        window=WINDOW,
        hop=HOP,
        channels="xyz",
        rate=RATE,
        magnitude=True,
        stats=("mean", "std", "min", "max", "jerk", "mean_crossings"),
        correlations=True,
        bands=(0.15, 0.35, 0.75, 1.5, 3, 6),
    )


def scorers() -> dict[str, Pipeline]:
    """Return what scores a window, higher for what is more normal, untrained."""
    forest = IsolationForest(n_estimators=40, max_samples=64, random_state=0)
    neighbours = LocalOutlierFactor(20, novelty=True)
    return {
        "isolation forest": make_pipeline(front(), forest),
        "neighbours": make_pipeline(front(), StandardScaler(), neighbours),
    }


def split(people: NDArray[np.int64], person: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return what is trained on and what decides the threshold, for a person who is in neither."""
    everyone = np.unique(people)
    place = int(np.flatnonzero(everyone == person)[0])
    deciding = everyone[(place + 1 + np.arange(HOLD_OUT)) % len(everyone)]
    held_out = np.isin(people, deciding)
    return ~held_out & (people != person), held_out


def trained(
    scorer: Pipeline, X: Windows, usual: NDArray[np.bool_], people: NDArray[np.int64], person: int
) -> float:
    """Train a scorer on normal windows without a person; return its threshold."""
    known, held_out = split(people, person)
    scorer.fit(np.concatenate([X[known & usual], turned(X[known & usual], 1)]))
    return emlmpy.threshold(scorer.score_samples(X[held_out & usual]), false_alarms=FALSE_ALARMS)


def rates(
    scorer: Pipeline, X: Windows, usual: NDArray[np.bool_], people: NDArray[np.int64]
) -> Iterator[tuple[float, float]]:
    """Yield for each person, unseen, the share of normal windows and of others that alarm."""
    for person in np.unique(people):
        limit = trained(scorer, X, usual, people, person)
        alarms = scorer.score_samples(X) < limit
        mine = people == person
        yield float(alarms[mine & usual].mean()), float(alarms[mine & ~usual].mean())


def main() -> None:
    """Print both ways' false alarms and detections, and write the forest."""
    recordings = load()
    X, exercises, people = windows(
        recordings.recordings, recordings.exercises, recordings.people, WINDOW, HOP
    )
    usual = exercises == NORMAL
    for name, scorer in scorers().items():
        found = np.array(list(rates(scorer, X, usual, people)))
        alarms, detected = found.mean(axis=0)
        print(f"{name}, people unseen:")
        print(f"  false alarms {alarms:.1%}, at worst {found[:, 0].max():.1%} of a person's")
        print(f"  detected {detected:.1%}, at worst {found[:, 1].min():.1%}", flush=True)
    scorer = scorers()["isolation forest"]
    limit = trained(scorer, X, usual, people, CLIP_PERSON)
    model = emlmpy.convert(scorer)
    model.model.set_threshold(limit)
    path = Path("anomaly.csv")
    model.save(path)
    print(f"{path}: {path.stat().st_size} bytes, {model.nbytes} on the board")


if __name__ == "__main__":
    main()
