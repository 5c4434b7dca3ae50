"""Nearest neighbours for emlknn."""

from emlmpy.knn.model import KnnModel, convert_knn, describe, is_file, load_dataset, sign

__all__ = ["KnnModel", "convert_knn", "describe", "is_file", "load_dataset", "sign"]
