# Calls that must raise, with the text they raise, and what the attributes say.
import binascii
from array import array

import emllinear


def floats(*values):
    return array("f", values)


def ints(*values):
    return array("h", values)


def load(*rows):
    lines = [row + "\n" for row in rows]
    lines.append("crc,%08x" % binascii.crc32("".join(lines).encode()))
    return emllinear.load(lines)


softmax = emllinear.new(2, 3, classes=("a", "b", "c"))
binary = emllinear.new(2, 2)
value = emllinear.new(2, 1, regression=True)
values = emllinear.new(2, 2, regression=True)
# b = 5, weights 1 and -2, in halves.
whole = load("lin1,2,1,2,1", "w,-1,10,0,2,-4")
kind = type(softmax)
zero = floats(0, 0)
nan, inf = float("nan"), float("inf")

FINITE = "all numbers must be finite"
CLASS = "target must be a class number"
LEARNS = "model must be able to learn"
FEATURES = "n_features must be 1 to 4096"
OUTPUTS = "n_outputs must be 1 to 255"
CASES = (
    # Most firmwares check self of a method before the module does, with a text of their own.
    (TypeError, None, kind.predict, 1, zero),
    (TypeError, None, kind.predict, None, zero),
    (TypeError, None, kind.predict, [softmax], zero),
    (TypeError, None, kind.scores, "model", zero, zero),
    (TypeError, None, kind.partial_fit, emllinear, zero, 1, 1),
    (AttributeError, None, kind.row, 1),
    (AttributeError, None, kind.save, 1, "saved.csv"),
    (TypeError, None, softmax.predict),
    (TypeError, None, softmax.predict, zero, zero, zero),
    (TypeError, None, softmax.scores, zero),
    (TypeError, None, softmax.partial_fit, zero, 1),
    (TypeError, None, softmax.predict, 1),
    (TypeError, None, softmax.predict, None),
    (TypeError, None, softmax.predict, [0.0, 0.0]),
    (
        ValueError,
        "features must be array('f') of 2, not array('f') of 1",
        softmax.predict,
        floats(0),
    ),
    (
        ValueError,
        "features must be array('f') of 2, not array('f') of 0",
        softmax.predict,
        floats(),
    ),
    (
        ValueError,
        "features must be array('f') of 2, not array('h') of 2",
        softmax.predict,
        ints(0, 0),
    ),
    (
        ValueError,
        "features must be array('f') of 2, not array('h') of 4",
        softmax.predict,
        ints(0, 0, 0, 0),
    ),
    (ValueError, "features must be array('h') of 2, not array('f') of 2", whole.predict, zero),
    (
        ValueError,
        "features must be array('h') of 2, not array('h') of 3",
        whole.predict,
        ints(0, 0, 0),
    ),
    (
        ValueError,
        "features must be array('h') of 2, not array('H') of 2",
        whole.predict,
        array("H", [0, 0]),
    ),
    (ValueError, None, softmax.predict, bytes(8)),
    (ValueError, None, softmax.predict, "abcdefgh"),
    (ValueError, "out must be array('f') of 3, not array('f') of 2", softmax.predict, zero, zero),
    (
        ValueError,
        "out must be array('f') of 2, not array('f') of 3",
        binary.predict,
        zero,
        floats(0, 0, 0),
    ),
    (ValueError, "out must be array('f') of 1, not array('f') of 2", binary.scores, zero, zero),
    (
        ValueError,
        "out must be array('f') of 2, not array('f') of 1",
        values.predict,
        zero,
        floats(0),
    ),
    (TypeError, None, softmax.predict, zero, None),
    (TypeError, None, softmax.predict, zero, bytes(12)),
    (TypeError, None, softmax.scores, zero, bytes(12)),
    (
        ValueError,
        "model must have proportions",
        whole.predict,
        ints(0, 0),
        floats(0, 0),
    ),
    (ValueError, FINITE, softmax.predict, floats(nan, 0)),
    (ValueError, FINITE, softmax.predict, floats(0, inf), floats(0, 0, 0)),
    (ValueError, FINITE, softmax.scores, floats(0, -inf), floats(0, 0, 0)),
    (ValueError, FINITE, value.predict, floats(nan, 0)),
    (ValueError, CLASS, softmax.partial_fit, zero, 3, 0.1),
    (ValueError, CLASS, softmax.partial_fit, zero, -1, 0.1),
    (ValueError, CLASS, softmax.partial_fit, zero, 2**32, 0.1),
    (TypeError, CLASS, softmax.partial_fit, zero, 1.0, 0.1),
    (TypeError, CLASS, softmax.partial_fit, zero, "b", 0.1),
    (ValueError, CLASS, binary.partial_fit, zero, 2, 0.1),
    (ValueError, FINITE, value.partial_fit, zero, nan, 0.1),
    (ValueError, FINITE, value.partial_fit, zero, inf, 0.1),
    (ValueError, FINITE, value.partial_fit, zero, 1, nan),
    (ValueError, FINITE, softmax.partial_fit, zero, 1, -inf),
    (TypeError, None, value.partial_fit, zero, "1", 0.1),
    (TypeError, None, value.partial_fit, zero, 1, None),
    (
        ValueError,
        "target must be array('f') of 2, not array('f') of 1",
        values.partial_fit,
        zero,
        floats(1),
        0.1,
    ),
    (TypeError, None, values.partial_fit, zero, 1.0, 0.1),
    (ValueError, FINITE, values.partial_fit, zero, floats(nan, 0), 0.1),
    (ValueError, FINITE, values.partial_fit, zero, floats(0, inf), 0.1),
    (ValueError, FINITE, value.partial_fit, floats(nan, 0), 1, 0.1),
    (ValueError, FINITE, value.partial_fit, floats(1, inf), 1, 0.1),
    (ValueError, FINITE, value.partial_fit, floats(0, 1e30), 1, 1e30),
    (ValueError, FINITE, value.partial_fit, zero, 3e38, 3e38),
    (ValueError, FINITE, softmax.partial_fit, floats(0, 1e30), 1, 1e30),
    (
        ValueError,
        "features must be array('f') of 2, not array('f') of 1",
        value.partial_fit,
        floats(0),
        1,
        0.1,
    ),
    (ValueError, LEARNS, whole.partial_fit, ints(0, 0), 1, 0.1),
    (ValueError, LEARNS, load("lin1,2,0,1,1", "w,0,0").partial_fit, floats(0), 1, 0.1),
    (ValueError, LEARNS, load("lin1,1,0,1,1", "w,0,0").partial_fit, floats(0), 1, 0.1),
    (ValueError, LEARNS, load("lin1,5,0,1,1", "w,0,0").partial_fit, floats(0), 1, 0.1),
    (ValueError, FEATURES, emllinear.new, 0, 2),
    (ValueError, FEATURES, emllinear.new, -1, 2),
    (ValueError, FEATURES, emllinear.new, 4097, 2),
    (ValueError, FEATURES, emllinear.new, 2**30, 2),
    (ValueError, None, emllinear.new, 2**32 + 1, 2),
    (ValueError, None, emllinear.new, 2**64 + 1, 2),
    (ValueError, OUTPUTS, emllinear.new, 2, 0),
    (ValueError, OUTPUTS, emllinear.new, 2, -3),
    (ValueError, OUTPUTS, emllinear.new, 2, 256),
    (ValueError, None, emllinear.new, 2, 1),  # one class is none
    (TypeError, None, emllinear.new, 2),
    (TypeError, None, emllinear.new, None, 2),
    (TypeError, None, emllinear.new, 2, 2, True),
    (ValueError, "classes must be one for each class", lambda: emllinear.new(2, 2, classes=(1,))),
    (ValueError, "classes must be one for each class", lambda: emllinear.new(2, 3, classes=(1, 2))),
    (TypeError, None, lambda: emllinear.new(2, 3, classes=5)),
    (
        ValueError,
        "classes must be one for each class",
        lambda: emllinear.new(2, 1, regression=True, classes=(1,)),
    ),
    (AttributeError, None, setattr, softmax, "classes", None),
    (AttributeError, None, setattr, softmax, "n_features", 3),
    (AttributeError, None, setattr, softmax, "other", 3),
    (AttributeError, None, getattr, softmax, "weights"),
    (OSError, None, emllinear.load, "missing.csv"),
    (TypeError, None, emllinear.load, 5),
)
for error_type, text, function, *args in CASES:
    try:
        function(*args)
    except error_type as error:
        if text is not None:
            assert str(error) == text, (str(error), text)
    else:
        raise AssertionError((text, args))

# Nothing was learned from any of that, and a call that raised has not written to out.
out = floats(7, 7, 7)
try:
    softmax.predict(floats(nan, 1), out)
except ValueError:
    assert list(out) == [7, 7, 7]
for model in (softmax, binary, value, values):
    assert set(model._words[4:]) == {0}

# What the attributes say.
assert (softmax.n_features, softmax.n_classes, softmax.n_outputs) == (2, 3, 3)
assert (binary.n_features, binary.n_classes, binary.n_outputs) == (2, 2, 2)
assert (value.n_features, value.n_classes, value.n_outputs) == (2, 0, 1)
assert (values.n_features, values.n_classes, values.n_outputs) == (2, 0, 2)
assert (whole.n_features, whole.n_classes, whole.n_outputs) == (2, 2, 2)
assert softmax.classes == ("a", "b", "c") and binary.classes is None and value.classes is None
assert (softmax.nbytes, binary.nbytes, whole.nbytes) == (52, 28, 36)
assert str(softmax) == "<Linear: array('f') of 2, 3 outputs>"
assert repr(whole) == "<Linear: array('h') of 2, 2 outputs>"
assert repr(values) == "<Linear: array('f') of 2, 2 outputs>"
assert list(softmax.row()) == [0.0, 0.0] and list(whole.row()) == [0, 0]
assert emllinear.__version__.count(".") == 2

# And what is predicted. Ties are the first class.
assert softmax.predict(zero, out) == 0 and binary.predict(zero) == 0
assert all(abs(x - 1 / 3) < 1e-7 for x in out)
score = floats(0)
assert whole.scores(ints(3, 4), score) == 0 and list(score) == [0.0]
assert whole.scores(memoryview(ints(9, 3, 3, 9))[1:3], score) == 1 and list(score) == [2.0]
assert values.predict(zero, floats(1, 1)) is None and values.scores(zero, floats(1, 1)) is None
assert value.predict(zero) == 0.0 and value.predict(zero, score) == 0.0
try:
    values.predict(zero)
except ValueError as error:
    assert "out" in str(error)
else:
    raise AssertionError
print("ok")
