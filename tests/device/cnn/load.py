# Files of all sorts load: whole, in pieces of any size, with and without seek and readinto, from
# where they stand; what fails on the way is passed on.
import array
import gc
import io

import tinymaix_cnn

with open("model.tmdl", "rb") as file:
    IMAGE = file.read()
picture = bytes(36 * i % 256 for i in range(36))
out = array.array("f", bytes(40))


def result(model):
    model.run(picture, out)
    return bytes(out)


class Stream:
    # Gives no more than so many bytes at a time, and nothing but that.
    def __init__(self, content, sizes):
        self.content = content
        self.sizes = sizes
        self.at = 0
        self.calls = 0

    def read(self, n):
        size = self.sizes[self.calls % len(self.sizes)]
        self.calls += 1
        piece = self.content[self.at : self.at + min(n, size)]
        self.at += len(piece)
        return piece


class File(Stream):
    def tell(self):
        return self.at

    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, len(self.content))[whence]
        return self.at

    def readinto(self, buffer):
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


class Unseekable(File):
    def seek(self, offset, whence=0):
        raise OSError(29)


class Shrinking(File):
    # Says that it is longer than it is.
    def seek(self, offset, whence=0):
        return super().seek(offset, whence) + 100 * (whence == 2)


class Growing(File):
    # Says that it is shorter than it is.
    def seek(self, offset, whence=0):
        return super().seek(offset, whence) - 100 * (whence == 2)


class Failing(File):
    def readinto(self, buffer):
        if self.at > 500:
            raise OSError(5)
        return super().readinto(buffer)


class Lying(File):
    # Says that it has read more than there is room for, or less than nothing.
    said = 0

    def readinto(self, buffer):
        super().readinto(buffer)
        return self.said


class Resizing(File):
    # Makes the buffer that it is given longer.
    def readinto(self, buffer):
        buffer.extend(bytes(300))
        return super().readinto(buffer)


class Ending(Stream):
    # Ends with None, as what has a time-out does.
    def read(self, n):
        return super().read(n) or None


small = tinymaix_cnn.new(IMAGE).nbytes
expected = result(tinymaix_cnn.new(IMAGE))
for sizes in ((1,), (2,), (3,), (1, 2, 3), (3, 1, 1000), (255,), (256,), (257,), (5000,)):
    for kind in (File, Stream, Unseekable, Ending):
        model = tinymaix_cnn.load(kind(IMAGE, sizes))
        assert result(model) == expected, (kind, sizes)
        assert model.nbytes == small + len(IMAGE)
assert result(tinymaix_cnn.load(Resizing(IMAGE, (5000,)))) == expected

# From where the file stands.
with open("behind.tmdl", "wb") as file:
    file.write(b"abc" + IMAGE)
with open("behind.tmdl", "rb") as file:
    file.read(3)
    assert result(tinymaix_cnn.load(file)) == expected
file = File(b"abc" + IMAGE, (7,))
file.seek(3)
assert result(tinymaix_cnn.load(file)) == expected
file = io.BytesIO(b"abc" + IMAGE)
file.seek(3)
assert result(tinymaix_cnn.load(File(IMAGE, (5000,)))) == expected
assert result(tinymaix_cnn.load(io.BytesIO(IMAGE))) == expected

CUT = "layer 3: layers must fill the file"
TMDL = "model must be a little-endian .tmdl file"
for error, text, file in (
    (ValueError, TMDL, File(b"", (5,))),
    (ValueError, TMDL, Stream(b"", (5,))),
    (ValueError, TMDL, Shrinking(b"", (5,))),
    (
        ValueError,
        "layer 2 (kind 2, fc): layers must fill the file",
        Growing(IMAGE + bytes(50), (9,)),
    ),
    (ValueError, CUT, File(IMAGE[:-1], (100,))),
    (ValueError, CUT, Stream(IMAGE[:-1], (100,))),
    (OSError, None, Failing(IMAGE, (100,))),
):
    try:
        tinymaix_cnn.load(file)
    except Exception as raised:
        assert type(raised) is error, (repr(raised), file)
        assert text is None or str(raised) == text, (str(raised), file)
    else:
        raise AssertionError(file)
# It is longer than it says by as much as is missing.
assert result(tinymaix_cnn.load(Growing(IMAGE + bytes(100), (100,)))) == expected
# Or shorter, which does no harm: it is all there.
assert result(tinymaix_cnn.load(Shrinking(IMAGE, (100,)))) == expected
for said in (-1, 257, 1 << 20, None, "1", 2.5):
    file = Lying(IMAGE, (256,))
    file.said = said
    try:
        tinymaix_cnn.load(file)
    except (TypeError, ValueError):
        pass
    else:
        raise AssertionError(said)
for arguments in ((), (1,), (10, 1, 2), (None, len, b""), (-1, len, b""), (1 << 40, len, b"")):
    try:
        tinymaix_cnn._read(*arguments)
    except (TypeError, ValueError, MemoryError, OverflowError):
        pass
    else:
        raise AssertionError(arguments)
gc.collect()
print("ok")
