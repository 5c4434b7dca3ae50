# Tables are made by the first call with samples of their kind, and only then; each of its
# allocations fails once, which leaves all as before.
import array
import gc
import sys

import emlfft
import heap

N = 64
VALUES = [i * 7919 % 2001 - 1000 for i in range(N)]
WINDOW = array.array("f", [0.5 + i / 64 for i in range(N)])


def power(fft, typecode):
    out = array.array("f" if typecode == "f" else "I", [0] * (N // 2 + 1))
    samples = array.array(typecode, VALUES)
    return fft.power(samples, out), list(out)


def rfft(fft, typecode):
    out = array.array(typecode, [0] * (N + 2))
    return fft.rfft(array.array(typecode, VALUES), out), list(out)


def complex_run(fft, typecode):
    real, imag = array.array(typecode, VALUES), array.array(typecode, VALUES)
    return fft.run(real, imag), list(real), list(imag)


CALLS = (power, rfft, complex_run)
WINDOWS = (None, "hann", "hamming", WINDOW)


def allocated(action, *args):
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    result = action(*args)
    after = gc.mem_alloc()
    gc.enable()
    return after - before, result


def plain(call, samples, out):
    # Without what the functions above allocate.
    return call(samples, out)


# Bytes for each sample: 6 of twiddles and 4 of work for floats, 3 and 4 for int16; a window has 4
# or 2 more. An array's floats are copied at once.
ROOM = 128  # for objects and rounding to the heap's blocks
for window in WINDOWS:
    for typecode, own in (("f", 10), ("h", 7)):
        size, fft = allocated(emlfft.new, N, window)
        given = 4 * N if window is WINDOW else 0
        assert given < size <= given + ROOM, (window, size)
        samples = array.array(typecode, VALUES)
        out = array.array("f" if typecode == "f" else "I", [0] * (N // 2 + 1))
        size, _ = allocated(plain, fft.power, samples, out)
        if window is not None and not (window is WINDOW and typecode == "f"):
            own += 4 if typecode == "f" else 2
        assert own * N <= size <= own * N + ROOM, (window, typecode, size)
        bins = array.array(typecode, [0] * (N + 2))
        other = array.array(typecode, VALUES)
        for call, a, b in (
            (fft.power, samples, out),
            (fft.rfft, samples, bins),
            (fft.run, samples, other),
        ):
            size, _ = allocated(plain, call, a, b)
            assert size <= 48, (call, size)  # a bound method at most
        # The other kind shares the work.
        if typecode == "h":
            floats = array.array("f", VALUES)
            powers = array.array("f", [0] * (N // 2 + 1))
            size, _ = allocated(plain, fft.power, floats, powers)
            assert size <= (6 + 4) * N + ROOM, size

# Which kind comes first, and with which method, does not matter.
for window in WINDOWS:
    expected = {}
    for typecode in "fh":
        for call in CALLS:
            expected[typecode, call] = call(emlfft.new(N, window), typecode)
    for first in CALLS:
        for order in ("fh", "hf"):
            fft = emlfft.new(N, window)
            first(fft, order[0])
            first(fft, order[1])
            for typecode in "fh":
                for call in CALLS:
                    assert call(fft, typecode) == expected[typecode, call]

# A window that is given as an array may change afterwards.
window = array.array("f", WINDOW)
fft = emlfft.new(N, window)
for i in range(N):
    window[i] = 7
for typecode in "fh":
    assert power(fft, typecode) == power(emlfft.new(N, WINDOW), typecode)


# Each allocation of the first call with samples of a kind fails once.
for window in WINDOWS[1:]:
    for typecode, other in (("f", "h"), ("h", "f")):
        fft = emlfft.new(N, window)
        wanted = power(emlfft.new(N, window), typecode)
        wanted_other = power(emlfft.new(N, window), other)
        samples = array.array(typecode, VALUES)
        out = array.array("f" if typecode == "f" else "I", [0] * (N // 2 + 1))

        def action(fft=fft, samples=samples, out=out):
            return fft.power(samples, out), list(out)

        def check(fft=fft, other=other, wanted=wanted_other):
            assert power(fft, other) == wanted

        # The samples of the other kind need their tables first.
        check()
        failed, found = heap.starve(action, check)
        assert failed > 0 and found == wanted
        assert power(fft, typecode) == wanted and power(fft, other) == wanted_other
failed, _ = heap.starve(lambda: emlfft.new(N, WINDOW), lambda: None)
assert failed > 0

# The tables stay while the object does, and the module's code while anything refers to it.
fft = emlfft.new(N, "hann")
wanted = [call(fft, typecode) for call in CALLS for typecode in "fh"]
del sys.modules["emlfft"]
emlfft = None
for size in range(1, 200):
    bytearray(size * 8).decode()
gc.collect()
assert [call(fft, typecode) for call in CALLS for typecode in "fh"] == wanted
print("ok")
