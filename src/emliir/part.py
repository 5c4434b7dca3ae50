# Merged into emliir.mpy, after rows.py: reads what emlmpy.iir.save or numpy.savetxt(delimiter=",")
# wrote.
from array import array


def new(sos, channels=1):
    return _new(sos, channels)


def _number(field):
    # 5p-3 is 5 * 2**-3: exact, where MicroPython reads decimals only nearly right into float32.
    integer, power, exponent = field.partition("p")
    return int(integer) * 2.0 ** int(exponent) if power else float(field)


def load(source, channels=1):
    if isinstance(source, str):
        with open(source) as file:
            return load(file, channels)
    sos = array("f")
    version = None
    for number, row in _rows((line := item) for item in source):
        fields = row.split(",")
        if version is None:
            version, *count = fields
            if version in ("sos", "sos2"):
                continue
            count = None
        if not row.startswith("crc,"):
            try:
                values = array("f", map(_number, fields))
            except ValueError:
                values = ()
            if len(values) != 6:
                raise ValueError(f"line {number}: 6 numbers expected")
            sos.extend(values)
    # A whole file of ours has as many rows as it says, and an end.
    if version and count is not None:
        whole = row.startswith("crc,") if version == "sos2" else line[-1] == "\n"
        if not whole or count != [str(len(sos) // 6)]:
            raise ValueError(f"line {number}: file must not be cut short")
    return _new(sos, channels)
