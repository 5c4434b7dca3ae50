"""Nearest neighbours for emlknn."""

from emlmpy.knn.model import (
    ESTIMATORS,
    KnnModel,
    convert,
    convert_knn,
    describe,
    is_file,
    load_dataset,
    sign,
)

__all__ = [
    "ESTIMATORS",
    "KnnModel",
    "convert",
    "convert_knn",
    "describe",
    "is_file",
    "load_dataset",
    "sign",
]
