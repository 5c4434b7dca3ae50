# What every module goes through: bad calls, memory that fails, files that are damaged. A file in
# modules/ describes what the module takes.
import array
import gc
import sys

import heap

ARRAY = "an array is required, writable if it is out"
ITEM_BYTES = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "f": 4, "d": 8}


class Int:
    """An int argument from low to high; what else is given raises this text."""

    def __init__(self, text, low, high, good=None):
        self.text = text
        self.low = low
        self.high = high
        self.good = low if good is None else good

    def bad(self):
        """Yield the error and the text of what must be refused, and that."""
        for value in (self.low - 1, self.high + 1, 2**32 + self.low, -(2**31), 2**31, 2**64 + 1):
            yield ValueError, self.text, value
        for value in (None, "1", float(self.low), [self.low]):
            yield TypeError, self.text, value


class Array:
    """An array argument with one of these typecodes and of this length, None for any.

    other: the text for typecodes that have one of their own.
    """

    def __init__(self, name, typecodes, length, out=False, other=None):
        self.name = name
        self.typecodes = typecodes
        self.length = length
        self.out = out
        self.other = other or {}
        # An array of 0 items for any length would do nothing.
        self.good = array.array(typecodes[0], [0] * (length or 4))

    def text(self, typecode, length):
        """What is raised for an array like that."""
        *first, last = ["'%s'" % code for code in self.typecodes]
        typecodes = ", ".join(first) + " or " + last if first else last
        found = (self.name, typecodes, self.length, typecode, length)
        return "%s must be array(%s) of %d, not array('%s') of %d" % found

    def bad(self):
        """Yield the error and the text of what must be refused, and that."""
        length = len(self.good)
        for value in (None, 1, 1.5, [0] * length, (), {}, array):
            yield TypeError, ARRAY, value
        item_bytes = ITEM_BYTES[self.typecodes[0]]
        # A str has a buffer; only who takes bytes must tell them apart.
        yield (TypeError, ValueError), None, "x" * (length * item_bytes)
        if self.out:
            yield TypeError, ARRAY, bytes(length * item_bytes)
            yield TypeError, ARRAY, memoryview(bytes(length * item_bytes))
        for typecode in ITEM_BYTES:
            if typecode in self.typecodes:
                continue
            # As many items, and as many bytes.
            for n in (length, length * item_bytes // ITEM_BYTES[typecode]):
                text = self.other.get(typecode)
                if text is None or n != length:
                    text = self.length and self.text(typecode, n)
                yield ValueError, text, array.array(typecode, [0] * n)
        if self.length is not None:
            for n in (0, length - 1, length + 1, 2 * length):
                typecode = self.typecodes[0]
                yield ValueError, self.text(typecode, n), array.array(typecode, [0] * n)


def _refuses(kinds, text, function, *arguments):
    try:
        function(*arguments)
    except kinds as error:
        assert text is None or str(error) == text, (str(error), text)
    else:
        raise AssertionError((text, arguments))


def _good(argument):
    return argument.good if hasattr(argument, "good") else argument


def _bad_arguments(function, arguments, optional):
    good = [_good(argument) for argument in arguments]
    for i, argument in enumerate(arguments):
        if hasattr(argument, "bad"):
            for kind, text, value in argument.bad():
                _refuses(kind, text, function, *good[:i], value, *good[i + 1 :])
    for n in range(len(good) - optional):
        _refuses(TypeError, None, function, *good[:n])
    _refuses(TypeError, None, function, *good, *([None] * 8))


def calls(described):
    """Each argument in turn is what it must not be; the others are good."""
    made = described.make()
    expected = described.result(made)
    for name, optional, *arguments in described.FUNCTIONS:
        _bad_arguments(getattr(described.module, name), arguments, optional)
    for name, optional, *arguments in described.METHODS:
        _bad_arguments(getattr(made, name), arguments, optional)
        function = getattr(type(made), name)
        good = [_good(argument) for argument in arguments]
        for other in (1, None, "model", [made], array.array("h", [0]), described.module, array):
            _refuses((TypeError, AttributeError), None, function, other, *good)
    for name in described.ATTRIBUTES:
        assert getattr(made, name) == described.ATTRIBUTES[name], (name, getattr(made, name))
        _refuses(AttributeError, None, setattr, made, name, 1)
    _refuses(AttributeError, None, setattr, made, "other", 1)
    _refuses(AttributeError, None, getattr, made, "other")
    assert repr(made) == described.REPR, repr(made)
    assert described.module.__version__.count(".") == 2
    assert described.result(made) == expected


def memory(described):
    """Each allocation fails in turn, good calls allocate nothing, and code outlives its module."""
    made = described.make()
    expected = described.result(made)

    def check():
        assert described.result(made) == expected

    for action in described.ALLOCATING:
        failed, other = heap.starve(action, check)
        assert failed > 0, action
        assert described.result(other) == described.result(action()) == expected
    quiet = [
        (getattr(owner, name), [_good(argument) for argument in arguments])
        for owner, calls in ((made, described.METHODS), (described.module, described.FUNCTIONS))
        for name, _, *arguments in calls
        if name in described.QUIET
    ]
    assert _allocated(quiet) == 0
    assert _allocated(quiet) == 0
    del sys.modules[described.module.__name__]
    described.module = None
    for size in range(1, 200):
        bytearray(size * 8).decode()
    gc.collect()
    assert described.result(made) == expected


def _allocated(quiet):
    # What they allocate once, such as tables, is there by the second time.
    for function, arguments in quiet:
        function(*arguments)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(10):
        for function, arguments in quiet:
            function(*arguments)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def files(described):
    """A file that is cut is refused, and one with a bit flipped; a small one wherever it is."""
    made = described.make()
    expected = described.result(made)
    data = described.FILE
    assert described.result(described.load(data)) == expected
    for length in range(0, len(data), 1 + len(data) // 500):
        # Without its last line end a file of rows is whole.
        if data[length:] != b"\n":
            _refuses(ValueError, None, described.load, data[:length])
    for bit in range(0, 8 * len(data), 1 + 8 * len(data) // 2000):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        _refuses(ValueError, None, described.load, bytes(damaged))
    assert described.result(made) == expected
