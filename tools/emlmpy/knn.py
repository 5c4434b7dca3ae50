"""k nearest neighbours: scikit-learn's estimators as emlknn's models and files.

The file, CSV, one row a line:

    knn1,100,3,5,0,0,0,2    version 1: max_items, n_features, n_neighbors; ring, regression and
                            weighted, 0 or 1 each; the number of items
    i,-7,12,0,-32768        an item: its label, then its features; instead of a label a regression
                            model has the bits of the value, a float32, as an int
    i,9,1,2,3
    e,2                     the end: the number of items again
"""

import ctypes
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emlmpy.twin import compile_kernel

MAX_ITEMS = 65535
MAX_FEATURES = 4096
INT16 = np.iinfo(np.int16)

KERNEL = Path(__file__).resolve().parents[2] / "src" / "emlknn"
TWIN = """
#include "eml_knn.h"
#include <stdlib.h>

EmlKnn *twin_new(int32_t max_items, int32_t n_features, int32_t n_neighbors, int32_t regression,
                 int32_t weighted) {
    EmlKnn *self = calloc(1, sizeof(EmlKnn));
    self->header.max_items = (uint16_t)max_items;
    self->header.n_features = (uint16_t)n_features;
    self->header.n_neighbors = (uint16_t)n_neighbors;
    self->header.regression = (uint16_t)regression;
    self->header.weighted = (uint16_t)weighted;
    eml_knn_begin(self, malloc(eml_knn_bytes(&self->header)));
    return self;
}
void twin_free(EmlKnn *self) { free(self->nearest); free(self); }
uint32_t twin_bytes(const EmlKnn *self) { return (uint32_t)eml_knn_bytes(&self->header); }
void twin_add(EmlKnn *self, const int16_t *features, int32_t target) {
    eml_knn_add(self, features, target);
}
int32_t twin_predict(EmlKnn *self, const int16_t *features) {
    eml_knn_search(self, features);
    return self->header.regression ? (int32_t)eml_knn_regress(self) : eml_knn_vote(self);
}
int32_t twin_novelty(EmlKnn *self, const int16_t *features) {
    eml_knn_search(self, features);
    return (int32_t)eml_knn_novelty(self);
}
"""


class KnnModel:
    """A model for emlknn; its answers come from the device's own kernel, compiled for the host."""

    def __init__(
        self,
        features: ArrayLike,
        targets: ArrayLike,
        n_neighbors: int,
        *,
        regression: bool = False,
        weights: str = "uniform",
        estimator: Any = None,
    ) -> None:
        """Hold int16 features (items x features), and int16 labels or float values.

        `estimator` is what `check` compares with.
        """
        self.features = _int16(features, "features")
        if self.features.ndim != 2 or not 1 <= self.features.shape[1] <= MAX_FEATURES:
            raise ValueError(f"features must have 1 to {MAX_FEATURES} columns")
        if not 1 <= n_neighbors <= len(self.features) <= MAX_ITEMS:
            raise ValueError(f"items must be n_neighbors to {MAX_ITEMS}, n_neighbors at least 1")
        if weights not in ("uniform", "distance"):
            raise ValueError("weights must be 'uniform' or 'distance'")
        self.targets = _float32(targets) if regression else _int16(targets, "labels")
        if self.targets.shape != (len(self.features),):
            raise ValueError("targets must be one for each item")
        self.n_neighbors = n_neighbors
        self.regression = regression
        self.weights = weights
        self._estimator = estimator
        self._twin = _twin().twin_new(
            *(*self.features.shape, n_neighbors, regression, weights == "distance")
        )
        for row, target in zip(self.features, self._target_ints(), strict=True):
            _twin().twin_add(self._twin, row.ctypes.data, target)

    def __del__(self) -> None:
        """Free the kernel's memory."""
        if hasattr(self, "_twin"):
            _twin().twin_free(self._twin)

    @property
    def nbytes(self) -> int:
        """Bytes of RAM for the items on the device, beside 48 or so for the object."""
        return _twin().twin_bytes(self._twin)

    def predict(self, features: ArrayLike) -> NDArray[Any]:
        """Labels, or values, of each row, as the device gives them."""
        return self._for_each_row(
            _twin().twin_predict, features, np.float32 if self.regression else np.int32
        )

    def novelty(self, features: ArrayLike) -> NDArray[np.float32]:
        """Mean distance to the neighbours of each row, as the device gives it."""
        return self._for_each_row(_twin().twin_novelty, features, np.float32)

    def check(self, features: ArrayLike) -> float:
        """The share of rows for which the model agrees with the estimator, values within 1e-6."""
        if self._estimator is None:
            raise ValueError("model must be made by convert_knn")
        expected = self._estimator.predict(np.asarray(features))
        found = self.predict(features)
        if self.regression:
            return float(np.isclose(found, expected, rtol=1e-6, atol=0).mean())
        return float((found == expected).mean())

    def save(self, path: str | Path) -> None:
        """Write the file that emlknn.load reads; the model is full with the items it has."""
        n_items, n_features = self.features.shape
        flags = f"0,{int(self.regression)},{int(self.weights == 'distance')}"
        with Path(path).open("w", newline="\n") as file:
            file.write(f"knn1,{n_items},{n_features},{self.n_neighbors},{flags},{n_items}\n")
            for row, target in zip(self.features.tolist(), self._target_ints(), strict=True):
                file.write(f"i,{target},{','.join(map(str, row))}\n")
            file.write(f"e,{n_items}\n")

    def _target_ints(self) -> list[int]:
        return self.targets.view(np.int32 if self.regression else np.int16).tolist()

    def _for_each_row(self, function: Any, features: ArrayLike, dtype: type) -> NDArray[Any]:
        rows = _int16(features, "features")
        if rows.ndim != 2 or rows.shape[1] != self.features.shape[1]:
            raise ValueError(f"features must have {self.features.shape[1]} columns")
        results = [function(self._twin, row.ctypes.data) for row in rows]
        return np.array(results, np.int32).view(dtype)


def convert_knn(estimator: Any) -> KnnModel:
    """Turn a fitted KNeighborsClassifier or KNeighborsRegressor into a model for emlknn.

    Its features must be int16 integers; distances Euclidean; labels int16 integers.
    """
    if getattr(estimator, "effective_metric_", None) != "euclidean":
        raise ValueError("estimator must be fitted, with a Euclidean metric")
    if estimator.weights not in ("uniform", "distance"):
        raise ValueError("weights must be 'uniform' or 'distance'")
    regression = not hasattr(estimator, "classes_")
    targets = np.asarray(estimator._y)
    if targets.ndim != 1 and targets.shape[1:] != (1,):
        raise ValueError("estimator must have one output")
    targets = targets.ravel()
    if not regression:
        targets = np.asarray(estimator.classes_)[targets]
    return KnnModel(
        estimator._fit_X,
        targets,
        estimator.n_neighbors,
        regression=regression,
        weights=estimator.weights,
        estimator=estimator,
    )


def load_dataset(path: str | Path) -> tuple[NDArray[np.int16], NDArray[Any]]:
    """Features (items x features) and labels, or values, of a file that emlknn wrote."""
    rows = [line.split(",") for line in Path(path).read_text().splitlines()]
    try:
        (kind, *header), *items, end = rows
        _, n_features, _, _, regression, _, n_items = map(int, header)
        if kind != "knn1" or end != ["e", str(n_items)] or len(items) != n_items:
            raise ValueError
        numbers = np.array(list(_item_numbers(items, n_features)), np.int64)
        numbers = numbers.reshape(n_items, n_features + 1)
    except ValueError:
        raise ValueError(f"{path} must be a whole file of emlknn") from None
    features = _int16(numbers[:, 1:], "features")
    if regression:
        return features, numbers[:, 0].astype(np.int32).view(np.float32)
    return features, _int16(numbers[:, 0], "labels")


def _item_numbers(items: list[list[str]], n_features: int) -> Iterator[list[int]]:
    for kind, *numbers in items:
        if kind != "i" or len(numbers) != n_features + 1:
            raise ValueError
        yield [int(number) for number in numbers]


def _int16(values: ArrayLike, name: str) -> NDArray[np.int16]:
    array = np.asarray(values)
    try:
        fits = np.all((array == np.floor(array)) & (array >= INT16.min) & (array <= INT16.max))
    except TypeError:  # strings, objects
        fits = False
    if not fits:
        raise ValueError(f"{name} must be integers from {INT16.min} to {INT16.max}")
    return np.ascontiguousarray(array, np.int16)


def _float32(values: ArrayLike) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(values, np.float32)
    if not np.all(np.isfinite(array)):
        raise ValueError("values must be finite as float32")
    return array


@cache
def _twin() -> ctypes.CDLL:
    twin = compile_kernel("knn", TWIN, [KERNEL])
    twin.twin_new.restype = ctypes.c_void_p
    twin.twin_bytes.restype = ctypes.c_uint32
    for function in (twin.twin_free, twin.twin_bytes):
        function.argtypes = [ctypes.c_void_p]
    twin.twin_add.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32]
    for function in (twin.twin_predict, twin.twin_novelty):
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    return twin
