"""The families of models: the one place where a new one is entered.

`convert` looks here for who takes an estimator, `emlmpy check` for who knows a file.
"""

from sklearn.base import BaseEstimator

from emlmpy import cnn, iir, knn, linear, trees
from emlmpy.features import file as front_file
from emlmpy.model import Family

FAMILIES = (
    Family("forest", trees.check, trees.ESTIMATORS, trees.convert),
    Family("nearest neighbours", knn, knn.ESTIMATORS, knn.convert),
    Family("linear model", linear, linear.ESTIMATORS, linear.convert),
    Family("front end", front_file),
    Family("filter", iir),
    Family("network", cnn),
)
# Types of estimators that convert.
SUPPORTED: tuple[type[BaseEstimator], ...] = tuple(
    kind for family in FAMILIES for kind in family.estimators
)


def family_of(estimator: BaseEstimator) -> Family:
    """Return the family that takes a fitted estimator of a type in SUPPORTED."""
    return next(family for family in FAMILIES if isinstance(estimator, family.estimators))


def family_of_file(data: bytes) -> Family:
    """Return the family that knows files like this one. Raises ValueError if none does."""
    for family in FAMILIES:
        if family.file.is_file(data):
            return family
    *first, last = (family.name for family in FAMILIES)
    raise ValueError(f"file must be a {', '.join(first)} or {last} for a device")
