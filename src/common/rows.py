# Merged into modules whose files are rows of text. C provides _crc(sum, row), which adds a row and
# a line end to the CRC-32 that the first item of sum, an array('I'), holds.


def _rows(source):
    # Yields the number and the text of each row, without line ends and optional rows. A row that
    # begins with crc, ends the file; it must be right, and is yielded last.
    sum = array("I", [0])
    number = 0
    source = iter(source)
    for line in source:
        number += 1
        row = line.rstrip("\r\n")
        if row.startswith("crc,"):
            if row != "crc,%08x" % sum[0]:
                raise ValueError("checksum differs: edited by hand? emlmpy check --sign FILE")
            yield number, row
            break
        _crc(sum, row)
        if not row.startswith("?"):
            yield number, row
    for _ in source:
        raise ValueError("line %d: nothing may follow the checksum" % (number + 1))
