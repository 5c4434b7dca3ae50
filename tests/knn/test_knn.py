"""emlknn against numpy and scikit-learn, on every machine: the modules in dist/ are what runs."""

import math
import os
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

import emlmpy
from emlmpy import knn
from emlmpy.cli import main
from emlmpy.knn import KnnModel, convert_knn, load_dataset
from emlmpy.knn import twin as knn_twin
from machines.build import build
from machines.machine import MACHINES, ROOT, Machine

DEVICE = Path(__file__).parents[1] / "device" / "knn"
N_ROWS = 6
# What the smallest machine's disk has room for, beside the module.
MAX_FILE_BYTES = 40_000


def module(machine: Machine) -> dict[str, bytes | Path]:
    """The module as it ships."""
    return {"emlknn.mpy": machine.module("emlknn")}


def with_checksum(rows: bytes) -> bytes:
    """Add the last row of a file, of version 2 or later."""
    return rows + f"crc,{zlib.crc32(rows):08x}\n".encode()


DATA = np.arange(12).reshape(6, 2)
LABELS = np.arange(6)
WHOLE = "features must be whole numbers from -32768 to 32767"


@dataclass(frozen=True)
class Case:
    """Items to learn, rows to predict, and how."""

    name: str
    items: np.ndarray
    targets: np.ndarray
    rows: np.ndarray
    n_neighbors: int
    weights: str = "uniform"

    @property
    def regression(self) -> bool:
        """Whether the items have values, not labels."""
        return self.targets.dtype == np.float32

    def csv(self) -> bytes:
        """The file as README.md describes it, of version 4."""
        count, n_features = self.items.shape
        targets = self.targets.view(np.int32) if self.regression else self.targets
        flags = f"0,{int(self.regression)},{int(self.weights == 'distance')}"
        lines = [f"knn4,{count},{n_features},{self.n_neighbors},{flags},{count}"]
        lines += [
            ",".join(["i", str(target), *map(str, row)])
            for target, row in zip(targets.tolist(), self.items.tolist(), strict=True)
        ]
        return with_checksum("\n".join([*lines, f"e,{count}\n"]).encode())

    def estimator(self) -> KNeighborsClassifier | KNeighborsRegressor:
        """scikit-learn's model of the same."""
        kind = KNeighborsRegressor if self.regression else KNeighborsClassifier
        estimator = kind(self.n_neighbors, weights=self.weights, algorithm="brute")
        return estimator.fit(self.items.astype(np.float64), self.targets)

    def neighbors(self) -> tuple[np.ndarray, np.ndarray]:
        """Squared distances and indices of all items for each row, nearest first."""
        difference = self.rows.astype(np.int64)[:, None] - self.items.astype(np.int64)
        squared = (difference**2).sum(axis=2)
        order = squared.argsort(axis=1, kind="stable")
        return np.take_along_axis(squared, order, axis=1), order


def scaled(data: np.ndarray) -> np.ndarray:
    """Scale each feature to most of the int16 range."""
    low, high = data.min(axis=0), data.max(axis=0)
    return np.round((data - low) / (high - low) * 60000 - 30000)


def make_cases() -> list[Case]:
    """Real data, and random data of all ranges and shapes."""
    generator = np.random.default_rng(int(os.environ["EMLMPY_SEED"]))
    cases = []

    def add(name, items, targets, rows, n_neighbors, weights="uniform"):
        items, rows = (np.asarray(x).astype(np.int16) for x in (items, rows))
        cases.append(Case(name, items, targets, rows[:N_ROWS], n_neighbors, weights))

    for name, load, scale, count in (
        ("digits", load_digits, lambda data: data, 100),
        ("iris", load_iris, lambda data: data * 10, 100),
        ("wine", load_wine, scaled, 60),
    ):
        data, labels = load(return_X_y=True)
        order = generator.permutation(len(data))
        data, labels = scale(data)[order], labels[order].astype(np.int16)
        add(name, data[:count], labels[:count], data[count:], 3)
        add(f"{name}-distance", data[:count], labels[:count], data[count:], 5, "distance")
    # Name, features, items, neighbours, lowest, highest.
    for name, n_features, n_items, n_neighbors, low, high in (
        ("one", 1, 40, 1, -32768, 32767),
        ("all", 3, 20, 20, -32768, 32767),
        ("wide", 8, 50, 3, -32768, 32767),
        ("wide-odd", 7, 50, 4, -32768, 32767),
        ("half", 8, 50, 3, -16384, 16383),
        ("half-odd", 5, 50, 3, -16384, 16383),
        ("near", 3, 50, 3, -16384, 16383),
        ("long", 130, 7, 3, -3000, 3000),
        ("ties", 2, 50, 6, -2, 2),
        ("few", 6, 50, 9, 0, 1),
    ):
        items = generator.integers(low, high, (n_items, n_features), endpoint=True)
        rows = generator.integers(low, high, (N_ROWS, n_features), endpoint=True)
        # The extremes against each other, and rows that are items.
        items[0], items[1], rows[0], rows[1] = low, high, high, low
        rows[2:4] = items[2:4]
        labels = generator.integers(-32768, 32767, 5, endpoint=True)
        labels[0] = -32768
        targets = generator.choice(labels, n_items).astype(np.int16)
        values = generator.normal(1000, 200, n_items).astype(np.float32)
        add(name, items, targets, rows, n_neighbors)
        add(f"{name}-distance", items, targets, rows, n_neighbors, "distance")
        add(f"{name}-values", items, values, rows, n_neighbors)
        add(f"{name}-values-distance", items, values, rows, n_neighbors, "distance")
    data, values = load_diabetes(return_X_y=True)
    add("diabetes", scaled(data)[:100], values[:100].astype(np.float32), scaled(data)[100:], 5)
    return cases


CASES = make_cases()


def float_bits(words: list[str]) -> np.ndarray:
    """Floats from their bits in hex."""
    return np.frombuffer(bytes.fromhex("".join(words)), "<f4")


def vote(case: Case, squared: np.ndarray, labels: np.ndarray) -> int:
    """The label that counts most, in exact arithmetic as far as labels can tie."""
    counts: dict[int, float] = {}
    for distance, label in zip(squared.tolist(), labels.tolist(), strict=True):
        weight = 1.0
        if case.weights == "distance":
            exact = squared[0] == 0
            weight = float(distance == 0) if exact else 1 / math.sqrt(distance)
        counts[label] = counts.get(label, 0.0) + weight
    most = max(counts.values())
    return min(label for label, count in counts.items() if count >= most * (1 - 1e-8))


def batches() -> list[list[Case]]:
    """The cases in groups of files that fit on the smallest machine's disk."""
    groups: list[list[Case]] = [[]]
    room = MAX_FILE_BYTES
    for case in CASES:
        size = len(case.csv()) + case.rows.nbytes
        if size > room:
            groups.append([])
            room = MAX_FILE_BYTES
        groups[-1].append(case)
        room -= size
    return groups


@pytest.mark.cases("cases", batches(), ids=lambda cases: cases[0].name)
def test_predict(machine: Machine, cases: list[Case]) -> None:
    """Neighbours, order, distances, labels, means and novelty, on many kinds of data."""
    files = module(machine)
    listing = ""
    for case in cases:
        files[f"{case.name}.csv"] = case.csv()
        files[f"{case.name}.bin"] = case.rows.astype("<i2").tobytes()
        listing += f"{case.name} {case.n_neighbors} {int(case.regression)}\n"
    files["cases.txt"] = listing.encode()
    output = machine.run(DEVICE / "predict.py", files)
    lines = [line.split() for line in output.splitlines()]
    assert len(lines) == sum(len(case.rows) for case in cases)
    for case in cases:
        check_case(case, [words[1:] for words in lines if words[0] == case.name])


def check_case(case: Case, lines: list[list[str]]) -> None:
    """Compare what the device said of a case with numpy, and with scikit-learn."""
    k = case.n_neighbors
    squared, order = case.neighbors()
    estimator = case.estimator()
    expected_distances, _ = estimator.kneighbors(case.rows.astype(np.float64))
    predicted = estimator.predict(case.rows.astype(np.float64))
    twin = KnnModel(
        case.items,
        case.targets,
        k,
        regression=case.regression,
        weights=case.weights,
    )
    answers, novelties = twin.predict(case.rows), twin.novelty(case.rows)
    assert len(lines) == len(case.rows)
    for row, words in enumerate(lines):
        answer, *neighbors, novelty = words
        nearest, indices = squared[row, :k], order[row, :k]
        assert [int(word) for word in neighbors[0::3]] == indices.tolist(), case.name
        distances = float_bits(neighbors[1::3])
        np.testing.assert_array_equal(distances, np.sqrt(nearest).astype(np.float32))
        np.testing.assert_allclose(distances, expected_distances[row], rtol=1e-6)
        np.testing.assert_allclose(float_bits([novelty])[0], np.sqrt(nearest).mean(), rtol=1e-6)
        # The host twin gives the same bits.
        assert float_bits([novelty])[0] == novelties[row]
        if case.regression:
            assert float_bits([answer])[0] == answers[row]
        else:
            assert int(answer) == answers[row]
        # Where other items are as near as the last neighbour, scikit-learn may take those.
        unique = k == len(case.items) or squared[row, k - 1] < squared[row, k]
        targets = case.targets[indices]
        if case.regression:
            np.testing.assert_array_equal(float_bits(neighbors[2::3]), targets)
            if unique:
                np.testing.assert_allclose(float_bits([answer])[0], predicted[row], rtol=1e-6)
            if case.weights == "uniform":
                found = float_bits([answer])[0]
                mean = sum(map(Fraction, targets.tolist())) / k
                assert abs(Fraction(float(found)) - mean) <= Fraction(float(np.spacing(found))) / 2
        else:
            assert [int(word) for word in neighbors[2::3]] == targets.tolist()
            assert int(answer) == vote(case, nearest, targets), case.name
            if unique and case.weights == "uniform":
                assert int(answer) == predicted[row]


@pytest.mark.parametrize("script", ["calls.py", "edit.py", "files.py", "memory.py"])
def test_script(machine: Machine, script: str) -> None:
    """Scripts that check themselves on the device."""
    files = {**module(machine), "heap.py": DEVICE.parent / "heap.py"}
    assert machine.run(DEVICE / script, files, timeout=240) == "ok\n"


def test_example(machine: Machine) -> None:
    """examples/teach learns its poses, and still knows them after a reset."""
    output = machine.run(ROOT / "examples" / "teach" / "main.py", module(machine))
    assert output.count("4 of 4 right") == 2
    assert "-- reset --\nrestored 20 lessons\n" in output


def test_device_file_on_host(machine: Machine, tmp_path: Path) -> None:
    """What the device saves, the host reads."""
    script = """
import array, emlknn
model = emlknn.new(9, 2, 1, ring=True)
for i in range(11):
    model.additem(array.array("h", [i * 3000, -32768]), i - 5)
model.save("saved.csv")
print(open("saved.csv").read(), end="")
"""
    path = tmp_path / "saved.csv"
    path.write_text(machine.run(script, module(machine)))
    features, labels = load_dataset(path)
    assert features.tolist() == [[i * 3000, -32768] for i in range(2, 11)]
    assert labels.tolist() == [i - 5 for i in range(2, 11)]
    found = knn.describe(path.read_bytes())
    assert (found["items"], found["ring"], found["checksum"]) == (9, "yes", "right")
    assert knn.sign(path.read_bytes()) == path.read_bytes()


# Files of version 1, as emlmpy 0.1.0 wrote them on a device.
KEPT = {
    "knn1_labels.csv": (
        [[-32766 + i, 32757 - 5 * i, 14 + 7 * i] for i in range(6)],
        [32767, -32768, 0, 32767, -32768, 0],
    ),
    "knn1_values.csv": (
        [[100 * i, -i] for i in range(5)],
        np.array([0.1, -3.0e38, 1.1754944e-38, -0.0, 1e6], np.float32).tolist(),
    ),
}


@pytest.mark.cases("name", KEPT)
def test_kept_file(machine: Machine, name: str) -> None:
    """Files of version 1 still load, here and there, and can be signed."""
    path = Path(__file__).parents[1] / "files" / name
    expected = KEPT[name]
    data = path.read_bytes()
    features, targets = load_dataset(path)
    assert (features.tolist(), targets.tolist()) == expected
    assert knn.is_file(data) and knn.describe(data)["checksum"] == "none"
    signed = knn.sign(data)
    assert signed == with_checksum(data.replace(b"knn1", b"knn4"))
    newest = {"file": "nearest neighbours of emlknn, version 4", "checksum": "right"}
    assert knn.describe(signed) == knn.describe(data) | newest
    script = f"""
import array, emlknn
for name in ("{name}", "signed.csv"):
    model = emlknn.load(name)
    out = array.array("h", bytes({2 * features.shape[1]}))
    print([(model.getitem(i, out), list(out)) for i in range(len(model))])
model.save("again.csv")
print(open("again.csv").read() == open("signed.csv").read())
"""
    output = machine.run(script, module(machine) | {name: path, "signed.csv": signed})
    *models, same = output.splitlines()
    assert same == "True" and len(models) == 2
    for model in models:
        found = eval(model)
        assert [item for _, item in found] == expected[0]
        assert np.array([value for value, _ in found], np.float32).tolist() == expected[1]


def test_kept_file_of_version_2(machine: Machine) -> None:
    """A file that emlmpy wrote before there were thresholds; its distances are those of int16."""
    path = Path(__file__).parents[1] / "files" / "knn2_scaled.csv"
    rows = np.array([[0, 9039.5, 1], [700, 9100, 450], [-2.5, 9038, -8]], np.float32)
    expected = [(1, 4.778719425201416), (2, 403.288330078125), (2, 9.656747817993164)]
    twin = knn_twin.load(path.read_bytes())
    quantized = knn_twin.quantize(twin.scale, rows)
    found = zip(twin.predict(quantized), twin.novelty(quantized), strict=True)
    assert list(found) == expected and twin.classes == ("on", "off, or so", "é")
    assert twin.threshold is None and knn.describe(path.read_bytes())["checksum"] == "right"
    signed = knn.sign(path.read_bytes())
    assert signed.startswith(b"knn4,") and knn.describe(signed)["scaled"].startswith("yes")
    script = """
import array, emlknn
for name in ("model.csv", "signed.csv"):
    model = emlknn.load(name)
    row = model.row()
    with open("rows.bin", "rb") as file:
        while file.readinto(row):
            print(model.predict(row), array.array("f", [model.novelty(row)])[0])
"""
    files = {"model.csv": path, "signed.csv": signed, "rows.bin": rows.tobytes()}
    words = machine.run(script, module(machine) | files).split()
    assert words[0::2] == ["1", "2", "2"] * 2
    novelties = np.array(words[1::2], np.float32)
    np.testing.assert_allclose(novelties, [each for _, each in expected] * 2, rtol=1e-6)


def random_knn(generator: np.random.Generator) -> tuple[KnnModel, np.ndarray]:
    """A model of any settings, and rows for it. ValueError, or a file that the device must load."""

    def pick(*choices):
        return choices[generator.integers(len(choices))]

    n_items = pick(1, 2, 3, 30, int(generator.integers(1, 90)))
    n_features = pick(1, 2, 3, 8, 33) if n_items > 3 else pick(1, 255, 256, 4095, 4096, 4097)
    low, high = pick((-32768, 32767), (-16384, 16383), (-3, 3), (0, 0), (-32768, 32768))
    items = generator.integers(low, high, (n_items, n_features), endpoint=True)
    rows = generator.integers(max(low, -32768), min(high, 32767), (3, n_features), endpoint=True)
    rows = rows.astype(np.int16)
    settings = {"regression": pick(False, False, True), "weights": pick("uniform", "distance")}
    if settings["regression"]:
        targets = generator.normal(0, 1, n_items) * 10.0 ** generator.uniform(-38, 38)
        targets = np.clip(targets, -3.4e38, pick(3.4e38, 3.5e38))
        targets[generator.integers(n_items)] = pick(1e-38, 3e38, -3e38, 0.0, -0.0, 1e39, math.nan)
    else:
        labels = generator.integers(-32768, 32767, 4, endpoint=True)
        labels[:2] = pick((-32768, 32767), (0, 1), (255, 256), (-32769, 0), (0, 32768))
        targets = generator.choice(labels, n_items).astype(pick(np.int64, np.float64))
    if pick(True, False):
        size = pick(1, 2, 254, 255, 256, 300)
        labels = pick(
            [f"{i}é" * int(generator.integers(1, 26)) for i in range(size)],
            [pick("x" * 100, "", "y" * 101, "i,1", "a\rb", "?", " ", "\ud800", "7")] * size,
            (2**31 - 1 - np.arange(size) * pick(1, 2**23)).tolist(),
            [pick(-(2**31), 2**31 - 1, 2**31, 0.0, 0.5), *range(size - 1)],
            ["mixed", *range(size)],
        )
        settings["classes"] = labels
        targets = generator.integers(0, size, n_items)
    if pick(True, False):
        scale = generator.normal(size=(n_features, 2)) * 10.0 ** generator.uniform(-20, 6)
        scale[0] = pick((1, 0), (2.0**-100, -(2.0**37)), (1e-30, 1e-38), (3e38, 1), (1e39, 1))
        settings["scale"] = scale
        rows = (generator.normal(size=rows.shape) * 10.0 ** generator.uniform(-5, 8)).astype("f4")
    names = [f"{i}, é€?{pick('', 'x' * 90, 'crc,')}" for i in range(n_features)]
    names[0] = pick("?", "", "i,1", "e,1", "\u2028", "a\nb", "a\r", "\ud800", "x" * 200)
    model = KnnModel(
        items,
        targets,
        pick(1, 2, n_items, n_items + 1),
        feature_names=pick(None, names),
        **settings,
    )
    return model, rows


def answers(model: KnnModel, rows: np.ndarray) -> list[list[str]]:
    """What emlknn_predict.py prints of each row: the answer first and the novelty last."""
    found = model.twin.predict(model.quantize(rows))
    words = [value.tobytes().hex() for value in found] if model.regression else map(str, found)
    novelties = [value.tobytes().hex() for value in model.novelty(rows)]
    return [list(pair) for pair in zip(words, novelties, strict=True)]


@pytest.mark.filterwarnings("ignore:the file names features")
@pytest.mark.parametrize("name", ["unix-x64", "cortex-m0"])
def test_what_is_saved_loads(
    name: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    seed: int,
    rounds: Callable[[int], int],
) -> None:
    """Whatever save accepts loads on the device and gives the PC's answers; else there is a reason.

    300 random models on a PC's MicroPython, 20 on a machine of 32 bits.
    """
    if name not in (request.config.getoption("machine") or MACHINES):
        pytest.skip(f"{name} is not selected")
    build([name])
    machine = MACHINES[name]
    generator = np.random.default_rng(seed)
    # To split a row of 4096 features takes 200 kB, which the small machine does not have.
    wanted, room, memory, most_features = 20, MAX_FILE_BYTES, 20_000, 256
    if name == "unix-x64":
        wanted, room, memory, most_features = rounds(300), math.inf, 1_000_000, 4096
    files, listing, expected, reasons = module(machine), "", {}, set()
    while len(expected) < wanted:
        path = tmp_path / f"{len(expected)}.csv"
        try:
            model, rows = random_knn(generator)
            n_items = len(model.features)
            extra = int(generator.choice([0, 0, 1, 1000, 65535]))
            model.save(path, max_items=n_items + extra, ring=bool(generator.integers(2)))
        except ValueError as error:
            assert not path.exists()
            reasons.add(str(error))
            continue
        size = path.stat().st_size + rows.nbytes
        found = knn.describe(path.read_bytes())
        too_large = found["device bytes"] > memory or found["features"] > most_features
        if size > room / 4 or too_large:
            path.unlink()
            continue
        room -= size
        files |= {f"{path.stem}.csv": path, f"{path.stem}.bin": rows.tobytes()}
        listing += f"{path.stem} {model.n_neighbors} {int(model.regression)}\n"
        expected[path.stem] = answers(model, rows)
    files["cases.txt"] = listing.encode()
    assert len(reasons) > 5 and all(len(reason) > 10 for reason in reasons), reasons
    found: dict[str, list[list[str]]] = {}
    for line in machine.run(DEVICE / "predict.py", files, timeout=240).splitlines():
        case, answer, *_, novelty = line.split()
        found.setdefault(case, []).append([answer, novelty])
    assert found == expected


def test_largest_number_of_items(tmp_path: Path) -> None:
    """65535 items load; the device has room for no more."""
    items = np.arange(65535)[:, None] - 32768
    model = KnnModel(items, np.arange(65535) % 7, 1)
    model.save(tmp_path / "model.csv")
    features, labels = load_dataset(tmp_path / "model.csv")
    np.testing.assert_array_equal(features, items)
    np.testing.assert_array_equal(labels, model.targets)
    with pytest.raises(ValueError, match="items must be n_neighbors to 65535"):
        KnnModel(np.zeros((65536, 1)), np.zeros(65536), 1)
    with pytest.raises(ValueError, match="max_items must be 65535"):
        model.save(tmp_path / "other.csv", max_items=65536)
    with pytest.raises(ValueError, match="max_items must be 65535"):
        model.save(tmp_path / "other.csv", max_items=65534)
    assert not (tmp_path / "other.csv").exists()


NAMES = ["x, y", "*J-é", "?crc,00000000", ""]
ITEMS = np.array([[-32768, 32767, 0, 1], [2, 3, 4, 5], [-6, 7, -8, 9], [0] * 4, [-1] * 4])


def named_model() -> KnnModel:
    """A small model with values."""
    targets = np.array([1.5, -2.25, 1e-30, 3e38, 0.0], np.float32)
    return KnnModel(ITEMS, targets, 2, regression=True, weights="distance", feature_names=NAMES)


def scaled_model(classes: list[int] | list[str]) -> KnnModel:
    """A small model with classes and a scale."""
    scale = [[0.5, -3], [1e-20, 0], [-7.25, 2.0**36], [1.1, 1e-3]]
    return KnnModel(ITEMS, [1, 0, 1, 2, 1], 1, classes=classes, scale=scale, feature_names=NAMES)


def test_flipped_bits(seed: int) -> None:
    """No single bit of a file can be inverted so that it loads as another model."""
    generator = np.random.default_rng(seed)
    for file in (
        named_model().encode(max_items=9, ring=True),
        KnnModel(DATA, LABELS - 3, 1, feature_names=["*", "-"]).encode(),
        scaled_model(["*", "J-", "crc,"]).encode(),
        scaled_model([-(2**31), 2**31 - 1, 0]).encode(),
    ):
        before = knn.describe(file)
        for bit in generator.integers(8 * len(file), size=2500).tolist():
            flipped = bytearray(file)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ValueError):
                knn.describe(bytes(flipped))
        assert knn.describe(file) == before


def test_flipped_bits_on_the_device(machine: Machine, seed: int) -> None:
    """The device refuses such files too."""
    generator = np.random.default_rng(seed)
    for data in (named_model().encode(), scaled_model(["*", "J-", "crc,"]).encode()):
        bits = generator.integers(8 * len(data), size=150)
        files = {"model.csv": data, "flips.txt": "".join(f"{bit}\n" for bit in bits).encode()}
        output = machine.run(DEVICE / "flips.py", module(machine) | files, timeout=120)
        assert output == "ok\n"


def test_describe() -> None:
    """All that a file holds; what is no such file is no such file."""
    data = named_model().encode(max_items=9, ring=True)
    assert knn.describe(data) == {
        "file": "nearest neighbours of emlknn, version 4",
        "checksum": "right",
        "kind": "regression",
        "scaled": "no",
        "features": 4,
        "items": 5,
        "room for items": 9,
        "neighbours": 2,
        "weights": "distance",
        "ring": "yes",
        "device bytes": 8 * 2 + 9 * (2 * 4 + 4),
        "feature names": "x, y, *J-é, ?crc,00000000, ",
    }
    labels = KnnModel(DATA, [3, -3, 3, 3, 500, 3], 1).encode()
    assert knn.describe(labels)["labels"] == "-3, 3, 500"
    found = knn.describe(scaled_model(["no", "yes, or so", ""]).encode())
    assert found["labels"] == "no, yes, or so, "
    assert found["scaled"] == "yes: takes floats in raw units"
    assert found["device bytes"] == 8 + 5 * (2 * 4 + 2) + 10 * 4 + 4
    assert knn.is_file(data) and knn.is_file(b"?name,x\n" + labels) and knn.is_file(b"knn9,\xff")
    for other in (b"", b"\n", b"v,1\nk,0\n", b"sos,2\n", b"EMLT\0\xff", b"?knn2\n?", b"?knn2"):
        assert not knn.is_file(other)


def test_sign() -> None:
    """A file that was edited gets the checksum of what it holds now, unless it would not load."""
    data = named_model().encode()
    assert knn.sign(data) == data == knn.sign(data.replace(b"\n", b"\r\n"))
    edited = data.replace(b"2,3,4,5\n", b"2,3,4,55\n")
    assert edited != data
    with pytest.raises(ValueError, match=r"checksum differs: edited by hand\? emlmpy check --sign"):
        knn.describe(edited)
    signed = knn.sign(edited + b"\n\n")
    assert knn.describe(signed)["items"] == 5 and signed != data
    assert knn.sign(GOOD_FILE.encode()) == with_checksum(GOOD_FILE.replace("1", "4", 1).encode())
    for bad, text in (
        (GOOD_FILE.replace("5,1", "5,x"), "line 2: number expected, or out of range"),
        (GOOD_FILE.replace("e,2", "i,2"), "line 4: too many for this model"),
        ("", "line 1: unknown row, or out of order"),
        ("knn3,1", "line 1: unknown row, or out of order"),
    ):
        with pytest.raises(ValueError, match=text):
            knn.sign(bad.encode())
    with pytest.raises(ValueError, match="file is damaged"):
        knn.sign(b"knn1\xff")


def test_check_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """`emlmpy check` says what a file holds, and signs one that was edited by hand."""
    path = tmp_path / "model.csv"
    named_model().save(path)
    edited = path.read_bytes().replace(b"2,3,4,5\n", b"2,3,4,55\n")
    assert main(["check", str(path)]) == 0
    output = capsys.readouterr().out
    assert "checksum        right\n" in output and "feature names   x, y, *J-é" in output
    path.write_bytes(edited)
    assert main(["check", str(path)]) == 1
    assert "checksum differs: edited by hand? emlmpy check --sign FILE" in capsys.readouterr().err
    assert main(["check", "--sign", str(path)]) == 0
    assert load_dataset(path)[0][1].tolist() == [2, 3, 4, 55]
    path.write_text(GOOD_FILE)
    assert main(["check", str(path)]) == 0
    assert "checksum        none\n" in capsys.readouterr().out
    path.write_text(GOOD_FILE.replace("i,6", "i,x"))
    assert main(["check", "--sign", str(path)]) == 1
    assert "line 3: number expected, or out of range" in capsys.readouterr().err
    assert path.read_text() == GOOD_FILE.replace("i,6", "i,x")


def test_save_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the device's reader refuses is not written, and what was there stays."""
    path = tmp_path / "model.csv"
    model = named_model()
    model.save(path)
    before = path.read_bytes()
    assert before == model.encode()
    encode = KnnModel.encode
    monkeypatch.setattr(KnnModel, "encode", lambda *given: encode(*given).replace(b"i,", b"j,"))
    with pytest.raises(ValueError, match=r"line \d: unknown row|checksum differs"):
        model.save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    with pytest.raises(OSError, match="missing"):
        model.save(tmp_path / "missing" / "model.csv")


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_convert(weights: str, tmp_path: Path) -> None:
    """Converted estimators agree with themselves, and files hold what was learnt."""
    data, labels = load_digits(return_X_y=True)
    estimator = KNeighborsClassifier(1, weights=weights).fit(data[:500], labels[:500])
    model = convert_knn(estimator)
    report = model.check(data[500:900])
    assert (report.rows, report.agreement, report.score) == (400, 1.0, None)
    report = model.check(data[500:900], labels[500:900])
    assert report.score == report.expected_score == estimator.score(data[500:900], labels[500:900])
    assert report.measure == "accuracy" and 0.9 < report.score < 1
    assert model.nbytes == 8 * 1 + 500 * (2 * 64 + 2)
    model.save(tmp_path / "model.csv")
    features, found = load_dataset(tmp_path / "model.csv")
    np.testing.assert_array_equal(features, data[:500])
    np.testing.assert_array_equal(found, labels[:500])

    generator = np.random.default_rng(5)
    data = generator.integers(-32768, 32767, (300, 5), endpoint=True)
    values = generator.normal(50, 5, 300).astype(np.float32)
    estimator = KNeighborsRegressor(4, weights=weights).fit(data[:200], values[:200])
    model = convert_knn(estimator)
    report = model.check(data, values)
    assert report.agreement == 1.0 and report.largest_error < 1e-4 and report.measure == "R2"
    assert report.score == pytest.approx(estimator.score(data, values), abs=1e-5)
    model.save(tmp_path / "model.csv")
    features, found = load_dataset(tmp_path / "model.csv")
    np.testing.assert_array_equal(features, data[:200])
    np.testing.assert_array_equal(found, values[:200])


def test_check_finds_differences() -> None:
    """A model that is not the estimator's does not agree with it."""
    estimator = KNeighborsClassifier(1).fit(DATA, LABELS)
    other = KnnModel(DATA, [0, 1, 2, 3, 4, 0], 1, estimator=estimator)
    report = other.check(DATA, LABELS)
    assert (report.rows, report.agreeing, report.score) == (6, 5, 5 / 6)
    estimator = KNeighborsRegressor(1).fit(DATA, LABELS)
    other = KnnModel(DATA, [0, 1, 2, 3, 4, 5.5], 1, regression=True, estimator=estimator)
    report = other.check(DATA)
    assert (report.rows, report.agreeing, report.largest_error) == (6, 5, 0.5)
    with pytest.raises(ValueError, match="X must have a row"):
        other.check(DATA[:0])


def test_column_names(tmp_path: Path) -> None:
    """Columns of a DataFrame must be those of fit, in their order; arrays have no names."""
    frame = pd.DataFrame(DATA, columns=["left", "right"])
    model = convert_knn(KNeighborsClassifier(1).fit(frame, LABELS))
    assert model.feature_names == ["left", "right"]
    assert model.check(frame, LABELS).score == 1
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        np.testing.assert_array_equal(model.predict(DATA), LABELS)
    for columns, text in (
        (["right", "left"], "must be in the same order as they were in fit"),
        (["left", "up"], "unseen at fit time:\n- up\nFeature names seen .*missing:\n- right\n"),
        (["left"], "yet now missing:\n- right\n"),
    ):
        wrong = pd.DataFrame(0, index=[0], columns=columns)
        for method in (model.predict, model.novelty, model.check):
            with pytest.raises(ValueError, match=f"The feature names should match .*\n.*{text}"):
                method(wrong)
    path = tmp_path / "model.csv"
    model.save(path)
    assert path.read_text().splitlines()[1:3] == ["?name,left", "?name,right"]
    assert knn.describe(path.read_bytes())["feature names"] == "left, right"
    # A model that was fitted without names takes any; scikit-learn warns.
    with pytest.warns(UserWarning, match="fitted without feature names"):
        assert convert_knn(KNeighborsClassifier(1).fit(DATA, LABELS)).check(frame).agreement == 1


@pytest.mark.filterwarnings("ignore:the file names features")
def test_names_that_a_row_cannot_hold() -> None:
    """The file has them without line ends, and cut off; a warning says so."""
    frame = pd.DataFrame(DATA, columns=["two\r\nlines", "é" * 51])
    model = convert_knn(KNeighborsClassifier(1).fit(frame, LABELS))
    with pytest.warns(UserWarning, match="the file names features 'two"):
        data = model.encode()
    assert knn.describe(data)["feature names"] == f"two  lines, {'é' * 50}"
    assert model.predict(frame).tolist() == LABELS.tolist()


def test_float_labels() -> None:
    """Whole numbers are labels, as np.loadtxt reads them; others are refused with a way out."""
    model = convert_knn(KNeighborsClassifier(1).fit(DATA, LABELS.astype(float)))
    assert model.classes is None
    assert model.predict(DATA).tolist() == LABELS.tolist()
    assert model.check(DATA, LABELS.astype(float)).score == 1
    for labels in (LABELS + 32763, LABELS - 32769, LABELS + 0.5, LABELS.astype(str)):
        with pytest.raises(ValueError, match=r"labels must be whole .*: number the classes, 0, 1"):
            KnnModel(DATA, labels, 1)


@pytest.mark.cases(
    "labels",
    [
        ["never", "", "always, or so", "é€", "x" * 100, "7"],
        np.array([-(2**31), 2**31 - 1, 0, 40000, -1, 65536]),
        np.array([40000.0, -40000, 3, 1, 2, 0]),
        np.array([True, False, True, False, True, True]),
    ],
    ids=["text", "ints", "floats", "bools"],
)
def test_class_labels(labels, machine: Machine, tmp_path: Path) -> None:
    """The PC predicts labels; the device the number of a class, whose label is in classes."""
    path = tmp_path / "model.csv"
    estimator = KNeighborsClassifier(1).fit(DATA, labels)
    model = convert_knn(estimator)
    model.save(path, max_items=7)
    assert model.check(DATA, labels).score == 1
    features, found = load_dataset(path)
    np.testing.assert_array_equal(features, DATA)
    assert found.tolist() == list(labels)
    script = f"""
import emlknn
model = emlknn.load("model.csv")
row = model.row()
found = []
for row[0], row[1] in {DATA.tolist()}:
    number = model.predict(row)
    found.append(number if model.classes is None else model.classes[number])
print(found == {np.array(labels).tolist()})
if model.classes:
    print(model.additem(row, 5))
    model.save("again.csv")
    print(emlknn.load("again.csv").classes == model.classes)
"""
    output = machine.run(script, module(machine) | {"model.csv": path})
    assert output == ("True\n" if model.classes is None else "True\n6\nTrue\n")


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["x" * 101, "y"] * 3, "class labels must be at most 100 bytes"),
        (["é" * 51, "y"] * 3, "class labels must be at most 100 bytes"),
        (["a\nb", "y"] * 3, "without line ends and null characters"),
        (["a\0b", "y"] * 3, "without line ends and null characters"),
        (["a\ud800b", "y"] * 3, "class labels must be"),
        (LABELS + 2**31, r"must lie in -2147483648..2147483647, not 2147483648"),
        (LABELS - 2**31 - 1, r"must lie in -2147483648..2147483647, not -2147483649"),
    ],
)
def test_class_labels_refused(labels, text: str) -> None:
    """Labels that a row of the file cannot hold."""
    with pytest.raises(ValueError, match=text):
        convert_knn(KNeighborsClassifier(1).fit(DATA, labels))


def test_classes_of_a_model() -> None:
    """Targets must be numbers of classes; classes one kind of label, and not too many."""
    for classes, targets, text in (
        (["a", "b"], [0, 1, 2, 0, 1, 0], "numbers of classes"),
        (["a", "b"], [0, -1, 1, 0, 1, 0], "numbers of classes"),
        (["a", 1], [0] * 6, "whole numbers or strings, not 'a'"),
        ([0.5, 1], [0] * 6, "whole numbers or strings, not 0.5"),
        ([None, 1], [0] * 6, "whole numbers or strings, not None"),
        ([math.inf, 1], [0] * 6, "whole numbers or strings, not inf"),
        ([math.nan, 1], [0] * 6, "whole numbers or strings, not nan"),
        ([], [0] * 6, "classes must be 1 to 32768"),
        (range(32769), [0] * 6, "classes must be 1 to 32768"),
    ):
        with pytest.raises(ValueError, match=text):
            KnnModel(DATA, targets, 1, classes=classes)
    with pytest.raises(ValueError, match="numbers of classes"):
        KnnModel(DATA, LABELS, 1, regression=True, classes=["a"] * 6)


def exact_quantize(raw: float, scale: float, offset: float) -> int:
    """round(raw * scale + offset), halves away from zero, as eml_quantize.h promises it."""

    def units(value: Fraction) -> int:  # of 2^-24, cut off toward zero
        return int(min(max(value * 2**24, Fraction(-(2**61))), Fraction(2**61)))

    value = Fraction(units(Fraction(raw) * Fraction(scale)) + units(Fraction(offset)), 2**24)
    rounded = math.floor(abs(value) + Fraction(1, 2))
    return min(max(-rounded if value < 0 else rounded, -32768), 32767)


def test_quantize(seed: int) -> None:
    """The kernel's quantising is exact, for all sizes, and at halves."""
    generator = np.random.default_rng(seed)
    n_rows, n_features = 40, 50
    scale = generator.normal(size=(n_features, 2)) * 2.0 ** generator.integers(-30, 20, (50, 2))
    raw = generator.normal(size=(n_rows, n_features)) * 2.0 ** generator.integers(-30, 30, (40, 50))
    scale[0], scale[1], scale[2] = (1, 0), (0.5, 0.25), (-0.25, 3)
    raw[:, :3] = np.arange(3 * n_rows).reshape(n_rows, 3) - 1.5 * n_rows
    raw[0, 3:9] = (math.inf, -math.inf, 3e38, -3e38, 1e-40, -0.0)
    scale[3:9, 0] = (2, -2, 3e38, 1e30, 1, 1)
    scale[9] = (1e-40, 7)  # too small to count
    scale, raw = scale.astype(np.float32), raw.astype(np.float32)
    found = knn_twin.quantize(scale, raw)
    for row, features in zip(raw.tolist(), found.tolist(), strict=True):
        for value, feature, (factor, offset) in zip(row, features, scale.tolist(), strict=True):
            if math.isinf(value):
                expected = 32767 if value * factor > 0 else -32768
            else:
                small = 2.0**-126
                value, factor = (x if abs(x) >= small else 0.0 for x in (value, factor))
                expected = exact_quantize(value, factor, offset)
            assert feature == expected, (value, factor, offset)
    raw[7, 7] = math.nan
    with pytest.raises(ValueError, match="features must not be nan"):
        knn_twin.quantize(scale, raw)
    # int16 as the float32 that are equal to them, all of them.
    whole = np.tile(np.arange(-32768, 32768, dtype=np.int16)[:, None], (1, len(scale)))
    found = knn_twin.quantize(scale, whole)
    assert np.array_equal(found, knn_twin.quantize(scale, whole.astype(np.float32)))


SCALERS = [
    [],
    [StandardScaler()],
    [StandardScaler(with_mean=False)],
    [StandardScaler(with_std=False)],
    [MinMaxScaler((-3, 7))],
    [MaxAbsScaler()],
    [RobustScaler()],
    [RobustScaler(with_centering=False)],
    [RobustScaler(with_scaling=False, quantile_range=(5, 95))],
    [StandardScaler(), MinMaxScaler(), MaxAbsScaler(copy=False)],
    [MinMaxScaler(copy=False), RobustScaler()],
]


@pytest.mark.parametrize("scalers", SCALERS, ids=str)
def test_scalers(scalers: list) -> None:
    """Any numbers, also behind scalers: scikit-learn's neighbours, and its distances but a factor.

    Training rows are at distance 0 of themselves.
    """
    data, labels = load_breast_cancer(return_X_y=True)
    half = len(data) // 2
    pipeline = make_pipeline(*scalers, KNeighborsClassifier(5))
    pipeline.fit(data[:half].copy(), labels[:half])  # a scaler with copy=False changes its rows
    *fitted, estimator = (step for _, step in pipeline.steps)
    model = convert_knn(estimator, scalers=fitted)
    assert model.scale.shape == (30, 2) and abs(model.features.astype(int)).max() <= 24576
    report = model.check(data[half:], labels[half:])
    assert report.agreement > 0.99
    assert report.expected_score == pipeline.score(data[half:].copy(), labels[half:])
    rows = data[half:]
    for scaler in fitted:
        rows = scaler.transform(rows.copy())
    expected = estimator.kneighbors(rows)[0].mean(axis=1)
    factor = np.median(model.novelty(data[half:]) / expected)
    inside = np.all((data[half:] < data[:half].max(0)) & (data[half:] > data[:half].min(0)), axis=1)
    assert inside.sum() > 100
    found = model.novelty(data[half:])[inside] / factor
    np.testing.assert_allclose(found, expected[inside], atol=1.5 / factor)
    nearest = KNeighborsClassifier(1).fit(estimator._fit_X, labels[:half])
    assert not convert_knn(nearest, fitted).novelty(data[:half]).any()
    assert convert_knn(nearest, fitted).check(data[:half], labels[:half]).score == 1


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_what_rounding_costs(load) -> None:
    """As README.md says: at most one row in a quarter of a data set."""
    data, labels = load(return_X_y=True)
    split = train_test_split(data, labels, random_state=0)
    for scaler in (None, StandardScaler(), MinMaxScaler(), MaxAbsScaler(), RobustScaler()):
        for weights in ("uniform", "distance"):
            rows = split[0] if scaler is None else scaler.fit_transform(split[0])
            estimator = KNeighborsClassifier(5, weights=weights).fit(rows, split[2])
            scalers = [] if scaler is None else [scaler]
            report = convert_knn(estimator, scalers, features="float32").check(split[1], split[3])
            assert report.rows - report.agreeing <= 1, (scaler, report)


def test_convert_takes_pipelines(tmp_path: Path) -> None:
    """emlmpy.convert hands scalers and estimator over, and check compares with all of them."""
    data, labels = load_wine(return_X_y=True, as_frame=True)
    names = load_wine().target_names[labels]
    pipeline = make_pipeline(RobustScaler(), KNeighborsClassifier()).fit(data, names)
    search = GridSearchCV(pipeline, {"kneighborsclassifier__n_neighbors": [3, 5]}).fit(data, names)
    for fitted in (pipeline, search):
        model = emlmpy.convert(fitted)
        assert isinstance(model, KnnModel) and model.scale is not None
        report = model.check(data, names)
        assert report.agreement > 0.99 and report.expected_score == fitted.score(data, names)
        with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
            model.check(data[data.columns[::-1]])
        model.save(tmp_path / "model.csv")
        found = knn.describe((tmp_path / "model.csv").read_bytes())
        assert found["feature names"] == ", ".join(data.columns)
        assert found["labels"] == "class_0, class_1, class_2"


def test_scaled_regression() -> None:
    """Values behind a scaler agree within what rounding to int16 changes of the weights."""
    data, values = load_diabetes(return_X_y=True)
    for weights in ("uniform", "distance"):
        scaler = StandardScaler().fit(data[:300])
        estimator = KNeighborsRegressor(7, weights=weights)
        model = convert_knn(estimator.fit(scaler.transform(data[:300]), values[:300]), [scaler])
        report = model.check(data[300:], values[300:])
        assert report.score == pytest.approx(report.expected_score, abs=0.01)
        error = model.predict(data[300:]) - estimator.predict(scaler.transform(data[300:]))
        assert np.median(np.abs(error)) < 0.01


def test_decimal_steps_are_exact() -> None:
    """Items in steps of 0.1, or whole numbers beyond int16, keep distances that are equal."""
    data, labels = load_iris(return_X_y=True)
    model = convert_knn(KNeighborsClassifier(3).fit(data, labels))
    factor = model.scale[0, 0]
    assert factor % 10 == 0 and np.all(model.scale[:, 0] == factor)
    steps = np.rint(data * 10).astype(int)
    expected = np.array([np.sort(((steps - row) ** 2).sum(1))[:3] for row in steps])
    expected = (np.sqrt(expected) * (factor / 10)).mean(1)
    np.testing.assert_allclose(model.novelty(data), expected, rtol=1e-6)
    assert model.novelty(data.astype(np.float32)).tolist() == model.novelty(data).tolist()
    float32 = convert_knn(KNeighborsClassifier(3).fit(data.astype(np.float32), labels))
    np.testing.assert_array_equal(float32.scale, model.scale)
    years = DATA * 1000 + 1_000_000
    model = convert_knn(KNeighborsClassifier(1).fit(years, LABELS))
    assert (
        np.diff(model.features.astype(int), axis=0).tolist() == [[8000 // 2] * 2] * 5
        or (np.diff(model.features.astype(int), axis=0) % 2000 == 0).all()
    )
    assert model.check(years, LABELS).score == 1
    # A scale for whole numbers too, if that is wanted.
    model = convert_knn(KNeighborsClassifier(1).fit(DATA, LABELS), features="float32")
    assert model.scale is not None and model.predict(DATA + 0.25).tolist() == LABELS.tolist()


def test_scaled_dataset(tmp_path: Path) -> None:
    """What load_dataset gives in raw units is what the device has, within half a step."""
    data, labels = load_wine(return_X_y=True)
    names = load_wine().target_names[labels]
    scaler = RobustScaler().fit(data)
    estimator = KNeighborsClassifier(3).fit(scaler.transform(data), names)
    model = convert_knn(estimator, [scaler])
    model.save(tmp_path / "model.csv")
    features, found = load_dataset(tmp_path / "model.csv")
    np.testing.assert_array_equal(found, names)
    np.testing.assert_array_equal(model.quantize(features), model.features)
    assert np.all(np.abs(features - data) <= 0.51 / np.abs(model.scale[:, 0]) + 1e-6 * data)


def test_scaled_on_the_device(machine: Machine, tmp_path: Path, seed: int) -> None:
    """Raw floats on the device give the PC's answers, and so do rows that are quantised already."""
    data, labels = load_breast_cancer(return_X_y=True)
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(data))
    data, labels = data[order], load_breast_cancer().target_names[labels[order]]
    scaler = StandardScaler().fit(data[:60])
    estimator = KNeighborsClassifier(5, weights="distance")
    model = convert_knn(estimator.fit(scaler.transform(data[:60]), labels[:60]), [scaler])
    model.save(tmp_path / "model.csv", max_items=61)
    rows = np.float32(data[60:90])
    rows[0] *= 1000  # far beyond all items
    files = {
        "model.csv": tmp_path / "model.csv",
        "raw.bin": rows.tobytes(),
        "quantized.bin": model.quantize(rows).tobytes(),
    }
    script = """
import array, emlknn, struct
model = emlknn.load("model.csv")
print(model.classes, model.scaled, model.n_features)
raw, quantized, out = model.row(), array.array("h", bytes(60)), array.array("h", bytes(60))
with open("raw.bin", "rb") as raw_file, open("quantized.bin", "rb") as quantized_file:
    while raw_file.readinto(raw):
        quantized_file.readinto(quantized)
        found = model.predict(raw), model.novelty(raw)
        assert found == (model.predict(quantized), model.novelty(quantized))
        print(model.classes[found[0]], struct.pack("<f", found[1]).hex())
model.additem(raw, 1)
assert model.getitem(60, out) == 1 and out == quantized
model.save("again.csv")
model = emlknn.load("again.csv")
assert model.predict(raw) == 1 and model.getresult(0) == (60, 0.0, 1)
assert model.getitem(60, out) == 1 and out == quantized and model.scaled
"""
    head, *lines = machine.run(script, module(machine) | files).splitlines()
    assert head == "('benign', 'malignant') True 30"
    novelties = [value.tobytes().hex() for value in model.novelty(rows)]
    expected = zip(model.predict(rows), novelties, strict=True)
    assert lines == [" ".join(pair) for pair in expected]


class Doubler(StandardScaler):
    """Does something else than its class says."""

    def transform(self, X):
        """Double."""
        return 2 * X


@pytest.mark.parametrize(
    ("scaler", "text"),
    [
        (PCA(1), "PCA is not supported before nearest neighbours: use StandardScaler, MinMaxScal"),
        (Doubler(), "Doubler is not supported before nearest neighbours"),
        (MinMaxScaler(clip=True), "MinMaxScaler must have clip=False"),
    ],
)
def test_scalers_refused(scaler, text: str) -> None:
    """What does something else than to multiply and add."""
    rows = scaler.fit_transform(DATA + 0.5)
    with pytest.raises(ValueError, match=text):
        convert_knn(KNeighborsClassifier(1).fit(rows, LABELS), [scaler])


@pytest.mark.parametrize(
    ("data", "arguments", "text"),
    [
        (DATA * 1e-36, {}, "ranges that a float32 scale can bring to int16"),
        (DATA * 1e38, {}, "ranges that a float32 scale can bring to int16"),
        (DATA * 1e-6 + 1e6, {}, "must not be so far from 0: subtract a constant"),
        (DATA + 0.5, {"features": "int16"}, WHOLE),
        (DATA, {"features": "uint8"}, "features must be auto, int16 or float32, not 'uint8'"),
        (DATA, {"features": "int16", "scalers": [StandardScaler()]}, "not possible behind scalers"),
        (csr_matrix(DATA), {}, r"fit it on X.toarray\(\)"),
    ],
)
def test_features_refused(data, arguments: dict, text: str) -> None:
    """Items that int16 cannot hold, and other ways to hold them than there are."""
    estimator = KNeighborsClassifier(1).fit(data, LABELS)
    with pytest.raises(ValueError, match=text):
        convert_knn(estimator, **arguments)


def test_rows_refused() -> None:
    """NaN, text, sparse rows and other shapes, with or without a scale."""
    for data in (DATA, DATA + 0.5):
        model = convert_knn(KNeighborsClassifier(1).fit(data, LABELS))
        for rows, text in (
            (DATA * math.nan, "must not be nan|must be whole numbers"),
            (DATA[:, :1], r"must have the shape \(rows, 2\), not \(6, 1\)"),
            (DATA[0], r"must have the shape \(rows, 2\), not \(2,\)"),
            ([["1", "2"]], "must hold numbers"),
            ([[None, 2]], "must hold numbers|must not be nan|must be whole"),
        ):
            with pytest.raises(ValueError, match=text):
                model.predict(rows)
        with pytest.raises(TypeError, match=r"give X.toarray\(\)"):
            model.predict(csr_matrix(DATA))
        with pytest.raises(ValueError, match=r"must have a row|minimum of 1"):
            model.check(DATA[:0])


@pytest.mark.parametrize(
    ("estimator", "data", "labels", "text"),
    [
        (KNeighborsClassifier(1, metric="manhattan"), DATA, LABELS, "Euclidean"),
        (KNeighborsClassifier(1, p=3), DATA, LABELS, "Euclidean"),
        (KNeighborsClassifier(1, weights=lambda d: d), DATA, LABELS, "weights must be"),
        (KNeighborsClassifier(1), DATA, DATA, "one output"),
        (KNeighborsRegressor(1), DATA, DATA, "one output"),
        (KNeighborsRegressor(1), DATA, LABELS * 1e39, "values must be finite"),
        (KNeighborsRegressor(7), DATA, LABELS, "items must be n_neighbors"),
    ],
)
def test_convert_refuses(estimator, data, labels, text: str) -> None:
    """An estimator that emlknn cannot stand for is an error, not another model."""
    with pytest.raises(ValueError, match=text):
        convert_knn(estimator.fit(data, labels))


def test_convert_needs_a_fitted_estimator() -> None:
    """And predict rows of the right shape."""
    with pytest.raises(ValueError, match="estimator must be fitted"):
        convert_knn(KNeighborsClassifier(1))
    model = convert_knn(KNeighborsClassifier(1).fit(DATA, LABELS))
    for rows in (DATA + 0.5, DATA * 10000, DATA - 32769):
        with pytest.raises(ValueError, match=f"{WHOLE}, as those were that convert got"):
            model.predict(rows)
    with pytest.raises(ValueError, match="convert_knn"):
        KnnModel(DATA, LABELS, 1).check(DATA)


GOOD_FILE = "knn1,3,2,1,0,0,0,2\ni,5,1,2\ni,6,3,4\ne,2\n"


def test_load_dataset_refuses(tmp_path: Path) -> None:
    """A file that is cut, but for its last line end, or wrong; the text names it and the line."""
    path = tmp_path / "items.csv"
    path.write_text(GOOD_FILE)
    assert load_dataset(path)[0].tolist() == [[1, 2], [3, 4]]
    signed = with_checksum(GOOD_FILE.replace("knn1", "knn2").encode()).decode()
    wrong = [text[:end] for text in (GOOD_FILE, signed) for end in range(len(text) - 1)]
    for old, new in (("knn1", "knn2"), ("i,5", "j,5"), ("2\ni,5", "3\ni,5"), ("5,1,2", "5,1,2,3")):
        wrong.append(GOOD_FILE.replace(old, new))
    for old, new in (("i,5", "i,32768"), ("5,1,2", "5,1,32768"), ("5,1", "5,1.5"), ("e,2", "e,3")):
        wrong.append(GOOD_FILE.replace(old, new))
    # An array of CPython would refuse these in words of its own; MicroPython has no such digits.
    for new in ("i,99999999999999999999", "i,5.0", "i,\u0665", "i,", f"i,{'9' * 5000}"):
        wrong.append(GOOD_FILE.replace("i,5", new))
    # Only LF ends a line.
    wrong += [GOOD_FILE.replace("\ni", "\x0bi"), GOOD_FILE.replace("\ni", "\u2028i")]
    for text in wrong:
        path.write_text(text)
        with pytest.raises(ValueError, match=r"items.csv: (line \d: |checksum differs)"):
            load_dataset(path)
    path.write_bytes(b"knn1\xff")
    with pytest.raises(ValueError, match=r"items.csv: file is damaged"):
        load_dataset(path)


def test_kernel_under_sanitizers(tmp_path: Path, seed: int) -> None:
    """Random use of the kernel, with memory of exactly eml_knn_bytes, breaks no rule of C."""
    program = tmp_path / "fuzz"
    command = ["gcc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    source = Path(__file__).parents[1] / "fuzz" / "knn.c"
    command += [f"-I{ROOT / 'src' / folder}" for folder in ("emlknn", "common")]
    command += [str(source), "-lm", "-o", str(program)]
    subprocess.run(command, check=True)
    command = [program, str(seed), "3000"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output == "3000 of 3000 rounds\n"
