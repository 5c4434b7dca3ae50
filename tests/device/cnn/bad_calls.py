# Calls that must raise, with the text they raise.
import array

import tinymaix_cnn

with open("model.tmdl", "rb") as file:
    IMAGE = file.read()
# What is changed below would make the checksum wrong.
UNSIGNED = IMAGE[:60] + bytes(4) + IMAGE[64:]
with open("fp32.tmdl", "rb") as file:
    FP32 = file.read()
model = tinymaix_cnn.new(IMAGE)
run = type(model).run
image = bytearray(36)
out = array.array("f", bytes(40))

MODEL = "model must be bytes, bytearray or memoryview"
ARRAY = "an array is required, writable if it is out"
TMDL = "model must be a little-endian .tmdl file"


def wrong_input(typecode, length):
    return "input must be array('B', 'b' or 'f') of 36, not array('%s') of %d" % (typecode, length)


def wrong_out(typecode, length):
    return "out must be array('f') of 10, not array('%s') of %d" % (typecode, length)


CASES = (
    # Most firmwares check self of a method before the module does, with a text of their own.
    (TypeError, None, run, 1, image, out),
    (TypeError, None, run, None, image, out),
    (TypeError, None, run, image, image, out),
    (TypeError, None, run, "model", image, out),
    (TypeError, None, type(model).predict, [model], image),
    (TypeError, None, type(model).predict, tinymaix_cnn, image),
    (TypeError, None, type(model).input_dimensions, 1),
    (TypeError, None, type(model).output_dimensions, array),
    (TypeError, MODEL, tinymaix_cnn.new, 1),
    (TypeError, MODEL, tinymaix_cnn.new, None),
    (TypeError, MODEL, tinymaix_cnn.new, "model.tmdl"),
    (TypeError, MODEL, tinymaix_cnn.new, [IMAGE]),
    (TypeError, MODEL, tinymaix_cnn.new, model),
    (TypeError, None, tinymaix_cnn.new),
    (TypeError, None, tinymaix_cnn.new, IMAGE, IMAGE),
    (AttributeError, None, tinymaix_cnn.load, 1),
    (OSError, None, tinymaix_cnn.load, "missing.tmdl"),
    (ValueError, TMDL, tinymaix_cnn.load, "rows.bin"),
    (ValueError, TMDL, tinymaix_cnn.new, b""),
    (ValueError, TMDL, tinymaix_cnn.new, bytearray()),
    (ValueError, TMDL, tinymaix_cnn.new, b"MAIX"),
    (ValueError, TMDL, tinymaix_cnn.new, IMAGE[:63]),
    (ValueError, TMDL, tinymaix_cnn.new, b"maix" + IMAGE[4:]),
    (ValueError, "model must be int8: fp32 is for tinymaix_cnn_fp32", tinymaix_cnn.new, FP32),
    (ValueError, "layer 0: layers must fill the file", tinymaix_cnn.new, IMAGE[:64]),
    (ValueError, "layer 0: layers must fill the file", tinymaix_cnn.new, IMAGE[:100]),
    (ValueError, "layer 0 (kind 0, conv2d): layers must fill the file", tinymaix_cnn.new,
     IMAGE[:128]),
    (ValueError, "layer 0 (kind 7): kind must be 0 to 6", tinymaix_cnn.new,
     UNSIGNED[:64] + b"\7" + UNSIGNED[65:]),
    (TypeError, ARRAY, model.run, 1, out),
    (TypeError, ARRAY, model.run, None, out),
    (TypeError, ARRAY, model.run, [0] * 36, out),
    (TypeError, ARRAY, model.run, "x" * 36, out),
    (ValueError, wrong_input("B", 35), model.run, bytearray(35), out),
    (ValueError, wrong_input("B", 37), model.run, bytearray(37), out),
    (ValueError, wrong_input("B", 144), model.run, bytearray(144), out),
    (ValueError, wrong_input("B", 0), model.run, b"", out),
    (ValueError, wrong_input("f", 9), model.run, array.array("f", bytes(36)), out),
    (ValueError, wrong_input("f", 35), model.run, array.array("f", bytes(140)), out),
    (ValueError, wrong_input("h", 36), model.run, array.array("h", bytes(72)), out),
    (ValueError, wrong_input("h", 18), model.run, array.array("h", bytes(36)), out),
    (ValueError, wrong_input("i", 36), model.run, array.array("i", bytes(144)), out),
    (ValueError, wrong_input("b", 35), model.run, array.array("b", bytes(35)), out),
    (ValueError, wrong_input("B", 35), model.predict, bytes(35)),
    (TypeError, ARRAY, model.predict, None),
    (TypeError, ARRAY, model.run, image, None),
    (TypeError, ARRAY, model.run, image, [0.0] * 10),
    (TypeError, ARRAY, model.run, image, bytes(40)),
    (ValueError, wrong_out("f", 9), model.run, image, array.array("f", bytes(36))),
    (ValueError, wrong_out("f", 11), model.run, image, array.array("f", bytes(44))),
    (ValueError, wrong_out("i", 10), model.run, image, array.array("i", bytes(40))),
    (ValueError, wrong_out("B", 40), model.run, image, bytearray(40)),
    (TypeError, None, model.run, image),
    (TypeError, None, model.predict),
    (TypeError, ARRAY, model.predict, image, None),
    (ValueError, wrong_out("f", 9), model.predict, image, array.array("f", bytes(36))),
    (TypeError, None, model.predict, image, out, out),
    (TypeError, ARRAY, model.predict, "x" * 36),
    (AttributeError, None, setattr, model, "nbytes", 1),
    (AttributeError, None, setattr, model, "other", 1),
)  # fmt: skip

for kind, text, function, *arguments in CASES:
    try:
        function(*arguments)
    except Exception as error:
        assert type(error) is kind, (text, repr(error), arguments)
        assert text is None or str(error) == text, (text, str(error))
    else:
        raise AssertionError((text, arguments))

model.run(image, out)
both = array.array("f", bytes(40))
assert model.predict(image, both) == model.predict(image) == list(both).index(max(both))
assert bytes(both) == bytes(out)
assert (model.n_features, model.n_outputs) == (36, 10)
assert repr(model) == "<Model: 36 features, 10 outputs>"
print("ok")
