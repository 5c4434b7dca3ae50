"""Networks from .tmdl files on the PC: the kernel of tinymaix_cnn, compiled for this computer.

model = CnnModel(Path("model.tmdl").read_bytes())
model.run(images)         # float32, (images, outputs), as `run` gives them on the device
model.predict(images)     # the class of each image
"""

import ctypes
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emlmpy.tmdl_file import unpack
from emlmpy.twin import compile_kernel

HERE = Path(__file__).resolve().parent
KERNEL = HERE.parents[1] / "src" / "tinymaix_cnn"
MESSAGE_BYTES = 129


class CnnModel:
    """A network, int8 or float32; it gives the device's answers bit for bit."""

    def __init__(self, file: bytes) -> None:
        """Take the bytes of a .tmdl file. Raises ValueError with the device's text."""
        model = unpack(file)
        self.data_type = model.data_type
        self.input_shape = model.input.height_width_channels
        self.n_outputs = model.output.size
        self._library = _library(self.data_type.name)
        text = ctypes.create_string_buffer(MESSAGE_BYTES)
        self._twin = self._library.twin_new(file, len(file), text)
        if not self._twin:
            raise ValueError(text.value.decode()) if text.value else MemoryError()

    def __del__(self) -> None:
        """Free the kernel's memory."""
        if getattr(self, "_twin", None):
            self._library.twin_free(self._twin)

    @property
    def nbytes(self) -> int:
        """Bytes of RAM that the kernel needs here: 4 more for a kernel cell than on the device."""
        return self._library.twin_bytes(self._twin)

    def run(self, inputs: NDArray) -> NDArray[np.float32]:
        """Outputs, (n, outputs), of n inputs: bytes of 0 to 1 in 255 steps, int8, or float32."""
        inputs = np.ascontiguousarray(inputs)
        types = "Bbf" if self.data_type == np.int8 else "Bf"
        if inputs.dtype.char not in types:
            raise TypeError(f"inputs must be of one of the types {', '.join(types)}")
        if inputs.ndim < 1 or inputs.size != len(inputs) * np.prod(self.input_shape):
            raise ValueError(f"inputs must be of the shape {self.input_shape} each")
        outputs = np.empty((len(inputs), self.n_outputs), np.float32)
        for row, output in zip(inputs, outputs, strict=True):
            self._library.twin_run(
                self._twin, inputs.dtype.char.encode(), row.ctypes.data, output.ctypes.data
            )
        return outputs

    def predict(self, inputs: NDArray) -> NDArray[np.intp]:
        """Return the class of each input: the largest output, the first of equals."""
        return self.run(inputs).argmax(axis=1)


@cache
def _library(data_type: str) -> ctypes.CDLL:
    """Return the kernel for int8 or for float32."""
    define = "#define EML_CNN_FP32\n" if data_type == "float32" else ""
    source = define + (HERE / "cnn_twin.c").read_text()
    library = compile_kernel(f"cnn_{data_type}", source, [KERNEL])
    pointer = ctypes.c_void_p
    library.twin_new.restype = pointer
    library.twin_new.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
    library.twin_free.argtypes = [pointer]
    library.twin_bytes.restype = ctypes.c_size_t
    library.twin_bytes.argtypes = [pointer]
    library.twin_run.argtypes = [pointer, ctypes.c_char, pointer, pointer]
    return library
