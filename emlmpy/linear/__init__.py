"""Linear models for emllinear."""

from emlmpy.linear.extract import ESTIMATORS
from emlmpy.linear.model import LinearModel, convert, describe, is_file, sign

__all__ = ["ESTIMATORS", "LinearModel", "convert", "describe", "is_file", "sign"]
