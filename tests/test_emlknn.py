"""emlknn against numpy and scikit-learn, on every machine: the modules in dist/ are what runs."""

import math
import os
import random
import subprocess
import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_wine
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from emlmpy import knn
from emlmpy.knn import KnnModel, convert_knn, load_dataset
from tests.machines.build import build
from tests.machines.machine import MACHINES, ROOT, Machine

DEVICE = Path(__file__).parent / "device"
N_ROWS = 6
# What the smallest machine's disk has room for, beside the module.
MAX_FILE_BYTES = 40_000


def module(machine: Machine) -> dict[str, bytes | Path]:
    """The module as it ships."""
    return {"emlknn.mpy": ROOT / "dist" / f"{machine.arch}_6.3" / "emlknn.mpy"}


def with_checksum(rows: bytes) -> bytes:
    """Add the last row of a file of version 2."""
    return rows + f"crc,{zlib.crc32(rows):08x}\n".encode()


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
        """The file as README.md describes it, of version 2."""
        count, n_features = self.items.shape
        targets = self.targets.view(np.int32) if self.regression else self.targets
        flags = f"0,{int(self.regression)},{int(self.weights == 'distance')}"
        lines = [f"knn2,{count},{n_features},{self.n_neighbors},{flags},{count}"]
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
    """Real data, and random data of all ranges and shapes; the seed is printed."""
    # The cases' names depend on it, and parallel workers must find the same tests.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    seed = int(run[:8], 16) if run else random.randrange(2**32)
    print(f"seed {seed}")
    generator = np.random.default_rng(seed)
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


@pytest.mark.parametrize("cases", batches(), ids=lambda cases: cases[0].name)
def test_predict(machine: Machine, cases: list[Case]) -> None:
    """Neighbours, order, distances, labels, means and novelty, on many kinds of data."""
    files = module(machine)
    listing = ""
    for case in cases:
        files[f"{case.name}.csv"] = case.csv()
        files[f"{case.name}.bin"] = case.rows.astype("<i2").tobytes()
        listing += f"{case.name} {case.items.shape[1]} {case.n_neighbors} {int(case.regression)}\n"
    files["cases.txt"] = listing.encode()
    output = machine.run(DEVICE / "emlknn_predict.py", files)
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


@pytest.mark.parametrize(
    "script", ["emlknn_calls.py", "emlknn_edit.py", "emlknn_files.py", "emlknn_memory.py"]
)
def test_script(machine: Machine, script: str) -> None:
    """Scripts that check themselves on the device."""
    assert machine.run(DEVICE / script, module(machine), timeout=240) == "ok\n"


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


def seeded() -> np.random.Generator:
    """A generator of random numbers whose seed a failing test shows."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return np.random.default_rng(seed)


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


@pytest.mark.parametrize("name", KEPT)
def test_kept_file(machine: Machine, name: str) -> None:
    """Files of version 1 still load, here and there, and can be signed."""
    path = Path(__file__).parent / "kept" / name
    expected = KEPT[name]
    data = path.read_bytes()
    features, targets = load_dataset(path)
    assert (features.tolist(), targets.tolist()) == expected
    assert knn.is_file(data) and knn.describe(data)["checksum"] == "none"
    signed = knn.sign(data)
    assert signed == with_checksum(data.replace(b"knn1", b"knn2"))
    assert knn.describe(signed) == knn.describe(data) | {"checksum": "right"}
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


def random_knn(generator: np.random.Generator) -> tuple[KnnModel, np.ndarray]:
    """A model of any settings, and rows for it. ValueError, or a file that the device must load."""

    def pick(*choices):
        return choices[generator.integers(len(choices))]

    n_items = pick(1, 2, 3, 30, int(generator.integers(1, 90)))
    n_features = pick(1, 2, 3, 8, 33) if n_items > 3 else pick(1, 255, 256, 4095, 4096, 4097)
    low, high = pick((-32768, 32767), (-16384, 16383), (-3, 3), (0, 0), (-32768, 32768))
    items = generator.integers(low, high, (n_items, n_features), endpoint=True)
    rows = generator.integers(max(low, -32768), min(high, 32767), (3, n_features), endpoint=True)
    regression = bool(generator.integers(2))
    if regression:
        targets = generator.normal(0, 1, n_items) * 10.0 ** generator.uniform(-38, 38)
        targets = np.clip(targets, -3.4e38, pick(3.4e38, 3.5e38))
        targets[generator.integers(n_items)] = pick(1e-38, 3e38, -3e38, 0.0, -0.0, 1e39, math.nan)
    else:
        labels = generator.integers(-32768, 32767, 4, endpoint=True)
        labels[:2] = pick((-32768, 32767), (0, 1), (255, 256), (-32769, 0), (0, 32768))
        targets = generator.choice(labels, n_items).astype(pick(np.int64, np.float64))
    names = [f"{i}, é€?{pick('', 'x' * 99, 'crc,')}" for i in range(n_features)]
    names[0] = pick("?", "", "i,1", "e,1", "\u2028", "a\nb", "a\r", "\ud800")
    model = KnnModel(
        items,
        targets,
        pick(1, 2, n_items, n_items + 1),
        regression=regression,
        weights=pick("uniform", "distance"),
        feature_names=pick(None, names),
    )
    return model, rows.astype(np.int16)


def answers(model: KnnModel, rows: np.ndarray) -> list[list[str]]:
    """What emlknn_predict.py prints of each row: the answer first and the novelty last."""
    found = model.predict(rows)
    words = [value.tobytes().hex() for value in found] if model.regression else map(str, found)
    novelties = [value.tobytes().hex() for value in model.novelty(rows)]
    return [list(pair) for pair in zip(words, novelties, strict=True)]


@pytest.mark.parametrize("name", ["unix-x64", "cortex-m0"])
def test_what_is_saved_loads(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Whatever save accepts loads on the device and gives the PC's answers; else there is a reason.

    300 random models on a PC's MicroPython, 20 on a machine of 32 bits.
    """
    if name not in (request.config.getoption("machine") or MACHINES):
        pytest.skip(f"{name} is not selected")
    build([name])
    machine = MACHINES[name]
    generator = seeded()
    wanted, room, memory = (20, MAX_FILE_BYTES, 50_000)
    if name == "unix-x64":
        wanted, room, memory = (300, math.inf, 1_000_000)
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
        if size > room / 4 or knn.describe(path.read_bytes())["bytes on device"] > memory:
            path.unlink()
            continue
        room -= size
        files |= {f"{path.stem}.csv": path, f"{path.stem}.bin": rows.astype("<i2").tobytes()}
        n_features = model.features.shape[1]
        listing += f"{path.stem} {n_features} {model.n_neighbors} {int(model.regression)}\n"
        expected[path.stem] = answers(model, rows)
    files["cases.txt"] = listing.encode()
    assert len(reasons) > 5 and all(len(reason) > 10 for reason in reasons), reasons
    found: dict[str, list[list[str]]] = {}
    for line in machine.run(DEVICE / "emlknn_predict.py", files, timeout=240).splitlines():
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


def named_model() -> KnnModel:
    """A small model with everything that a file can hold."""
    names = ["x, y", "*J-é", "?crc,00000000", ""]
    targets = np.array([1.5, -2.25, 1e-30, 3e38, 0.0], np.float32)
    items = np.array([[-32768, 32767, 0, 1], [2, 3, 4, 5], [-6, 7, -8, 9], [0] * 4, [-1] * 4])
    return KnnModel(items, targets, 2, regression=True, weights="distance", feature_names=names)


def test_flipped_bits() -> None:
    """No single bit of a file can be inverted so that it loads as another model."""
    generator = seeded()
    data = named_model().encode(max_items=9, ring=True)
    labels = KnnModel(DATA, LABELS - 3, 1, feature_names=["*", "-"]).encode()
    for file in (data, labels):
        before = knn.describe(file)
        for bit in generator.integers(8 * len(file), size=5000).tolist():
            flipped = bytearray(file)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ValueError):
                knn.describe(bytes(flipped))
        assert knn.describe(file) == before


def test_flipped_bits_on_the_device(machine: Machine) -> None:
    """The device refuses such files too."""
    data = named_model().encode()
    bits = seeded().integers(8 * len(data), size=300)
    files = {"model.csv": data, "flips.txt": "".join(f"{bit}\n" for bit in bits).encode()}
    assert machine.run(DEVICE / "emlknn_flips.py", module(machine) | files, timeout=120) == "ok\n"


def test_describe() -> None:
    """All that a file holds; what is no such file is no such file."""
    data = named_model().encode(max_items=9, ring=True)
    assert knn.describe(data) == {
        "kind": "nearest neighbours, regression",
        "items": 5,
        "room for items": 9,
        "features": 4,
        "neighbours": 2,
        "weights": "distance",
        "ring": "yes",
        "feature names": "x, y, *J-é, ?crc,00000000, ",
        "bytes on device": 8 * 2 + 9 * (2 * 4 + 4),
        "checksum": "right",
    }
    labels = KnnModel(DATA, [3, -3, 3, 3, 500, 3], 1).encode()
    assert knn.describe(labels)["labels"] == "-3, 3, 500"
    assert knn.is_file(data) and knn.is_file(b"?name,x\n" + labels) and knn.is_file(b"knn9,")
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
    assert knn.sign(GOOD_FILE.encode()) == with_checksum(GOOD_FILE.replace("1", "2", 1).encode())
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
    np.testing.assert_array_equal(model.predict(DATA), LABELS)
    for columns, text in (
        (["right", "left"], "must be in the same order as they were in fit"),
        (["left", "up"], "unseen at fit time:\n- up\nFeature names seen .*missing:\n- right\n"),
        (["left"], "yet now missing:\n- right\n"),
        (["left", 1], "unseen at fit time:\n- 1\n"),
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


def test_float_labels() -> None:
    """Whole numbers are labels, as np.loadtxt reads them; others are refused with a way out."""
    model = convert_knn(KNeighborsClassifier(1).fit(DATA, LABELS.astype(float)))
    assert model.predict(DATA).tolist() == LABELS.tolist()
    assert model.check(DATA, LABELS.astype(float)).score == 1
    with pytest.raises(ValueError, match=r"labels must be whole numbers .*: number the classes"):
        convert_knn(KNeighborsClassifier(1).fit(DATA, (LABELS + 40000).astype(str)))


DATA = np.arange(12).reshape(6, 2)
LABELS = np.arange(6)
WHOLE = "features must be whole numbers from -32768 to 32767"


@pytest.mark.parametrize(
    ("estimator", "data", "labels", "text"),
    [
        (KNeighborsClassifier(1, metric="manhattan"), DATA, LABELS, "Euclidean"),
        (KNeighborsClassifier(1, p=3), DATA, LABELS, "Euclidean"),
        (KNeighborsClassifier(1, weights=lambda d: d), DATA, LABELS, "weights must be"),
        (KNeighborsClassifier(1), DATA + 0.5, LABELS, WHOLE),
        (KNeighborsClassifier(1), DATA + 32760, LABELS, WHOLE),
        (KNeighborsClassifier(1), DATA - 32769, LABELS, WHOLE),
        (KNeighborsClassifier(1), DATA, LABELS + 32763, "labels must be whole"),
        (KNeighborsClassifier(1), DATA, ["a", "b"] * 3, "labels must be whole"),
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
    for rows in (DATA[:, :1], DATA[0], DATA + 0.5, DATA * 10000, [["1", "2"]]):
        with pytest.raises(ValueError, match="features must"):
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


def test_kernel_under_sanitizers(tmp_path: Path) -> None:
    """Random use of the kernel, with memory of exactly eml_knn_bytes, breaks no rule of C."""
    program = tmp_path / "fuzz"
    command = ["gcc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    source = Path(__file__).parent / "emlknn_fuzz.c"
    command += [f"-I{ROOT / 'src' / 'emlknn'}", str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert output == "ok\n"
