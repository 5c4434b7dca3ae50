# Models stay intact while the garbage collector works, two run side by side, run allocates nothing,
# a model that does not fit is a MemoryError; images are copied unless they cannot change.
import array
import gc
import sys

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
assert tinymaix_cnn.load("model.tmdl").nbytes == small
with open("model.tmdl", "rb") as file:
    assert tinymaix_cnn.load(file).nbytes == small
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
assert after == before, (before, after)

# No room for the tensors, or for the copy of the image: afterwards all is as before.
blocks = []
failures = 0
try:
    while True:
        blocks.append(bytearray(256))
except MemoryError:
    pass
try:
    while True:
        blocks.append(tinymaix_cnn.new(IMAGE))
except MemoryError:
    failures += 1
blocks = None
gc.collect()
assert failures == 1
assert result(first) == expected
assert result(tinymaix_cnn.new(IMAGE)) == expected
print("ok")
