"""emlfeatures' Front object on this computer: its kernel, its checks, its own reader of files."""

import ctypes
import io
import zlib
from array import array
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emlmpy import device_python, kernels

INT16 = np.int16


class Front:
    """A front end as emlfeatures.c has it; its errors are in the same words.

    Attributes:
        n_features: features of a row
        window, hop: in samples
        channels: of a sample
        nbytes: bytes of samples, tables and what it works with
        words: what formats/front.md says
    """

    def __init__(self, words: "array[int]") -> None:
        """Make it, as `_new` in emlfeatures.c."""
        self._kernel = kernel = load_kernel()
        given = (words.buffer_info()[0], len(words))
        kernels.require(kernel.check(*given))
        self.words = list(words)
        self.window, self.hop, self.channels = words[1:4]
        self.n_features: int = kernel.count(given[0])
        self.nbytes: int = kernel.bytes(given[0])
        self._pointer = kernel.new(*given)
        if not self._pointer:
            raise MemoryError("not enough memory for the front end")

    def __del__(self) -> None:
        """Free the kernel's memory."""
        if getattr(self, "_pointer", None):
            self._kernel.free(self._pointer)

    def reset(self) -> None:
        """Start the stream anew."""
        self._kernel.reset(self._pointer)

    def push(self, chunk: NDArray[np.int16], row: NDArray[np.int16]) -> bool:
        """Take (samples, channels), at most a hop; True if row, (n_features,), is then filled."""
        chunk = self._samples(chunk, 2)
        if len(chunk) > self.hop:
            raise ValueError(f"chunk must be at most {self.hop} samples, not {len(chunk)}")
        full = self._kernel.push(self._pointer, chunk.ctypes.data, len(chunk), row.ctypes.data)
        return bool(full)

    def transform(self, windows: NDArray[np.int16]) -> NDArray[np.int16]:
        """Return the rows, (windows, n_features), of (windows, window, channels), one by one."""
        if windows.shape[1:] != (self.window, self.channels):
            shape = f"(windows, {self.window}, {self.channels})"
            raise ValueError(f"windows must have the shape {shape}, not {windows.shape}")
        return self.last(windows)

    def last(self, items: NDArray[np.int16]) -> NDArray[np.int16]:
        """Return the rows, (items, n_features), of the last window of (items, samples, channels).

        The high-pass runs from an item's first sample on. Starts the stream anew. Raises ValueError
        for another number of channels, or fewer samples than a window.
        """
        items = self._samples(items, 3)
        count, samples = items.shape[:2]
        if samples < self.window:
            raise ValueError(f"items must have {self.window} samples at least, not {samples}")
        rows = np.zeros((count, self.n_features), INT16)
        self._kernel.last(self._pointer, items.ctypes.data, count, samples, rows.ctypes.data)
        return rows

    def stream(self, recording: NDArray[np.int16], chunk: int | None = None) -> NDArray[np.int16]:
        """Return the rows of all windows of (samples, channels), which come in chunks.

        chunk: samples that are pushed at a time, at most and by default a hop. Starts the stream
        anew, before and after.
        """
        recording = self._samples(recording, 2)
        self.reset()
        step = chunk or self.hop
        row = np.zeros(self.n_features, INT16)
        rows = [
            row.copy()
            for at in range(0, len(recording), step)
            if self.push(recording[at : at + step], row)
        ]
        self.reset()
        return np.array(rows, INT16).reshape(-1, self.n_features)

    def _samples(self, samples: NDArray[np.int16], n_dims: int) -> NDArray[np.int16]:
        if samples.dtype != INT16:
            raise TypeError(f"samples must be int16, not {samples.dtype}")
        if samples.ndim != n_dims or samples.shape[-1] != self.channels:
            raise ValueError(f"samples must have {self.channels} channels, not {samples.shape}")
        return np.ascontiguousarray(samples)


def new(words: Iterable[int]) -> Front:
    """Make a front end of its words, as emlfeatures.new does, with the same errors."""
    try:
        front: Front = device()["new"](list(words))
    except OverflowError:  # MicroPython cuts the number off, and notices
        raise ValueError("words must be 0 to 65535") from None
    return front


def load(data: bytes) -> Front:
    """Load the front end of a file with the reader that the device has.

    Raises ValueError, with the device's text, for a file that the device refuses.
    """
    source = data if data[:3] == b"EML" else io.StringIO(device_python.as_text(data), newline="\n")
    try:
        front: Front = device()["load"](source)
    except ValueError as error:
        raise ValueError(str(error)) from None
    except OverflowError:
        raise ValueError("words must be 0 to 65535") from None
    return front


def row_of(words: Iterable[int]) -> str:
    """Return the row of a file that holds a front end."""
    return f"?front,{','.join(map(str, words))}"


@cache
def device() -> dict[str, Any]:
    """Return what the Python part of emlfeatures defines."""
    functions: dict[str, Any] = {
        "_new": Front,
        "_crc": add_crc,
        "_methods": {},
        "int": device_python.ascii_int,
    }
    return device_python.run(["emlfeatures/part.py"], functions)


def add_crc(crc: "array[int]", data: str | bytes) -> None:
    """Add data to a CRC-32, as `_crc` in emlfeatures.c."""
    crc[0] = zlib.crc32(data.encode() if isinstance(data, str) else data, crc[0])


@cache
def load_kernel() -> kernels.Kernel:
    """Return the functions of kernels/features.c."""
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    int32, uint32 = ctypes.c_int32, ctypes.c_uint32
    return kernels.Kernel(
        "features",
        check=(ctypes.c_char_p, [pointer, size]),
        count=(uint32, [pointer]),
        bytes=(size, [pointer]),
        new=(pointer, [pointer, size]),
        free=(None, [pointer]),
        reset=(None, [pointer]),
        push=(int32, [pointer, pointer, uint32, pointer]),
        last=(None, [pointer, pointer, uint32, uint32, pointer]),
    )
