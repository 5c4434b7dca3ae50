"""emlknn's Knn object on this computer: its kernel, its checks, and its own reader of files."""

import ctypes
import io
from array import array
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emlmpy import device_python, kernels
from emlmpy.knn.format import MAX_FEATURES, MAX_ITEMS

HEADER_INTS = 7  # of EmlKnnHeader


class Knn:
    """A model in the kernel's memory, as emlknn.c has it; its errors are in the same words."""

    def __init__(self, *settings: int) -> None:
        """Make an empty model, as `_new` in emlknn.c."""
        max_items, n_features, n_neighbors, *flags = settings
        _check(1 <= max_items <= MAX_ITEMS, f"max_items must be 1 to {MAX_ITEMS}")
        _check(1 <= n_features <= MAX_FEATURES, f"n_features must be 1 to {MAX_FEATURES}")
        _check(1 <= n_neighbors <= max_items, "n_neighbors must be 1 to max_items")
        numbers = (max_items, n_features, n_neighbors, *map(bool, flags), 0)
        self.kernel = load_kernel()
        self.pointer = self.kernel.new(array("H", numbers).tobytes())
        if not self.pointer:
            raise MemoryError("not enough memory for the model")
        self.n_features = n_features
        self.n_neighbors = n_neighbors
        self.ring, self.regression, self.weighted = map(bool, flags)
        self.classes: tuple[int | str, ...] | None = None
        self.scale: NDArray[np.float32] | None = None
        self.raw = False
        self.k_distances: array[int] | None = None
        self._threshold: float | None = None

    def __del__(self) -> None:
        """Free the kernel's memory."""
        if getattr(self, "pointer", None):
            self.kernel.free(self.pointer)

    def __len__(self) -> int:
        """Return the number of items."""
        return int(self.header()[-1])

    def header(self) -> list[int]:
        """Return the numbers of the file's first row."""
        return array("H", ctypes.string_at(self.pointer, 2 * HEADER_INTS)).tolist()

    @property
    def nbytes(self) -> int:
        """Bytes of the items, of the neighbours' list, of the scale and of k-distances."""
        return int(self.kernel.bytes(self.pointer))

    @property
    def threshold(self) -> float | None:
        """What -novelty must reach for a row to be normal, a float32; or None."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        with np.errstate(over="ignore"):
            value = np.float32(threshold)
        taken = self.kernel.set_threshold(self.pointer, int(value.view(np.uint32)))
        _check(taken, "threshold must be at most 0, and finite")
        self._threshold = float(value)

    def attach(
        self,
        classes: tuple[int | str, ...],
        scale: "array[float]",
        k_distances: "array[int]",
        raw: bool,
    ) -> None:
        """Add labels of classes, scale and offset of each feature with the unit, and k-distances.

        As `_attach` in emlknn.c: each may be empty; k-distances may be filled in later. raw:
        whether the device takes int16 rows in raw units.
        """
        if scale:
            count = 2 * self.n_features + 1
            _check(
                len(scale) == count,
                f"scale must be array('f') of {count}, not array('f') of {len(scale)}",
            )
            numbers = np.array(scale, np.float32)
            self.scale = numbers[:-1].reshape(-1, 2)
            self.kernel.scale(self.pointer, numbers.ctypes.data)
        self.classes = classes or self.classes
        if k_distances:
            self.k_distances = k_distances  # whose memory the kernel uses
            self.kernel.k_distances(self.pointer, k_distances.buffer_info()[0])
        self.raw = self.scale is not None and raw

    def additem(self, features: "array[int]", target: float) -> int:
        """Add an item with quantised features; return its index."""
        if self.regression:
            bits = int(np.float32(target).view(np.int32))
            _check(bool(np.isfinite(target)), "value must be finite")
        else:
            bits = int(target)
            if self.classes is None:
                _check(-32768 <= bits <= 32767, "label must be -32768 to 32767")
            else:
                _check(0 <= bits < len(self.classes), "label must be 0 to len(classes) - 1")
        _check(
            features.typecode == "h" and len(features) == self.n_features,
            f"features must be array('h') of {self.n_features}, "
            f"not array('{features.typecode}') of {len(features)}",
        )
        index: int = self.kernel.add(self.pointer, features.buffer_info()[0], bits)
        _check(index >= 0, "model must not be full")
        return index

    def items(self) -> tuple[NDArray[np.int16], NDArray[Any]]:
        """Return the features, (items, features), and the labels, int16, or values, float32."""
        features = np.zeros((len(self), self.n_features), np.int16)
        targets = [
            self.kernel.get(self.pointer, index, row.ctypes.data)
            for index, row in enumerate(features)
        ]
        bits = np.array(targets, np.int32)
        return features, bits.view(np.float32) if self.regression else bits.astype(np.int16)

    def predict(self, rows: NDArray[np.int16]) -> NDArray[Any]:
        """Return the label, int32, or value, float32, for each of the rows, (rows, features).

        With a threshold, 1 or -1, int32.
        """
        results = self._run(self.kernel.predict, rows)
        values = self.regression and self.threshold is None
        return results.view(np.float32) if values else results

    def novelty(self, rows: NDArray[np.int16]) -> NDArray[np.float32]:
        """Return the mean distance to the neighbours, or the local outlier factor, of each row."""
        return self._run(self.kernel.novelty, rows).view(np.float32)

    def _run(self, function: Callable[..., None], rows: NDArray[np.int16]) -> NDArray[np.int32]:
        _check(len(self) >= self.n_neighbors, "n_neighbors items must be added first")
        results = np.zeros(len(rows), np.int32)
        rows = np.ascontiguousarray(rows, np.int16)
        function(self.pointer, rows.ctypes.data, results.ctypes.data, len(rows))
        return results


def quantize(
    scale: NDArray[np.float32], rows: NDArray[np.float32] | NDArray[np.int16]
) -> NDArray[np.int16]:
    """Return rows in raw units, (rows, features), as the device quantises them.

    scale: scale and offset of each feature, (features, 2). Raises ValueError for a NaN.
    """
    floats = rows.dtype != np.int16
    given: NDArray[Any] = np.ascontiguousarray(rows, np.float32 if floats else np.int16)
    scale = np.ascontiguousarray(scale, np.float32)
    results = np.zeros(given.shape, np.int16)
    n_rows, n_features = given.shape
    pointers = (scale.ctypes.data, given.ctypes.data, floats, results.ctypes.data)
    whole = load_kernel().quantize(n_features, *pointers, n_rows)
    _check(whole, "features must not be nan")
    return results


def load(data: bytes) -> Knn:
    """Load a file with the reader that the device has.

    Raises ValueError, with the device's text, for a file that the device refuses.
    """
    source = io.StringIO(device_python.as_text(data), newline="\n")
    try:
        loaded: Knn = reader()["load"](source)
        return loaded
    except ValueError as error:
        raise ValueError(str(error)) from None
    except OverflowError:  # 1p9999 is infinite in MicroPython
        raise ValueError("number expected, or out of range") from None


@cache
def reader() -> dict[str, Any]:
    """Return what the Python part of emlknn defines."""
    functions: dict[str, Any] = {
        "_new": Knn,
        "_attach": Knn.attach,
        "_methods": {},
        "int": device_python.ascii_int,
    }
    return device_python.run(["common/rows.py", "emlknn/part.py"], functions)


def _check(holds: bool, requirement: str) -> None:
    if not holds:
        raise ValueError(requirement)


@cache
def load_kernel() -> kernels.Kernel:
    """Return the functions of kernels/knn.c."""
    pointer, int32, uint32 = ctypes.c_void_p, ctypes.c_int32, ctypes.c_uint32
    return kernels.Kernel(
        "knn",
        new=(pointer, [ctypes.c_char_p]),
        free=(None, [pointer]),
        bytes=(uint32, [pointer]),
        scale=(None, [pointer, pointer]),
        k_distances=(None, [pointer, pointer]),
        set_threshold=(int32, [pointer, uint32]),
        quantize=(int32, [uint32, pointer, pointer, int32, pointer, uint32]),
        add=(int32, [pointer, pointer, int32]),
        get=(int32, [pointer, uint32, pointer]),
        predict=(None, [pointer, pointer, pointer, uint32]),
        novelty=(None, [pointer, pointer, pointer, uint32]),
    )
