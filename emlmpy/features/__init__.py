"""Front ends: windows of samples and their features, as emlfeatures computes them.

WindowFeatures is the first step of a Pipeline; `emlmpy.convert` turns that into one file for the
board. `windows` cuts recordings, `to_int16` brings samples to int16.
"""

from pathlib import Path

from emlmpy.features.file import front_path, load
from emlmpy.features.recordings import to_int16, windows
from emlmpy.features.transformer import WindowFeatures
from emlmpy.features.words import STATISTICS

__all__ = ["STATISTICS", "WindowFeatures", "front_path", "load", "save", "to_int16", "windows"]


def save(front: WindowFeatures, path: str | Path) -> None:
    """Write a front end into a file of its own; see WindowFeatures.save."""
    front.save(path)
