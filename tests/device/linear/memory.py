# The module and its models stay intact while the garbage collector works; out of memory is an error
# and not a crash; predict and partial_fit allocate nothing.
import gc
import io
import os
import sys
from array import array


def churn():
    for size in range(1, 200):
        bytearray(size * 8).decode()
    gc.collect()


def use():
    import emllinear

    model = emllinear.new(3, 4, classes=("a", "b", "c", "d"))
    for i in range(20):
        model.partial_fit(array("f", [i % 4, 1, -i % 4]), i % 4, 0.5)
    churn()
    return model


features = array("f", [3, 1, 1])
expected = None
for _ in range(3):
    use()
    churn()
    # Forget the module: its code may go only when nothing refers to it.
    model = use()
    del sys.modules["emllinear"]
    churn()
    out = array("f", [0] * 4)
    found = (model.predict(features, out), tuple(out), model.classes)
    assert expected in (None, found)
    expected = found
    text = io.StringIO()
    model.save(text)
    assert text.getvalue().startswith("lin1,4,0,3,4\nys,a\nys,b\nys,c\nys,d\nw,")

import emllinear

predict, scores, partial_fit = model.predict, model.scores, model.partial_fit
whole = emllinear.load(io.StringIO("lin1,4,1,2,2\nw,-9,1,0,70,80,-9,2,0,-1,60\ncrc,8df1f293\n"))
row, pair = whole.row(), array("f", [0, 0])


def allocated():
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        predict(features)
        predict(features, out)
        scores(features, out)
        partial_fit(features, 2, 0)
        whole.predict(row, pair)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


allocated()
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
    emllinear.new(1000, 4)
except MemoryError:
    failures += 1
blocks = None
gc.collect()
assert failures == 1
assert emllinear.new(1000, 4).nbytes == 16 + 4 * 4 * 1001
try:
    assert emllinear.new(4096, 255).nbytes > 4000000
except MemoryError:
    pass


# Let an action have ever more free memory until it succeeds: each of its allocations fails once.
def starve(action):
    failed = room = 0
    while room < 65536:
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
        room += 32 if room < 512 else 96
    raise AssertionError("never enough memory")


def content(path):
    with open(path) as file:
        return file.read()


def text_of(model):
    text = io.StringIO()
    model.save(text)
    return text.getvalue()


def check():
    assert predict(features, out) == expected[0] and tuple(out) == expected[1]
    assert content("saved.csv") == before


before = text_of(model)
model.save("saved.csv")
other = emllinear.new(5, 2, regression=True)
other.partial_fit(array("f", range(5)), array("f", [1, 2]), 0.1)
text = text_of(other)
failed, made = starve(lambda: emllinear.new(20, 3))
assert failed > 1 and made.n_features == 20
failed, made = starve(lambda: emllinear.load(io.StringIO(text)))
assert failed > 5 and text_of(made) == text
failed, made = starve(lambda: emllinear.load("saved.csv"))
assert failed > 5 and text_of(made) == before and made.classes == ("a", "b", "c", "d")
failed, _ = starve(lambda: other.save("saved.csv") or True)
assert failed > 5
assert text_of(model) == before and text_of(other) == text
assert content("saved.csv") == text and "saved.csv.new" not in os.listdir()
os.remove("saved.csv")
print("ok")
