"""Turns leaf values into the leaves of the file: class numbers, 8-bit proportions or floats."""

import math
from numbers import Integral

import numpy as np
from sklearn.cluster import KMeans

from emlmpy.trees import rounding
from emlmpy.trees.extract import FLOAT32_MAX, Ensemble
from emlmpy.trees.format import WHOLE, Kind, LeafBits

# The device takes smaller numbers than the least normal float32 for 0. Where the largest value of a
# model is below this, that is more than a hundred-thousandth of it.
TOO_SMALL = 1e5 * float(np.finfo(np.float32).tiny)


def choose(
    ensemble: Ensemble, vote: str, leaves: int | None
) -> tuple[int, np.ndarray, list[np.ndarray]]:
    """Return the leaf bits, the file's leaves, and for each tree the leaf number of each node.

    vote: 'soft' or 'hard', of classifying forests. leaves: the largest number of leaves of a soft
    vote; k-means finds those that stand for all.

    Leaves are int64 (n,) of a hard vote, uint8 (n, classes) of a soft one, else float32 (n,). The
    numbers are int64 arrays; a node that is no leaf has -1.

    Raises ValueError if vote is unknown, leaves is no whole number above 0, the model is none that
    votes like this, or a value or a sum of values does not fit float32.
    """
    votes = ensemble.kind == Kind.CLASSIFIER
    check_arguments(votes, vote, leaves)
    is_leaf = [tree.left < 0 for tree in ensemble.trees]
    trees = list(zip(ensemble.trees, is_leaf, strict=True))
    value = np.concatenate([tree.value[leaf] for tree, leaf in trees])
    if not votes:
        bits = LeafBits.VALUES
        check_sums(ensemble)
        table, number = np.unique(finite_float32(value[:, 0]), return_inverse=True)
    elif vote == "hard":
        bits = LeafBits.HARD
        table, number = np.arange(ensemble.n_classes), value.argmax(axis=1)
    else:
        bits = LeafBits.SOFT
        # To nearest, so that a proportion is off by at most 0.5 / 255, and so is a mean of them.
        table, number = np.unique(eight_bits(value), axis=0, return_inverse=True)
        if leaves is not None and leaves < len(table):
            samples = np.concatenate([tree.samples[leaf] for tree, leaf in trees])
            table, number = np.unique(codebook(value, samples, leaves), axis=0, return_inverse=True)
        table, number = pure_first(table, number.ravel())
    numbers = [np.full(len(leaf), -1) for leaf in is_leaf]
    ends = np.cumsum([np.count_nonzero(leaf) for leaf in is_leaf])
    for of_tree, leaf, found in zip(
        numbers, is_leaf, np.split(number.ravel(), ends[:-1]), strict=True
    ):
        of_tree[leaf] = found
    return bits, table, numbers


def check_arguments(votes: bool, vote: str, leaves: int | None) -> None:
    """Raise ValueError unless the arguments of convert make sense; votes: if the trees vote."""
    if vote not in ("soft", "hard"):
        raise ValueError(f"vote must be soft or hard, not {vote!r}")
    if vote == "hard" and not votes:
        raise ValueError("a hard vote needs a decision tree or forest that classifies")
    if leaves is None:
        return
    if vote == "hard" or not votes:
        raise ValueError("leaves needs a soft vote of a decision tree or forest")
    if not isinstance(leaves, Integral) or leaves < 1:
        raise ValueError(f"leaves must be a whole number above 0, not {leaves!r}")


def eight_bits(proportions: np.ndarray) -> np.ndarray:
    """Round proportions 0..1 to uint8, WHOLE is all."""
    return np.asarray(np.rint(proportions * WHOLE), np.uint8)


def codebook(value: np.ndarray, samples: np.ndarray, leaves: int) -> np.ndarray:
    """Replace each leaf by the centre of its cluster; uint8 (n, classes).

    value: float64 (n, classes), proportions. samples: (n,), how many rows each stands for.
    Source: k-means over the leaves of all trees together, as in Nordby's leaf clustering.
    """
    found = KMeans(leaves, n_init=4, random_state=0).fit(value, sample_weight=samples)
    return np.asarray(eight_bits(found.cluster_centers_)[found.labels_])


def pure_first(table: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put the leaves that are all for one class first, in the order of their classes.

    As far as leaf i is all for class i, the kernel adds a single number and not one for each class.
    """
    pure = np.where(table.max(axis=1) == WHOLE, table.argmax(axis=1), table.shape[1])
    order = np.argsort(pure, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return table[order], place[number]


def finite_float32(value: np.ndarray) -> np.ndarray:
    """Round to float32; raises ValueError where that overflows."""
    rounded = rounding.as_float32(value)
    if not np.all(np.isfinite(rounded)):
        raise ValueError(
            f"predicted values must lie within float32's range, up to {FLOAT32_MAX:.3g}: "
            "scale the target down"
        )
    return rounded


def check_sums(ensemble: Ensemble) -> None:
    """Raise ValueError if the device's sums of values could leave float32's range at either end.

    A mean is never larger than the largest value. A sum of boosting has a start and a value of each
    tree, all of them below the power of two that is next above the largest; as the device's reader
    does, this takes the trees of all outputs for those of one.
    """
    values = [tree.value[tree.left < 0, 0] for tree in ensemble.trees]
    largest = float(np.abs(finite_float32(np.concatenate([*values, ensemble.base]))).max())
    reach = (len(values) + 1) * 2.0 ** math.frexp(largest)[1]
    if ensemble.kind in (Kind.BOOSTING, Kind.HIST_BOOSTING) and reach > 2.0**128:
        raise ValueError(
            f"sums of {len(values)} trees' values of up to {largest:.3g} can leave float32's "
            f"range, which ends at {FLOAT32_MAX:.3g}: scale the target down"
        )
    if 0 < largest < TOO_SMALL:
        raise ValueError(
            f"predicted values are too small for float32, at most {largest:.3g}: scale the target "
            f"up, so that the largest is above {TOO_SMALL:.3g}"
        )
