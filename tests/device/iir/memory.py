# What a small file asks for is no more than its rows, and state() needs memory. What else can run
# out of it is in suites.py.
import array
import gc
import io

import emliir
import heap

sos = array.array("f", [0.625, 1.25, 0.625, 1, -0.5, 0.25] * 50)
kept = emliir.new(sos, 2)
samples = array.array("f", [1, 2, 3, 4])
kept.run(samples)
state = kept.state()
failed, found = heap.starve(kept.state, lambda: None)
assert failed > 0 and list(found) == list(kept.state()) == list(state)

# The rows that a file says there are, are not allocated.
gc.collect()
blocks = None
try:
    while gc.mem_free() > 8192:
        blocks = (bytearray(1024), blocks)
except MemoryError:
    pass
for head in ("sos,255\n", "sos2,255\n", "sos2,99999999999999999999\n"):
    try:
        emliir.load(io.StringIO(head))
    except ValueError as error:
        assert str(error) == "line 1: file must not be cut short", error
    else:
        raise AssertionError(head)
print("ok")
