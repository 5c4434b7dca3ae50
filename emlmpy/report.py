"""How a model's answers compare with those of its estimator, and with the truth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import accuracy_score, r2_score

# Numbers that differ by less than this share of their size, and of the mean size of all, count as
# equal.
TOLERANCE = 1e-5


@dataclass
class Report:
    """How the answers of a model compare with its estimator's.

    Attributes:
        rows: how many rows were compared
        agreeing: how many got the same answer; numbers, within 1e-5 of their size and 1e-5 of the
            mean size of all
        largest_error: the largest difference of the numbers that `what` names
        what: the numbers that were compared; "" if there are only labels
        score: accuracy of the model, of numbers R^2; None without the truth
        expected_score: the same of the estimator
        measure: what the scores are
        changed: how many of a tree model's split decisions differ from its estimator's
        decisions: how many there are, over all rows and trees
    """

    rows: int
    agreeing: int
    largest_error: float = 0.0
    what: str = ""
    score: float | None = None
    expected_score: float | None = None
    measure: str = "accuracy"  # or "R2"
    changed: int = 0
    decisions: int = 0

    @property
    def agreement(self) -> float:
        """Share of rows with the same answer, 0..1."""
        return self.agreeing / self.rows

    def __str__(self) -> str:
        """Say it in one line."""
        parts = [f"{self.agreeing} of {self.rows} rows agree ({self.agreement:.2%})"]
        if self.what:
            parts.append(f"{self.what} differ by at most {self.largest_error:.2g}")
        if self.changed:
            share = self.changed / self.decisions
            parts.append(f"{self.changed} of {self.decisions} split decisions differ ({share:.2%})")
        if self.score is not None:
            scores = f"{self.score:.4f}, scikit-learn's {self.expected_score:.4f}"
            parts.append(f"{self.measure} {scores}")
        return "; ".join(parts)


def compare(found: ArrayLike, expected: ArrayLike, y: ArrayLike | None, numbers: bool) -> Report:
    """Compare a model's predictions with its estimator's, and both with the truth y if it is given.

    numbers: predictions are numbers and not labels.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if numbers:
        error = np.abs(found.astype(np.float64) - expected)
        size = np.abs(expected.astype(np.float64))
        same = error <= TOLERANCE * (size + size.mean())
        report = Report(len(same), int(same.sum()), float(error.max()), "values", measure="R2")
    else:
        report = Report(len(found), int(np.count_nonzero(found == expected)))
    if y is not None:
        score = r2_score if numbers else accuracy_score
        report.score, report.expected_score = float(score(y, found)), float(score(y, expected))
    return report
