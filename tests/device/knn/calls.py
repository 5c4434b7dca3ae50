# Calls that must raise, with the text they raise.
import array

import emlknn


def floats(*values):
    return array.array("f", values)


def row(*values):
    return array.array("h", values)


model = emlknn.new(4, 2, 2)
model.additem(row(0, 0), 5)
model.additem(row(10, 0), -5)
values = emlknn.new(4, 2, 1, regression=True)
values.additem(row(0, 0), 2.5)
few = emlknn.new(4, 2, 2)
few.additem(row(0, 0), 1)
full = emlknn.new(1, 2, 1)
full.additem(row(0, 0), 1)
# Features are 2 x + 1 and 6 - x / 2.
scaled = emlknn.load(
    (
        "knn1,5,2,1,0,0,0,2|yi,7|yi,-2147483648|yi,2147483647|"
        "s,1p1,1p0|s,-1p-1,3p1|i,0,1,6|i,2,3,6|e,2"
    ).split("|")
)
# Local outlier factors: densities 0.5, 0.25 and 2; squared k-distances 4, 0 and 9; unit 0.5.
factors = emlknn.load(
    (
        "knn1,3,2,2,0,2,0,3|s,1p0,0p0|s,1p0,0p0|n,1p-1,-3p-1|i,1056964608,0,0,1082130432|"
        "i,1048576000,3,4,0|i,1073741824,100,0,1091567616|e,3"
    ).split("|")
)
# Of the same scale, and int16 is in raw units, too, as a front end gives it.
raw_model = emlknn.load("knn1,5,2,1,0,0,0,2|s,1p1,1p0|s,-1p-1,3p1|r|i,0,1,6|i,2,3,6|e,2".split("|"))
normal = emlknn.new(4, 2, 1)
normal.additem(row(0, 0), 7)
kind = type(model)
zero = row(0, 0)

BOTH = "f' or 'h"
ARRAY = "an array is required, writable if it is out"
NAN = "features must not be nan"
CLASS = "label must be 0 to len(classes) - 1"
LABEL = "label must be -32768 to 32767"
INDEX = "index must be that of an item"
RESULT = "i must be that of a result"
KIND = "model must be a regression"
FEW = "n_neighbors items must be added first"
ITEMS = "max_items must be 1 to 65535"
NUMBER = "n_features must be 1 to 4096"
NEIGHBORS = "n_neighbors must be 1 to max_items"
WEIGHTS = "weights must be uniform or distance"
THRESHOLD = "threshold must be at most 0, and finite"
LEARNS = "model must be one that learns"


def wrong(name, typecodes, typecode, found):
    text = "%s must be array('%s') of 2, not array('%s') of %d"
    return text % (name, typecodes, typecode, found)


CASES = (
    # Most firmwares check self of a method before the module does, with a text of their own.
    (TypeError, None, kind.predict, 1, zero),
    (TypeError, None, kind.predict, None, zero),
    (TypeError, None, kind.predict, [model], zero),
    (TypeError, None, kind.regress, "model", zero),
    (TypeError, None, kind.novelty, zero, zero),
    (TypeError, None, kind.additem, emlknn, zero, 1),
    (TypeError, None, kind.getresult, 1, 0),
    (TypeError, None, kind.getitem, 1, 0, zero),
    (TypeError, None, kind.removeitem, 1, 0),
    (TypeError, None, kind.clear, 1),
    (TypeError, None, kind.save, 1, "saved.csv"),
    (AttributeError, None, kind.row, 1),
    (TypeError, ARRAY, model.predict, 1),
    (TypeError, ARRAY, model.predict, None),
    (TypeError, ARRAY, model.predict, [0, 0]),
    (ValueError, wrong("features", "h", "h", 1), model.predict, row(0)),
    (ValueError, wrong("features", "h", "h", 3), model.predict, row(0, 0, 0)),
    (ValueError, wrong("features", "h", "h", 0), model.predict, row()),
    (ValueError, wrong("features", "h", "H", 2), model.predict, array.array("H", [0, 0])),
    (ValueError, wrong("features", "h", "f", 2), model.predict, array.array("f", [0, 0])),
    (ValueError, wrong("features", "h", "b", 4), model.predict, array.array("b", [0, 0, 0, 0])),
    (ValueError, wrong("features", "h", "B", 4), model.predict, bytes(4)),
    (ValueError, wrong("features", "h", "B", 4), model.predict, bytearray(4)),
    (ValueError, wrong("features", "h", "B", 4), model.predict, "four"),
    (ValueError, wrong("features", "h", "h", 1), model.novelty, row(0)),
    (TypeError, ARRAY, model.novelty, 3.5),
    (ValueError, wrong("features", "h", "h", 1), values.regress, row(0)),
    (TypeError, ARRAY, values.regress, None),
    (ValueError, wrong("features", "h", "h", 1), model.additem, row(0), 1),
    (TypeError, ARRAY, model.additem, None, 1),
    (ValueError, KIND, model.regress, zero),
    (ValueError, FEW, few.predict, zero),
    (ValueError, FEW, few.novelty, zero),
    (ValueError, FEW, emlknn.new(1, 2, 1).predict, zero),
    (ValueError, LABEL, model.additem, zero, 32768),
    (ValueError, LABEL, model.additem, zero, -32769),
    (ValueError, LABEL, model.additem, zero, 2**32 + 5),
    (ValueError, LABEL, model.additem, zero, 2**64),
    (TypeError, LABEL, model.additem, zero, 1.0),
    (TypeError, LABEL, model.additem, zero, None),
    (TypeError, LABEL, model.additem, zero, "1"),
    (ValueError, "value must be finite", values.additem, zero, float("nan")),
    (ValueError, "value must be finite", values.additem, zero, float("inf")),
    (ValueError, "value must be finite", values.additem, zero, -float("inf")),
    (TypeError, None, values.additem, zero, "1.0"),
    (TypeError, None, values.additem, zero, None),
    (ValueError, "model must not be full", full.additem, zero, 2),
    (ValueError, INDEX, model.getitem, 2, zero),
    (ValueError, INDEX, model.getitem, -1, zero),
    (ValueError, INDEX, model.getitem, 2**32, zero),
    (TypeError, INDEX, model.getitem, None, zero),
    (ValueError, wrong("out", "h", "h", 1), model.getitem, 0, row(0)),
    (ValueError, wrong("out", "h", "f", 2), scaled.getitem, 0, floats(0, 0)),
    (TypeError, ARRAY, model.getitem, 0, None),
    (TypeError, ARRAY, model.getitem, 0, bytes(4)),
    # Without a scale, floats are refused, also of as many bytes; with one, those of another length.
    (ValueError, wrong("features", BOTH, "h", 3), raw_model.predict, row(0, 0, 0)),
    (ValueError, wrong("features", BOTH, "h", 4), raw_model.novelty, row(0, 0, 0, 0)),
    (ValueError, wrong("features", BOTH, "H", 2), raw_model.predict, array.array("H", [0, 0])),
    (ValueError, NAN, raw_model.additem, floats(0, float("nan")), 1),
    (ValueError, wrong("features", "h", "f", 1), model.predict, floats(0)),
    (ValueError, wrong("features", "h", "f", 2), model.predict, floats(0, 0)),
    (ValueError, wrong("features", "h", "f", 2), values.regress, floats(0, 0)),
    (ValueError, wrong("features", "h", "f", 2), model.additem, floats(0, 0), 1),
    (TypeError, ARRAY, model.predict, model.row),
    (ValueError, wrong("features", BOTH, "f", 1), scaled.predict, floats(0)),
    (ValueError, wrong("features", BOTH, "f", 3), scaled.predict, floats(0, 0, 0)),
    (ValueError, wrong("features", BOTH, "f", 0), scaled.predict, floats()),
    (ValueError, wrong("features", BOTH, "h", 1), scaled.predict, row(0)),
    (ValueError, wrong("features", BOTH, "h", 4), scaled.predict, row(0, 0, 0, 0)),
    (ValueError, wrong("features", BOTH, "i", 2), scaled.predict, array.array("i", [0, 0])),
    (ValueError, wrong("features", BOTH, "d", 2), scaled.predict, array.array("d", [0, 0])),
    (ValueError, wrong("features", BOTH, "B", 8), scaled.predict, bytes(8)),
    (TypeError, ARRAY, scaled.predict, [0.0, 0.0]),
    (ValueError, NAN, scaled.predict, floats(0, float("nan"))),
    (ValueError, NAN, scaled.novelty, floats(float("nan"), 0)),
    (ValueError, NAN, scaled.additem, floats(0, -float("nan")), 1),
    (ValueError, CLASS, scaled.additem, floats(0, 0), -1),
    (ValueError, CLASS, scaled.additem, floats(0, 0), 3),
    (ValueError, CLASS, scaled.additem, floats(0, 0), 2**32),
    (TypeError, CLASS, scaled.additem, floats(0, 0), "yes"),
    (TypeError, CLASS, scaled.additem, floats(0, 0), 1.0),
    (AttributeError, None, setattr, scaled, "classes", None),
    (AttributeError, None, setattr, scaled, "scaled", False),
    (AttributeError, None, getattr, scaled, "scale"),
    (ValueError, INDEX, model.removeitem, 2),
    (ValueError, INDEX, model.removeitem, -1),
    (TypeError, INDEX, model.removeitem, 0.0),
    (ValueError, INDEX, emlknn.new(1, 1, 1).removeitem, 0),
    (ValueError, RESULT, model.getresult, 0),
    (ValueError, RESULT, few.getresult, 0),
    (TypeError, RESULT, model.getresult, None),
    (ValueError, ITEMS, emlknn.new, 0, 1, 1),
    (ValueError, ITEMS, emlknn.new, -1, 1, 1),
    (ValueError, ITEMS, emlknn.new, 65536, 1, 1),
    (ValueError, ITEMS, emlknn.new, 2**29 + 1, 1, 1),
    (ValueError, ITEMS, emlknn.new, 2**31, 1, 1),
    (ValueError, ITEMS, emlknn.new, 2**32 + 1, 1, 1),
    (ValueError, ITEMS, emlknn.new, 2**64 + 1, 1, 1),
    (TypeError, ITEMS, emlknn.new, 1.0, 1, 1),
    (TypeError, ITEMS, emlknn.new, None, 1, 1),
    (ValueError, NUMBER, emlknn.new, 1, 0, 1),
    (ValueError, NUMBER, emlknn.new, 1, 4097, 1),
    (ValueError, NUMBER, emlknn.new, 1, 2**32 + 1, 1),
    (TypeError, NUMBER, emlknn.new, 1, "1", 1),
    (ValueError, NEIGHBORS, emlknn.new, 3, 1, 0),
    (ValueError, NEIGHBORS, emlknn.new, 3, 1, 4),
    (ValueError, NEIGHBORS, emlknn.new, 3, 1, -1),
    (ValueError, NEIGHBORS, emlknn.new, 3, 1, 2**32 + 1),
    (TypeError, NEIGHBORS, emlknn.new, 3, 1, 1.5),
    (ValueError, WEIGHTS, lambda: emlknn.new(3, 1, 1, weights="other")),
    (ValueError, WEIGHTS, lambda: emlknn.new(3, 1, 1, weights=None)),
    (TypeError, None, lambda: emlknn.new(3, 1, 1, k=1)),
    (TypeError, None, emlknn.new, 3, 1, 1, True),
    (TypeError, None, emlknn.new, 3, 1),
    (TypeError, None, model.predict),
    (TypeError, None, model.additem, zero),
    (TypeError, None, model.clear, 1),
    (ValueError, THRESHOLD, setattr, normal, "threshold", 1),
    (ValueError, THRESHOLD, setattr, normal, "threshold", 1e-30),
    (ValueError, THRESHOLD, setattr, normal, "threshold", float("nan")),
    (ValueError, THRESHOLD, setattr, normal, "threshold", -float("nan")),
    (ValueError, THRESHOLD, setattr, normal, "threshold", float("inf")),
    (ValueError, THRESHOLD, setattr, normal, "threshold", -float("inf")),
    (TypeError, None, setattr, normal, "threshold", None),
    (TypeError, None, setattr, normal, "threshold", "-1"),
    (AttributeError, None, delattr, normal, "threshold"),
    (AttributeError, None, setattr, normal, "unit", 2.0),
    (ValueError, LEARNS, factors.removeitem, 0),
    (ValueError, LEARNS, factors.removeitem, 3),
    (ValueError, LEARNS, factors.clear),
    (ValueError, "model must not be full", factors.additem, zero, 0.5),
    (AttributeError, None, setattr, model, "n_items", 3),
    (AttributeError, None, setattr, model, "nbytes", 3),
)
for error_type, text, function, *args in CASES:
    try:
        function(*args)
    except error_type as error:
        if text is not None:
            assert str(error) == text, (str(error), text)
    else:
        raise AssertionError((text, args))

# The models have come through all of that.
assert (len(model), len(values), len(few), len(full)) == (2, 1, 1, 1)
assert model.predict(row(9, 0)) == -5
assert model.getresult(0) == (1, 1.0, -5) and model.getresult(1) == (0, 9.0, 5)
assert model.getitem(1, zero) == -5 and list(zero) == [10, 0]
assert values.regress(zero) == values.predict(zero) == 2.5 and values.getresult(0) == (0, 10.0, 2.5)
for i in (-1, 2, 2**31, 2**32):
    try:
        model.getresult(i)
    except ValueError as error:
        assert str(error) == RESULT
    else:
        raise AssertionError(i)

# A model with a threshold judges what it has learnt; its novelty is the mean distance.
assert normal.threshold is None and normal.predict(row(3, 4)) == 7
for threshold, judgement in ((-5, 1), (-4.9375, -1), (0, -1), (-0.0, -1), (-(2.0**127), 1)):
    normal.threshold = threshold
    assert normal.threshold == threshold and normal.predict(row(3, 4)) == judgement
    assert normal.novelty(row(3, 4)) == 5.0 and normal.predict(row(0, 0)) == 1
normal.threshold = -5
assert normal.additem(row(6, 8), 9) == 1 and normal.predict(row(9, 12)) == 1
assert normal.getresult(0) == (1, 5.0, 9)
normal.removeitem(1)
assert normal.predict(row(9, 12)) == -1
values.threshold = -1
assert values.predict(zero) == -1 and values.regress(zero) == 2.5
values = emlknn.new(4, 2, 1, regression=True)
values.additem(row(0, 10), 2.5)

# Of (0, 0): distances 0 and 5, at least the k-distances 2 and 0; mean density 0.375.
assert factors.novelty(row(0, 0)) == (2 + 5) / 2 * 0.5 * 0.375
assert factors.predict(row(0, 0)) == 1 and factors.getresult(0)[:2] == (0, 0.0)
assert factors.getresult(1)[:2] == (1, 2.5) and factors.threshold == -1.5
factors.threshold = -0.625
assert factors.predict(row(0, 0)) == -1 and len(factors) == 3
assert factors.nbytes - scaled.nbytes == 8 + 3 * 2 * 2 + 3 * 4 + 3 * 4 - (5 * 2 * 2 + 5 * 2)

# Raw units, quantised ones, and what the attributes say.
assert scaled.scaled and scaled.classes == (7, -2147483648, 2147483647) and scaled.n_features == 2
assert not model.scaled and model.classes is None and model.n_features == 2
assert (model.n_classes, scaled.n_classes) == (0, 3)
assert repr(scaled) == "<Knn: 2 of 5 items, 2 features, 1 neighbors>"
assert repr(values) == "<Knn: 1 of 4 items, 2 features, 1 neighbors>"
# 8 bytes a neighbour, 2 a feature and label, 4 a value, 10 for the scale of a feature.
assert model.nbytes - few.nbytes == 0 and values.nbytes - few.nbytes == 4 * (4 - 2) - 8
assert scaled.nbytes - few.nbytes == 2 * 2 + 2 - 8 + 10 * 2 + 4
assert list(model.row()) == [0, 0] and list(scaled.row()) == [0.0, 0.0]
assert model.predict(model.row()) == -5 and scaled.predict(scaled.row()) == 0
assert scaled.predict(floats(1, 0)) == 2 and scaled.getresult(0) == (1, 0.0, 2)
assert scaled.predict(row(3, 6)) == 2 and scaled.getresult(0) == (1, 0.0, 2)
assert scaled.predict(memoryview(floats(5, 0, 0, 5))[1:3]) == 0
raw = floats(0.75, 1.0)  # 2.5 and 5.5: halves go away from zero
assert scaled.additem(raw, 1) == 2 and scaled.getitem(2, zero) == 1 and list(zero) == [3, 6]
assert list(raw) == [0.75, 1.0]
raw = floats(-1.75, 13.0)  # -2.5 and -0.5
assert scaled.additem(raw, 1) == 3 and scaled.getitem(3, zero) == 1 and list(zero) == [-3, -1]
raw = floats(float("inf"), 3e38)
assert scaled.additem(raw, 1) == 4 and scaled.getitem(4, zero) == 1
assert list(zero) == [32767, -32768]
assert raw_model.scaled and raw_model.nbytes == scaled.nbytes
assert raw_model.row() == row(0, 0) and raw_model.predict(raw_model.row()) == 0
for x, y in ((0, 0), (1, 0), (3, 6), (-1, 2), (32767, -32768), (-32768, 32767), (-9, 16384)):
    assert raw_model.predict(row(x, y)) == raw_model.predict(floats(x, y))
    assert raw_model.novelty(row(x, y)) == raw_model.novelty(floats(x, y))
    half = (abs(12 - y) + 1) // 2  # away from zero
    expected = [2 * x + 1, half if y < 12 else -half]
    assert raw_model.additem(row(x, y), 1) == 2 and raw_model.getitem(2, zero) == 1
    assert list(zero) == [min(max(value, -32768), 32767) for value in expected]
    assert raw_model.additem(floats(x, y), 1) == 3 and raw_model.novelty(row(x, y)) == 0.0
    raw_model.removeitem(3)
    raw_model.removeitem(2)
assert raw_model.predict(memoryview(row(5, 1, 0, 5))[1:3]) == 2
assert scaled.predict(floats(2e4, 1e9)) == 1 and scaled.getresult(0) == (4, 0.0, 1)
assert scaled.novelty(floats(0, 8)) == 4.0
zero = row(0, 0)

# Results are of items as they were: none once indices have changed.
for change in (lambda: model.removeitem(0), model.clear):
    model.clear()
    model.additem(row(1, 1), 1)
    model.additem(row(2, 2), 2)
    assert model.predict(row(2, 2)) == 1  # a tie: the smaller label
    assert model.getresult(0) == (1, 0.0, 2)
    change()
    try:
        model.getresult(0)
    except ValueError as error:
        assert str(error) == RESULT
    else:
        raise AssertionError(change)
assert len(model) == 0 and not model
assert emlknn.__version__.count(".") == 2

# The largest sizes give a model, or there is no memory.
for sizes in ((65535, 4096, 65535), (65535, 1, 1), (1, 4096, 1)):
    try:
        assert len(emlknn.new(*sizes)) == 0
    except MemoryError:
        assert sizes != (1, 4096, 1)
print("ok")
