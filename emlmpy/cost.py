"""Estimates how many instructions a prediction takes on the device, or a front end's window.

A family's cost.py counts what is done, row by row: nodes visited, features compared, products. What
each of these takes was measured on emulated CPUs, and fitted by benchmarks/fit_cost.py, which
writes cost_table.py; tests/report compares estimates with what was measured. The call itself,
through MicroPython, is not counted, as in all figures of this project.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from emlmpy.cost_table import COEFFICIENTS

# The machines on which it was measured, as machines/machine.py names them, and who reads them.
CPUS = {"cortex-m4f": "Cortex-M4F", "cortex-m0": "Cortex-M0"}
# Rows of X that are counted: more of them take time, and change little.
MOST_ROWS = 100

Terms = dict[str, float]


def instructions(family: str, terms: Mapping[str, Terms]) -> dict[str, float]:
    """Return the instructions of a prediction, or of a front end's window, on each CPU.

    family: forest, knn, linear or front. terms: of each CPU what it does, as the family's cost.py
    counts it.
    """
    return {
        machine: sum(
            COEFFICIENTS[family, machine][name] * count for name, count in each.items() if count
        )
        for machine, each in terms.items()
    }


def sample(X: ArrayLike) -> ArrayLike:
    """Return at most MOST_ROWS rows of X, from all over it."""
    step = -(-len(X) // MOST_ROWS)  # type: ignore[arg-type]
    if hasattr(X, "iloc"):
        return X.iloc[::step]  # type: ignore[no-any-return]
    return np.asarray(X)[::step]
