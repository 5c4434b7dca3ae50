# Calls that are refused, and leave all arrays as they were.
from array import array

import emlarray

NAN = float("nan")
INF = float("inf")
h = array("h", range(8))
view = memoryview(h)
f = array("f", [0] * 8)
OVERLAP = "arrays must not overlap"
EMPTY = "array must not be empty"
FINITE = "limits must be finite"
INTS = "samples must be array('b', 'B' or 'h') of %d, not array('%s') of %d"
MAP = emlarray.linear_map


def refuse(kind, text, function, *arguments):
    try:
        function(*arguments)
    except kind as error:
        assert text is None or str(error) == text, (str(error), text)
    else:
        raise AssertionError((function, arguments))
    assert list(h) == list(range(8)) and list(f) == [0] * 8


for typecode in "bBh":
    for function in (emlarray.mean, emlarray.max, emlarray.min, emlarray.argmax):
        refuse(ValueError, EMPTY, function, array(typecode))
    assert emlarray.sum(array(typecode)) == 0
for typecode in "HiIlLqQfd":
    refuse(ValueError, INTS % (3, typecode, 3), emlarray.sum, array(typecode, [1, 2, 3]))
text = "other must be array('h') of 8, not array('%s') of %d"
refuse(ValueError, text % ("h", 7), emlarray.dot, h, view[1:])
refuse(ValueError, text % ("b", 8), emlarray.dot, h, array("b", [0] * 8))
text = "out must be array('b', 'B', 'h' or 'f') of 8, not array('f') of 7"
refuse(ValueError, text, MAP, h, memoryview(f)[1:], 0, 1, 0, 1)
refuse(ValueError, OVERLAP, MAP, view[1:], view[:7], 0, 1, 0, 1)
refuse(ValueError, OVERLAP, MAP, view[:7], view[1:], 0, 1, 0, 1)
for i in range(4):
    for bad in (NAN, INF, -INF, 1e39):
        limits = [0, 1, 2, 3]
        limits[i] = bad
        refuse((ValueError, OverflowError), None, MAP, h, f, *limits)
    for bad in (None, "1", [1], h):
        limits = [0, 1, 2, 3]
        limits[i] = bad
        refuse(TypeError, None, MAP, h, f, *limits)
refuse(ZeroDivisionError, None, MAP, h, f, 1, 1, 0, 1)
refuse(ValueError, FINITE, MAP, h, f, 0, 1e-30, 0, 1e30)
text = "samples must be array('h') of %d, not array('h') of 8"
refuse(ValueError, text % 9, emlarray.deinterleave, h, array("h", [0] * 3), 0, 3)
refuse(ValueError, text % 6, emlarray.deinterleave, h, array("h", [0] * 2), 0, 3)
refuse(ValueError, OVERLAP, emlarray.deinterleave, h, view[:4], 0, 2)
refuse(ValueError, OVERLAP, emlarray.deinterleave, h, view[4:], 0, 2)
text = "channels must be 1 to 255, channel 0 to channels - 1"
refuse(ValueError, text, emlarray.deinterleave, h, array("h", [0] * 4), 2, 2)
refuse(ValueError, OVERLAP, emlarray.push, h, view[7:])
refuse(ValueError, OVERLAP, emlarray.push, view[1:], h)
text = "chunk must be array('h') of 2, not array('B') of 2"
refuse(ValueError, text, emlarray.push, h, b"ab")
# What only touches does not overlap.
emlarray.push(view[:4], view[4:6])
assert list(h) == [2, 3, 4, 5, 4, 5, 6, 7]
emlarray.push(array("B", [1, 2]), bytearray(b"a"))
print("ok")
