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
print(model.classes, model.nbytes)
features = array.array(typecode, [0] * model.n_features)
out = array.array("f", [0.0] * model.outputs())
single = array.array("f", [0.0])
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
    assert gc.mem_alloc() - before <= 300, gc.mem_alloc() - before
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

# Raw units to the model's.
try:
    with open("raw.f", "rb") as rows:
        raw = array.array("f", [0.0] * model.n_features)
        while rows.readinto(raw):
            model.quantize(raw, features)
            print(bytes(features).hex())
    raw[0] = float("nan")
    try:
        model.quantize(raw, features)
    except ValueError as error:
        assert str(error) == "floats must not be nan"
    else:
        raise AssertionError("nan")
except OSError:
    try:
        model.quantize(array.array("f", features), features)
    except ValueError as error:
        assert str(error) == "model must have a scale"
    else:
        raise AssertionError("quantize")

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
