"""Turns weights into the words of a model on the device: float32, or integers for int16 features.

formats/linear.md describes them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emlmpy.linear.extract import Linear
from emlmpy.linear.format import (
    BIAS_BITS,
    MAX_EXPONENT,
    MIN_EXPONENT,
    NARROW_BITS,
    Kind,
    Type,
)

FLOAT32 = np.finfo(np.float32)
WEIGHT_BITS = 30
# Weights are narrow if that changes no score of the rows at hand by more, of its largest term.
NARROW_ERROR = 5e-6


def to_float32(model: Linear) -> NDArray[np.int32]:
    """Return the rows of a model of float32 features, (scores, 1 + features).

    Raises ValueError if a weight is beyond float32.
    """
    with np.errstate(over="ignore"):
        rows = np.column_stack([model.bias, model.weights]).astype(np.float32)
    if not np.all(np.isfinite(rows)):
        raise ValueError(f"weights must lie within float32's range, up to {FLOAT32.max:.3g}")
    # CPUs without an FPU would take what is smaller for 0.
    return np.where(np.abs(rows) < FLOAT32.tiny, np.float32(0), rows).view(np.int32)


def to_int16(model: Linear, rows: NDArray[Any] | None) -> tuple[Type, NDArray[np.int32]]:
    """Return the type and the rows of a model of int16 features, (scores, 3 + features).

    rows: of whole numbers, (rows, features), which decide whether weights can be narrow. Raises
    ValueError if a weight is too large.
    """
    if rows is not None:
        found = integers(model, NARROW_BITS)
        terms = np.abs(rows[:, np.newaxis, :] * model.weights).max(axis=2)
        terms = np.maximum(terms, np.abs(model.bias))
        error = np.abs(value_of(found).scores(rows) - model.scores(rows))
        if np.all(error <= NARROW_ERROR * terms):
            return Type.NARROW, words_of(*found)
    return Type.INT16, words_of(*integers(model, WEIGHT_BITS))


Integers = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def integers(model: Linear, bits: int) -> Integers:
    """Return exponents, biases and weights, whole numbers, of which weights have so many bits."""
    sizes = np.frexp(np.abs(model.weights).max(axis=1))[1] - bits
    exponents = np.maximum(sizes, np.frexp(np.abs(model.bias))[1] - (BIAS_BITS - 1))
    if model.kind >= Kind.CLASS:  # their scores are compared
        exponents[:] = exponents.max()
    exponents = np.maximum(exponents, MIN_EXPONENT).astype(np.int64)
    if exponents.max() > MAX_EXPONENT:
        raise ValueError(f"weights must be below 2^{MAX_EXPONENT + NARROW_BITS} for int16 features")
    return (
        exponents,
        np.rint(np.ldexp(model.bias, -exponents)).astype(np.int64),
        np.rint(np.ldexp(model.weights, -exponents[:, np.newaxis])).astype(np.int64),
    )


def value_of(found: Integers) -> Linear:
    """Return the model that these integers stand for."""
    exponents, bias, weights = found
    values = np.ldexp(weights.astype(np.float64), exponents[:, np.newaxis])
    return Linear(Kind.VALUE, values, np.ldexp(bias.astype(np.float64), exponents))


def words_of(
    exponents: NDArray[np.int64], bias: NDArray[np.int64], weights: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return the rows of a model of int16 features."""
    low = bias.astype(np.uint64).astype(np.uint32).view(np.int32)
    head = np.column_stack([exponents, low, bias >> 32])
    return np.hstack([head, weights]).astype(np.int32)
