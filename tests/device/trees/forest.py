# Runs any model on rows of its feature type, from the file and in place at every alignment; prints
# all that it says, floats as their bits.
import array
import gc
import os

import emltrees

with open("model", "rb") as file:
    data = file.read()
model = emltrees.load("model")
for typecode in "hfB":
    try:
        os.stat("rows." + typecode)
        break
    except OSError:
        pass
print(repr(model))
print(model.classes, model.nbytes, model.scaled)
features = array.array(typecode, [0] * model.n_features)
row = model.row()
assert bytes(row) == bytes(array.array("f" if model.scaled else typecode, [0] * len(features)))
assert model.predict(row) is not None and model.row() is not row
out = array.array("f", [0.0] * model.outputs())
single = array.array("f", [0.0])


def allocated(function, *args):
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(50):
        function(*args)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


models = [emltrees.load(data)]
if data[:4] == b"EMLT":
    for offset in range(1, 5):
        # bytes of a slice are a copy, and a read-only memoryview is not.
        models.append(emltrees.load(memoryview(bytes(offset) + data)[offset:]))
    models.append(emltrees.load(bytearray(data)))
    gc.collect()
    before = gc.mem_alloc()
    models.append(emltrees.load(data))
    gc.collect()
    quantised = 2 * model.n_features if model.scaled else 0
    assert gc.mem_alloc() - before <= 300 + quantised, gc.mem_alloc() - before
with open("rows." + typecode, "rb") as rows:
    while rows.readinto(features):
        result = model.predict(features)
        used = model.trees_used
        again = model.predict(features, out)
        assert again == result and 1 <= used <= model.trees_used == model.n_trees
        if isinstance(result, float):
            single[0] = result
            assert bytes(single) == bytes(out)
            result = 0
        print(result, used, bytes(out).hex())
        for other in models:
            assert other.predict(features) == again
if typecode == "f":
    features[0] = float("nan")
    for args in ((features,), (features, out)):
        try:
            model.predict(*args)
        except ValueError as error:
            assert str(error) == "features must not be nan"
        else:
            raise AssertionError("nan")

# Raw units to the model's; predict does that itself, and allocates nothing.
if model.scaled:
    predict = model.predict
    with open("raw.f", "rb") as rows:
        while rows.readinto(row):
            model.quantize(row, features)
            print(bytes(features).hex())
            expected = model.predict(features, out)
            kept = bytes(out)
            assert model.predict(row, out) == expected == model.predict(row)
            assert bytes(out) == kept
            for other in models:
                assert other.predict(row) == expected
    if model.n_classes > 0:
        assert allocated(predict, row, out) == 0
    row[0] = float("nan")
    for function, args in ((model.quantize, (row, features)), (predict, (row,))):
        try:
            function(*args)
        except ValueError as error:
            assert str(error) == "features must not be nan"
        else:
            raise AssertionError("nan")
elif hasattr(model, "quantize"):
    try:
        model.quantize(array.array("f", features), features)
    except ValueError as error:
        assert str(error) == "model must have a scale"
    else:
        raise AssertionError("quantize")
if not model.scaled and typecode != "f":
    try:
        model.predict(array.array("f", features))
    except ValueError as error:
        text = "floats need a model with a scale, or features='float32' in convert"
        assert str(error) == text
    else:
        raise AssertionError("floats")

# A binary model with any byte changed, or cut anywhere, is refused.
if data[:4] == b"EMLT":
    for i in range(0, len(data), 1 + len(data) // 300):
        for damaged in (data[:i], data[:i] + bytes([data[i] ^ 0x55]) + data[i + 1 :], data + b"\0"):
            try:
                emltrees.load_model(model, damaged)
            except ValueError:
                assert model.n_trees == 0 and model.classes is None
            else:
                raise AssertionError(i)
