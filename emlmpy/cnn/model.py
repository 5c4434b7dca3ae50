"""Networks from .tmdl files on the PC: the kernel of tinymaix_cnn, compiled for this computer.

model = CnnModel(Path("model.tmdl").read_bytes())
model.run(images)         # float32, (images, outputs), as `run` gives them on the device
model.predict(images)     # the class of each image

is_file, describe and sign are what `emlmpy check` does with a .tmdl file.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emlmpy import files, kernels
from emlmpy.cnn import tmdl as tmdl_file
from emlmpy.cnn.format import HEADER
from emlmpy.cnn.tmdl import start_of_model, unpack

MESSAGE_BYTES = 129
# Of the device's Model object itself, where pointers have 4 bytes.
OBJECT_BYTES = 76


class CnnModel:
    """A network, int8 or float32; it gives the device's answers bit for bit."""

    def __init__(self, file: bytes) -> None:
        """Take the bytes of a .tmdl file. Raises ValueError with the device's text."""
        is_float = file[start_of_model(file) :][4:5] == b"\2"
        self.data_type = np.dtype("float32" if is_float else "int8")
        self._library = _library(self.data_type.name)
        text = ctypes.create_string_buffer(MESSAGE_BYTES)
        self._twin = self._library.new(file, len(file), text)
        if not self._twin:
            raise ValueError(text.value.decode()) if text.value else MemoryError()
        self.data = file
        shapes = (ctypes.c_uint16 * 8)()
        self._library.shapes(self._twin, shapes)
        self.input_shape = tuple(shapes[1:4])
        self.n_outputs = int(np.prod(shapes[5:]))

    def __del__(self) -> None:
        """Free the kernel's memory."""
        if getattr(self, "_twin", None):
            self._library.free(self._twin)

    @property
    def nbytes(self) -> int:
        """Bytes of RAM on a 32-bit device that has loaded the file by its name.

        Without the file's own bytes that is what a file in ROMFS takes.
        """
        return int(len(self.data) + self._library.bytes(self._twin) + OBJECT_BYTES)

    def describe(self) -> dict[str, str | int]:
        """Say what the network is, by name: kind, layers, MACs, shapes, device bytes."""
        return describe(self.data)

    def save(self, path: str | Path) -> None:
        """Write the .tmdl file for the device, whole or not at all.

        Raises OSError if it cannot be written.
        """
        files.write(path, self.data)

    def run(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Outputs, (n, outputs), of n inputs: bytes of 0 to 1 in 255 steps, int8, or float32."""
        inputs = np.ascontiguousarray(inputs)
        types = "Bbf" if self.data_type == np.int8 else "Bf"
        if inputs.dtype.char not in types:
            raise TypeError(f"inputs must be of one of the types {', '.join(types)}")
        if inputs.ndim < 1 or inputs.size != len(inputs) * np.prod(self.input_shape):
            raise ValueError(f"inputs must be of the shape {self.input_shape} each")
        outputs = np.empty((len(inputs), self.n_outputs), np.float32)
        for row, output in zip(inputs, outputs, strict=True):
            self._library.run(
                self._twin, inputs.dtype.char.encode(), row.ctypes.data, output.ctypes.data
            )
        return outputs

    def predict(self, inputs: NDArray[Any]) -> NDArray[np.intp]:
        """Return the class of each input: the largest output, the first of equals."""
        return np.asarray(self.run(inputs).argmax(axis=1))


def is_file(data: bytes) -> bool:
    """Whether this is a .tmdl file, damaged or not, with other images before the model or none."""
    return data[start_of_model(data) :].startswith(tmdl_file.MAGIC)


def describe(data: bytes) -> dict[str, str | int]:
    """Say what a .tmdl file holds, and the bytes of RAM that it takes on a 32-bit device.

    Raises ValueError with the device's text if it is damaged.
    """
    twin = CnnModel(data)
    model = unpack(data)
    return {
        "kind": f"{model.data_type} network",
        "module": "tinymaix_cnn" if model.data_type == np.int8 else "tinymaix_cnn_fp32",
        "layers": len(model.layers),
        "MACs": sum(layer.macs for layer in model.layers),
        "input": "x".join(map(str, model.input.shape)),
        "output": "x".join(map(str, model.output.shape)),
        "device bytes": twin.nbytes,
        "checksum": "right" if tmdl_file.checksum(data) else "none",
    }


def sign(data: bytes) -> bytes:
    """Return a .tmdl file with the checksum that it should have, whatever it had.

    Raises ValueError with the device's text if something else is wrong with it.
    """
    start = start_of_model(data)
    if data[start:].startswith(tmdl_file.MAGIC) and len(data) - start >= HEADER.size:
        data = data[:start] + tmdl_file.signed(data[start:])
    CnnModel(data)
    return data


@cache
def _library(data_type: str) -> kernels.Kernel:
    """Return the functions of kernels/cnn.inc, for int8 or for float32."""
    pointer, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    return kernels.Kernel(
        "cnn_fp32" if data_type == "float32" else "cnn_int8",
        new=(pointer, [text, size, text]),
        free=(None, [pointer]),
        bytes=(size, [pointer]),
        shapes=(None, [pointer, pointer]),
        run=(None, [pointer, ctypes.c_char, pointer, pointer]),
    )
