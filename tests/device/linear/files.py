# What is saved loads again as it was; a file that is cut or wrong does not load.
import binascii
import io
import os

import emllinear


def saved(model):
    text = io.StringIO()
    model.save(text)
    return text.getvalue()


def signed(*rows):
    text = "".join([row + "\n" for row in rows])
    return text + "crc,%08x\n" % binascii.crc32(text.encode())


def refuses(text, expected=None):
    try:
        emllinear.load(io.StringIO(text))
    except ValueError as error:
        assert expected is None or str(error) == expected, (text, str(error))
        return
    raise AssertionError(text)


NUMBERS = "w,1065353216,-1077936128,0,-2147483648,1,2139095039"
FLOATS = ("lin1,4,0,2,2", "ys,no, never", "ys,J\xe9\u20ac? crc,", NUMBERS)
WHOLE = ("lin1,3,1,2,1", "yi,-2147483648", "yi,2147483647", "w,-160,-1,-1048576,2147483647,-5")
NARROW = ("lin1,0,2,1,2", "w,60,-1,1048575,4194304,-160,0,0,-4194304")
for rows in (FLOATS, WHOLE, NARROW):
    text = signed(*rows)
    model = emllinear.load(io.StringIO(text))
    assert saved(model) == text, saved(model)
    assert saved(emllinear.load(io.StringIO(text[:-1]))) == text
    assert saved(emllinear.load(io.StringIO(text.replace("\n", "\r\n")))) == text
    assert saved(emllinear.load(text.split("\n")[:-1])) == text
    model.save("saved.csv")
    with open("saved.csv") as file:
        assert file.read() == text
    assert saved(emllinear.load("saved.csv")) == text
    # Cut anywhere, but before its last line end; optional rows anywhere.
    for end in range(len(text) - 1):
        refuses(text[:end])
    for at in range(len(rows) + 1):
        more = list(rows)
        more.insert(at, "?name,\xe9, x")
        assert saved(emllinear.load(io.StringIO(signed(*more)))) == text
assert "saved.csv.new" not in os.listdir()
os.remove("saved.csv")
assert emllinear.load(io.StringIO(signed(*FLOATS))).classes == ("no, never", "J\xe9\u20ac? crc,")
assert emllinear.load(io.StringIO(signed(*WHOLE))).classes == (-2147483648, 2147483647)

# Rows of weights are of any length, one row or many.
split = list(FLOATS[:3])
split.extend(("w,1065353216", "w,-1077936128,0,-2147483648", "w,1,2139095039"))
assert saved(emllinear.load(io.StringIO(signed(*split)))) == signed(*FLOATS)
long = emllinear.new(100, 3)
long.save("saved.csv")
with open("saved.csv") as file:
    assert max(len(line) for line in file) < 120
assert saved(emllinear.load("saved.csv")) == saved(long)
os.remove("saved.csv")

INCOMPLETE = "file is incomplete"
ROW = "unknown row, or out of order"
RANGE = "weights must be in range"
CLASSES = "classes must be one for each class"
KIND = "kind or type is unknown"
for rows, line, text in (
    ((), 1, INCOMPLETE),
    (("lin1,4,0,2,2",), 2, INCOMPLETE),
    (("lin1",), 2, INCOMPLETE),
    (("lin1,",), 1, None),
    (("lin1,4,0,2",), 2, INCOMPLETE),
    (("lin2,0,0,1,1", "w,0,0"), 1, ROW),
    (("knn2,0,0,1,1", "w,0,0"), 1, ROW),
    (("", "lin1,0,0,1,1", "w,0,0"), 1, ROW),
    (("w,0,0", "lin1,0,0,1,1"), 1, ROW),
    (("yi,0", "lin1,0,0,1,1"), 1, ROW),
    (("lin1,0,0,1,1", "lin1,0,0,1,1", "w,0,0"), 2, ROW),
    (("lin1,0,0,1,1", "", "w,0,0"), 2, ROW),
    (("lin1,0,0,1,1", "x,0,0"), 2, ROW),
    (("lin1,0,0,1,1", "W,0,0"), 2, ROW),
    (("lin1,0,0,1,1", "w,0"), 3, INCOMPLETE),
    (("lin1,0,0,1,1", "w,0,0,0"), 3, INCOMPLETE),
    (("lin1,0,0,1,1", "w,0,"), 2, None),
    (("lin1,0,0,1,1", "w,0,x"), 2, None),
    (("lin1,0,0,1,1", "w,0,0.5"), 2, None),
    (("lin1,0,0,1,1", "w,0,2147483648"), 2, "number is out of range"),
    (("lin1,0,0,1,1", "w,0,-2147483649"), 2, "number is out of range"),
    (("lin1,0,0,1,1", "w,0,18446744073709551616"), 2, "number is out of range"),
    (("lin1,6,0,1,1", "w,0,0"), 3, KIND),
    (("lin1,-1,0,1,1", "w,0,0"), 3, KIND),
    (("lin1,0,3,1,1", "w,0,0"), 3, KIND),
    (("lin1,0,-1,1,1", "w,0,0"), 3, KIND),
    (("lin1,4,0,1,1", "w,0,0"), 3, KIND),
    (("lin1,0,0,0,1", "w,0"), 3, "n_features must be 1 to 4096"),
    (("lin1,0,0,-1,1",), 2, "n_features must be 1 to 4096"),
    (("lin1,0,0,4097,1", "w,0"), 3, "n_features must be 1 to 4096"),
    (("lin1,0,0,1,0", "w,0"), 3, "n_outputs must be 1 to 255"),
    (("lin1,0,0,1,256", "w,0"), 3, "n_outputs must be 1 to 255"),
    (("lin1,0,0,1,-1", "w,0"), 3, "n_outputs must be 1 to 255"),
    (("lin1,4,0,4096,255", "w,0"), 3, INCOMPLETE),  # 4 MB are not asked for
    (("lin1,0,0,1,1", "w,0,2139095040"), 3, RANGE),
    (("lin1,0,0,1,1", "w,0,2143289344"), 3, RANGE),
    (("lin1,0,0,1,1", "w,-8388608,0"), 3, RANGE),
    (("lin1,0,0,1,1", "w,-1,0"), 3, RANGE),
    (("lin1,0,1,1,1", "w,61,0,0,0"), 3, RANGE),
    (("lin1,0,1,1,1", "w,-161,0,0,0"), 3, RANGE),
    (("lin1,0,1,1,1", "w,0,0,1048576,0"), 3, RANGE),
    (("lin1,0,1,1,1", "w,0,0,-1048577,0"), 3, RANGE),
    (("lin1,0,2,1,1", "w,0,0,0,4194305"), 3, RANGE),
    (("lin1,0,2,1,1", "w,0,0,0,-4194305"), 3, RANGE),
    (("lin1,0,2,1,1", "w,0,0,0,-2147483648"), 3, RANGE),
    (("lin1,2,1,1,2", "w,0,0,0,0,1,0,0,0"), 3, RANGE),  # scores of classes are compared
    (("lin1,0,0,1,1", "yi,1", "w,0,0"), 4, CLASSES),
    (("lin1,3,0,1,1", "yi,1", "w,0,0"), 4, CLASSES),
    (("lin1,3,0,1,1", "yi,1", "yi,2", "yi,3", "w,0,0"), 6, CLASSES),
    (("lin1,3,0,1,1", "yi,1", "yi,x", "w,0,0"), 3, None),
    (("lin1,3,0,1,1", "yi,1", "yi,", "w,0,0"), 3, None),
    (("lin1,3,0,1,1", "yi,1", "yx,2", "w,0,0"), 3, ROW),
):
    try:
        emllinear.load(io.StringIO(signed(*rows)))
    except ValueError as error:
        assert str(error).startswith("line %d: " % line), (rows, str(error))
        assert text is None or str(error) == "line %d: %s" % (line, text), (rows, str(error))
    else:
        raise AssertionError(rows)
assert emllinear.load(io.StringIO(signed("lin1,0,1,1,2", "w,0,0,0,0,1,0,0,0"))).n_outputs == 2

text = signed(*FLOATS)
refuses("", "line 1: file is incomplete")
refuses("\n")
refuses(text + "\n", "line 6: nothing may follow the checksum")
refuses(text * 2, "line 6: nothing may follow the checksum")
refuses(text.replace("never", "ever"), "checksum differs: edited by hand? emlmpy check --sign FILE")

# Each bit of a file counts.
for text in (signed(FLOATS[0], NUMBERS), signed(*NARROW)):
    data = bytearray(text.encode())
    for bit in range(0, 8 * len(data) - 8, 3):
        data[bit // 8] ^= 1 << bit % 8
        try:
            text = data.decode()
        except ValueError:
            text = ""
        if text:
            refuses(text)
        data[bit // 8] ^= 1 << bit % 8
print("ok")
