# Merged into emllinear.mpy behind rows.py: keyword arguments and files take fewer bytes here than
# in C. formats/linear.md describes the file. emlmpy.linear runs this very text on the PC.
from array import array


def _ints(fields):
    # An array cuts large ints off, or raises OverflowError on a PC.
    words = array("i", fields)
    if list(words) != fields:
        raise ValueError("number is out of range")
    return words


def _model(words, classes):
    classes = tuple(classes)
    model = _new(words, classes or None)
    if classes and len(classes) != model.n_classes:
        raise ValueError("classes must be one for each class")
    return model


def new(n_features, n_outputs, *, regression=False, classes=()):
    # Two classes have one score, that of the second.
    kind = 0 if regression else 3 if n_outputs == 2 else 4
    words = _ints([kind, 0, n_features, n_outputs - (kind == 3)])
    words.extend(array("i", bytes(4 * _new(words, 0))))
    return _model(words, classes)


def load(source):
    if isinstance(source, str):
        with open(source) as file:
            return load(file)
    words = array("i")
    classes = []
    model = None
    number = 1
    for number, row in _rows(source):
        kind, *fields = row.split(",")
        try:
            if kind == ("w" if words else "lin1"):
                words.extend(_ints(list(map(int, fields))))
            elif kind == "yi" and words:
                classes.append(int(row[3:]))
            elif kind == "ys" and words:
                classes.append(row[3:])
            elif row[:4] == "crc,":
                model = _model(words, classes)
            else:
                raise ValueError("unknown row, or out of order")
        except (ValueError, OverflowError) as error:
            raise ValueError("line %d: %s" % (number, error))
    if model is None:
        raise ValueError("line %d: file is incomplete" % number)
    return model


def row(model):
    return array("h" if model._words[1] else "f", [0] * model.n_features)


def save(model, target):
    if isinstance(target, str):
        import os

        # A reset or an error leaves the file that was there.
        name = target + ".new"
        file = open(name, "w")
        try:
            with file:
                save(model, file)
            os.rename(name, target)
        except:
            os.remove(name)
            raise
        return
    sum = array("I", [0])

    def write(row, fields):
        row += "," + ",".join(map(str, fields))
        _crc(sum, row)
        target.write(row + "\n")

    words = model._words
    write("lin1", words[:4])
    for label in model.classes or ():
        write("ys" if isinstance(label, str) else "yi", (label,))
    for at in range(4, len(words), 8):
        write("w", words[at : at + 8])
    target.write("crc,%08x" % sum[0] + "\n")


_methods["row"] = row
_methods["save"] = save
