# Merged into emliir.mpy: reads what emlmpy.iir.save or numpy.savetxt(delimiter=",") wrote.
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
    count = None
    number = 0
    for line in source:
        number += 1
        if number == 1 and line.startswith("sos,"):
            count = line[4:].strip()
            continue
        try:
            row = array("f", map(_number, line.split(",")))
        except ValueError:
            row = ()
        if len(row) != 6:
            raise ValueError(f"line {number}: 6 numbers expected")
        sos.extend(row)
    # A count tells a whole file from one that was cut short.
    if count is not None and (count != str(len(sos) // 6) or line[-1] != "\n"):
        raise ValueError(f"line {number}: file must not be cut short")
    return _new(sos, channels)
