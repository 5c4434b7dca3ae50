"""Draw how usual windows of people unseen are: `python draw.py` writes scores.png here.

A dot is a window of a person whom neither training nor threshold saw. What lies below 0 alarms.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from emlmpy.features import windows
from examples.anomaly.train import HOP, NORMAL, WINDOW, Windows, scorers, trained
from examples.motion_data import load

HERE = Path(__file__).resolve().parent
SPREAD = 0.16  # of a person's dots, of the distance to the next person


def draw(
    axes: Axes, name: str, X: Windows, usual: NDArray[np.bool_], people: NDArray[np.int64]
) -> None:
    """Draw the scores of each person, trained on others, less the threshold."""
    scorer = scorers()[name]
    generator = np.random.default_rng(0)
    everyone = np.unique(people)
    for person in everyone:
        limit = trained(scorer, X, usual, people, person)
        margins = scorer.score_samples(X) / -limit + 1
        for kind, color, aside in ((usual, "tab:blue", -0.2), (~usual, "tab:orange", 0.2)):
            mine = margins[(people == person) & kind]
            places = person + aside + generator.uniform(-SPREAD, SPREAD, len(mine))
            label = None
            if person == everyone[0]:
                label = "the usual movement" if aside < 0 else "six others"
            axes.plot(places, mine, ".", color=color, markersize=2, label=label)
    axes.axhline(0, color="black", linewidth=1)
    axes.set_title(name, size=10)
    axes.set_xlabel("person")
    axes.set_xticks(everyone)


def main() -> None:
    """Train, draw."""
    motion = load()
    X, exercises, people = windows(
        motion.recordings, motion.exercises, motion.people, window=WINDOW, hop=HOP
    )
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), scorers(), strict=True):
        draw(axes, name, X, exercises == NORMAL, people)
        # Neighbours tell the others apart by far more than it takes.
        axes.set_ylim(bottom=max(axes.get_ylim()[0], -4))
    figure.axes[0].set_ylabel("score, in thresholds above the alarm")
    figure.axes[0].legend(loc="lower left", markerscale=5, fontsize=8)
    figure.savefig(HERE / "scores.png", dpi=110)
    print("wrote scores.png")


if __name__ == "__main__":
    main()
