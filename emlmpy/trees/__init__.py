"""Tree models for emltrees: from the estimator to the file, and the device's answers."""

from emlmpy.trees import check
from emlmpy.trees.extract import SUPPORTED as ESTIMATORS
from emlmpy.trees.model import ForestModel, convert

__all__ = ["ESTIMATORS", "ForestModel", "check", "convert"]
