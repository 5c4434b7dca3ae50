"""What a prediction of a linear model does: see emlmpy/cost.py."""

from typing import TYPE_CHECKING

from emlmpy.cost import CPUS, Terms
from emlmpy.linear.format import Type

if TYPE_CHECKING:
    from emlmpy.linear.model import LinearModel


def count_terms(model: "LinearModel") -> dict[str, Terms]:
    """Count what predict(features) does; rows do not matter."""
    twin = model.twin
    products = float(twin.n_rows * twin.n_features)
    # Of labels only the largest score matters; values are made of all of them.
    values = not twin.n_classes
    # Only where the largest score is all that is wanted, narrow weights take less.
    used = Type.INT16 if values and twin.type == Type.NARROW else twin.type
    terms = {"call": 1.0}
    for kind in Type:
        name, mine = kind.name.lower(), float(used == kind)
        terms[f"{name} score"] = mine * twin.n_rows
        terms[f"{name} product"] = mine * products
        if kind != Type.NARROW:
            # A single value is an object, several are put into an array.
            terms[f"{name} value"] = mine * values * twin.n_outputs
            terms[f"{name} object"] = mine * values * (twin.n_outputs == 1)
    return dict.fromkeys(CPUS, terms)
