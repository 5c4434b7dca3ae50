# What emliir refuses, and what it promises besides the numbers.
import array
import gc

import emliir

GOOD = [0.25, 0.5, 0.25, 1, -0.5, 0.3]
SOS = "sos must be array('f') of 1 to 255 rows of 6"
SAMPLES = "samples must be array('f') or array('h')"
ARRAY = "an array is required, writable if it is out"
APART = "out must be samples, or apart from it"
CHANNELS = "channels must be 1 to 255"
A0 = "row %d: a0 must be neither 0 nor above 8e37"
POLES = "row %d: poles must lie inside the unit circle"
FINITE = "row %d: values must be finite"


def wrong(name, typecode, length, found_typecode, found):
    text = "%s must be array('%s') of %d, not array('%s') of %d"
    return text % (name, typecode, length, found_typecode, found)


def floats(*values):
    return array.array("f", values)


def refuses(kind, text, function, *args):
    try:
        function(*args)
    except kind as error:
        assert text is None or str(error) == text, (str(error), text)
    else:
        raise AssertionError(text)


new = emliir.new
filter = new(floats(*GOOD))
run = filter.run
x = floats(1, 2, 3, 4)
h = array.array("h", [1, 2, 3, 4])
for kind, text, function, *args in (
    (TypeError, ARRAY, new, None),
    (TypeError, ARRAY, new, GOOD),
    (TypeError, None, new),
    (ValueError, SOS, new, floats()),
    (ValueError, SOS, new, floats(*GOOD[:5])),
    (ValueError, SOS, new, floats(*GOOD, 1)),
    (ValueError, SOS, new, array.array("h", [0] * 6)),
    (ValueError, SOS, new, bytes(24)),
    (ValueError, SOS, new, floats(*(GOOD * 256))),
    (TypeError, CHANNELS, new, floats(*GOOD), 1.0),
    (ValueError, CHANNELS, new, floats(*GOOD), 0),
    (ValueError, CHANNELS, new, floats(*GOOD), -1),
    (ValueError, CHANNELS, new, floats(*GOOD), 256),
    (ValueError, CHANNELS, new, floats(*GOOD), 2**32 + 1),
    (ValueError, FINITE % 1, new, floats(float("nan"), *GOOD[1:])),
    (ValueError, FINITE % 2, new, floats(*GOOD, 1, 0, float("inf"), 1, 0, 0)),
    (ValueError, FINITE % 1, new, floats(1, 0, 0, float("nan"), 0, 0)),
    (ValueError, FINITE % 1, new, floats(1, 0, 0, 1e-30, 1e10, 0)),
    (ValueError, A0 % 1, new, floats(1, 0, 0, 0, 0, 0)),
    (ValueError, A0 % 3, new, floats(*GOOD, *GOOD, 1, 0, 0, -0.0, 0, 0)),
    (ValueError, A0 % 1, new, floats(1, 0, 0, 1e-40, 0, 0)),
    (ValueError, A0 % 1, new, floats(1, 0, 0, -9e37, 0, 0)),
    (ValueError, A0 % 1, new, floats(1e38, 0, 0, 3e38, 0, 0)),
    (ValueError, POLES % 1, new, floats(1, 0, 0, 1, -1, 0)),
    (ValueError, POLES % 1, new, floats(1, 0, 0, 1, 1, 0)),
    (ValueError, POLES % 1, new, floats(1, 0, 0, 1, 0, 1)),
    (ValueError, POLES % 1, new, floats(1, 0, 0, 1, 0, -1)),
    (ValueError, POLES % 2, new, floats(*GOOD, 1, 0, 0, 1, -2, 1)),
    (ValueError, POLES % 1, new, floats(1, 0, 0, 2, -4, 1.9)),
    (ValueError, POLES % 1, new, floats(1, 0, 0, 1, 1e30, 0)),
    (TypeError, ARRAY, run, None),
    (TypeError, ARRAY, run, [1.0]),
    (TypeError, None, run),
    (TypeError, ARRAY, run, bytes(4)),
    (ValueError, SAMPLES, run, bytearray(4)),
    (ValueError, SAMPLES, run, array.array("i", [1])),
    (ValueError, SAMPLES, run, array.array("H", [1])),
    (ValueError, SAMPLES, run, bytes(4), x),
    (TypeError, ARRAY, run, x, None),
    (TypeError, ARRAY, run, x, bytes(16)),
    (ValueError, wrong("out", "f", 4, "f", 3), run, x, floats(1, 2, 3)),
    (ValueError, wrong("out", "f", 4, "f", 5), run, x, floats(1, 2, 3, 4, 5)),
    (ValueError, wrong("out", "f", 4, "h", 4), run, x, h),
    (ValueError, wrong("out", "h", 4, "f", 4), run, h, x),
    (ValueError, APART, run, memoryview(x)[:3], memoryview(x)[1:]),
    (ValueError, APART, run, memoryview(x)[1:], memoryview(x)[:3]),
    (ValueError, "samples must be a multiple of channels", new(floats(*GOOD), 3).run, x),
    (ValueError, wrong("state", "f", 2, "f", 1), filter.state, floats(1)),
    (ValueError, wrong("state", "f", 2, "f", 3), filter.state, floats(1, 2, 3)),
    (ValueError, wrong("state", "f", 2, "h", 4), filter.state, h),
    (ValueError, wrong("state", "f", 2, "B", 8), filter.state, bytes(8)),
    (TypeError, ARRAY, filter.state, [1, 2]),
    (ValueError, "state must be finite", filter.state, floats(1, float("nan"))),
    (TypeError, None, type(filter).run, 1, x),
    (TypeError, None, type(filter).run, x, x),
    (TypeError, None, type(filter).reset, None),
    (TypeError, None, type(filter).state, x),
    (AttributeError, None, setattr, filter, "n_sections", 2),
    (AttributeError, None, setattr, filter, "other", 2),
    (AttributeError, None, getattr, filter, "other"),
):
    refuses(kind, text, function, *args)

# a0 is normalised, and channels may be named.
filter = new(floats(*[4 * value for value in GOOD]), channels=1)
same = new(floats(*GOOD))
a = floats(1, -2, 3, 0.5)
b = floats(1, -2, 3, 0.5)
filter.run(a)
same.run(b)
assert list(a) == list(b)
empty = floats()
for sections in (1, 2, 3):
    filter = new(floats(*(GOOD * sections)))
    filter.run(empty)
    filter.run(array.array("h"))
    assert not any(filter.state())

# What stops being finite is forgotten after the call, in its channel only.
filter = new(floats(*GOOD, *GOOD, *GOOD), channels=2)
for bad in (float("nan"), float("inf"), -float("inf")):
    for position in range(0, 10, 2):
        x = floats(*([0.5] * 10))
        x[position] = bad
        filter.reset()
        filter.run(x)
        y = floats(*([0.5] * 10))
        filter.run(y)
        assert all(abs(value) < 1e38 for value in y), y
    clean = new(floats(*GOOD, *GOOD, *GOOD))
    single = floats(*([0.5] * 10))
    clean.run(single)
    assert list(y)[1::2] == list(single)[5:], (y, single)

# reset and state.
filter = new(floats(*GOOD, *GOOD))
x = floats(1, 2, 3, 4)
filter.run(x)
state = filter.state()
assert len(state) == 4 and any(state)
rest = floats(5, 6, 7)
filter.run(rest)
other = new(floats(*GOOD, *GOOD))
other.state(state)
again = floats(5, 6, 7)
other.run(again)
assert list(rest) == list(again)
filter.reset()
assert not any(filter.state())
first = floats(1, 2, 3, 4)
filter.run(first)
assert list(first) == list(x)

# int16 saturates.
loud = new(floats(4, 0, 0, 1, 0, 0))
h = array.array("h", [100, 8191, 8192, 32767, -8192, -8193, -32768])
loud.run(h)
assert list(h) == [400, 32764, 32767, 32767, -32768, -32768, -32768], h
refuses(
    ValueError,
    "gain must be below 8 for array('h')",
    new(floats(1e6, 0, 0, 1, 0, 0)).run,
    h,
)

# run allocates nothing.
filter = new(floats(*GOOD, *GOOD, *GOOD))
run = filter.run
x = floats(*range(40))
h = array.array("h", range(40))


def allocated():
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(50):
        run(x)
        run(h)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


assert allocated() == 0

# 1 / a0 is within float32's range up to there.
for a0 in (8e37, -8e37, 2e-38):
    filter = new(floats(a0, 0, 0, a0, 0, 0))
    x = floats(1, 2)
    filter.run(x)
    assert abs(x[0] - 1) < 1e-6 and abs(x[1] - 2) < 1e-6, x

# What load uses to add up checksums is safe, too.
crc = array.array("I", [0])
emliir._crc(crc, "123")
assert crc[0] == 0x5A82FD08, crc
for kind, args in (
    (TypeError, (1, "x")),
    (ValueError, (array.array("I"), "x")),
    (ValueError, (array.array("h", [0, 0]), "x")),
    (TypeError, (crc, 1)),
    (TypeError, (bytes(4), "x")),
):
    refuses(kind, None, emliir._crc, *args)
refuses(OSError, None, emliir.load, "missing.csv")
refuses(TypeError, None, emliir.load, None)
refuses(ValueError, CHANNELS, emliir.load, ["0.25,0.5,0.25,1,-0.5,0.3"], 0)
assert isinstance(emliir.__version__, str)

# What a filter says of itself.
filter = new(floats(*GOOD, *GOOD), 3)
assert (filter.n_sections, filter.channels) == (2, 3)
assert repr(filter) == "<Filter: 2 sections, 3 channels>"
one = new(floats(*GOOD)).nbytes
channel = new(floats(*GOOD), 2).nbytes - one
section = new(floats(*GOOD, *GOOD)).nbytes - one
assert channel > 8 and section > 20 + channel
assert filter.nbytes == one + section + 2 * 2 * channel
print("ok")
