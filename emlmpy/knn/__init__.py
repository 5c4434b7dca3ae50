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
    """Convert an estimator of ESTIMATORS, as emlmpy.convert does; no option applies.

    Behind a front end, whose rows are int16, the device scales those as it does floats.
    """
    options.require_only(of="nearest neighbours")
    make = convert_novelty if isinstance(parts.model, novelty.ESTIMATORS) else convert_knn
    model = make(parts.model, parts.scalers)
    if parts.front is not None:
        model.feature_names = list(parts.front.get_feature_names_out())
        model.raw_int16 = model.scale is not None
    return model
