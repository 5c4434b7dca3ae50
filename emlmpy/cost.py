"""Estimates how many instructions a prediction takes on the device, from a model and its rows.

What a prediction does is counted here, row by row: nodes visited, features compared, products. What
each of these takes was measured on emulated CPUs, and fitted by benchmarks/fit_cost.py, which writes
cost_table.py. tests/report/test_cost.py compares with what was measured. The call itself, through
MicroPython, is not counted, as in all figures of this project.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emlmpy.cost_table import COEFFICIENTS
from emlmpy.linear.format import Type
from emlmpy.trees.format import Kind, LeafBits

if TYPE_CHECKING:
    from emlmpy.knn import KnnModel
    from emlmpy.linear.model import LinearModel
    from emlmpy.trees.model import ForestModel

# The machines on which it was measured, as machines/machine.py names them, and who reads them.
CPUS = {"cortex-m4f": "Cortex-M4F", "cortex-m0": "Cortex-M0"}
# Rows of X that are counted: more of them take time, and change little.
MOST_ROWS = 100

Terms = dict[str, float]


def instructions(family: str, terms: Mapping[str, Terms]) -> dict[str, float]:
    """Return the instructions of a prediction on each CPU.

    family: forest, knn or linear. terms: of each CPU what a prediction does, as the functions below
    count it.
    """
    return {
        machine: sum(COEFFICIENTS[family, machine][name] * count for name, count in each.items())
        for machine, each in terms.items()
    }


def sample(X: ArrayLike) -> ArrayLike:
    """Return at most MOST_ROWS rows of X, from all over it."""
    step = -(-len(X) // MOST_ROWS)  # type: ignore[arg-type]
    if hasattr(X, "iloc"):
        return X.iloc[::step]  # type: ignore[no-any-return]
    return np.asarray(X)[::step]


def forest(model: "ForestModel", X: ArrayLike) -> dict[str, Terms]:
    """Count what predict(features) does, the mean over rows."""
    what = model.forest
    rows = model._device_rows(sample(X))
    used = model.twin.classify(rows)[1].astype(np.int64)
    nodes, blends = 0, 0
    for number, root in enumerate(what.root):
        walking = np.flatnonzero(used > number)
        at = np.full(len(walking), root)
        leaves = np.zeros(len(rows), np.int64)
        while len(walking):
            nodes += len(walking)
            left = rows[walking, what.feature[at]] <= what.threshold[at]
            child = what.child[at, np.where(left, 0, 1)]
            ended = child < 0
            leaves[walking[ended]] = -child[ended] - 1
            walking, at = walking[~ended], (at + child)[~ended]
        if what.leaf_bits == LeafBits.SOFT:
            blends += np.count_nonzero(what.leaf[leaves[used > number]].max(axis=1) < 255)
    trees, visited = float(used.mean()), nodes / len(rows)
    whole = what.feature_type != "float32"
    votes = what.kind == Kind.CLASSIFIER
    terms = {
        "call": 1.0,
        "mean": float(what.kind == Kind.REGRESSOR),
        "value": float(what.kind != Kind.ISOLATION and what.n_classes == 0),
        "float feature": 0.0 if whole else float(what.n_features),
        "tree that votes": trees if votes else 0.0,
        "tree that sums": 0.0 if votes else trees,
        "class of a blended leaf": blends / len(rows) * what.n_classes,
        "node": visited if whole else 0.0,
        "node on floats": 0.0 if whole else visited,
        "quantized feature": float(what.n_features) if model.scaled else 0.0,
    }
    return dict.fromkeys(CPUS, terms)


def knn(model: "KnnModel", X: ArrayLike) -> dict[str, Terms]:
    """Count what predict(features) does, the mean over rows."""
    queries = model.quantize(sample(X))
    items = model.features
    n_features = items.shape[1]
    judges = model.unit is not None
    reach = int(np.bitwise_or.reduce(np.where(items < 0, ~items, items), axis=None))
    found = {}
    for machine in CPUS:
        # Pairs of features are compared where they are aligned.
        pairs = machine == "cortex-m4f"
        totals: Terms = {"item": 0, "four": 0, "one": 0, "far feature": 0, "insertion": 0}
        for query in queries:
            used = reach | int(np.bitwise_or.reduce(np.where(query < 0, ~query, query)))
            near = used < 0x4000 and not (pairs and n_features % 2)
            near = near and (((2 * used + 1) ** 2 >> 16) + 1) * n_features < 0xFFFF
            for name, count in scan(items, query, model.n_neighbors, near).items():
                totals[name] += count / len(queries)
        found[machine] = totals | {
            "call": 1.0,
            "feature": float(n_features),
            "vote": 0.0 if judges or model.regression else float(model.n_neighbors**2),
            "value": float(model.n_neighbors) if model.regression else 0.0,
            "distance": float(model.n_neighbors) if judges else 0.0,
            "reachability": 0.0 if model.k_distances is None else float(model.n_neighbors),
            "quantized feature": float(n_features) if model.scale is not None else 0.0,
        }
    return found


def scan(items: NDArray[np.int16], query: NDArray[np.int16], k: int, near: bool) -> Terms:
    """Count what a search does: each item is left as soon as it is farther than the k-th so far."""
    squares = (items.astype(np.int64) - query) ** 2
    n_features = items.shape[1]
    after = np.cumsum(squares, axis=1)
    counts: Terms = {"item": float(len(items)), "four": 0, "one": 0, "far feature": 0}
    nearest = np.full(k, np.iinfo(np.int64).max)
    insertions = 0
    fours = n_features // 4
    for distances in after:
        bound = nearest[-1]
        # The feature after which the sum reaches the bound.
        reached = int(np.searchsorted(distances, bound))
        if not near:
            counts["far feature"] += min(reached + 1, n_features)
        else:
            counts["four"] += min(reached // 4 + 1, fours)
            if reached // 4 >= fours:
                counts["one"] += n_features - 4 * fours
        if distances[-1] < bound:
            insertions += 1
            nearest[-1] = distances[-1]
            nearest.sort()
    return counts | {"insertion": float(insertions)}


def linear(model: "LinearModel", X: ArrayLike) -> dict[str, Terms]:
    """Count what predict(features) does; X does not matter."""
    del X
    twin = model.twin
    products = float(twin.n_rows * twin.n_features)
    # Of labels only the largest score matters; values are made of all of them.
    values = not twin.n_classes
    # Only where the largest score is all that is wanted, narrow weights take less.
    used = Type.INT16 if values and twin.type == Type.NARROW else twin.type
    terms = {"call": 1.0}
    for kind in Type:
        name, mine = kind.name.lower(), float(used == kind)
        terms[f"{name} score"] = mine * twin.n_rows
        terms[f"{name} product"] = mine * products
        if kind != Type.NARROW:
            # A single value is an object, several are put into an array.
            terms[f"{name} value"] = mine * values * twin.n_outputs
            terms[f"{name} object"] = mine * values * (twin.n_outputs == 1)
    return dict.fromkeys(CPUS, terms)
