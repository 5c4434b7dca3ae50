# A damaged file is refused, and says why; a file without checksum loads; so does one that begins
# with another image, and that must be whole.
import array

import tinymaix_cnn

CHECKSUM = "checksum differs: edited by hand? emlmpy check --sign FILE"
TMDL = "model must be a little-endian .tmdl file"
with open("model.tmdl", "rb") as file:
    IMAGE = file.read()
with open("front.bin", "rb") as file:
    FRONT = file.read()
picture = bytes(36 * i % 256 for i in range(36))
out = array.array("f", bytes(40))


def result(model):
    model.run(picture, out)
    return bytes(out)


def refused(image, text=None):
    try:
        tinymaix_cnn.new(image)
    except ValueError as error:
        assert text is None or str(error) == text, (text, str(error))
    else:
        raise AssertionError(text)


def flipped(image, bit):
    damaged = bytearray(image)
    damaged[bit >> 3] ^= 1 << (bit & 7)
    return damaged


expected = result(tinymaix_cnn.new(IMAGE))
assert IMAGE[60:64] != bytes(4)

# Every bit of the header, and some of all: 61 has no factor in common with their number.
n_bits = 8 * len(IMAGE)
for bit in range(512):
    refused(flipped(IMAGE, bit))
for i in range(400):
    refused(flipped(IMAGE, i * 61 * 8 % n_bits + i % 8))
refused(flipped(IMAGE, n_bits - 1), CHECKSUM)
refused(flipped(IMAGE, 36 * 8), CHECKSUM)
refused(flipped(IMAGE, 60 * 8), CHECKSUM)
# Cut, it says that.
refused(IMAGE[:-1], "layer 3: layers must fill the file")
refused(IMAGE + bytes(8), "layer 4: layers must fill the file")

# Without checksum: the same model, and another one where a weight's bit is flipped.
unsigned = IMAGE[:60] + bytes(4) + IMAGE[64:]
assert result(tinymaix_cnn.new(unsigned)) == expected
weights = len(IMAGE) - 48 - 40 - 480
others = [tinymaix_cnn.new(flipped(unsigned, 8 * (weights + i) + 6)) for i in range(20)]
assert any(result(other) != expected for other in others)

# Another image before the model, or two.
for front in (FRONT, FRONT + FRONT):
    model = tinymaix_cnn.new(front + IMAGE)
    assert result(model) == expected
    assert result(tinymaix_cnn.new(bytearray(front + IMAGE))) == expected
    for shift in range(4):
        unaligned = memoryview(bytes(shift) + front + IMAGE)[shift:]
        assert result(tinymaix_cnn.new(unaligned)) == expected
    with open("both.tmdl", "wb") as file:
        file.write(front + IMAGE)
    assert result(tinymaix_cnn.load("both.tmdl")) == expected
for bit in range(8 * len(FRONT)):
    refused(flipped(FRONT, bit) + IMAGE, TMDL if bit < 24 else None)
refused(flipped(FRONT, 8 * 24 - 1) + IMAGE, CHECKSUM)
refused(flipped(FRONT, 8 * 26) + IMAGE, CHECKSUM)
refused(flipped(FRONT, 8 * len(FRONT) - 1) + IMAGE, CHECKSUM)
refused(FRONT + flipped(IMAGE, n_bits - 1), CHECKSUM)
refused(FRONT[:-4] + IMAGE, CHECKSUM)
refused(FRONT, TMDL)
refused(FRONT + FRONT, TMDL)
refused(FRONT[:-4], CHECKSUM)
refused(FRONT[:31], TMDL)
refused(FRONT + IMAGE[:63], TMDL)
for length in range(len(FRONT) + 64):
    refused((FRONT + IMAGE)[:length])

# A small file cannot ask for much, but a large one can.
with open("small.tmdl", "rb") as file:
    SMALL = file.read()
assert len(SMALL) < 1024
refused(SMALL, "a file below 1 kB may ask for 65536 bytes of memory, not 66048")
refused(FRONT + SMALL, "a file below 1 kB may ask for 65536 bytes of memory, not 66048")
print("ok")
