# Each allocation of each call fails once: that is a MemoryError, and afterwards all is as before.
import array
import gc
import io
import sys

import emliir

ROWS = "5p-3,5p-2,5p-3,1p0,-1p-1,1p-2\n"
FILE = "?remark\nsos2,3\n" + 3 * ROWS + "crc,%08x\n"
crc = array.array("I", [0])
for line in FILE.split("\n")[:-2]:
    emliir._crc(crc, line)
FILE = FILE % crc[0]

kept = emliir.load(io.StringIO(FILE), 2)
first = array.array("f", [1, 2, 3, 4])
kept.run(first)
after = array.array("f", [5, 6, 7, 8])
state = kept.state()
kept.run(after)


def check():
    kept.state(state)
    samples = array.array("f", [5, 6, 7, 8])
    kept.run(samples)
    assert list(samples) == list(after), samples


# Let an action have ever more free memory until it succeeds.
def starve(action):
    failed = room = 0
    while room < 16384:
        gc.collect()
        gc.disable()  # a collection reads all of the memory
        memory = [bytearray(room), None]
        for size in (1 << 20, 1 << 18, 1 << 16, 1 << 14, 1 << 12, 1 << 10, 256, 64, 16):
            if size == 256:
                gc.enable()
            try:
                while True:
                    memory[1] = (bytearray(size), memory[1])
            except MemoryError:
                pass
        memory[0] = None
        try:
            result = action()
        except MemoryError:
            result = None
        memory = None
        if result is not None:
            return failed, result
        check()
        failed += 1
        room += 16 if room < 512 else 64
    raise AssertionError("never enough memory")


source = io.StringIO(FILE)
sos = array.array("f", [0.625, 1.25, 0.625, 1, -0.5, 0.25] * 3)


def load():
    source.seek(0)
    return emliir.load(source, 2)


for action in (load, lambda: emliir.new(sos, 2)):
    failed, filter = starve(action)
    assert failed > 0
    samples = array.array("f", [1, 2, 3, 4])
    filter.run(samples)
    assert list(samples) == list(first), samples
failed, found = starve(kept.state)
assert failed > 0 and list(found) == list(kept.state())

# What a small file asks for is no more than its rows: those it says there are, are not allocated.
gc.collect()
blocks = None
try:
    while gc.mem_free() > 8192:
        blocks = (bytearray(1024), blocks)
except MemoryError:
    pass
for head in ("sos,255\n", "sos2,255\n", "sos2,99999999999999999999\n"):
    try:
        emliir.load(io.StringIO(head))
    except ValueError as error:
        assert str(error) == "line 1: file must not be cut short", error
    else:
        raise AssertionError(head)
blocks = None
gc.collect()

# The module's code stays while anything refers to it.
run = kept.run
del sys.modules["emliir"]
emliir = kept = None
for size in range(1, 200):
    bytearray(size * 8).decode()
gc.collect()
samples = array.array("f", [0] * 20)
run(samples)
assert samples[0] != 0
print("ok")
