# The module and its models stay intact while the garbage collector works; out of memory is an error
# and not a crash; predict allocates nothing.
import array
import gc
import sys

MODEL = b"f,2\nc,3\nlb,0\nl,0\nl,2\nr,0\nn,0,4.5,1,-1\nn,1,-7.0,-1,-2"
features = array.array("h", [0, 0])
out = array.array("f", [0, 0, 0])


def churn():
    for size in range(1, 200):
        bytearray(size * 8).decode()
    gc.collect()


def use():
    import emltrees

    model = emltrees.new(1, 2, 2)
    emltrees.load_model(model, MODEL)
    churn()
    assert model.predict(features) == 2
    try:
        emltrees.load_model(model, b"f,2\nc,x")
    except ValueError as error:
        assert str(error) == "line 2: number expected, or out of range"
    return model.predict, model.outputs


for _ in range(3):
    use()
    churn()
    # Forget the module: its code may go only when nothing refers to it.
    predict, outputs = use()
    del sys.modules["emltrees"]
    churn()
    try:
        outputs()
    except ValueError:
        pass

import emltrees

model = emltrees.load([line for line in MODEL.split(b"\n")])
predict = model.predict
gc.collect()
gc.disable()
before = gc.mem_alloc()
for _ in range(100):
    predict(features)
    predict(features, out)
after = gc.mem_alloc()
gc.enable()
assert after == before, (before, after)

# Fill the heap until there is no room for the model; afterwards all is as before.
big = MODEL.replace(b"r,0\n", b"r,0\n" * 2000)
blocks = None  # a chain, since a list would need one large block to grow into
for size in (1024, 64):
    try:
        while True:
            blocks = (bytearray(size), blocks)
    except MemoryError:
        pass
failures = 0
try:
    emltrees.load(big)
except MemoryError:
    failures += 1
blocks = None
gc.collect()
assert failures == 1
assert emltrees.load(big).n_trees == 2000
assert predict(features) == 2
print("ok")
