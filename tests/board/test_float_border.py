"""Floats that cross between a module and the firmware, whatever registers the firmware passes them
in: on armv7emsp there are machines with hard float and softfp, on rv32imc with ilp32 and ilp32f."""

import re
from pathlib import Path

import numpy as np
from scipy import signal
from sklearn.tree import DecisionTreeRegressor

import emlmpy
from machines.machine import ROOT, Machine

SCRIPT = Path(__file__).parents[1] / "device" / "board" / "float_border.py"
COUNT = 40
# mp_obj_new_float, mp_obj_get_float_to_f, mp_fun_table.obj_new_float_from_d and their like.
FLOAT_ENTRY = re.compile(r"obj_(new|get)_float")


def test_pattern_knows_the_entries() -> None:
    """It matches every entry of MicroPython's function table that passes a float."""
    header = (ROOT / "build" / "micropython" / "py" / "nativeglue.h").read_text()
    table = header[header.index("typedef struct _mp_fun_table_t") :]
    table = re.sub(r"//.*", "", table[: table.index("} mp_fun_table_t;")])
    entries = [entry for entry in table.split(";") if re.search(r"\b(float|double)\b", entry)]
    assert len(entries) == 4
    assert all(FLOAT_ENTRY.search(entry) for entry in entries)


def test_only_natmod_h_passes_floats() -> None:
    """No other source calls an entry of the function table that takes or returns a float."""
    sources = [path for path in (ROOT / "src").rglob("*.[ch]") if path.name != "natmod.h"]
    assert len(sources) > 10
    assert [str(path) for path in sources if FLOAT_ENTRY.search(path.read_text())] == []


def line(name: str, floats: np.ndarray) -> str:
    """What the device prints of them."""
    return f"{name} {floats.astype(np.float32).tobytes().hex()}"


def rows_of_filters(generator: np.random.Generator) -> np.ndarray:
    """Rows of sos whose a0 is a power of two; their impulse responses begin with 4 exact floats."""
    rows = (2 * generator.integers(-8, 8, (COUNT, 6)) + 1) / 16
    rows[:, 3] = 1
    rows[:, 4:] /= 4  # stable
    scale = generator.choice([-1, 1], COUNT) * 2.0 ** generator.integers(-60, 60, COUNT)
    return (rows * scale[:, None]).astype(np.float32)


def test_floats_arrive(machine: Machine, tmp_path: Path, seed: int) -> None:
    """Values, distances, predictions and filters' a0 have exactly the bits that they should."""
    generator = np.random.default_rng(seed)

    size = generator.uniform(1, 2, COUNT) * 2.0 ** generator.integers(-20, 20, COUNT)
    values = (size * generator.choice([-1, 1], COUNT)).astype(np.float32)
    items = generator.choice(np.arange(-32768, 32768), COUNT, replace=False).astype(np.int16)
    queries = generator.integers(-32768, 32768, COUNT).astype(np.int16)
    distances = np.abs(queries[:, None].astype(np.int64) - items)
    nearest = distances.argsort(axis=1, kind="stable")[:, :2]
    two = np.take_along_axis(distances, nearest, axis=1)

    rows = np.arange(COUNT, dtype=np.float32)[:, None]
    targets = generator.integers(-(2**20), 2**20, COUNT) / 128
    tree = DecisionTreeRegressor(random_state=1).fit(rows, targets)
    emlmpy.convert(tree, features="float32").save(tmp_path / "forest.bin", format="bin")
    sos = rows_of_filters(generator)
    impulse = np.array([1, 0, 0, 0])

    expected = {
        "getitem": values,
        "novelty": two.mean(axis=1),
        "distance": two[:, 0],
        "value": values[nearest[:, 0]],
        "regress": values[nearest[:, 0]],
        "numbers": np.array([0, -1, 3, 2**24, -(2**31), 2**40, 1]),
        "predict": tree.predict(rows),
    }
    lines = [line(name, floats) for name, floats in expected.items()]
    for row in sos.astype(np.float64):
        lines.append(line("impulse", signal.sosfilt(row[None] / row[3], impulse)))
    files = {
        "values.f": values.tobytes(),
        "items.h": items.tobytes(),
        "queries.h": queries.tobytes(),
        "forest.bin": tmp_path / "forest.bin",
        "rows.f": rows.tobytes(),
        "sos.f": sos.tobytes(),
    }
    for module in ("emliir.mpy", "emlknn.mpy", "emltrees.mpy"):
        files[module] = ROOT / "dist" / f"{machine.arch}_6.3" / module
    assert machine.run(SCRIPT, files).splitlines() == lines
