# Merged into emlfeatures.mpy behind rows.py: files take fewer bytes here than in C. formats/front.md
# describes them. emlmpy.features runs this very text on the PC.
from array import array


def new(words):
    front = array("H", words)
    # An array cuts large ints off.
    if list(front) != list(words):
        raise ValueError("words must be 0 to 65535")
    return _new(front)


def _made(rows):
    # One row, "?front,1,...".
    if len(rows) != 1:
        raise ValueError("file must have one front end")
    return new([int(word) for word in rows[0].split(",")[1:]])


def _image(read):
    # Of which read(first byte, bytes) gives a part.
    at = 0
    while True:
        head = bytes(read(at, 32))
        if head[:3] != b"EML" or len(head) < 32:
            return _made(())
        length = head[24] | head[25] << 8 | head[26] << 16 | head[27] << 24
        if head[3] == 70:
            image = bytes(read(at, length))
            if len(image) != length or not _whole(image):
                raise ValueError("file is damaged")
            return _made(str(image[32:], "utf-8").split("\n")[:1])
        at += max(length, 32)


def load(source):
    if isinstance(source, str):
        with open(source, "rb") as file:
            if file.read(3) == b"EML":

                def read(at, size):
                    file.seek(at)
                    return file.read(size)

                return _image(read)
        with open(source) as file:
            return load(file)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _image(lambda at, size: source[at : at + size])
    found = []

    def rows():
        for row in source:
            if row.startswith("?front,"):
                found.append(row)
            yield row

    row = ""
    for _, row in _rows(rows()):
        pass
    if not row.startswith("crc,"):
        raise ValueError("file is incomplete")
    return _made(found)


def row(front):
    return array("h", [0] * front.n_features)


_methods["row"] = row
