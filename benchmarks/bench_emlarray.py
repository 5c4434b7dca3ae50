"""What emlarray costs: instructions of each call for 256 samples, and bytes.

Beside it what people write without it: MicroPython's own sum, or a loop in Python.
"""

from collections.abc import Iterator

from benchmarks.modules import shipped, sizes
from machines.machine import MACHINES

SCRIPT = """
import gc
from array import array
import instructions
import emlarray

def sumsq_python(x):
    total = 0
    for value in x:
        total += value * value
    return total

def sum_abs_diff_python(x):
    total = 0
    last = x[0]
    for value in x:
        total += abs(value - last)
        last = value
    return total

x = array("h", [i * 7919 % 2001 - 1000 for i in range(256)])
y = array("h", x)
scaled = array("b", bytes(256))
channel = array("h", bytes(128))
limits = -1000, 1000, -128, 127
calls = [(name, getattr(emlarray, name), (x,))
    for name in ("sum", "mean", "sumsq", "sum_abs_diff", "max", "argmax")]
calls += [
    ("dot", emlarray.dot, (x, y)),
    ("linear_map", emlarray.linear_map, (x, scaled) + limits),
    ("deinterleave_4", emlarray.deinterleave, (x, channel, 1, 4)),
    ("push_64", emlarray.push, (x, channel)),
    ("sum_python", sum, (x,)),
    ("sumsq_python", sumsq_python, (x,)),
    ("sum_abs_diff_python", sum_abs_diff_python, (x,)),
    ("max_python", max, (x,)),
]
gc.collect()
for name, call, arguments in calls:
    print(name, instructions.count(call, *arguments)
        - instructions.count(instructions.bound, *arguments))
"""


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Yield the rows of results.csv."""
    for name in ("cortex-m4f", "cortex-m0"):
        file = shipped("emlarray", MACHINES[name].arch)
        for line in MACHINES[name].run(SCRIPT, {file.name: file}, shift=8).splitlines():
            call, cost = line.split()
            call, _, rest = call.partition("_python")
            case = f"{call}_256" + ("_python" if line.split()[0].endswith("_python") else rest)
            yield "emlarray", case, name, "instructions", int(cost)
    for arch, size in sizes("emlarray"):
        yield "emlarray", "mpy", arch, "bytes", size


if __name__ == "__main__":
    for row in measure():
        print(*row, sep=",")
