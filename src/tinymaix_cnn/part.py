# Merged into the .mpy: C cannot close a file when reading it raises.


def load(file):
    if isinstance(file, str):
        with open(file, "rb") as opened:
            return load(opened)
    try:
        # A file in ROMFS lies in memory already.
        return new(memoryview(file))
    except TypeError:
        pass
    try:
        start = file.tell()
        size = file.seek(0, 2) - start
        file.seek(start)
        readinto = file.readinto
    except (AttributeError, OSError):
        # What cannot tell its size grows while it is read, and is copied then.
        content = bytearray()
        while piece := file.read(256):
            content.extend(piece)
        return new(content)
    return _read(size, readinto, bytearray(256))
