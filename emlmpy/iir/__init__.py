"""Filters for emliir."""

from emlmpy.iir.bound import Bound
from emlmpy.iir.model import Filter, describe, design, int16_bound, is_file, save, sign

__all__ = ["Bound", "Filter", "describe", "design", "int16_bound", "is_file", "save", "sign"]
