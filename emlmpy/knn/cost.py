"""What a prediction by nearest neighbours does: see emlmpy/cost.py."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emlmpy.cost import CPUS, Terms, sample

if TYPE_CHECKING:
    from emlmpy.knn.model import KnnModel


def count_terms(model: "KnnModel", X: ArrayLike) -> dict[str, Terms]:
    """Count what predict(features) does, the mean over rows."""
    queries = model.quantize(sample(X))
    items = model.features
    n_features = items.shape[1]
    judges = model.unit is not None
    reach = bits(items)
    found = {}
    for machine in CPUS:
        # Pairs of features are compared where they are aligned.
        pairs = machine == "cortex-m4f"
        totals: Terms = {"item": 0, "four": 0, "one": 0, "far feature": 0, "insertion": 0}
        for query in queries:
            used = reach | bits(query)
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


def bits(features: NDArray[np.int16]) -> int:
    """Return all bits that are used, the sign's apart, as the kernel does."""
    return int(np.bitwise_or.reduce(np.where(features < 0, ~features, features), axis=None))


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
