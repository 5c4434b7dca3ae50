"""emllinear's bytes, memory and instructions."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import emlmpy
from benchmarks.modules import shipped, sizes
from machines.machine import MACHINES

FEATURES, CLASSES = 20, 5
QUERIES = 10

SCRIPT = """
import array, gc
import instructions
import emllinear

gc.collect()
before = gc.mem_alloc()
model = emllinear.load("model.csv")
gc.collect()
print("heap", gc.mem_alloc() - before)
row = model.row()
out = array.array("f", [0] * model.n_outputs)
predict, bound = model.predict, instructions.bound
try:
    learn = emllinear.load("model.csv").partial_fit
    learn(row, 0, 0.5)
except ValueError:
    learn = None
with open("data.bin", "rb") as data:
    while data.readinto(row):
        print("predict", instructions.count(predict, row) - instructions.count(bound, row))
        empty = instructions.count(bound, row, out)
        print("proportions", instructions.count(predict, row, out) - empty)
        if learn:
            print("partial_fit", instructions.count(learn, row, 0, 0.5) - empty)
"""


def run(machine_name: str, file: Path, features: str) -> dict[str, int]:
    """Instructions of each call, mean over the queries, and the model's bytes of heap."""
    generator = np.random.default_rng(42)
    X = generator.integers(-1000, 1000, (200 + QUERIES, FEATURES), endpoint=True)
    X = X.astype(np.float32 if features == "float32" else np.int16)
    weights = generator.normal(size=(FEATURES, CLASSES))
    estimator = LogisticRegression(max_iter=20).fit(X / 1000, np.argmax(X @ weights, axis=1))
    estimator.coef_ /= 1000
    model = emlmpy.convert(estimator, features=features, X=X).encode()
    files = {file.name: file, "data.bin": X[200:].tobytes(), "model.csv": model}
    output = MACHINES[machine_name].run(SCRIPT, files, shift=8)
    counts: dict[str, list[int]] = {}
    for name, count in re.findall(r"(\w+) (\d+)", output):
        counts.setdefault(name, []).append(int(count))
    assert len(counts["predict"]) == QUERIES
    return {name: round(sum(values) / len(values)) for name, values in counts.items()}


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Rows: module, case, machine, metric, value."""
    for name in ("cortex-m4f", "cortex-m0"):
        file = shipped("emllinear", MACHINES[name].arch)
        for features, label in (("float32", "f32"), ("int16", "i16")):
            counts = run(name, file, features)
            heap = counts.pop("heap")
            for call, instructions in counts.items():
                case = f"{call}_{FEATURES}x{CLASSES}_{label}"
                yield "emllinear", case, name, "instructions", instructions
            yield "emllinear", f"model_{FEATURES}x{CLASSES}_{label}", name, "heap_bytes", heap
    for arch, size in sizes("emllinear"):
        yield "emllinear", "mpy", arch, "bytes", size
