"""emlfeatures' Front object on this computer: its kernel, its checks, its own reader of files."""

import ctypes
import io
import zlib
from array import array
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emlmpy import device_python, kernels
from emlmpy.features.format import MAX_CHANNELS, MAX_WINDOW, VERSION
from emlmpy.image_format import HEAD

INT16 = np.int16
CRC_AT = HEAD - 4  # the last bytes of an image's head


class Front:
    """A front end as emlfeatures.c has it; its errors are in the same words.

    Attributes:
        n_features: features of a row
        window, hop: in samples
        channels: of a sample
        nbytes: bytes of samples, tables and what it works with
    """

    def __init__(self, front: "array[int]", coefficients: "array[int]") -> None:
        """Make it, as `_new` in emlfeatures.c."""
        self._kernel = kernel = load_kernel()
        words = (front.buffer_info()[0], len(front))
        require(kernel.check(*words))
        pointer = coefficients.buffer_info()[0] if coefficients else None
        if pointer is not None and not (
            len(coefficients) == kernel.coefficients() and kernel.is_stable(pointer)
        ):
            raise ValueError("highpass must be coefficients that the PC made")
        self.window, self.hop, self.channels = front[:3]
        self.n_features: int = kernel.count(words[0])
        self.nbytes: int = kernel.bytes(words[0], pointer is not None)
        self._pointer = kernel.new(*words, pointer)
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


def new(window: int, hop: int, channels: int, **options: Any) -> Front:
    """Make a front end as emlfeatures.new does; its errors are in the device's words."""
    front: Front = device()["new"](window, hop, channels, **options)
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
    return front


def rows_of(options: dict[str, Any]) -> list[str]:
    """Return the rows of a file that make load call new with these arguments."""
    rows = [f"?front,version,{VERSION}"]
    for key, value in options.items():
        values = value if isinstance(value, list | tuple) else [value]
        if values and value not in (None, False, 0):
            fields = [str(int(field) if field is True else field) for field in values]
            rows.append(",".join(["?front", key, *fields]))
    return rows


@cache
def device() -> dict[str, Any]:
    """Return what the Python part of emlfeatures defines."""
    functions: dict[str, Any] = {
        "_check": check_sizes,
        "_new": Front,
        "_whole": is_whole,
        "_methods": {},
        "int": device_python.ascii_int,
    }
    return device_python.run(["common/rows.py", "emlfeatures/part.py"], functions)


def check_sizes(window: Any, hop: Any, channels: Any) -> None:
    """Check the ints that a front end begins with, as `_check` in emlfeatures.c."""
    require_int(window, 2, MAX_WINDOW, f"window must be 2 to {MAX_WINDOW}")
    require_int(hop, 1, window, "hop must be 1 to window")
    require_int(channels, 1, MAX_CHANNELS, f"channels must be 1 to {MAX_CHANNELS}")


def require_int(value: Any, low: int, high: int, requirement: str) -> None:
    """Raise TypeError or ValueError, with this text, unless value is an int from low to high."""
    if not isinstance(value, int):
        raise TypeError(requirement)
    if not low <= value <= high:
        raise ValueError(requirement)


def is_whole(image: bytes) -> bool:
    """Whether an image's CRC is right, as `_whole` in emlfeatures.c."""
    crc = int.from_bytes(image[CRC_AT : CRC_AT + 4], "little")
    return len(image) >= HEAD and crc == zlib.crc32(image[CRC_AT + 4 :], zlib.crc32(image[:CRC_AT]))


def require(error: bytes | None) -> None:
    """Raise ValueError with the kernel's text, if there is one."""
    if error is not None:
        raise ValueError(error.decode())


@cache
def load_kernel() -> kernels.Kernel:
    """Return the functions of kernels/features.c."""
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    int32, uint32 = ctypes.c_int32, ctypes.c_uint32
    return kernels.Kernel(
        "features",
        check=(ctypes.c_char_p, [pointer, size]),
        is_stable=(int32, [pointer]),
        coefficients=(size, []),
        count=(uint32, [pointer]),
        bytes=(size, [pointer, int32]),
        new=(pointer, [pointer, size, pointer]),
        free=(None, [pointer]),
        reset=(None, [pointer]),
        push=(int32, [pointer, pointer, uint32, pointer]),
        last=(None, [pointer, pointer, uint32, uint32, pointer]),
    )
