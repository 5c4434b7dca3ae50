# Merged into emltrees.mpy: reading from files takes half the bytes that it would take in C, which
# cannot close a file either when reading it raises.


def load_model(model, source):
    if isinstance(source, str):
        raise TypeError("source must be a file, bytes or lines")
    if _begin(model, source):
        return
    if isinstance(source, (bytes, bytearray, memoryview)):
        _read(model, source)
    elif hasattr(source, "read"):
        piece = source.read(128)
        if piece[:4] == b"EMLT":
            _begin(model, piece + source.read())
            return
        while piece:
            _read(model, piece)
            piece = source.read(128)
    else:
        for line in source:
            _read(model, line)
            _end(model, False)
    _end(model, True)


def load(source):
    model = new()
    if isinstance(source, str):
        with open(source, "rb") as file:
            load_model(model, file)
    else:
        load_model(model, source)
    return model
