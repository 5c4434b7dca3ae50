# Files that must not load: the error says the line and the reason, and the model stays unusable.
import array
import io

import emltrees

GOOD = "f,2\r\nc,3\r\nlb,0\r\nl,0\r\nl,2\r\nr,0\r\nn,0,4.5,1,-1\r\nn,1,-7.0,-1,-2"
SOFT = "f,2\nc,3\nlb,8\nl,[  0 127\n 128]\nl,[255 0 0]\nr,0\nn,0,4.5,-1,-2\n"
features = array.array("h", [0, 0])
model = emltrees.new(2, 4, 4)


def load(data):
    emltrees.load_model(model, data)


def refuses(data, line, text):
    try:
        load(data)
    except ValueError as error:
        expected = "line %d: %s" % (line, text)
        assert str(error) == expected, (data, str(error), expected)
    else:
        raise AssertionError(("loaded", data))
    try:
        model.predict(features)
    except ValueError as error:
        assert str(error) == "model must be loaded first"
    else:
        raise AssertionError(("predicted", data))
    assert model.n_trees == model.n_nodes == model.n_features == model.n_classes == 0


INCOMPLETE = "file is incomplete"
NUMBER = "number expected, or out of range"
ROW = "unknown row, or out of order"
KIND = "kind of model is not supported"
if not hasattr(model, "quantize"):
    KIND = "kind of model needs emltrees, not emltrees_votes"
LEAF = "leaf must fit the number of classes"
FEATURE = "feature must exist"
CHILD = "child must be a later node or a leaf"
MANY = "too many for this model"
LONG = "line is too long"

CASES = (
    # what is replaced in GOOD, by what, line, reason
    ("f,2", "f,0", 1, NUMBER),
    ("f,2", "f,256", 1, NUMBER),
    ("f,2", "f,-1", 1, NUMBER),
    ("f,2", "f,4294967298", 1, NUMBER),
    ("f,2", "f,", 1, NUMBER),
    ("f,2", "f,two", 1, NUMBER),
    ("f,2", "f,2,2", 1, NUMBER),
    ("f,2", "f,2 ", 1, NUMBER),
    ("f,2", "f,2\0", 1, NUMBER),
    ("f,2", "f2", 1, ROW),
    ("f,2\r\n", "", 1, ROW),
    ("f,2", "f,2\r\nf,2", 2, ROW),
    ("f,2", "x,2", 1, ROW),
    ("f,2", "", 1, ROW),
    ("f,2", " f,2", 1, ROW),
    ("f,2", "f," + 130 * "0", 1, LONG),
    ("c,3", "c,0", 3, KIND),
    ("c,3", "c,256", 2, NUMBER),
    ("lb,0", "lb,1", 3, KIND),
    ("lb,0", "lb,9", 3, KIND),
    ("lb,0", "lb,32", 3, KIND),
    ("lb,0", "lb,8", 4, LEAF),
    ("l,2", "l,3", 5, LEAF),
    ("l,2", "l,-1", 5, LEAF),
    ("l,2", "l,[0 0 255]", 5, LEAF),
    ("l,2", "l,2\r\nl,2\r\nl,2\r\nl,2", 8, MANY),
    ("l,0\r\nl,2\r\n", "", 4, ROW),
    ("r,0", "r,2", 8, INCOMPLETE),
    ("r,0", "r,-1", 6, NUMBER),
    ("r,0", "r,4", 6, NUMBER),
    ("r,0", "r,0\r\nr,1\r\nr,0", 8, MANY),
    ("r,0\r\n", "", 6, ROW),
    ("n,0,4.5", "n,2,4.5", 7, FEATURE),
    ("n,0,4.5", "n,-1,4.5", 7, NUMBER),
    ("n,0,4.5", "n,4294967296,4.5", 7, NUMBER),
    ("n,0,4.5", "n,0.5,4.5", 7, NUMBER),
    ("n,0,4.5", "n,0,nan", 7, NUMBER),
    ("n,0,4.5", "n,0,inf", 7, NUMBER),
    ("n,0,4.5", "n,0,.", 7, NUMBER),
    ("n,0,4.5", "n,0,4.5.5", 7, NUMBER),
    ("n,0,4.5", "n,0,4e", 7, NUMBER),
    ("n,0,4.5", "n,0,4e99999", 7, NUMBER),
    # No writer puts such exponents, which the reader does not take.
    ("n,0,4.5", "n,0,1.25e1", 7, NUMBER),
    ("n,0,4.5", "n,0,12.5e6", 7, NUMBER),
    ("n,0,4.5", "n,0,", 7, NUMBER),
    ("1,-1\r\n", "0,-1\r\n", 7, CHILD),
    ("1,-1\r\n", "1,0\r\n", 7, CHILD),
    ("1,-1\r\n", "-3,-1\r\n", 7, CHILD),
    ("1,-1\r\n", "1,-2147483600\r\n", 7, NUMBER),
    ("1,-1\r\n", "1,-4294967297\r\n", 7, NUMBER),
    ("1,-1\r\n", "2,-1\r\n", 8, INCOMPLETE),
    ("1,-1\r\n", "4,-1\r\n", 7, MANY),
    ("1,-1\r\n", "2147483600,-1\r\n", 7, NUMBER),
    ("1,-1\r\n", "1\r\n", 7, NUMBER),
    ("1,-1\r\n", "1,-1,-1\r\n", 7, NUMBER),
    ("1,-1\r\n", "1,-1\r\n\r\n", 8, ROW),
    (
        "-1,-2",
        "-1,-2\r\nn,0,1,-1,-1\r\nn,0,1,-1,-1\r\nn,0,1,-1,-1",
        11,
        MANY,
    ),
    ("-1,-2", "-1,-2\r\nl,0", 9, ROW),
    ("-1,-2", "1,-2", 8, INCOMPLETE),
)
for old, new, line, text in CASES:
    assert old in GOOD
    refuses(GOOD.replace(old, new, 1).encode(), line, text)

for old, new, line, text in (
    ("128]", "128 0]", 5, LEAF),
    ("128]", "]", 5, LEAF),
    ("128]", "256]", 5, LEAF),
    ("128]", "-1]", 5, LEAF),
    ("128]", "1.5]", 5, LEAF),
    ("128]", "128]]", 5, NUMBER),
    ("128]", "128", 6, LEAF),
    ("l,[255 0 0]", "l,255 0 0", 6, LEAF),
    ("l,[255 0 0]", "l,1", 6, LEAF),
):
    assert old in SOFT
    refuses(SOFT.replace(old, new, 1).encode(), line, text)

# Cut anywhere, a file does not load. Inside its last number it may, and then the model is sound.
for text in (GOOD, SOFT):
    data = text.encode()
    complete = len(text.rstrip()) - 1
    for end in range(len(text)):
        try:
            load(data[:end])
        except ValueError as error:
            assert str(error).startswith("line ") or end == 0, str(error)
            assert model.n_trees == 0
        else:
            assert end >= complete, data[:end]
            assert 0 <= model.predict(features) < 3

# Any byte changed: refused, or a model that predicts some class.
for text in (GOOD, SOFT):
    data = bytearray(text.encode())
    for i in range(len(data)):
        kept = data[i]
        for value in b"\0\n-,09]":
            data[i] = value
            try:
                load(data)
            except ValueError:
                assert model.n_trees == 0
            else:
                wide = array.array("h", bytes(2 * model.n_features))
                assert 0 <= model.predict(wide) < model.n_classes
        data[i] = kept


# Sources that fail half-way.
class Broken(io.IOBase):
    def readinto(self, piece):
        raise OSError(5)


def broken_lines():
    yield "f,2"
    raise KeyError("lost")


def lines_that_load():
    yield "f,2"
    load(GOOD.encode())
    yield "c,3"


for source, error in (
    (Broken(), OSError),
    (broken_lines(), KeyError),
    (lines_that_load(), ValueError),
    (["f,2", 3], TypeError),
    (5, TypeError),
    (None, TypeError),
    ("model.csv", TypeError),
):
    load(GOOD.encode())
    try:
        load(source)
    except error:
        pass
    else:
        raise AssertionError(source)

for name in ("missing.csv", ""):
    try:
        emltrees.load(name)
    except OSError:
        pass
    else:
        raise AssertionError(name)

# What loads, from every kind of source.
text_lines = GOOD.split("\r\n")
for source in (
    GOOD.encode(),
    bytearray(GOOD.encode()),
    memoryview(GOOD.encode() + b"\n"),
    io.BytesIO(GOOD.encode()),
    io.StringIO(GOOD),
    text_lines,
    [line + "\r\n" for line in text_lines],
    (line.encode() for line in text_lines),
):
    load(source)
    assert [model.predict(array.array("h", [x, y])) for x, y in ((5, 0), (4, -8), (4, -6))] == [
        0,
        0,
        2,
    ]
print("ok")
