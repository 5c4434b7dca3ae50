# What is saved loads again as it was; a file that is cut or wrong does not load.
import array
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


def refuses(text, error_type=ValueError):
    try:
        emlknn.load(io.StringIO(text))
    except error_type:
        return
    raise AssertionError(text)


model = emlknn.new(12, 3, 2, ring=True, weights="distance")
for i in range(14):  # a ring that has gone round
    model.additem(array.array("h", [-32768 + i, 32767 - i, i]), 32767 if i % 2 else -32768)
values = emlknn.new(3, 1, 1, regression=True)
for i, value in enumerate((0.1, -3.0e38, 1.1754944e-38)):
    values.additem(array.array("h", [i]), value)
empty = emlknn.new(1000, 1, 1)

text = saved(model)
lines = text.split("\n")
assert lines[0] == "knn1,12,3,2,1,0,1,12"
assert lines[1] == "i,-32768,-32766,32765,2"
assert lines[-2:] == ["e,12", ""]
assert saved(empty) == "knn1,1000,1,1,0,0,0,0\ne,0\n"

for original, n_features in ((model, 3), (values, 1), (empty, 1)):
    text = saved(original)
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
os.remove("saved.csv")
os.remove("other.csv")

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
assert contents(emlknn.load(io.StringIO(GOOD)), 2) == [(5, [1, 2]), (6, [3, 4])]
for old, new in (
    ("knn1", "knn2"),
    ("knn1", "knn"),
    ("knn1", "k"),
    ("knn1,3", "knn1,0"),
    ("knn1,3", "knn1,65536"),
    ("knn1,3", "knn1,4294967299"),
    ("knn1,3", "knn1,three"),
    ("knn1,3", "knn1,"),
    ("knn1,3", "knn1,1"),
    ("3,2,1", "3,0,1"),
    ("3,2,1", "3,1,1"),
    ("3,2,1", "3,3,1"),
    ("3,2,1", "3,4097,1"),
    ("3,2,1", "3,2,0"),
    ("3,2,1", "3,2,4"),
    ("0,0,0,2", "0,0,2"),
    ("0,0,0,2", "0,0,0,0,2"),
    ("0,0,0,2", "0,0,0,1"),
    ("0,0,0,2", "0,0,0,3"),
    ("0,0,0,2", "0,0,0,-2"),
    ("0,0,0,2", "0,0,0,"),
    ("1,0,0,0,2", "1,1,0,0,4"),
    ("i,5", "j,5"),
    ("i,5", ""),
    ("i,5", "i,32768"),
    ("i,5", "i,-32769"),
    ("i,5", "i,4294967301"),
    ("i,5", "i,5.0"),
    ("i,5", "i,--5"),
    ("i,5", "i,"),
    ("i,5,1,2", "i,5,1"),
    ("i,5,1,2", "i,5,1,2,3"),
    ("i,5,1,2", "i,5,1,32768"),
    ("i,5,1,2", "i,5,1,-32769"),
    ("i,5,1,2", "i,5,1,65538"),
    ("i,5,1,2\n", ""),
    ("i,5,1,2\n", "i,5,1,2\ni,5,1,2\n"),
    ("i,5,1,2\n", "i,5,1,2\n\n"),
    ("e,2", "e,1"),
    ("e,2", "e,22"),
    ("e,2", "e"),
    ("e,2", "e,"),
    ("e,2", "e,2,2"),
    ("e,2", "i,2"),
):
    assert old in GOOD
    refuses(GOOD.replace(old, new, 1))
NAN = "knn1,1,1,1,0,1,0,1\ni,2143289344,1\ne,1\n"
refuses(NAN)
assert contents(emlknn.load(io.StringIO(NAN.replace("2143289344", "1069547520"))), 1) == [
    (1.5, [1])
]
refuses(NAN.replace("2143289344", "2139095040"))

for source, error_type in (
    ("missing.csv", OSError),
    ("", OSError),
    (None, AttributeError),
    (5, AttributeError),
    (b"knn1", AttributeError),
    (io.BytesIO(b"knn1,1,1,1,0,0,0,0"), TypeError),
):
    for call in (emlknn.load, model.save):
        if call == model.save and (source == "missing.csv" or error_type is TypeError):
            continue  # would be written to
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
print("ok")
