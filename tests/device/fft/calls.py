# What emlfft refuses, and what it promises besides the numbers.
import array
import gc

import emlfft

N = "n must be a power of two from 8 to 4096"
WINDOW = "window must be 'hann', 'hamming' or an array"
FINITE = "window must be finite"
ARRAY = "an array is required, writable if it is out"
APART = "arrays must not overlap"


def f(n):
    return array.array("f", [0] * n)


def h(n):
    return array.array("h", [0] * n)


def u(n):
    return array.array("I", [0] * n)


BOTH = "f' or 'h"


def wrong(name, typecodes, length, typecode, found):
    text = "%s must be array('%s') of %d, not array('%s') of %d"
    return text % (name, typecodes, length, typecode, found)


def refuses(kind, text, function, *args):
    try:
        function(*args)
    except kind as error:
        assert text is None or str(error) == text, (str(error), text)
    else:
        raise AssertionError(text)


new = emlfft.new
fft = new(8)
x = f(8)
y = h(8)
wide = f(16)
wide_h = h(20)
view = memoryview(wide)
view_h = memoryview(wide_h)
for kind, text, function, *args in (
    (TypeError, None, new),
    (TypeError, N, new, None),
    (TypeError, N, new, 8.0),
    (TypeError, N, new, "8"),
    (ValueError, N, new, 0),
    (ValueError, N, new, -8),
    (ValueError, N, new, 4),
    (ValueError, N, new, 9),
    (ValueError, N, new, 12),
    (ValueError, N, new, 8192),
    (ValueError, N, new, 2**32 + 8),
    (TypeError, ARRAY, new, 8, 1),
    (TypeError, ARRAY, new, 8, [1] * 8),
    (ValueError, WINDOW, new, 8, "hanning"),
    (ValueError, WINDOW, new, 8, ""),
    (ValueError, wrong("window", "f", 8, "f", 7), new, 8, f(7)),
    (ValueError, wrong("window", "f", 8, "f", 9), new, 8, f(9)),
    (ValueError, wrong("window", "f", 8, "h", 8), new, 8, h(8)),
    (ValueError, FINITE, new, 8, array.array("f", [0, 1, 2, 3, 4, 5, 6, float("nan")])),
    (ValueError, FINITE, new, 8, array.array("f", [float("-inf")] * 8)),
    (TypeError, ARRAY, fft.run, None, x),
    (TypeError, ARRAY, fft.run, x, None),
    (TypeError, ARRAY, fft.run, [0] * 8, x),
    (TypeError, ARRAY, fft.run, bytes(16), y),
    (TypeError, None, fft.run, x),
    (ValueError, wrong("real", BOTH, 8, "f", 7), fft.run, f(7), f(7)),
    (ValueError, wrong("imag", "f", 8, "f", 9), fft.run, x, f(9)),
    (ValueError, wrong("imag", "f", 8, "h", 8), fft.run, x, y),
    (ValueError, wrong("imag", "h", 8, "f", 8), fft.run, y, x),
    (ValueError, wrong("real", BOTH, 8, "I", 8), fft.run, u(8), u(8)),
    (ValueError, wrong("real", BOTH, 8, "B", 32), fft.run, bytearray(32), bytearray(32)),
    (ValueError, APART, fft.run, x, x),
    (ValueError, APART, fft.run, y, y),
    (ValueError, APART, fft.run, view[:8], view[7:15]),
    (ValueError, APART, fft.run, view[4:12], view[:8]),
    (TypeError, ARRAY, fft.rfft, None, f(10)),
    (ValueError, wrong("samples", BOTH, 8, "f", 4), fft.rfft, f(4), f(10)),
    (ValueError, wrong("samples", BOTH, 8, "I", 8), fft.rfft, u(8), f(10)),
    (ValueError, wrong("samples", BOTH, 8, "B", 16), fft.rfft, bytes(16), h(10)),
    (TypeError, ARRAY, fft.rfft, x, None),
    (TypeError, ARRAY, fft.rfft, y, bytes(20)),
    (ValueError, wrong("out", "f", 10, "f", 8), fft.rfft, x, f(8)),
    (ValueError, wrong("out", "f", 10, "f", 11), fft.rfft, x, f(11)),
    (ValueError, wrong("out", "f", 10, "h", 10), fft.rfft, x, h(10)),
    (ValueError, wrong("out", "h", 10, "f", 10), fft.rfft, y, f(10)),
    (ValueError, APART, fft.rfft, view[:8], view[6:16]),
    (ValueError, APART, fft.rfft, view_h[12:20], view_h[4:14]),
    (TypeError, ARRAY, fft.power, 8, f(5)),
    (ValueError, wrong("samples", BOTH, 8, "f", 16), fft.power, f(16), f(5)),
    (TypeError, ARRAY, fft.power, x, [0] * 5),
    (ValueError, wrong("out", "f", 5, "f", 4), fft.power, x, f(4)),
    (ValueError, wrong("out", "f", 5, "f", 8), fft.power, x, f(8)),
    (ValueError, wrong("out", "f", 5, "I", 5), fft.power, x, u(5)),
    (ValueError, wrong("out", "I", 5, "f", 5), fft.power, y, f(5)),
    (ValueError, wrong("out", "I", 5, "h", 10), fft.power, y, h(10)),
    (ValueError, wrong("out", "I", 5, "I", 6), fft.power, y, u(6)),
    (ValueError, APART, fft.power, view[:8], view[4:9]),
    (AttributeError, None, setattr, fft, "n", 16),
    (AttributeError, None, setattr, fft, "other", 16),
    (AttributeError, None, getattr, fft, "other"),
    (TypeError, None, type(fft).run, 1, x, f(8)),
    (TypeError, None, type(fft).power, x, x, f(5)),
    (TypeError, None, type(fft).rfft, None, x, f(10)),
):
    refuses(kind, text, function, *args)

# Arrays side by side do not overlap.
fft.run(view[:8], view[8:])
fft.power(view[:8], view[8:13])

# A spectrum of nothing, and of the extremes.
for value, total in ((0, 0), (1, 8), (-32768, -262144), (32752, 262016)):
    out = h(10)
    exponent = fft.rfft(array.array("h", [value] * 8), out)
    assert out[0] * 2**exponent == total and not any(out[1:]), (value, out)
fft = new(16, window="hann")
out = u(9)
fft.power(h(16), out)
assert not any(out)
zero = new(16, f(16))
zero.power(array.array("h", [32767] * 16), out)
assert not any(out)
x = array.array("f", [float("nan")] * 16)
fft.power(x, f(9))
x = array.array("f", [1] * 16)
out = f(9)
fft.power(x, out)
assert abs(out[0] - 64) < 1e-4 and abs(out[1] - 16) < 1e-4 and out[4] < 1e-9, out

# Nothing is allocated after the first call with samples of a kind.
fft = new(64, "hamming")
calls = (
    (fft.run, f(64), f(64)),
    (fft.run, h(64), h(64)),
    (fft.rfft, f(64), f(66)),
    (fft.rfft, h(64), h(66)),
    (fft.power, f(64), f(33)),
    (fft.power, h(64), u(33)),
)


for call, a, b in calls:
    call(a, b)


def allocated():
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(10):
        for call, a, b in calls:
            call(a, b)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


assert allocated() == 0
assert isinstance(emlfft.__version__, str)

# What an object says of itself.
fft = new(64)
assert fft.n == 64 and repr(fft) == "<FFT: n 64>"
made = fft.nbytes
assert 0 < made <= 64
fft.power(f(64), f(33))
assert fft.nbytes == made + 64 * (4 + 6)
fft.power(h(64), u(33))
assert fft.nbytes == made + 64 * (4 + 6 + 3)
assert new(64, f(64)).nbytes == made + 64 * 4
fft = new(64, "hann")
fft.power(h(64), u(33))
assert fft.nbytes == made + 64 * (4 + 3 + 2)
print("ok")
