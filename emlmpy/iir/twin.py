"""emliir's Filter object on this computer: its kernels, its checks, and its own reader of files."""

import ctypes
import io
from array import array
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emlmpy import device_python, kernels

MAX_SECTIONS = 255
MAX_CHANNELS = 255
# Architectures of the modules. int16 samples differ a little on the first from those on the others.
CPUS = ("armv6m", "armv7m", "armv7emsp", "armv7emdp", "rv32imc", "x64", "xtensawin")


class Twin:
    """A filter in the kernels' memory, as emliir.c has it; its errors are in the same words."""

    def __init__(self, sos: "array[float]", channels: int, cpu: str) -> None:
        """Make a filter of rows b0 b1 b2 a0 a1 a2, as `_new` in emliir.c does.

        cpu: the architecture, one of CPUS, whose int16 arithmetic is used.
        """
        rows = np.array(sos, np.float32)
        if len(rows) % 6 or not 1 <= len(rows) // 6 <= MAX_SECTIONS:
            raise ValueError("sos must be array('f') of 1 to 255 rows of 6")
        if not 1 <= channels <= MAX_CHANNELS:
            raise ValueError("channels must be 1 to 255")
        self.channels = channels
        self.n_sections = len(rows) // 6
        self.kernel = load_kernel(cpu == "armv6m")
        self.pointer = self.kernel.new(self.n_sections, channels)
        if not self.pointer:
            raise MemoryError("not enough memory for the filter")
        for section, row in enumerate(rows.reshape(-1, 6)):
            self._set(section, row)
        shifts = self.kernel.convert(self.pointer)
        self.shift_in, self.shift_out = shifts[0], shifts[1]

    def __del__(self) -> None:
        """Free the kernels' memory."""
        if getattr(self, "pointer", None):
            self.kernel.free(self.pointer)

    def _set(self, section: int, row: NDArray[np.float32]) -> None:
        error = self.kernel.check_row(row.ctypes.data)
        if error is None:
            # The device's firmware divides.
            inverse = np.float32(1) / row[3]
            error = self.kernel.set(self.pointer, section, row.ctypes.data, inverse)
        if error is not None:
            raise ValueError(f"row {section + 1}: {error.decode()}")

    @property
    def nbytes(self) -> int:
        """Bytes of the coefficients and states on the device."""
        return self.kernel.bytes(self.pointer)

    @property
    def coefficients(self) -> NDArray[np.float32]:
        """b0 b1 b2 a1 a2 of each section, a0 being 1, a with the other sign than scipy's."""
        numbers = self.kernel.sections(self.pointer)
        return np.ctypeslib.as_array(numbers, (self.n_sections, 5)).copy()

    @property
    def integers(self) -> NDArray[np.int32]:
        """The numbers of EmlBiquadI16, eml_biquad_i16.h, of each section."""
        numbers = self.kernel.sections_i16(self.pointer)
        return np.ctypeslib.as_array(numbers, (self.n_sections, self.kernel.integers())).copy()

    @property
    def state(self) -> NDArray[np.float32]:
        """The states of float samples, in the kernel's memory."""
        numbers = self.kernel.state(self.pointer)
        return np.ctypeslib.as_array(numbers, (2 * self.n_sections * self.channels,))

    def reset(self) -> None:
        """Forget all samples so far."""
        self.kernel.reset(self.pointer)

    def run(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Filter float32 or int16 samples, those of the channels interleaved."""
        frames, rest = divmod(samples.size, self.channels)
        if rest:
            raise ValueError("samples must be a multiple of channels")
        samples = np.ascontiguousarray(samples)
        out = np.empty_like(samples)
        run = self.kernel.run_f32
        if samples.dtype == np.int16:
            run = self.kernel.run_i16
            if self.shift_out < 0:
                raise ValueError("gain must be below 8 for array('h')")
        run(self.pointer, samples.ctypes.data, out.ctypes.data, frames)
        return out


def load(data: bytes, channels: int = 1, cpu: str = "x64") -> Twin:
    """Load a file with the reader that the device has.

    Raises ValueError, with the device's text, for a file that the device refuses.
    """
    # Bytes that are no text make a row wrong, or the checksum.
    source = io.StringIO(data.decode(errors="replace"), newline="\n")
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return reader(cpu)["load"](source, channels)
    except ValueError as error:
        raise ValueError(str(error)) from None


@cache
def reader(cpu: str) -> dict[str, Any]:
    """Return what the Python part of emliir defines, over twins for a CPU."""
    functions = {
        "_new": lambda sos, channels: Twin(sos, channels, cpu),
        "int": whole_number,
        "float": decimal,
    }
    return device_python.run(["common/rows.py", "emliir/part.py"], functions)


def whole_number(text: str) -> np.float64:
    """Return what int gives in MicroPython, which knows no digits of other alphabets.

    As a float64, whose powers and products are infinite, as on the device, and no OverflowError.
    """
    if not text.isascii():
        raise ValueError("number expected")
    try:
        return np.float64(int(text))
    except OverflowError:
        return np.float64(np.inf)


def decimal(text: str) -> float:
    """Return what float gives in MicroPython, but for the last bit."""
    if not text.isascii():
        raise ValueError("number expected")
    return float(text)


@cache
def load_kernel(pieces: bool) -> kernels.Kernel:
    """Return the functions of kernels/iir.inc; with armv6m's int16 arithmetic, or the others'."""
    pointer, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    floats, integers = ctypes.POINTER(ctypes.c_float), ctypes.POINTER(ctypes.c_int32)
    return kernels.Kernel(
        "iir_armv6m" if pieces else "iir",
        new=(pointer, [size, size]),
        free=(None, [pointer]),
        check_row=(text, [pointer]),
        set=(text, [pointer, size, pointer, ctypes.c_float]),
        convert=(integers, [pointer]),
        sections=(floats, [pointer]),
        sections_i16=(integers, [pointer]),
        integers=(size, []),
        bytes=(size, [pointer]),
        reset=(None, [pointer]),
        state=(floats, [pointer]),
        run_f32=(None, [pointer, pointer, pointer, size]),
        run_i16=(None, [pointer, pointer, pointer, size]),
    )
