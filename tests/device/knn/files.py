# What is saved loads again as it was; a file that is cut or wrong does not load.
import array
import binascii
import io
import os

import emlknn


def contents(model, n_features):
    out = array.array("h", bytes(2 * n_features))
    return [(model.getitem(i, out), list(out)) for i in range(len(model))]


def saved(model):
    text = io.StringIO()
    model.save(text)
    return text.getvalue()


def refuses(text, *expected):
    # With one of these texts, where there are any.
    try:
        emlknn.load(io.StringIO(text))
    except ValueError as error:
        assert not expected or str(error) in expected, (text, str(error))
        return
    raise AssertionError(text)


def signed(rows):
    crc = binascii.crc32(rows.encode())
    return rows + "crc,%08x\n" % crc


NUMBER = "number expected, or out of range"
ROW = "unknown row, or out of order"
MANY = "too many for this model"
INCOMPLETE = "file is incomplete"
CHECKSUM = "checksum differs: edited by hand? emlmpy check --sign FILE"


model = emlknn.new(12, 3, 2, ring=True, weights="distance")
for i in range(14):  # a ring that has gone round
    model.additem(array.array("h", [-32768 + i, 32767 - i, i]), 32767 if i % 2 else -32768)
values = emlknn.new(3, 1, 1, regression=True)
for i, value in enumerate((0.1, -3.0e38, 1.1754944e-38)):
    values.additem(array.array("h", [i]), value)
empty = emlknn.new(1000, 1, 1)
classes = emlknn.load(
    ("knn1,9,2,1,1,0,0,3|ys,no, never|ys,|ys,J\xe9\u20ac? crc,|i,2,-5,5|i,0,5,5|i,2,0,0|e,3").split(
        "|"
    )
)
scaled = emlknn.load(
    (
        "knn1,3,4,1,0,0,0,1|yi,-2147483648|yi,2147483647|s,1p0,0p0|s,-5p-3,0p7|"
        "s,16777215p-60,-16777215p20|s,8388609p-149,-1p36|i,1,5,5,5,5|e,1"
    ).split("|")
)
# int16 rows of this one are raw, but for its items.
RAW = (
    "knn4,4,2,1,1,0,0,2\ns,8388608p-21,8388608p-23\ns,0p-150,0p-150\nr\n"
    "i,7,5,-6\ni,9,-32768,0\ne,2\n"
)
raw = emlknn.load(io.StringIO(signed(RAW)))
assert saved(raw) == signed(RAW)
assert contents(raw, 2) == [(7, [5, -6]), (9, [-32768, 0])]

novel = emlknn.new(3, 2, 1)
novel.additem(array.array("h", [5, -6]), 7)
novel.threshold = -2.5
FACTORS = (
    "knn4,2,1,2,0,2,0,2\ns,-8388608p-23,12582912p-22\nn,8388608p-24,-12582912p-23\n"
    "i,1056964608,5,1082130432\ni,1073741824,-32768,0\ne,2\n"
)
factors = emlknn.load(io.StringIO(signed(FACTORS)))

assert saved(novel) == signed("knn4,3,2,1,0,0,0,1\nn,1p0,-10485760p-22\ni,7,5,-6\ne,1\n")
novel.threshold = 0
assert "\nn,1p0,0p-150\n" in saved(novel)
assert saved(factors) == signed(FACTORS)

text = saved(model)
lines = text.split("\n")
assert lines[0] == "knn4,12,3,2,1,0,1,12"
assert lines[1] == "i,-32768,-32766,32765,2"
assert lines[-3] == "e,12" and lines[-2][:4] == "crc," and lines[-1] == ""
assert text == signed("\n".join(lines[:-2]) + "\n")
assert saved(empty) == signed("knn4,1000,1,1,0,0,0,0\ne,0\n")

lines = saved(classes).split("\n")
assert lines[1:4] == ["ys,no, never", "ys,", "ys,J\xe9\u20ac? crc,"]
lines = saved(scaled).split("\n")
assert lines[1:3] == ["yi,-2147483648", "yi,2147483647"]
assert lines[3:7] == [
    "s,8388608p-23,0p-150",
    "s,-10485760p-24,0p-150",
    "s,16777215p-60,-16777215p20",
    "s,8388609p-149,-8388608p13",
]

for original, n_features in (
    (model, 3),
    (values, 1),
    (empty, 1),
    (classes, 2),
    (scaled, 4),
    (raw, 2),
    (novel, 2),
    (factors, 1),
):
    text = saved(original)
    assert emlknn.load(io.StringIO(text)).threshold == original.threshold
    assert emlknn.load(io.StringIO(text)).classes == original.classes
    assert emlknn.load(io.StringIO(text)).scaled == original.scaled
    assert repr(emlknn.load(io.StringIO(text)).row()) == repr(original.row())
    for source in (text, text[:-1]):
        again = emlknn.load(io.StringIO(source))
        assert contents(again, n_features) == contents(original, n_features)
        assert saved(again) == text
    assert saved(emlknn.load(io.StringIO(text.replace("\n", "\r\n")))) == text
    original.save("saved.csv")
    with open("saved.csv") as file:
        assert file.read() == text
    assert saved(emlknn.load("saved.csv")) == text
    with open("saved.csv") as file:
        assert saved(emlknn.load(file)) == text
    with open("other.csv", "wb") as file:
        original.save(file)
    with open("other.csv") as file:
        assert saved(emlknn.load(file)) == text
    # Cut anywhere, but before its last line end.
    for end in range(len(text) - 1):
        refuses(text[:end])
os.remove("other.csv")

# Lines from anywhere, with line ends or without.
assert saved(emlknn.load(text.split("\n")[:-1])) == text
assert saved(emlknn.load(line + "\r\n" for line in text.split("\n")[:-1])) == text

# The loaded model goes on as the first one would have.
again = emlknn.load(io.StringIO(saved(model)))
for x in (-32768, 0, 32767):
    query = array.array("h", [x, x, x])
    assert again.predict(query) == model.predict(query)
    assert [again.getresult(i) for i in range(2)] == [model.getresult(i) for i in range(2)]
for each in (model, again):
    assert each.additem(array.array("h", [1, 2, 3]), 4) == 11
assert saved(again) == saved(model)

GOOD = "knn1,3,2,1,0,0,0,2\ni,5,1,2\ni,6,3,4\ne,2\n"
ITEMS = [(5, [1, 2]), (6, [3, 4])]
assert contents(emlknn.load(io.StringIO(GOOD)), 2) == ITEMS
assert contents(emlknn.load(io.StringIO(GOOD + "whatever follows")), 2) == ITEMS
for line, text, old, new in (
    (1, ROW, "knn1", "knn3"),
    (1, ROW, "knn1", "knn"),
    (1, ROW, "knn1", "k"),
    (1, ROW, "knn1", ""),
    (1, ROW, "knn1", "crc"),
    (1, "max_items must be 1 to 65535", "knn1,3", "knn1,0"),
    (1, NUMBER, "knn1,3", "knn1,65536"),
    (1, NUMBER, "knn1,3", "knn1,-3"),
    (1, NUMBER, "knn1,3", "knn1,4294967299"),
    (1, NUMBER, "knn1,3", "knn1,18446744073709551619"),
    (1, NUMBER, "knn1,3", "knn1,three"),
    (1, NUMBER, "knn1,3", "knn1,"),
    (3, MANY, "knn1,3", "knn1,1"),
    (1, "n_features must be 1 to 4096", "3,2,1", "3,0,1"),
    (2, NUMBER, "3,2,1", "3,1,1"),
    (2, NUMBER, "3,2,1", "3,3,1"),
    (1, "n_features must be 1 to 4096", "3,2,1", "3,4097,1"),
    (1, "n_neighbors must be 1 to max_items", "3,2,1", "3,2,0"),
    (1, "n_neighbors must be 1 to max_items", "3,2,1", "3,2,4"),
    (1, NUMBER, "0,0,0,2", "0,0,2"),
    (1, NUMBER, "0,0,0,2", "0,0,0,0,2"),
    (3, MANY, "0,0,0,2", "0,0,0,1"),
    (4, INCOMPLETE, "0,0,0,2", "0,0,0,3"),
    (1, NUMBER, "0,0,0,2", "0,0,0,-2"),
    (1, NUMBER, "0,0,0,2", "0,0,0,"),
    (2, MANY, "0,0,0,2", "0,0,0,0"),
    (3, MANY, "3,2,1,0,0,0,2", "1,2,1,1,0,0,2"),
    (2, ROW, "i,5", "j,5"),
    (2, ROW, "i,5", ""),
    (2, ROW, "i,5", "knn1,5"),
    (2, NUMBER, "i,5", "i,32768"),
    (2, NUMBER, "i,5", "i,-32769"),
    (2, NUMBER, "i,5", "i,4294967301"),
    (2, NUMBER, "i,5", "i,18446744073709551621"),
    (2, NUMBER, "i,5", "i,5.0"),
    (2, NUMBER, "i,5", "i,--5"),
    (2, NUMBER, "i,5", "i,"),
    (2, NUMBER, "i,5,1,2", "i"),
    (2, NUMBER, "i,5,1,2", "i,5,1"),
    (2, NUMBER, "i,5,1,2", "i,5,1,2,3"),
    (2, NUMBER, "i,5,1,2", "i,5,1,32768"),
    (2, NUMBER, "i,5,1,2", "i,5,1,-32769"),
    (2, NUMBER, "i,5,1,2", "i,5,1,65538"),
    (2, NUMBER, "i,5,1,2", "i,5,1,2,"),
    (3, INCOMPLETE, "i,5,1,2\n", ""),
    (4, MANY, "i,5,1,2\n", "i,5,1,2\ni,5,1,2\n"),
    (3, ROW, "i,5,1,2\n", "i,5,1,2\n\n"),
    (4, INCOMPLETE, "e,2", "e,1"),
    (4, INCOMPLETE, "e,2", "e,22"),
    (4, INCOMPLETE, "e,2", "e"),
    (4, INCOMPLETE, "e,2", "e,"),
    (4, INCOMPLETE, "e,2", "e,2,2"),
    (4, MANY, "e,2", "i,2"),
    (3, INCOMPLETE, "e,2\n", ""),
):
    assert old in GOOD
    refuses(GOOD.replace(old, new, 1), "line %d: %s" % (line, text), CHECKSUM)
refuses("", "line 1: file is incomplete")
refuses("\n", "line 1: " + ROW)

SCALE = "scale must be array('f') of 5, not array('f') of "

# Labels of classes, one kind of them, and scales come before the items, in this order.
ROWS = ("knn1,3,2,1,0,0,0,2|yi,5|yi,-6|yi,7|s,1p0,2p0|s,-3p-1,0p0|i,2,1,2|i,0,3,4|e,2").split("|")
emlknn.load(ROWS)
for line, text, at, new in (
    (3, ROW, 1, ("ys,5",)),
    (2, NUMBER, 1, ("yi,2147483648",)),
    (2, NUMBER, 1, ("yi,-2147483649",)),
    (2, NUMBER, 1, ("yi,5.0",)),
    (2, NUMBER, 1, ("yi,",)),
    (2, NUMBER, 1, ("yi,5,6",)),
    (2, NUMBER, 1, ("yi",)),
    (6, "label must be 0 to len(classes) - 1", 2, ()),
    (1, ROW, 0, ("yi,5", "knn1,3,2,1,0,0,0,2")),
    (7, ROW, 6, ("yi,8", "i,2,1,2")),
    (8, ROW, 6, ("i,2,1,2", "yi,8")),
    (8, ROW, 6, ("i,2,1,2", "s,1p0,2p0")),
    (6, ROW, 5, ("yi,8", "s,-3p-1,0p0")),
    (2, ROW, 1, ("y,5",)),
    (2, ROW, 1, ("ya,5",)),
    (2, ROW, 0, ("knn1,3,2,1,0,1,0,2",)),  # values have no classes
    (2, ROW, 0, ("knn1,3,2,1,0,0,0,2", "knn1,3,2,1,0,0,0,2")),
    (6, SCALE + "3", 5, ()),
    (8, SCALE + "7", 5, ("s,-3p-1,0p0", "s,-3p-1,0p0")),
    (5, NUMBER, 4, ("s,1p0",)),
    (5, NUMBER, 4, ("s,1,2",)),
    (5, NUMBER, 4, ("s,1.5p0,2p0",)),
    (5, NUMBER, 4, ("s,1p0,2p0,3p0",)),
    (5, NUMBER, 4, ("s,1p,2p0",)),
    (5, NUMBER, 4, ("s,2147483648p0,2p0",)),
    (5, NUMBER, 4, ("s,1p0,1p-2147483649",)),
    (5, NUMBER, 4, ("s,nan,2p0",)),
    (7, "label must be 0 to len(classes) - 1", 6, ("i,3,1,2",)),
    (7, "label must be 0 to len(classes) - 1", 6, ("i,-1,1,2",)),
    (9, INCOMPLETE, 8, ("e,3",)),
):
    refuses("\n".join(ROWS[:at] + list(new) + ROWS[at + 1 :]), "line %d: %s" % (line, text))

# Values are bits of a float32, finite ones.
VALUE = "knn1,1,1,1,0,1,0,1\ni,1069547520,1\ne,1\n"
assert contents(emlknn.load(io.StringIO(VALUE)), 1) == [(1.5, [1])]
for bits in ("2143289344", "2139095040", "-8388608"):
    refuses(VALUE.replace("1069547520", bits), "line 2: value must be finite")
for bits in ("5364514816", "-3225419776", "4294967296", "1.5"):
    refuses(VALUE.replace("1069547520", bits), "line 2: " + NUMBER)

# What is novel: a unit above 0, which is 1 without a scale, and a threshold of at most 0.
THRESHOLD = "threshold must be at most 0, and finite"
ROWS = "knn1,2,1,1,0,0,0,1|s,1p0,2p0|n,3p-1,-5p-1|i,2,1|e,1".split("|")
novel = emlknn.load(ROWS)
assert novel.threshold == -2.5 and novel.novelty(array.array("h", [5])) == 6.0
for line, text, at, new in (
    (3, NUMBER, 2, ("n,1p0",)),
    (3, NUMBER, 2, ("n,1p0,-1p0,1p0",)),
    (3, NUMBER, 2, ("n,0p0,-1p0",)),
    (3, NUMBER, 2, ("n,-1p0,-1p0",)),
    (3, NUMBER, 2, ("n,1p127,-1p0",)),
    (3, NUMBER, 2, ("n,1p-9999,-1p0",)),
    (3, NUMBER, 2, ("n,,",)),
    (3, NUMBER, 2, ("n",)),
    (3, THRESHOLD, 2, ("n,1p0,1p0",)),
    (3, THRESHOLD, 2, ("n,1p0,1p-100",)),
    (3, ROW, 2, ("u,1p0",)),
    (5, ROW, 4, ("n,1p0,-1p0", "e,1")),
    (3, INCOMPLETE, 1, ()),  # a unit, but no scale
):
    refuses("\n".join(ROWS[:at] + list(new) + ROWS[at + 1 :]), "line %d: %s" % (line, text))

# Whether int16 is raw is said behind the scale, which there must be.
ROWS = "knn1,2,1,1,0,0,0,1|s,1p1,2p0|r|n,3p-1,-5p-1|i,2,1|e,1".split("|")
assert emlknn.load(ROWS).novelty(array.array("h", [5])) == 11 * 1.5
for line, text, at, new in (
    (2, ROW, 1, ()),
    (2, ROW, 0, ("knn1,2,1,1,0,0,0,1", "r")),
    (4, ROW, 2, ("r", "r")),
    (3, ROW, 2, ("r,1",)),
    (3, ROW, 2, ("r,",)),
    (3, ROW, 2, ("rs",)),
    (3, ROW, 2, ("R",)),
    (3, ROW, 2, ("",)),
    (4, ROW, 2, ("n,3p-1,-5p-1", "r")),
    (6, ROW, 4, ("i,2,1", "r")),
):
    refuses("\n".join(ROWS[:at] + list(new) + ROWS[at + 1 :]), "line %d: %s" % (line, text))

# Of local outlier factors the items have k-distances, and are all that there will be.
ROWS = "knn1,2,1,2,0,2,0,2|n,1p0,-5p-1|i,1056964608,5,4|i,1073741824,-32768,0|e,2".split("|")
emlknn.load(ROWS)
for line, text, at, new in (
    (2, INCOMPLETE, 1, ()),
    (3, INCOMPLETE, 0, ("knn1,3,1,2,0,2,0,2",)),
    (5, INCOMPLETE, 0, ("knn1,3,1,2,0,2,0,3",)),
    (3, INCOMPLETE, 0, ("knn1,2,1,2,1,2,0,2",)),
    (3, INCOMPLETE, 0, ("knn1,2,1,2,0,2,1,2",)),
    (3, NUMBER, 0, ("knn1,2,1,2,0,1,0,2",)),
    (3, NUMBER, 0, ("knn1,2,1,2,0,0,0,2",)),
    (3, NUMBER, 2, ("i,1056964608,5",)),
    (3, NUMBER, 2, ("i,1056964608",)),
    (3, NUMBER, 2, ("i",)),
    (3, NUMBER, 2, ("i,1056964608,5,4,4",)),
    (3, NUMBER, 2, ("i,1056964608,5,2147483648",)),
    (3, NUMBER, 2, ("i,1056964608,5,x",)),
    (3, "value must be finite", 2, ("i,2139095040,5,4",)),
    (4, INCOMPLETE, 2, ()),
    (5, MANY, 3, ("i,1056964608,5,4", "i,1056964608,5,4")),
    (2, ROW, 0, ("knn1,2,1,2,0,2,0,2", "yi,5")),
):
    refuses("\n".join(ROWS[:at] + list(new) + ROWS[at + 1 :]), "line %d: %s" % (line, text))

# Version 2 has a checksum, of all rows, whatever their line ends; optional rows are passed over.
rows = GOOD.replace("knn1", "knn2")
assert contents(emlknn.load(io.StringIO(signed(rows))), 2) == ITEMS
assert contents(emlknn.load(io.StringIO(signed(rows).replace("\n", "\r\n"))), 2) == ITEMS
refuses(rows, "line 4: " + INCOMPLETE)
refuses(rows + "crc,00000000\n", CHECKSUM)
refuses(signed(rows)[:-2], CHECKSUM)
refuses(signed(rows)[:-1].upper().replace("KNN", "knn"), "line 2: " + ROW)
refuses(signed(rows + "\n"), "line 5: " + ROW)
refuses(signed(rows + "i,5,1,2\n"), "line 5: " + ROW)
refuses(signed(rows) + "\n", "line 6: nothing may follow the checksum")
refuses(signed(rows) * 2, "line 6: nothing may follow the checksum")
refuses(signed(rows[:-4]), "line 4: " + ROW)
refuses(signed(""), "line 1: " + ROW)
for line in range(5):
    for optional in ("?", "?name,x,y", "?\xe9"):
        lines = GOOD.split("\n")
        lines.insert(line, optional)
        assert contents(emlknn.load(io.StringIO("\n".join(lines))), 2) == ITEMS
        text = "\n".join(lines).replace("knn1", "knn2")
        assert contents(emlknn.load(io.StringIO(signed(text))), 2) == ITEMS
        refuses(signed(text).replace("?", "?!"), CHECKSUM)
refuses(GOOD.replace("i,6", "?\n?name\nj,6"), "line 5: " + ROW)

for source, error_type in (
    ("missing.csv", OSError),
    ("", OSError),
    ("missing/model.csv", OSError),
    (None, TypeError),
    (5, TypeError),
    (b"knn1", AttributeError),
    ((1, 2), AttributeError),
    (io.BytesIO(b"knn1,1,1,1,0,0,0,0"), TypeError),
):
    for call in (emlknn.load, model.save):
        if call == model.save and (source == "missing.csv" or isinstance(source, io.BytesIO)):
            continue  # would be written to
        if call == model.save and error_type is TypeError:
            error_type = AttributeError
        try:
            call(source)
        except error_type:
            pass
        else:
            raise AssertionError(source)


# A source or target that fails half-way.
class Broken(io.IOBase):
    def __init__(self):
        self.left = 5

    def write(self, text):
        self.left -= 1
        if self.left < 0:
            raise OSError(28)
        return len(text)


before = saved(model)
try:
    model.save(Broken())
except OSError as error:
    assert error.errno == 28
else:
    raise AssertionError("saved")
assert saved(model) == before


# A path that cannot be written, or a full disk, leaves what was there.
def content(path):
    with open(path) as file:
        return file.read()


model.save("saved.csv")
assert content("saved.csv") == before and "saved.csv.new" not in os.listdir()
os.mkdir("saved.csv.new")
try:
    empty.save("saved.csv")
except OSError:
    pass
else:
    raise AssertionError("saved over a folder")
assert content("saved.csv") == before
os.rmdir("saved.csv.new")


# More than the disk of a board holds; a PC's holds it.
big = emlknn.new(1500, 1, 1)
for _ in range(1500):
    big.additem(array.array("h", [-32768]), -32768)
blocks = 0
try:
    while blocks < 40:
        big.save("block%d.csv" % blocks)
        blocks += 1
    big.save("saved.csv")
except OSError as error:
    assert error.errno == 28
    assert content("saved.csv") == before
    assert "saved.csv.new" not in os.listdir() and "block%d.csv.new" % blocks not in os.listdir()
for block in range(blocks):
    os.remove("block%d.csv" % block)
empty.save("saved.csv")
assert content("saved.csv") == saved(empty) and "saved.csv.new" not in os.listdir()
os.remove("saved.csv")
print("ok")
