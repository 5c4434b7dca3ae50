"""Runs the Python part of a native module on this computer, as the device would.

What reads a file on the device is then what has read it here. The parts of a module that are C are
handed in: functions of the same names, which call the kernel.
"""

import zlib
from array import array
from pathlib import Path
from typing import Any

# The wheel holds the Python parts of the modules; a clone has them where they are written.
PACKAGED = Path(__file__).resolve().parent / "device"
SOURCES = PACKAGED if PACKAGED.exists() else PACKAGED.parents[1] / "src"


def add_row(crc: "array[int]", row: str) -> None:
    """Add a row and its line end to a CRC-32: _crc in the modules' C."""
    crc[0] = zlib.crc32(row.encode() + b"\n", crc[0])


def run(files: list[str], c_functions: dict[str, Any]) -> dict[str, Any]:
    """Run these files, below src/, in one namespace, as a .mpy has them; return it."""
    namespace: dict[str, Any] = {"_crc": add_row, **c_functions}
    for file in files:
        path = SOURCES / file
        exec(compile(path.read_text(), str(path), "exec"), namespace)
    return namespace


def as_text(data: bytes) -> str:
    """Return a file's text."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError("file is damaged") from None


def ascii_int(text: str) -> int:
    """Return a whole number as MicroPython reads it: other alphabets have no digits there."""
    if not text.isascii():
        raise ValueError("number expected, or out of range")
    return int(text)
