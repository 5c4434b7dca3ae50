"""Finds the threshold of models that tell what is normal from what is not."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Scores that differ by less than this share count as equal: the device's are float32.
ROUNDING = 1e-6


def threshold(scores: ArrayLike, false_alarms: float) -> float:
    """Return the threshold below which at most this share of normal rows has its score.

    scores: of rows that are all normal and that the model has not seen, as its score_samples gives
        them: higher is more normal. `contamination` takes those of the training rows instead, which
        a model knows by heart: they score higher than new rows do, and most alarms are false then.
    false_alarms: the share of new normal rows, above 0 and below 1, that may be taken for others.

    The threshold is one of the scores, the k-th lowest of n with k = floor(false_alarms (n + 1));
    there is no interpolation. k - 1 of the given scores are below it, but where scores are equal
    fewer. A new row that is drawn as these were is below it with a probability of at most k / (n +
    1), whatever the distribution, on average over all draws. So n rows can promise no less than
    1 / (n + 1).

    Raises ValueError for no scores, more than one dimension, scores that are NaN or infinite,
    another share, and fewer scores than the share needs.

    >>> from emlmpy import threshold
    >>> threshold([-0.5, -0.3, -0.9, -0.4, -0.6, -0.2, -0.7, -0.1, -0.8], false_alarms=0.2)
    -0.8
    """
    found = np.asarray(scores)
    if found.ndim != 1 or len(found) == 0:
        raise ValueError(f"scores must have the shape (rows,), not {found.shape}")
    if found.dtype.kind not in "fiu" or not np.all(np.isfinite(found)):
        raise ValueError("scores must be finite numbers")
    if not 0 < false_alarms < 1:
        raise ValueError(f"false_alarms must be above 0 and below 1, not {false_alarms}")
    # A share such as 0.29 may have been rounded down.
    rank = math.floor(false_alarms * (len(found) + 1) * (1 + 1e-12))
    if rank < 1:
        needed = math.ceil(1 / false_alarms * (1 - 1e-12)) - 1
        raise ValueError(
            f"false_alarms={false_alarms} needs {needed} scores of held-out rows or more, "
            f"not {len(found)}"
        )
    return float(np.partition(found, rank - 1)[rank - 1])


def judged(
    scores: NDArray[np.float64], limit: float, answers: NDArray[np.integer]
) -> NDArray[np.integer]:
    """Return -1 for scores below a limit, else 1; next to it, but for rounding, the answers."""
    near = np.abs(scores - limit) <= ROUNDING * abs(limit)
    judgement: NDArray[np.integer] = np.where(near, answers, np.where(scores < limit, -1, 1))
    return judgement
