# Calls that must raise, with the text they raise.
import array

import emltrees

MODEL = b"f,2\nc,3\nlb,0\nl,0\nl,2\nr,0\nn,0,4.5,1,-1\nn,1,-7.0,-1,-2"
model = emltrees.new(1, 2, 2)
emltrees.load_model(model, MODEL)
predict = type(model).predict
features = array.array("h", [0, 0])
out = array.array("f", [0, 0, 0])

ARRAY = "an array is required, writable if it is out"
FLOATS = "floats need a model with a scale, or features='float32' in convert"


def features_not(typecode, length):
    return "features must be array('h') of 2, not array('%s') of %d" % (typecode, length)


def out_not(typecode, length):
    return "out must be array('f') of 3, not array('%s') of %d" % (typecode, length)


SELF = "self must be a Trees object"
LOADED = "model was loaded while being loaded"
CASES = (
    # Most firmwares check self of a method before the module does, with a text of their own.
    (TypeError, None, predict, 1, features),
    (TypeError, None, predict, None, features),
    (TypeError, None, predict, "model", features),
    (TypeError, None, predict, [model], features),
    (TypeError, None, predict, features, features),
    (TypeError, None, predict, emltrees, features),
    (TypeError, None, type(model).outputs, 1),
    (TypeError, SELF, emltrees.load_model, 1, MODEL),
    (TypeError, None, emltrees.load_model, MODEL, model),
    (TypeError, ARRAY, model.predict, 1),
    (TypeError, ARRAY, model.predict, None),
    (TypeError, ARRAY, model.predict, [0, 0]),
    (TypeError, ARRAY, model.predict, "four"),
    (ValueError, features_not("h", 1), model.predict, array.array("h", [0])),
    (ValueError, features_not("h", 3), model.predict, array.array("h", [0, 0, 0])),
    (ValueError, features_not("h", 0), model.predict, array.array("h")),
    (ValueError, features_not("H", 2), model.predict, array.array("H", [0, 0])),
    (ValueError, FLOATS, model.predict, array.array("f", [0, 0])),
    (ValueError, features_not("f", 1), model.predict, array.array("f", [0])),
    (ValueError, features_not("i", 1), model.predict, array.array("i", [0])),
    (ValueError, features_not("d", 2), model.predict, array.array("d", [0, 0])),
    (ValueError, features_not("b", 4), model.predict, array.array("b", [0, 0, 0, 0])),
    (ValueError, features_not("B", 4), model.predict, b"\0\0\0\0"),
    (ValueError, features_not("B", 4), model.predict, bytearray(4)),
    (TypeError, ARRAY, model.predict, features, None),
    (TypeError, ARRAY, model.predict, features, [0, 0, 0]),
    (ValueError, out_not("f", 2), model.predict, features, array.array("f", [0, 0])),
    (ValueError, out_not("f", 4), model.predict, features, array.array("f", [0, 0, 0, 0])),
    (ValueError, out_not("i", 3), model.predict, features, array.array("i", [0, 0, 0])),
    (TypeError, ARRAY, model.predict, features, bytes(12)),
    (TypeError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, 1.0, 1, 1),
    (TypeError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, None, 1, 1),
    (ValueError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, 0, 1, 1),
    (ValueError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, -1, 1, 1),
    (ValueError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, 2**32 + 1, 1, 1),
    (ValueError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, 1, 0, 1),
    (ValueError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, 1, 2**29 + 1, 1),
    (ValueError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, 1, 2**31, 1),
    (ValueError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, 1, 2**64 + 1, 1),
    (ValueError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, 1, 1, 65001),
    (ValueError, "trees, nodes and leaves must be 1 to 65000", emltrees.new, 1, 1, 2**32 + 5),
    (ValueError, "model must be loaded first", emltrees.new(1, 1, 1).predict, features),
    (ValueError, "model must be loaded first", emltrees.new(1, 1, 1).outputs),
    (ValueError, "model must be loaded first", emltrees.new(1, 1, 1).row),
    # What part.py calls, out of order or on anything.
    (TypeError, SELF, emltrees._begin, 1, 0),
    (TypeError, "bytes must be an int", emltrees._begin, emltrees.new(), "x"),
    (ValueError, "bytes must be an int", emltrees._begin, emltrees.new(), -1),
    (ValueError, LOADED, emltrees._read, emltrees.new(), 0, MODEL),
    (ValueError, LOADED, emltrees._read, emltrees.new(), 1, MODEL),
    (ValueError, LOADED, emltrees._end, emltrees.new(), 1, True),
    (TypeError, None, emltrees._image, emltrees.new(), None),
    (ValueError, "file is damaged", emltrees._image, emltrees.new(), b"EML"),
    (TypeError, None, model.predict),
    (TypeError, None, model.predict, features, out, out),
    (TypeError, None, emltrees.new, 1, 1),
    (TypeError, None, emltrees.load),
)
for kind, text, function, *args in CASES:
    try:
        function(*args)
    except kind as error:
        if text is not None:
            assert str(error) == text, (str(error), text)
    else:
        raise AssertionError((text, args))
for name in ("n_trees", "other"):
    try:
        setattr(model, name, 3)
    except AttributeError:
        pass
    else:
        raise AssertionError(name)

# The model has come through all of that.
assert model.predict(features, out) == 2 and list(out) == [0.0, 0.0, 1.0]
assert (model.n_features, model.n_classes, model.n_trees, model.n_nodes) == (2, 3, 1, 2)
assert model.outputs() == model.n_outputs == 3 and emltrees.new().n_outputs == 0
assert repr(model) == "<Trees: 1 trees, 2 nodes, 2 int16 features, 3 classes>"
row = model.row()
assert row == array.array("h", [0, 0]) and model.predict(row) == 2
assert not model.scaled
assert emltrees.__version__.count(".") == 2
print("ok")
