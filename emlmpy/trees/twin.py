"""Runs a model file on this computer, with the kernel that runs it on the device."""

import ctypes
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from emlmpy import kernels

MESSAGE_BYTES = 128
# Rows that are worth a thread.
SMALLEST_PART = 2000


class Shape(NamedTuple):
    """What a loaded model is; numbers as formats/forest.md has them."""

    kind: int
    feature_type: int
    leaf_bits: int
    n_features: int
    n_classes: int
    n_trees: int
    n_nodes: int
    n_leaves: int  # 0 of a hard vote
    threshold_bytes: int
    link_bytes: int
    label_bytes: int
    has_scale: int


class ForestTwin:
    """A loaded model file, CSV or binary, of emltrees or of emlearn.

    Raises ValueError, with the device's text, for a file that the device refuses.
    """

    def __init__(self, data: bytes) -> None:
        """Load a file that `data` holds."""
        self.kernel = load_kernel()
        self.data = bytes(data)  # a binary model is used in place
        message = ctypes.create_string_buffer(MESSAGE_BYTES)
        self.forest = self.kernel.load(self.data, len(self.data), message)
        if not self.forest:
            raise ValueError(message.value.decode())

    def __del__(self) -> None:
        """Give the memory back."""
        if getattr(self, "forest", None):
            self.kernel.free(self.forest)

    @property
    def shape(self) -> Shape:
        """What the model is."""
        values = (ctypes.c_int32 * len(Shape._fields))()
        self.kernel.shape(self.forest, values)
        return Shape(*values)

    @property
    def labels(self) -> list[int] | list[str]:
        """The class labels; empty without."""
        text = (ctypes.c_uint8 * self.shape.label_bytes)()
        self.kernel.labels(self.forest, text)
        labels = [label.decode() for label in bytes(text).split(b"\0")[:-1]]
        if labels and labels[0].startswith("i"):
            return [int(label[1:]) for label in labels]
        return [label[1:] for label in labels]

    @property
    def outputs(self) -> int:
        """Number of values that a row gives in `out`."""
        return int(self.kernel.outputs(self.forest))

    @property
    def nbytes(self) -> int:
        """Bytes that the model takes on the device."""
        return int(self.kernel.bytes(self.forest))

    def classify(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Run the model as predict(features) on the device, which ends once a vote is decided.

        features: of the device's type, (rows, features). Returns the index of the class (of an
        isolation forest -1 or 1, of a regressor 0), int32 (rows,); and how many trees the device
        walks, uint32 (rows,). Raises ValueError if a feature is no number.
        """
        index = np.zeros(len(features), dtype=np.int32)
        trees_used = np.zeros(len(features), dtype=np.uint32)
        self._run(self.kernel.classify, features, index, trees_used)
        return index, trees_used

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Run the model as predict(features, out) on the device.

        features: of the device's type, (rows, features). Returns the index as classify does, and
        class proportions, values or scores, float32 (rows, outputs). Raises ValueError if a feature
        is no number.
        """
        index = np.zeros(len(features), dtype=np.int32)
        out = np.zeros((len(features), self.outputs), dtype=np.float32)
        self._run(self.kernel.predict, features, index, out)
        return index, out

    def quantize(self, raw: np.ndarray, feature_type: str) -> np.ndarray:
        """Map floats to features of the device's type, as the file's scale says.

        raw: (rows, features). Raises ValueError if one is no number.
        """
        features = np.zeros(raw.shape, dtype=feature_type)
        self._run(self.kernel.quantize, np.asarray(raw, dtype=np.float32), features)
        return features

    def _run(self, function: Callable[..., int], rows: np.ndarray, *results: np.ndarray) -> None:
        """Call a function of the kernel on all rows, in parts, each in a thread of its own."""
        rows = np.ascontiguousarray(rows)
        step = max(SMALLEST_PART, -(-len(rows) // (os.cpu_count() or 1)))
        starts = range(0, len(rows), step)

        def run(start: int) -> int:
            part = slice(start, start + step)
            arrays = [rows[part], *(result[part] for result in results)]
            row = function(
                self.forest,
                arrays[0].ctypes.data,
                len(arrays[0]),
                *(x.ctypes.data for x in arrays[1:]),
            )
            return start + row if row else 0

        if len(starts) < 2:
            wrong = [run(start) for start in starts]
        else:
            with ThreadPoolExecutor(len(starts)) as pool:
                wrong = list(pool.map(run, starts))
        first = next(filter(None, wrong), 0)
        if first:
            raise ValueError(f"row {first - 1} has a feature that is no number")


@functools.cache
def load_kernel() -> kernels.Kernel:
    """Return the functions of kernels/forest.c."""
    pointer, size, int32 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int32
    return kernels.Kernel(
        "forest",
        load=(pointer, [ctypes.c_char_p, size, ctypes.c_char_p]),
        free=(None, [pointer]),
        shape=(None, [pointer, pointer]),
        labels=(None, [pointer, pointer]),
        outputs=(int32, [pointer]),
        bytes=(size, [pointer]),
        classify=(int32, [pointer, pointer, size, pointer, pointer]),
        predict=(int32, [pointer, pointer, size, pointer, pointer]),
        quantize=(int32, [pointer, pointer, size, pointer]),
    )
