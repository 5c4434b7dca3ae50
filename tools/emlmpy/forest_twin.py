"""Runs a model file on this computer, with the kernel that runs it on the device."""

import ctypes
import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .twin import compile_kernel

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "src"
KERNELS = [SOURCES / "emltrees", SOURCES / "common"]
MESSAGE_BYTES = 128


class Shape(NamedTuple):
    """What a loaded model is; kind, feature_type and leaf_bits as FORMAT.md numbers them."""

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

    Raises ValueError, with the device's text, for a file that the device refuses; RuntimeError if
    gcc is missing.
    """

    def __init__(self, data: bytes) -> None:
        """Load a file that `data` holds."""
        self.kernel = load_kernel()
        self.data = bytes(data)  # a binary model is used in place
        message = ctypes.create_string_buffer(MESSAGE_BYTES)
        self.forest = self.kernel.forest_load(self.data, len(self.data), message)
        if not self.forest:
            raise ValueError(message.value.decode())

    def __del__(self) -> None:
        """Give the memory back."""
        if getattr(self, "forest", None):
            self.kernel.forest_free(self.forest)

    @property
    def shape(self) -> Shape:
        """What the model is."""
        values = (ctypes.c_int32 * len(Shape._fields))()
        self.kernel.forest_shape(self.forest, values)
        return Shape(*values)

    @property
    def labels(self) -> list[int] | list[str]:
        """The class labels; empty without."""
        text = (ctypes.c_uint8 * self.shape.label_bytes)()
        self.kernel.forest_labels(self.forest, text)
        labels = [label.decode() for label in bytes(text).split(b"\0")[:-1]]
        if labels and labels[0].startswith("i"):
            return [int(label[1:]) for label in labels]
        return [label[1:] for label in labels]

    @property
    def outputs(self) -> int:
        """Number of values that a row gives in `out`."""
        return self.kernel.forest_outputs(self.forest)

    @property
    def nbytes(self) -> int:
        """Bytes that the model takes on the device."""
        return self.kernel.forest_bytes(self.forest)

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Run the model on features of the device's type, (rows, features).

        Returns the index of the class (of an isolation forest -1 or 1, of a regressor 0), int32
        (rows,); class proportions, values or scores, float32 (rows, outputs); and how many trees
        the device walks for the index alone, uint32 (rows,).

        Raises ValueError if a feature is no number.
        """
        features = np.ascontiguousarray(features)
        rows = len(features)
        index = np.zeros(rows, dtype=np.int32)
        out = np.zeros((rows, self.outputs), dtype=np.float32)
        trees_used = np.zeros(rows, dtype=np.uint32)
        row = self.kernel.forest_predict(
            self.forest,
            features.ctypes.data,
            rows,
            index.ctypes.data,
            out.ctypes.data,
            trees_used.ctypes.data,
        )
        if row != 0:
            raise ValueError(f"row {row - 1} has a feature that is no number")
        return index, out, trees_used

    def quantize(self, raw: np.ndarray, feature_type: str) -> np.ndarray:
        """Map floats to features of the device's type, as the file's scale says."""
        raw = np.ascontiguousarray(raw, dtype=np.float32)
        features = np.zeros(raw.shape, dtype=feature_type)
        row = self.kernel.forest_quantize(
            self.forest, raw.ctypes.data, len(raw), features.ctypes.data
        )
        if row != 0:
            raise ValueError(f"row {row - 1} has a feature that is no number")
        return features


@functools.cache
def load_kernel() -> ctypes.CDLL:
    """Compile and load the kernel, once."""
    kernel = compile_kernel("forest", (HERE / "forest_twin.c").read_text(), KERNELS)
    pointer, size, int32 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int32
    for name, result, arguments in (
        ("forest_load", pointer, [ctypes.c_char_p, size, ctypes.c_char_p]),
        ("forest_free", None, [pointer]),
        ("forest_shape", None, [pointer, pointer]),
        ("forest_labels", None, [pointer, pointer]),
        ("forest_outputs", int32, [pointer]),
        ("forest_bytes", size, [pointer]),
        ("forest_predict", int32, [pointer, pointer, size, pointer, pointer, pointer]),
        ("forest_quantize", int32, [pointer, pointer, size, pointer]),
    ):
        function = getattr(kernel, name)
        function.restype, function.argtypes = result, arguments
    return kernel
