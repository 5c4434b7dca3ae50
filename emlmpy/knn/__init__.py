"""Nearest neighbours for emlknn."""

import warnings

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

    Warns of scalers behind a front end, whose int16 emlknn would take for rows that are scaled.
    """
    options.require_only(of="nearest neighbours")
    make = convert_novelty if isinstance(parts.model, novelty.ESTIMATORS) else convert_knn
    model = make(parts.model, parts.scalers)
    if parts.front is not None:
        model.feature_names = list(parts.front.get_feature_names_out())
        if model.scale is not None:
            warnings.warn(
                "nearest neighbours behind scalers take array('f') on the device: copy each row of "
                "the front end into model.row() before predict",
                stacklevel=4,
            )
    return model
