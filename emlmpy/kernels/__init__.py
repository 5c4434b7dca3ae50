"""The kernels that run on the device, compiled for this computer: one library for all modules.

It is built from the C headers in src/ when the package is built (CMakeLists.txt); in a clone, `make
kernels` builds it. Calls leave Python's global lock, so that several threads can run at once.
"""

import ctypes
import functools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}
LIBRARY = Path(__file__).parent / f"libemlmpy_kernels{SUFFIXES.get(sys.platform, '.so')}"


@functools.cache
def library() -> ctypes.CDLL:
    """Load the library, once. Raises ImportError if it was not built."""
    if not LIBRARY.exists():
        raise ImportError(
            f"{LIBRARY.name} is missing: install emlmpy again, or run `make kernels` in a clone"
        )
    return ctypes.CDLL(str(LIBRARY))


class Kernel:
    """The functions of the library whose names begin with a prefix, as attributes without it."""

    def __init__(self, prefix: str, **signatures: tuple[Any, Sequence[Any]]) -> None:
        """Take the types of result and arguments of each function."""
        self.prefix = prefix
        for name, (result, arguments) in signatures.items():
            function = getattr(library(), f"{prefix}_{name}")
            function.restype, function.argtypes = result, list(arguments)
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        """Raise AttributeError for a function without a signature."""
        raise AttributeError(f"kernel {self.prefix} has no function {name}")


def require(error: bytes | None) -> None:
    """Raise ValueError with the text that a kernel returned, if it did."""
    if error is not None:
        raise ValueError(error.decode())
