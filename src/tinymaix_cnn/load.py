# Merged into the .mpy: C cannot close a file when reading it raises.


def load(file):
    if isinstance(file, str):
        with open(file, "rb") as opened:
            return load(opened)
    try:
        # A file in ROMFS lies in memory already.
        return new(memoryview(file))
    except TypeError:
        return new(file.read())
