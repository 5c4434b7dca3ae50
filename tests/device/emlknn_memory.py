# The module and its models stay intact while the garbage collector works; out of memory is an error
# and not a crash; predict allocates nothing.
import array
import gc
import io
import sys


def churn():
    for size in range(1, 200):
        bytearray(size * 8).decode()
    gc.collect()


def use():
    import emlknn

    model = emlknn.new(20, 3, 2)
    for i in range(20):
        model.additem(array.array("h", [i, -i, 3 * i]), i % 4)
    churn()
    return model


features = array.array("h", [7, -7, 21])
for _ in range(3):
    use()
    churn()
    # Forget the module: its code may go only when nothing refers to it.
    model = use()
    del sys.modules["emlknn"]
    churn()
    assert model.predict(features) == 2 and model.getresult(0) == (7, 0.0, 3)
    text = io.StringIO()
    model.save(text)
    assert text.getvalue().endswith("i,3,19,-19,57\ne,20\n")

import emlknn

model = emlknn.new(20, 3, 2, ring=True)
additem, predict, getitem, removeitem = (
    model.additem,
    model.predict,
    model.getitem,
    model.removeitem,
)
additem(features, 9)
additem(features, 9)


def allocated():
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        additem(features, 9)
        predict(features)
        getitem(1, features)
        removeitem(0)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


assert allocated() == 0

# Fill the heap until there is no room for the model; afterwards all is as before.
blocks = []
try:
    while True:
        blocks.append(bytearray(1024))
except MemoryError:
    pass
failures = 0
try:
    emlknn.new(2000, 8, 3)
except MemoryError:
    failures += 1
blocks = None
gc.collect()
assert failures == 1
assert len(emlknn.new(2000, 8, 3)) == 0
assert predict(features) == 9
print("ok")
