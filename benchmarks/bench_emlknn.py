"""emlknn's bytes, memory and instructions, and those of emlearn's own header wrapped plainly."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.modules import baseline, shipped, sizes
from emlmpy.knn import convert_knn
from machines.machine import MACHINES

NEIGHBORS = 3
CASES = [(100, 8), (1000, 8), (100, 64)]
QUERIES = 10

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
empty = instructions.bound
predict = model.predict
while data.readinto(row):
    print("predict", instructions.count(predict, row) - instructions.count(empty, row))
"""

SCALED_SCRIPT = """
import array
import instructions
import emlknn

model = emlknn.load("model.csv")
row = model.row()
predict = model.predict
def count(row):
    return instructions.count(predict, row) - instructions.count(instructions.bound, row)
with open("data.bin", "rb") as data:
    while data.readinto(row):
        print("float", count(row))
with open("units.bin", "rb") as data:
    row = array.array("h", bytes(2 * len(row)))
    while data.readinto(row):
        print("int16", count(row))
"""


def run_scaled(machine_name: str, file: Path, items: int, features: int) -> tuple[int, int]:
    """Instructions of a predict that rounds floats to int16, and of one that is given int16."""
    data = np.random.default_rng(42).normal(size=(items + QUERIES, features)).astype(np.float32)
    estimator = KNeighborsClassifier(NEIGHBORS).fit(data[:items], np.arange(items) % 5)
    model = convert_knn(estimator)
    files = {
        file.name: file,
        "data.bin": data[items:].tobytes(),
        "units.bin": model.quantize(data[items:]).tobytes(),
        "model.csv": model.encode(),
    }
    output = MACHINES[machine_name].run(SCALED_SCRIPT, files, shift=8)
    floats, units = (re.findall(rf"{kind} (\d+)", output) for kind in ("float", "int16"))
    assert len(floats) == len(units) == QUERIES
    return round(sum(map(int, floats)) / QUERIES), round(sum(map(int, units)) / QUERIES)


def run(machine_name: str, file: Path, items: int, features: int) -> tuple[int, int]:
    """Instructions of a predict, mean over the queries, and the model's bytes of heap."""
    generator = np.random.default_rng(42)
    data = generator.integers(-1000, 1000, (items + QUERIES, features), endpoint=True)
    script = SCRIPT.format(module=file.stem, items=items, features=features, neighbors=NEIGHBORS)
    files = {file.name: file, "data.bin": data.astype("<i2").tobytes()}
    output = MACHINES[machine_name].run(script, files, shift=8)
    counts = [int(count) for count in re.findall(r"predict (\d+)", output)]
    assert len(counts) == QUERIES
    return round(sum(counts) / QUERIES), int(re.search(r"heap (\d+)", output)[1])


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Rows: module, case, machine, metric, value."""
    for name in ("cortex-m4f", "cortex-m0"):
        arch = MACHINES[name].arch
        for label, file in (
            ("", shipped("emlknn", arch)),
            ("_emlearn", baseline("emlknn", "emlneighbors", arch)),
        ):
            for items, features in CASES:
                instructions, heap = run(name, file, items, features)
                case = f"{items}x{features}{label}"
                yield "emlknn", f"predict_{case}", name, "instructions", instructions
                if (items, features) == CASES[0]:
                    yield "emlknn", f"model_{case}", name, "heap_bytes", heap
        items, features = CASES[0]
        floats, units = run_scaled(name, shipped("emlknn", arch), items, features)
        case = f"predict_scaled_{items}x{features}"
        yield "emlknn", case, name, "instructions", floats
        yield "emlknn", f"{case}_given_int16", name, "instructions", units
        each = round((floats - units) / features)
        yield "emlknn", "quantize_feature", name, "instructions", each
    for arch, size in sizes("emlknn"):
        yield "emlknn", "mpy", arch, "bytes", size
