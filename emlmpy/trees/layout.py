"""Lays the trees of a model out as one list of nodes, as small as it gets."""

import numpy as np

from emlmpy.trees.extract import Ensemble, Tree
from emlmpy.trees.quantize import FeatureMap


def lay_out(
    ensemble: Ensemble,
    feature_map: FeatureMap,
    limits: list[np.ndarray],
    numbers: list[np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the root of each tree, and feature, threshold and children of each node.

    limits: the device's threshold of each node of each tree. numbers: their leaf numbers.
    Children, int64 (nodes, 2), are left and
    right: above 0 so many nodes ahead, below 0 leaf -child - 1. Roots and features are int64,
    thresholds float64.
    """
    root: list[int] = []
    feature: list[int] = []
    threshold: list[float] = []
    child: list[list[int]] = []
    for tree, limit, number in zip(ensemble.trees, limits, numbers, strict=True):
        target, size = simplify(tree, feature_map, limit, number)
        order = node_order(tree, target, size)
        place = {node: index for index, node in enumerate(order)}
        root.append(len(feature))
        if not order:
            # Nothing is asked: a node both of whose sides are the tree's only leaf.
            feature.append(0)
            threshold.append(0.0)
            child.append([target[0], target[0]])
        for index, node in enumerate(order):
            sides = [target[tree.left[node]], target[tree.right[node]]]
            feature.append(tree.feature[node])
            threshold.append(limit[node])
            child.append([side if side < 0 else place[side] - index for side in sides])
    return (
        np.array(root, dtype=np.int64),
        np.array(feature, dtype=np.int64),
        np.array(threshold, dtype=np.float64),
        np.array(child, dtype=np.int64),
    )


def simplify(
    tree: Tree, feature_map: FeatureMap, limit: np.ndarray, number: np.ndarray
) -> tuple[list[int], list[int]]:
    """Drop the splits that decide nothing.

    Returns for each node what stands in its place, a node or -1 - leaf number; and how many nodes
    there are from it on. A split decides nothing if both sides are the same leaf, or if its
    threshold leaves all features of the device's type on one side.
    """
    low, high = feature_map.range
    target = (-1 - number).tolist()
    size = [0] * len(target)
    for node in np.flatnonzero(tree.left >= 0)[::-1].tolist():
        left, right = tree.left[node], tree.right[node]
        if limit[node] < low:
            same_as = right
        elif limit[node] >= high or (target[left] < 0 and target[left] == target[right]):
            same_as = left
        else:
            target[node] = node
            size[node] = 1 + size[left] + size[right]
            continue
        target[node], size[node] = target[same_as], size[same_as]
    return target, size


def node_order(tree: Tree, target: list[int], size: list[int]) -> list[int]:
    """Return the nodes that are left, each before its children and with the nearer one smaller.

    No jump is then longer than half the tree, so that a link nearly always fits one byte.
    """
    order = []
    waiting = [target[0]]
    while waiting:
        node = waiting.pop()
        if node >= 0:
            order.append(node)
            sides = [target[tree.left[node]], target[tree.right[node]]]
            waiting += sorted(sides, key=lambda side: size[side] if side >= 0 else 0, reverse=True)
    return order
