# Merged into emlknn.mpy: keyword arguments and files take fewer bytes here than in C.
# The format of the file is described in README.md.
from array import array


def new(max_items, n_features, n_neighbors, *, ring=False, regression=False, weights="uniform"):
    if weights not in ("uniform", "distance"):
        raise ValueError("weights must be uniform or distance")
    return _new(max_items, n_features, n_neighbors, ring, regression, weights == "distance")


def _read(file, kind):
    letter, *numbers = file.readline().split(",")
    if letter != kind:
        raise ValueError("row must be " + kind)
    return list(map(int, numbers))


def load(source):
    if isinstance(source, str):
        with open(source) as file:
            return load(file)
    # A row of another length is a ValueError here, or in additem.
    max_items, n_features, n_neighbors, ring, regression, weighted, count = _read(source, "knn1")
    model = _new(max_items, n_features, n_neighbors, ring, regression, weighted)
    for _ in range(count):
        label, *numbers = _read(source, "i")
        features = array("h", numbers)
        if list(features) != numbers:
            raise ValueError("features must be int16")
        if regression:
            label = array("f", bytes(array("i", (label,))))[0]
        model.additem(features, label)
    if _read(source, "e") != [len(model)]:
        raise ValueError("file must be whole")
    return model


def _write(file, kind, numbers):
    file.write(kind)
    for number in numbers:
        file.write("," + str(number))
    file.write("\n")


def save(model, target):
    if isinstance(target, str):
        with open(target, "w") as file:
            return save(model, file)
    header = array("H", _header(model))
    _write(target, "knn1", header)
    features = array("h", range(header[1]))
    for i in range(len(model)):
        label = model.getitem(i, features)
        if header[4]:
            label = array("i", bytes(array("f", (label,))))[0]
        _write(target, "i," + str(label), features)
    _write(target, "e", header[6:])


_methods["save"] = save
