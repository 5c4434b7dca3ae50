"""emlknn against numpy and scikit-learn, on every machine: the modules in dist/ are what runs."""

import math
import os
import random
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_wine
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from emlmpy.knn import KnnModel, convert_knn, load_dataset
from tests.machines.machine import ROOT, Machine

DEVICE = Path(__file__).parent / "device"
N_ROWS = 6
# What the smallest machine's disk has room for, beside the module.
MAX_FILE_BYTES = 40_000


def module(machine: Machine) -> dict[str, bytes | Path]:
    """The module as it ships."""
    return {"emlknn.mpy": ROOT / "dist" / f"{machine.arch}_6.3" / "emlknn.mpy"}


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
        """The file as README.md describes it."""
        count, n_features = self.items.shape
        targets = self.targets.view(np.int32) if self.regression else self.targets
        flags = f"0,{int(self.regression)},{int(self.weights == 'distance')}"
        lines = [f"knn1,{count},{n_features},{self.n_neighbors},{flags},{count}"]
        lines += [
            ",".join(["i", str(target), *map(str, row)])
            for target, row in zip(targets.tolist(), self.items.tolist(), strict=True)
        ]
        return "\n".join([*lines, f"e,{count}\n"]).encode()

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
    assert machine.run(DEVICE / script, module(machine)) == "ok\n"


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


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_convert(weights: str, tmp_path: Path) -> None:
    """Converted estimators agree with themselves, and files hold what was learnt."""
    data, labels = load_digits(return_X_y=True)
    estimator = KNeighborsClassifier(1, weights=weights).fit(data[:500], labels[:500])
    model = convert_knn(estimator)
    assert model.check(data[500:900]) == 1.0
    assert model.nbytes == 8 * 1 + 500 * (2 * 64 + 2)
    model.save(tmp_path / "model.csv")
    features, found = load_dataset(tmp_path / "model.csv")
    np.testing.assert_array_equal(features, data[:500])
    np.testing.assert_array_equal(found, labels[:500])

    generator = np.random.default_rng(5)
    data = generator.integers(-32768, 32767, (300, 5), endpoint=True)
    values = generator.normal(50, 5, 300).astype(np.float32)
    model = convert_knn(KNeighborsRegressor(4, weights=weights).fit(data[:200], values[:200]))
    assert model.check(data) == 1.0
    model.save(tmp_path / "model.csv")
    features, found = load_dataset(tmp_path / "model.csv")
    np.testing.assert_array_equal(features, data[:200])
    np.testing.assert_array_equal(found, values[:200])


DATA = np.arange(12).reshape(6, 2)
LABELS = np.arange(6)


@pytest.mark.parametrize(
    ("estimator", "data", "labels", "text"),
    [
        (KNeighborsClassifier(1, metric="manhattan"), DATA, LABELS, "Euclidean"),
        (KNeighborsClassifier(1, p=3), DATA, LABELS, "Euclidean"),
        (KNeighborsClassifier(1, weights=lambda d: d), DATA, LABELS, "weights must be"),
        (KNeighborsClassifier(1), DATA + 0.5, LABELS, "features must be integers"),
        (KNeighborsClassifier(1), DATA + 32760, LABELS, "features must be integers"),
        (KNeighborsClassifier(1), DATA - 32769, LABELS, "features must be integers"),
        (KNeighborsClassifier(1), DATA, LABELS + 32763, "labels must be integers"),
        (KNeighborsClassifier(1), DATA, ["a", "b"] * 3, "labels must be integers"),
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
    """A file that is cut, but for its last line end, or wrong."""
    path = tmp_path / "items.csv"
    path.write_text(GOOD_FILE)
    assert load_dataset(path)[0].tolist() == [[1, 2], [3, 4]]
    wrong = [GOOD_FILE[:end] for end in range(len(GOOD_FILE) - 1)]
    for old, new in (("knn1", "knn2"), ("i,5", "j,5"), ("2\ni,5", "3\ni,5"), ("5,1,2", "5,1,2,3")):
        wrong.append(GOOD_FILE.replace(old, new))
    for old, new in (("i,5", "i,32768"), ("5,1,2", "5,1,32768"), ("5,1", "5,1.5"), ("e,2", "e,3")):
        wrong.append(GOOD_FILE.replace(old, new))
    for text in wrong:
        path.write_text(text)
        with pytest.raises(ValueError, match="must be"):
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
