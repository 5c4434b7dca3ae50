# However a file of model.csv or model.bin comes, and whatever goes wrong on the way: it loads as it
# is, or the model is empty and says so, or is as it was before.
import io

import emltrees
import micropython

with open("model.csv", "rb") as file:
    CSV = file.read()
with open("model.bin", "rb") as file:
    BIN = file.read()
OTHER = [b"f,2", b"c,2", b"lb,0", b"l,1", b"l,1", b"r,0", b"n,0,100,-1,-2"]
LINES = CSV.split(b"\n")[:-1]
row = emltrees.load(CSV).row()
for i in range(len(row)):
    row[i] = i * 37 % 16
expected = emltrees.load(CSV).predict(row)
nbytes = emltrees.load(CSV).nbytes


def is_whole(model):
    return model.predict(row) == expected and model.nbytes == nbytes


def is_empty(model):
    try:
        model.predict(row)
    except ValueError as error:
        return str(error) == "model must be loaded first" and model.n_trees == 0
    return False


def put(lines, i, line):
    lines = list(lines)
    lines.insert(i, line)
    return lines


class Slow(io.IOBase):
    # Gives a few bytes at a time, as a socket or a UART may, and cannot tell its length.
    def __init__(self, data, pieces):
        self.data = data
        self.pieces = pieces
        self.at = 0

    def readinto(self, buffer):
        size = min(len(buffer), self.pieces, len(self.data) - self.at)
        buffer[:size] = self.data[self.at : self.at + size]
        self.at += size
        self.pieces = self.pieces % 7 + 1
        return size


class OnlyRead:
    def __init__(self, data, pieces):
        self.data = data
        self.pieces = pieces
        self.at = 0

    def read(self, size):
        self.at += min(size, self.pieces)
        return self.data[self.at - min(size, self.pieces) : self.at]


class ShortAndSeekable(OnlyRead):
    def tell(self):
        return self.at

    def seek(self, at, whence=0):
        self.at = at + (len(self.data) if whence == 2 else 0)
        return self.at


SOURCES = [
    lambda data: data,
    lambda data: bytearray(data),
    lambda data: memoryview(data),
    lambda data: io.BytesIO(data),
]
for reader in (Slow, OnlyRead, ShortAndSeekable):
    for pieces in (1, 2, 3, 5, 1000):
        SOURCES.append(lambda data, reader=reader, pieces=pieces: reader(data, pieces))
for data in (CSV, BIN):
    for source in SOURCES:
        assert is_whole(emltrees.load(source(data)))
        for end in (len(data) - 1, len(data) // 2, 30, 5, 3, 2, 1, 0):
            model = emltrees.load(CSV)
            try:
                emltrees.load_model(model, source(data[:end]))
            except ValueError:
                assert is_empty(model)
            else:
                # Only the last line end may be missing.
                assert data is CSV and end == len(CSV) - 1 and is_whole(model), end
for source in (LINES, [line + b"\r\n" for line in LINES], (str(line, "ascii") for line in LINES)):
    assert is_whole(emltrees.load(source))
with open("model.csv") as file:
    assert is_whole(emltrees.load(file))
# A file that is not read from its start.
with open("model.bin", "rb") as file:
    file.read(12)
    model = emltrees.new()
    try:
        emltrees.load_model(model, file)
    except ValueError:
        assert is_empty(model)
    else:
        raise AssertionError("middle")

# Optional rows of any length, anywhere but behind the checksum: that a new file demands, as it
# demands that all rows be as they were.
OLD = [b"v,1"]
for line in LINES[1:-1]:
    OLD.append(b",".join(line.split(b",")[:4]) if line[:2] == b"m," else line)
for i in range(len(OLD) + 1):
    for length in (0, 1, 125, 126, 127, 128, 129, 400):
        assert is_whole(emltrees.load(put(OLD, i, b"?" + length * b"x")))
        if i < len(OLD):
            text = b"\r\n".join(put(OLD, i, b"?" + length * b"y"))
            assert is_whole(emltrees.load(io.BytesIO(text)))
for i in range(len(LINES) + 1):
    model = emltrees.load(CSV)
    try:
        emltrees.load_model(model, put(LINES, i, b"?x"))
    except ValueError as error:
        text = "checksum differs: edited by hand? emlmpy check --sign FILE"
        if i == len(LINES):
            text = "unknown row, or out of order"
        assert str(error).endswith(text), error
        assert is_empty(model)
    else:
        raise AssertionError(i)


# What a small file promises is not allocated: a file of known length is refused at once, lines when
# they end.
huge = [b"v,2", b"k,0", b"q,0", b"m,65000,65000,65000,2,2,65000", b"f,2", b"c,2", b"lb,8"]
huge += [b"l,[255 0]", b"r,0"]
for source, line in ((b"\n".join(huge), 7), (io.BytesIO(b"\n".join(huge)), 7), (huge, 9)):
    model = emltrees.new()
    try:
        emltrees.load_model(model, source)
    except ValueError as error:
        assert str(error) == "line %d: file is incomplete" % line, error
        assert is_empty(model)
    else:
        raise AssertionError("huge")


# A load within a load: that goes on, or neither; never a mixture.
class Boom(Exception):
    pass


def broken(lines, end):
    yield from lines[:end]
    raise Boom()


def outer(model, at, inner):
    for i, line in enumerate(LINES):
        if i == at:
            try:
                emltrees.load_model(model, inner)
            except (Boom, ValueError, TypeError):
                pass
        yield line


for make_inner in (
    lambda: OTHER,
    lambda: LINES,
    lambda: BIN,
    lambda: broken(OTHER, 5),
    lambda: broken(LINES, 9),
    lambda: [b"f,2", b"x"],
    lambda: BIN[:-1],
    lambda: "x",
):
    for at in (0, 1, 5, len(LINES) - 2, len(LINES) - 1):
        inner = make_inner()
        model = emltrees.load(CSV)
        try:
            emltrees.load_model(model, outer(model, at, inner))
        except ValueError as error:
            assert str(error) == "model was loaded while being loaded", error
            assert is_empty(model)
        else:
            # What is refused before anything is touched leaves the outer load alone.
            assert inner == "x" and is_whole(model), inner
        assert is_whole(emltrees.load(LINES))


# The first allocation from each line on fails, in this load or in one within it; afterwards all is
# as it should be.
def locked_from(i):
    for j, line in enumerate(LINES):
        if j == i:
            micropython.heap_lock()
        yield line


def locked_within(i):
    for j, line in enumerate(LINES):
        if j == i:
            micropython.heap_lock()
            try:
                emltrees.load_model(model, OTHER)
            except MemoryError:
                pass
            micropython.heap_unlock()
        yield line


failed = 0
for i in range(len(LINES)):
    model = emltrees.load(CSV)
    source = locked_from(i)
    try:
        emltrees.load_model(model, source)
    except MemoryError:
        micropython.heap_unlock()
        failed += 1
        assert is_empty(model)
    else:
        micropython.heap_unlock()
        assert is_whole(model)
    # The load within fails before it has touched the model.
    emltrees.load_model(model, locked_within(i))
    assert is_whole(model)
assert failed > 4, failed

# A binary model is not copied from bytes, and is from what can be written to.
image = bytearray(BIN)
model = emltrees.load(image)
for i in range(len(image)):
    image[i] = 255
assert is_whole(model)
model = emltrees.load(BIN)
try:
    micropython.heap_lock()
    emltrees.load_model(model, image)
except MemoryError:
    pass
finally:
    micropython.heap_unlock()
assert is_whole(model)
print("ok")
