# What emlfft refuses, and what it promises besides the numbers.
import array
import gc

import emlfft

N = "n must be a power of two from 8 to 4096"
WINDOW = "window must be 'hann', 'hamming' or array('f') of n"
RUN = "real and imag must be array('f') or array('h') of n"
SAMPLES = "samples must be array('f') or array('h') of n"
RFFT = "out must be an array like samples of n + 2"
POWER = "out must be array('f'), or array('I') for 'h', of n / 2 + 1"
APART = "arrays must not overlap"


def f(n):
    return array.array("f", [0] * n)


def h(n):
    return array.array("h", [0] * n)


def u(n):
    return array.array("I", [0] * n)


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
    (TypeError, WINDOW, new, 8, 1),
    (TypeError, WINDOW, new, 8, [1] * 8),
    (ValueError, WINDOW, new, 8, "hanning"),
    (ValueError, WINDOW, new, 8, ""),
    (ValueError, WINDOW, new, 8, f(7)),
    (ValueError, WINDOW, new, 8, f(9)),
    (ValueError, WINDOW, new, 8, h(8)),
    (
        ValueError,
        "window must be finite",
        new,
        8,
        array.array("f", [0, 1, 2, 3, 4, 5, 6, float("nan")]),
    ),
    (ValueError, "window must be finite", new, 8, array.array("f", [float("-inf")] * 8)),
    (TypeError, RUN, fft.run, None, x),
    (TypeError, RUN, fft.run, x, None),
    (TypeError, RUN, fft.run, [0] * 8, x),
    (TypeError, RUN, fft.run, bytes(16), y),
    (TypeError, None, fft.run, x),
    (ValueError, RUN, fft.run, f(7), f(7)),
    (ValueError, RUN, fft.run, x, f(9)),
    (ValueError, RUN, fft.run, x, y),
    (ValueError, RUN, fft.run, y, x),
    (ValueError, RUN, fft.run, u(8), u(8)),
    (ValueError, RUN, fft.run, bytearray(32), bytearray(32)),
    (ValueError, APART, fft.run, x, x),
    (ValueError, APART, fft.run, y, y),
    (ValueError, APART, fft.run, view[:8], view[7:15]),
    (ValueError, APART, fft.run, view[4:12], view[:8]),
    (TypeError, SAMPLES, fft.rfft, None, f(10)),
    (ValueError, SAMPLES, fft.rfft, f(4), f(10)),
    (ValueError, SAMPLES, fft.rfft, u(8), f(10)),
    (ValueError, SAMPLES, fft.rfft, bytes(16), h(10)),
    (TypeError, RFFT, fft.rfft, x, None),
    (TypeError, RFFT, fft.rfft, y, bytes(20)),
    (ValueError, RFFT, fft.rfft, x, f(8)),
    (ValueError, RFFT, fft.rfft, x, f(11)),
    (ValueError, RFFT, fft.rfft, x, h(10)),
    (ValueError, RFFT, fft.rfft, y, f(10)),
    (ValueError, APART, fft.rfft, view[:8], view[6:16]),
    (ValueError, APART, fft.rfft, view_h[12:20], view_h[4:14]),
    (TypeError, SAMPLES, fft.power, 8, f(5)),
    (ValueError, SAMPLES, fft.power, f(16), f(5)),
    (TypeError, POWER, fft.power, x, [0] * 5),
    (ValueError, POWER, fft.power, x, f(4)),
    (ValueError, POWER, fft.power, x, f(8)),
    (ValueError, POWER, fft.power, x, u(5)),
    (ValueError, POWER, fft.power, y, f(5)),
    (ValueError, POWER, fft.power, y, h(10)),
    (ValueError, POWER, fft.power, y, u(6)),
    (ValueError, APART, fft.power, view[:8], view[4:9]),
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
print("ok")
