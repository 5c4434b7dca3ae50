# Calls as each line of jobs.txt says, on the bytes of data.bin; prints what each returns, or wrote.
from array import array

import emlarray

with open("data.bin", "rb") as file:
    DATA = file.read()
ITEM_BYTES = {"b": 1, "B": 1, "h": 2, "H": 2, "f": 4}


def items(offset, typecode, n, skip):
    # A view that begins `skip` items into an array.
    skip = int(skip)
    start = int(offset)
    size = ITEM_BYTES[typecode]
    whole = array(typecode, bytes(size * skip) + DATA[start : start + size * int(n)])
    return memoryview(whole)[skip:] if skip else whole


def run(name, words):
    function = getattr(emlarray, name)
    if name == "linear_map":
        values = items(*words[:4])
        out = array(words[4], [0] * len(values))
        if words[5] == "same":
            out = values
        function(values, out, *[eval(word) for word in words[6:]])
    elif name == "deinterleave":
        values = items(*words[:4])
        channels = int(words[5])
        out = array(words[1], [0] * (len(values) // channels))
        function(values, out, int(words[4]), channels)
    elif name == "push":
        out = items(*words[:4])
        function(out, items(*words[4:]))
    elif name == "dot":
        return function(items(*words[:4]), items(*words[4:]))
    else:
        return function(items(*words))
    return bytes(out).hex() or "-"


with open("jobs.txt") as jobs:
    for job in jobs:
        name, *words = job.split()
        print(run(name, words))
