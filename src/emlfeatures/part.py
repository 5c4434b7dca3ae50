# Merged into emlfeatures.mpy: files take fewer bytes here than in C. formats/front.md describes
# them. emlmpy.features runs this very text on the PC. Names that are not part of the API are those
# that all firmwares hold. C provides _crc(sum, data), which adds data to the CRC-32 that the first
# item of sum, an array('I'), holds.
from array import array


def new(words):
    front = array("H", words)
    # An array cuts large ints off.
    if list(front) != list(words):
        raise ValueError("words must be 0 to 65535")
    return _new(front)


def _made(items):
    # One row, "?front,1,...".
    if len(items) != 1:
        raise ValueError("file must have one front end")
    return new(list(map(int, items[0].split(",")[1:])))


def _image(read):
    # Of which read(first byte, bytes) gives a part.
    at = 0
    while True:
        head = array("I", bytes(read(at, 32)))
        # EML and a letter, which of a front end is F, 70; the last but one is the image's length,
        # and the last its CRC.
        if len(head) < 8 or head[0] & 0xFFFFFF != 0x4C4D45:
            return _made(())
        length = head[6]
        if head[0] >> 24 == 70:
            image = bytes(read(at, length))
            sum = array("I", [0])
            _crc(sum, image[:28])
            _crc(sum, image[32:])
            if len(image) != length or sum[0] != head[7]:
                raise ValueError("file is damaged")
            return _made(str(image[32:], "utf-8").split("\n")[:1])
        at += length or 32


def load(source):
    if isinstance(source, str):
        with open(source, "rb") as file:
            if file.read(3) == b"EML":
                # seek does not return None, so that read is what is returned.
                return _image(lambda start, count: file.seek(start) is None or file.read(count))
        with open(source) as file:
            return load(file)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _image(lambda start, count: source[start : start + count])
    # As _rows in common/rows.py, which passes over the row that is looked for.
    sum = array("I", [0])
    rows = []
    source = iter(source)
    for number, line in enumerate(source):
        row = line.rstrip("\r\n")
        if row.startswith("crc,"):
            if row != "crc,%08x" % sum[0]:
                raise ValueError("checksum differs: edited by hand? emlmpy check --sign FILE")
            for _ in source:
                raise ValueError("line %d: nothing may follow the checksum" % (number + 2))
            return _made(rows)
        _crc(sum, row)
        _crc(sum, "\n")
        if row.startswith("?front,"):
            rows.append(row)
    raise ValueError("file is incomplete")


def row(self):
    return array("h", [0] * self.n_features)


_methods["row"] = row
