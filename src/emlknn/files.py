# Merged into emlknn.mpy behind rows.py: keyword arguments and files take fewer bytes here than in
# C. README.md describes the format of the file. emlmpy.knn runs this very text on the PC.
from array import array


def new(max_items, n_features, n_neighbors, *, ring=False, regression=False, weights="uniform"):
    if weights not in ("uniform", "distance"):
        raise ValueError("weights must be uniform or distance")
    return _new(max_items, n_features, n_neighbors, ring, regression, weights == "distance")


def _ints(fields, count, typecode):
    # So many whole numbers as an array. An array cuts large ints off, or raises OverflowError on a
    # PC.
    try:
        numbers = list(map(int, fields))
        items = array(typecode, numbers)
        if len(numbers) == count and list(items) == numbers:
            return items
    except (ValueError, OverflowError):
        pass
    raise ValueError("number expected, or out of range")


def load(source):
    if isinstance(source, str):
        with open(source) as file:
            return load(file)
    model = None
    ended = 0  # 1 behind the row e, 2 behind the row crc
    number = 1
    for number, row in _rows(iter(source)):
        kind, *fields = row.split(",")
        try:
            if model is None and kind in ("knn1", "knn2"):
                header = _ints(fields, 7, "H")
                model = _new(*header[:6])
                version = kind
            elif model is None or row.startswith("crc,") != ended:
                raise ValueError("unknown row, or out of order")
            elif ended:
                ended = 2
            elif kind == "i":
                if len(model) in (header[0], header[6]):
                    raise ValueError("too many for this model")
                label = _ints(fields[:1], 1, "i" if header[4] else "h")
                if header[4]:
                    label = array("f", bytes(label))
                model.additem(_ints(fields[1:], header[1], "h"), label[0])
            elif kind != "e":
                raise ValueError("unknown row, or out of order")
            elif fields != [str(len(model))] or len(model) != header[6]:
                raise ValueError("file is incomplete")
            elif version == "knn1":
                return model
            else:
                ended = 1
        except ValueError as error:
            raise ValueError("line %d: %s" % (number, error))
    if ended < 2:
        raise ValueError("line %d: file is incomplete" % number)
    return model


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
    sum = array("I", (0,))

    def write(*fields):
        row = ",".join(map(str, fields))
        _crc(sum, row)
        target.write(row + "\n")

    header = array("H", _header(model))
    write("knn2", *header)
    features = array("h", range(header[1]))
    for i in range(len(model)):
        label = model.getitem(i, features)
        if header[4]:
            label = array("i", bytes(array("f", (label,))))[0]
        write("i", label, *features)
    write("e", header[6])
    target.write("crc,%08x\n" % sum[0])


_methods["save"] = save
