"""emlknn's bytes, memory and instructions, and those of emlearn's own header wrapped plainly."""

import re
import subprocess
from collections.abc import Iterator

import numpy as np

from tests.machines.machine import MACHINES, ROOT

NEIGHBORS = 3
CASES = [(100, 8), (1000, 8), (100, 64)]
QUERIES = 10
BASELINE = ROOT / "build" / "baseline"

SCRIPT = """
import array, gc
import instructions
import {module}

items, features = {items}, {features}
data = open("data.bin", "rb")
row = array.array("h", bytes(2 * features))
def new():
    gc.collect()
    before = gc.mem_alloc()
    model = {module}.new(items, features, {neighbors})
    gc.collect()
    print("heap", gc.mem_alloc() - before)
    return model
model = new()
for i in range(items):
    data.readinto(row)
    model.additem(row, i % 5)
class Empty:
    method = instructions.empty
empty = Empty().method
predict = model.predict
while data.readinto(row):
    print("predict", instructions.count(predict, row) - instructions.count(empty, row))
"""


def run(machine_name: str, module: str, mpy: bytes, items: int, features: int) -> tuple[int, int]:
    """Instructions of a predict, mean over the queries, and the model's bytes of heap."""
    generator = np.random.default_rng(42)
    data = generator.integers(-1000, 1000, (items + QUERIES, features), endpoint=True)
    script = SCRIPT.format(module=module, items=items, features=features, neighbors=NEIGHBORS)
    files = {f"{module}.mpy": mpy, "data.bin": data.astype("<i2").tobytes()}
    output = MACHINES[machine_name].run(script, files, shift=8)
    counts = [int(count) for count in re.findall(r"predict (\d+)", output)]
    assert len(counts) == QUERIES
    return round(sum(counts) / QUERIES), int(re.search(r"heap (\d+)", output)[1])


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Rows: module, case, machine, metric, value."""
    for name in ("cortex-m4f", "cortex-m0"):
        arch = MACHINES[name].arch
        folder = ROOT / "benchmarks" / "baseline" / "emlknn"
        command = ["make", "-C", folder, f"ARCH={arch}", f"OUT={BASELINE}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for module, label, dist in (
            ("emlknn", "", ROOT / "dist"),
            ("emlneighbors", "_emlearn", BASELINE / "dist"),
        ):
            mpy = (dist / f"{arch}_6.3" / f"{module}.mpy").read_bytes()
            for items, features in CASES:
                instructions, heap = run(name, module, mpy, items, features)
                case = f"{items}x{features}{label}"
                yield "emlknn", f"predict_{case}", name, "instructions", instructions
                if (items, features) == CASES[0]:
                    yield "emlknn", f"model_{case}", name, "heap_bytes", heap
    for folder in sorted((ROOT / "dist").glob("*_6.3")):
        size = (folder / "emlknn.mpy").stat().st_size
        yield "emlknn", "mpy", folder.name.removesuffix("_6.3"), "bytes", size
