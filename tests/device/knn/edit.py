# Random series of additem, removeitem, clear and predict, beside a list that does the same.
import array
import random

import emlknn

random.seed(20)


def expected_result(items, query, k):
    found = []
    for index, (features, label) in enumerate(items):
        squared = sum((features[i] - query[i]) ** 2 for i in range(len(query)))
        found.append((squared, index, label))
    found.sort()
    return found[:k]


def expected_label(found):
    counts = {}
    for _, _, label in found:
        counts[label] = counts.get(label, 0) + 1
    most = max(counts.values())
    return min(label for label in counts if counts[label] == most)


for ring in (False, True):
    for max_items, n_features, k, top in (
        (1, 1, 1, 9),
        (5, 4, 2, 3),
        (9, 3, 3, 32767),
        (8, 6, 8, 1),
    ):
        model = emlknn.new(max_items, n_features, k, ring=ring)
        out = array.array("h", bytes(2 * n_features))
        items = []
        for _ in range(60):
            features = [random.randint(-top - 1, top) for _ in range(n_features)]
            row = array.array("h", features)
            action = random.randint(0, 9)
            if action == 0 and items:
                index = random.randint(0, len(items) - 1)
                assert model.removeitem(index) is None
                items.pop(index)
            elif action == 1 and random.randint(0, 9) == 0:
                model.clear()
                items = []
            elif len(items) == max_items and not ring:
                try:
                    model.additem(row, 1)
                except ValueError:
                    model.removeitem(0)
                    items.pop(0)
                else:
                    raise AssertionError("full")
            else:
                label = random.randint(-2, 2) * 16000
                if len(items) == max_items:
                    items.pop(0)
                items.append((features, label))
                assert model.additem(row, label) == len(items) - 1
            assert len(model) == len(items)
            for index, (features, label) in enumerate(items):
                assert model.getitem(index, out) == label and list(out) == features
            if len(items) >= k:
                query = [random.randint(-top - 1, top) for _ in range(n_features)]
                found = expected_result(items, query, k)
                assert model.predict(array.array("h", query)) == expected_label(found)
                for i, (squared, index, label) in enumerate(found):
                    result = model.getresult(i)
                    assert (result[0], result[2]) == (index, label)
                    assert abs(result[1] - squared**0.5) <= 1e-6 * squared**0.5

# The query may lie at any even address, and its memory may be read-only.
model = emlknn.new(3, 4, 1)
long = array.array("h", range(8))
for start in range(3):
    model.additem(memoryview(long)[start : start + 4], start)
for start in range(3):
    assert model.predict(memoryview(long)[start : start + 4]) == start
    assert model.getresult(0) == (start, 0.0, start)

# Weights: three far ones against a near one, and an exact match against many.
for weights, near in (("uniform", 1), ("distance", 7)):
    model = emlknn.new(4, 1, 4, weights=weights)
    for x, label in ((40, 1), (41, 1), (42, 1), (2, 7)):
        model.additem(array.array("h", [x]), label)
    assert model.predict(array.array("h", [0])) == near
    assert model.predict(array.array("h", [2])) == near
model = emlknn.new(3, 1, 3, weights="distance", regression=True)
for x, value in ((1, 4.0), (-2, 10.0), (4, -2.0)):
    model.additem(array.array("h", [x]), value)
# (4/1 + 10/2 - 2/4) / (1/1 + 1/2 + 1/4)
assert abs(model.regress(array.array("h", [0])) - 8.5 / 1.75) < 1e-5
assert model.regress(array.array("h", [-2])) == 10.0
assert abs(model.novelty(array.array("h", [0])) - 7 / 3) < 1e-5

# Means that are exact, of values of all sizes.
for values, mean in (
    ((0.0, 0.0), 0.0),
    ((-1.5, 1.5), 0.0),
    ((-0.0, -3.0), -1.5),
    ((1.0, 2.0), 1.5),
    ((8388608.0, 1.0), 4194304.5),
    ((-8388608.0, 1.0), -4194303.5),
    ((1048576.0, 0.125), 524288.0625),
    ((2.0**127, 2.0**127), 2.0**127),
    ((2.0**-126, 2.0**-126), 2.0**-126),
    ((2.0**-126, -(2.0**-126)), 0.0),
    ((2.0**-126, 0.0), 0.0),
    ((2.0**-140, 2.0**-140), 0.0),
    ((2.0**100, 1.0), 2.0**99),
):
    model = emlknn.new(2, 1, 2, regression=True)
    for value in values:
        model.additem(array.array("h", [3]), value)
    assert model.regress(array.array("h", [-3])) == mean, (values, mean)
print("ok")
