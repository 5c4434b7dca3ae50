# Models stay intact while the garbage collector works, two run side by side, run allocates nothing,
# a model that does not fit is a MemoryError, whichever allocation fails; images are copied unless
# they cannot change.
import array
import gc
import io
import sys

import heap
import tinymaix_cnn

with open("model.tmdl", "rb") as file:
    IMAGE = file.read()
image = bytearray(36 * i % 256 for i in range(36))
out = array.array("f", bytes(40))


def churn():
    for size in range(1, 200):
        bytearray(size * 8).decode()
    gc.collect()


def result(model):
    model.run(image, out)
    return bytes(out)


expected = result(tinymaix_cnn.new(IMAGE))
assert len(set(expected)) > 4
assert type(tinymaix_cnn.__version__) is str

model = tinymaix_cnn.new(IMAGE)
assert model.input_dimensions() == (6, 6, 1)
assert model.output_dimensions() == (10,)

# In place, from a file or a view of what cannot change; a copy of what can, or lies unaligned.
small = model.nbytes
assert tinymaix_cnn.new(memoryview(IMAGE)).nbytes == small
assert tinymaix_cnn.load(IMAGE).nbytes == small
assert tinymaix_cnn.load("model.tmdl").nbytes == small + len(IMAGE)
with open("model.tmdl", "rb") as file:
    assert tinymaix_cnn.load(file).nbytes == small + len(IMAGE)
writable = bytearray(IMAGE)
copied = tinymaix_cnn.new(writable)
assert copied.nbytes == small + len(IMAGE)
for i in range(len(writable)):
    writable[i] = 0xFF
writable = None
churn()
assert result(copied) == expected
for shift in range(4):
    unaligned = tinymaix_cnn.new(memoryview(bytes(shift) + IMAGE)[shift:])
    assert unaligned.nbytes >= small
    assert result(unaligned) == expected


def use():
    import tinymaix_cnn

    return tinymaix_cnn.load("model.tmdl")


for _ in range(3):
    model = use()
    # Forget the module: its code may go only when nothing refers to it.
    run = model.run
    model = None
    del sys.modules["tinymaix_cnn"]
    churn()
    run(image, out)
    assert bytes(out) == expected

import tinymaix_cnn

# One run between another one's uses of the arena makes no difference.
first = tinymaix_cnn.new(IMAGE)
second = tinymaix_cnn.new(IMAGE)
second.run(bytes(36), out)
assert result(first) == expected
assert result(second) == expected


def allocated():
    run, predict = first.run, first.predict
    floats = array.array("f", bytes(144))
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(20):
        run(image, out)
        run(floats, out)
        predict(image)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


assert allocated() == 0

# Each allocation fails in turn, as more and more of the heap is free: afterwards all is as before.


class Stream:
    def __init__(self):
        self.file = io.BytesIO(IMAGE)

    def read(self, n):
        return self.file.read(n)


def load_by_name():
    return tinymaix_cnn.load("model.tmdl")


def load_stream():
    return tinymaix_cnn.load(Stream())


writable = bytearray(IMAGE)


def check():
    assert result(first) == expected


for make in (
    lambda: tinymaix_cnn.new(IMAGE),
    lambda: tinymaix_cnn.new(writable),
    load_by_name,
    load_stream,
):
    failed, made = heap.starve(make, check)
    assert failed > small // 128, failed
    churn()
    assert result(made) == expected
    assert result(make()) == expected
print("ok")
