# The module and its models stay intact while the garbage collector works; out of memory is an error
# and not a crash; predict allocates nothing.
import array
import gc
import io
import os
import sys

import heap


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
    assert "i,3,19,-19,57\ne,20\ncrc," in text.getvalue()

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


scaled = emlknn.load(
    (
        "knn1,9,3,2,1,0,0,2|ys,on|ys,off|s,1p0,0p0|s,1p3,1p0|s,3p-3,-5p0|i,0,1,2,3|i,1,4,5,6|e,2"
    ).split("|")
)
floats = array.array("f", [0.5, -0.5, 1e9])
scaled_additem, scaled_predict = scaled.additem, scaled.predict

# k-distances, which the model of outlier factors keeps, stay where they are.
factors = emlknn.load(
    "knn1,2,1,2,0,2,0,2|n,1p0,-1p0|i,1056964608,5,1082130432|i,1073741824,9,0|e,2".split("|")
)
point = array.array("h", [5])
churn()
judge, novelty = factors.predict, factors.novelty(point)
assert novelty == (2 + 4) / 2 * 1.25


def allocated():
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        additem(features, 9)
        predict(features)
        getitem(1, features)
        removeitem(0)
        scaled_additem(floats, 1)
        scaled_predict(floats)
        judge(point)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


assert allocated() == 0
assert factors.novelty(point) == novelty

# Fill the heap until there is no room for the model; afterwards all is as before. New names come
# before: the table of globals may have to grow for them.
failures = 0
blocks = []
try:
    while True:
        blocks.append(bytearray(1024))
except MemoryError:
    pass
try:
    emlknn.new(2000, 8, 3)
except MemoryError:
    failures += 1
blocks = None
gc.collect()
assert failures == 1
assert len(emlknn.new(2000, 8, 3)) == 0
assert predict(features) == 9


# A file of 30 bytes may ask for much, since it says how many items there is to be room for. The
# error says how much that is: 8 bytes a neighbour, 2 a feature, 2 a label or 4 a value.
def asks_for(count, make, *args):
    try:
        make(*args)
    except MemoryError as error:
        start, number, end = str(error).rsplit(" ", 2)
        assert (start, end) == ("memory allocation failed, allocating", "bytes"), str(error)
        assert count <= int(number) < count + 8, (number, count)
    else:
        raise AssertionError(args)


def new_values(*sizes):
    return emlknn.new(*sizes, regression=True)


for items, n_features, neighbors in ((65535, 4096, 65535), (65535, 4095, 1), (65535, 1025, 2)):
    count = 8 * neighbors + 2 * items * n_features + 2 * (items * n_features % 2)
    rows = "knn1,%d,%d,%d,0,%d,0,0\ne,0\n"
    for regression, make in ((0, emlknn.new), (1, new_values)):
        bytes_asked = count + (4 if regression else 2) * items
        source = io.StringIO(rows % (items, n_features, neighbors, regression))
        asks_for(bytes_asked, make, items, n_features, neighbors)
        asks_for(bytes_asked, emlknn.load, source)
assert predict(features) == 9


def content(path):
    with open(path) as file:
        return file.read()


def text_of(model):
    text = io.StringIO()
    model.save(text)
    return text.getvalue()


def check():
    assert predict(features) == 9 and content("saved.csv") == before


before = text_of(model)
model.save("saved.csv")
other = emlknn.new(4, 5, 1, regression=True)
other.additem(array.array("h", [1, 2, 3, 4, -5]), 0.5)
text = text_of(other)
failed, made = heap.starve(lambda: emlknn.new(200, 3, 2), check)
assert failed > 1 and len(made) == 0
failed, made = heap.starve(lambda: emlknn.load(io.StringIO(text)), check)
assert failed > 5 and text_of(made) == text
failed, made = heap.starve(lambda: emlknn.load("saved.csv"), check)
assert failed > 5 and text_of(made) == before
scaled_text = text_of(scaled)
failed, made = heap.starve(lambda: emlknn.load(io.StringIO(scaled_text)), check)
assert failed > 5 and text_of(made) == scaled_text and made.classes == ("on", "off")
failed, _ = heap.starve(lambda: other.save("saved.csv") or True, check)
assert failed > 2
assert text_of(model) == before and text_of(other) == text
assert content("saved.csv") == text and "saved.csv.new" not in os.listdir()
os.remove("saved.csv")
print("ok")
