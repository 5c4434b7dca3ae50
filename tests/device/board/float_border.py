# Gives floats to the modules and takes floats from them, one by one, as MicroPython passes them;
# prints their bits.
import array

import emliir
import emlknn
import emltrees


def read(name, typecode):
    with open(name, "rb") as file:
        data = file.read()
    return array.array(typecode, data)


def show(name, floats):
    print(name, bytes(array.array("f", floats)).hex())


values = read("values.f", "f")
items = read("items.h", "h")
queries = read("queries.h", "h")
row = array.array("h", [0])
assert len(values) == len(items)

model = emlknn.new(len(items), 1, 2, regression=True)
nearest = emlknn.new(len(items), 1, 1, regression=True)
for i in range(len(items)):
    row[0] = items[i]
    model.additem(row, values[i])
    nearest.additem(row, values[i])
show("getitem", [model.getitem(i, row) for i in range(len(items))])
novelties = []
distances = []
neighbors = []
means = []
for query in queries:
    row[0] = query
    novelties.append(model.novelty(row))
    index, distance, value = model.getresult(0)
    distances.append(distance)
    neighbors.append(value)
    means.append(nearest.regress(row))
show("novelty", novelties)
show("distance", distances)
show("value", neighbors)
show("regress", means)

# Numbers that are not floats become floats.
model.clear()
for number in (0, -1, 3, 2**24, -(2**31), 2**40, True):
    model.additem(row, number)
show("numbers", [model.getitem(i, row) for i in range(len(model))])
for number in (float("nan"), float("inf"), -float("inf"), 1e39, 10**60, "1", None, b"\0\0\0\0", []):
    try:
        model.additem(row, number)
    except (TypeError, ValueError, OverflowError):
        pass
    else:
        raise AssertionError(number)
assert len(model) == 7

forest = emltrees.load("forest.bin")
features = array.array("f", [0.0])
results = []
with open("rows.f", "rb") as rows:
    while rows.readinto(features):
        results.append(forest.predict(features))
show("predict", results)

sos = read("sos.f", "f")
for i in range(0, len(sos), 6):
    samples = array.array("f", [1.0, 0.0, 0.0, 0.0])
    emliir.new(sos[i : i + 6]).run(samples)
    show("impulse", samples)
for a0 in (0.0, -0.0, float("nan"), float("inf")):
    try:
        emliir.new(array.array("f", [1, 0, 0, a0, 0, 0]))
    except ValueError:
        pass
    else:
        raise AssertionError(a0)
