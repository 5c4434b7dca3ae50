"""What a prediction of a tree model does: see emlmpy/cost.py."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from emlmpy.cost import CPUS, Terms, sample
from emlmpy.trees.format import Kind, LeafBits

if TYPE_CHECKING:
    from emlmpy.trees.model import ForestModel


def count_terms(model: "ForestModel", X: ArrayLike) -> dict[str, Terms]:
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
            blends += int(np.count_nonzero(what.leaf[leaves[used > number]].max(axis=1) < 255))
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
