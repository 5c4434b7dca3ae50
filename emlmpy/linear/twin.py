"""emllinear's Linear object on this computer: its kernel, and its own reader of files."""

import ctypes
import io
from array import array
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emlmpy import device_python, kernels
from emlmpy.linear.format import Kind

HEADER_INTS = 4  # of EmlLinear


class Linear:
    """A model as emllinear.c has it; its errors are in the same words."""

    def __init__(self, words: "array[int]", classes: tuple[int | str, ...] | None) -> None:
        """Take over the words of a model, as `_new` in emllinear.c."""
        self._words = words
        self.kernel = load_kernel()
        self.pointer = words.buffer_info()[0]
        kernels.require(self.kernel.check(self.pointer, 4 * len(words)))
        self.kind, self.type, self.n_features, self.n_rows = words[:HEADER_INTS]
        self.n_outputs = self.kernel.outputs(self.pointer)
        self.n_classes = self.n_outputs if self.kind >= Kind.CLASS else 0
        self.classes = classes
        self.nbytes = 4 * len(words)

    @property
    def dtype(self) -> type[np.float32] | type[np.int16]:
        """The type of features."""
        return np.int16 if self.type else np.float32

    @property
    def rows(self) -> NDArray[np.int32]:
        """The words of each score."""
        return np.array(self._words[HEADER_INTS:], np.int32).reshape(self.n_rows, -1)

    def run(
        self, rows: NDArray[Any]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
        """Return the class of each row, (rows,), its scores, (rows, scores), and its answers.

        Answers are values or proportions, (rows, outputs). rows: of the type of features. Raises
        ValueError if a score is not finite.
        """
        rows = np.ascontiguousarray(rows, self.dtype)
        classes = np.zeros(len(rows), np.int32)
        scores = np.zeros((len(rows), self.n_rows), np.float32)
        answers = np.zeros((len(rows), self.n_outputs), np.float32)
        found = [item.ctypes.data for item in (classes, scores, answers)]
        if not self.kernel.run(self.pointer, rows.ctypes.data, len(rows), *found):
            raise ValueError("all numbers must be finite")
        return classes, scores, answers

    def partial_fit(self, features: NDArray[Any], target: Any, rate: float) -> None:
        """Learn one row, as the device does; target: a class, or one value or more."""
        features = np.ascontiguousarray(features, np.float32)
        values = np.atleast_1d(np.asarray(target, np.float32))
        index = int(target) if self.n_classes else 0
        pointer = None if self.n_classes else values.ctypes.data
        if not self.kernel.fit(self.pointer, features.ctypes.data, pointer, index, rate):
            raise ValueError("all numbers must be finite")

    def save(self, target: io.StringIO) -> None:
        """Write the model as CSV, as the device does."""
        reader()["save"](self, target)


def new(words: "array[int]", classes: tuple[int | str, ...] | int | None) -> "Linear | int":
    """Make a model, or return how many words are to follow its sizes: `_new` in emllinear.c."""
    if not isinstance(classes, int):
        return Linear(words, classes)
    pointer = words.buffer_info()[0]
    kernels.require(load_kernel().check_sizes(pointer))
    return int(load_kernel().words(pointer)) - HEADER_INTS


def load(data: bytes) -> Linear:
    """Load a file with the reader that the device has.

    Raises ValueError, with the device's text, for a file that the device refuses.
    """
    try:
        model: Linear = reader()["load"](io.StringIO(device_python.as_text(data), newline="\n"))
    except ValueError as error:
        raise ValueError(str(error)) from None
    return model


@cache
def reader() -> dict[str, Any]:
    """Return what the Python part of emllinear defines."""
    functions: dict[str, Any] = {"_new": new, "_methods": {}, "int": device_python.ascii_int}
    return device_python.run(["common/rows.py", "emllinear/part.py"], functions)


@cache
def load_kernel() -> kernels.Kernel:
    """Return the functions of kernels/linear.c."""
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    int32, uint32 = ctypes.c_int32, ctypes.c_uint32
    return kernels.Kernel(
        "linear",
        words=(size, [pointer]),
        outputs=(uint32, [pointer]),
        check_sizes=(ctypes.c_char_p, [pointer]),
        check=(ctypes.c_char_p, [pointer, size]),
        run=(int32, [pointer, pointer, uint32, pointer, pointer, pointer]),
        fit=(int32, [pointer, pointer, pointer, int32, ctypes.c_float]),
        exp=(None, [pointer, pointer, uint32]),
    )
