"""Nearest neighbours for emlknn."""

from emlmpy.knn import model, novelty
from emlmpy.knn.model import (
    KnnModel,
    convert_knn,
    describe,
    is_file,
    load_dataset,
    sign,
)
from emlmpy.knn.novelty import NoveltyModel, convert_novelty
from emlmpy.model import Options
from emlmpy.pipeline import Parts

__all__ = [
    "ESTIMATORS",
    "KnnModel",
    "NoveltyModel",
    "convert",
    "convert_knn",
    "convert_novelty",
    "describe",
    "is_file",
    "load_dataset",
    "sign",
]

ESTIMATORS = (*model.ESTIMATORS, *novelty.ESTIMATORS)


def convert(parts: Parts, options: Options) -> KnnModel:
    """Convert an estimator of ESTIMATORS, as emlmpy.convert does; no option applies."""
    options.require_only(of="nearest neighbours")
    if isinstance(parts.model, novelty.ESTIMATORS):
        return convert_novelty(parts.model, parts.scalers)
    return convert_knn(parts.model, parts.scalers)
