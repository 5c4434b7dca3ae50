# Merged into emlknn.mpy behind rows.py: keyword arguments and files take fewer bytes here than in
# C. formats/knn.md describes the file. emlmpy.knn runs this very text on the PC.
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
    model = last = None
    number = 1
    for number, row in _rows(iter(source)):
        kind, *fields = row.split(",")
        try:
            if model is None and kind in ("knn1", "knn2", "knn4"):
                version = kind
                header = _ints(fields, 7, "H")
                model = _new(*header[:6])
                classes = []
                scale = array("f")
                unit = 1.0
                k_distances = ()
                raw = False
            elif model is None or row.startswith("crc,") != (last == "e"):
                raise ValueError("unknown row, or out of order")
            elif last == "e":
                pass
            elif kind in ("i", "e"):
                if last != "i":
                    if scale:
                        scale.append(unit)
                    elif unit != 1:
                        raise ValueError("file is incomplete")
                    if header[4] == 2:
                        # Outlier factors: an item has its k-distance behind the features.
                        if header[3] | header[5] | header[0] ^ header[6] or model.threshold is None:
                            raise ValueError("file is incomplete")
                        k_distances = array("i", range(header[0]))
                    _attach(model, tuple(classes), scale, k_distances, False)
                if kind == "i":
                    if len(model) in (header[0], header[6]):
                        raise ValueError("too many for this model")
                    label = _ints(fields[:1], 1, "i" if header[4] else "h")
                    if header[4]:
                        label = array("f", bytes(label))
                    if k_distances:
                        k_distances[len(model)] = _ints(fields[-1:], 1, "i")[0]
                        fields.pop()
                    model.additem(_ints(fields[1:], header[1], "h"), label[0])
                elif fields != [str(header[6])] or len(model) < header[6]:
                    raise ValueError("file is incomplete")
                else:
                    _attach(model, (), (), (), raw)
                    if version == "knn1":
                        return model
            elif row == "r" and last == "s":
                raw = True
            elif kind in ("s", "n") and last != "i":
                # Two exact numbers: 5p-3 is 5 * 2 ** -3.
                numbers = _ints(row[2:].replace("p", ",").split(","), 4, "i")
                pair = numbers[0] * 2.0 ** numbers[1], numbers[2] * 2.0 ** numbers[3]
                if kind == "s":
                    scale.extend(array("f", pair))
                else:
                    unit, model.threshold = pair
                    if not 0 < unit < 1e38:
                        raise ValueError("number expected, or out of range")
            elif kind in ("yi", "ys") and last in (version, kind) and not header[4]:
                classes.append(_ints(fields, 1, "i")[0] if kind == "yi" else row[3:])
            else:
                raise ValueError("unknown row, or out of order")
        except ValueError as error:
            raise ValueError("line %d: %s" % (number, error))
        last = kind
    if last != "crc":
        raise ValueError("line %d: file is incomplete" % number)
    return model


def row(model):
    # An array for a row of features: of floats in raw units if the model has a scale, but for one
    # behind a front end.
    floats = model.scaled and not _header(model)[3]
    return array("f" if floats else "h", [0] * model.n_features)


def _bits(value):
    return array("i", bytes(array("f", (value,))))[0]


def _exact(bits):
    # A float32 as a whole number and a power of two.
    power = bits >> 23 & 255
    whole = power and bits & 0x7FFFFF | 0x800000
    return "%dp%d" % (-whole if bits < 0 else whole, power - 150)


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

    header, scale, k_distances, raw = _header(model)
    header = array("H", header)
    scale = array("i", scale)
    k_distances = array("i", k_distances)
    if k_distances:
        header[4] = 2
    write("knn4", *header)
    for label in model.classes or ():
        write("ys" if isinstance(label, str) else "yi", label)
    for i in range(1, len(scale), 2):
        write("s", _exact(scale[i - 1]), _exact(scale[i]))
    if raw:
        write("r")
    if model.threshold is not None:
        unit = _exact(scale[-1]) if scale else "1p0"
        write("n", unit, _exact(_bits(model.threshold)))
    features = array("h", range(header[1]))
    for i in range(len(model)):
        label = model.getitem(i, features)
        if header[4]:
            label = _bits(label)
        write("i", label, *features, *k_distances[i : i + 1])
    write("e", header[6])
    target.write("crc,%08x\n" % sum[0])


_methods["row"] = row
_methods["save"] = save
