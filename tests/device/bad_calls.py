# Calls that must raise, with the text they raise.
import array

import emltrees

MODEL = b"f,2\nc,3\nlb,0\nl,0\nl,2\nr,0\nn,0,4.5,1,-1\nn,1,-7.0,-1,-2"
model = emltrees.new(1, 2, 2)
emltrees.load_model(model, MODEL)
predict = type(model).predict
features = array.array("h", [0, 0])
out = array.array("f", [0, 0, 0])

FEATURES = "features must be array('h') of n_features items"
OUT = "out must be array('f') of outputs() items"
SELF = "self must be a Trees object"
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
    (TypeError, FEATURES, model.predict, 1),
    (TypeError, FEATURES, model.predict, None),
    (TypeError, FEATURES, model.predict, [0, 0]),
    (ValueError, FEATURES, model.predict, array.array("h", [0])),
    (ValueError, FEATURES, model.predict, array.array("h", [0, 0, 0])),
    (ValueError, FEATURES, model.predict, array.array("h")),
    (ValueError, FEATURES, model.predict, array.array("H", [0, 0])),
    (ValueError, FEATURES, model.predict, array.array("f", [0, 0])),
    (ValueError, FEATURES, model.predict, array.array("b", [0, 0, 0, 0])),
    (ValueError, FEATURES, model.predict, b"\0\0\0\0"),
    (ValueError, FEATURES, model.predict, bytearray(4)),
    (TypeError, OUT, model.predict, features, None),
    (TypeError, OUT, model.predict, features, [0, 0, 0]),
    (ValueError, OUT, model.predict, features, array.array("f", [0, 0])),
    (ValueError, OUT, model.predict, features, array.array("f", [0, 0, 0, 0])),
    (ValueError, OUT, model.predict, features, array.array("i", [0, 0, 0])),
    (TypeError, OUT, model.predict, features, bytes(12)),
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
assert model.outputs() == 3
assert emltrees.__version__.count(".") == 2
print("ok")
