"""emltrees against scikit-learn, on every machine: the modules in dist/ are what runs."""

import os
from collections.abc import Callable
from pathlib import Path

import emlearn
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

import emlmpy
from emlmpy.images import image
from emlmpy.trees.file import to_bin, to_csv
from machines.machine import Machine

DEVICE = Path(__file__).parents[1] / "device" / "trees"


def module(machine: Machine) -> dict[str, Path]:
    """The module as it ships."""
    return {"emltrees.mpy": machine.module("emltrees")}


def votes_module(machine: Machine) -> dict[str, Path]:
    """The smaller module, under the other's name."""
    return {"emltrees.mpy": machine.module("emltrees_votes")}


def write_csv(estimator, path: Path, leaf_bits: int) -> bytes:
    """Write the estimator as emlearn does and return the file."""
    model = emlearn.convert(estimator, method="loadable", dtype="int16_t", leaf_bits=leaf_bits)
    model.save(name="model", format="csv", file=str(path))
    return path.read_bytes()


def tree_probabilities(estimator, rows: np.ndarray) -> np.ndarray:
    """Class proportions of each of scikit-learn's own trees: (trees, rows, classes)."""
    trees = getattr(estimator, "estimators_", [estimator])
    return np.array([tree.predict_proba(rows.astype(np.float32)) for tree in trees])


def hard_votes(estimator, rows: np.ndarray) -> np.ndarray:
    """How many of scikit-learn's trees vote for each class: (rows, classes)."""
    probabilities = tree_probabilities(estimator, rows)
    classes = probabilities.shape[2]
    return np.eye(classes)[probabilities.argmax(axis=2)].sum(axis=0)


def predict(machine: Machine, csv: bytes, rows: np.ndarray) -> tuple[list[int], np.ndarray, list]:
    """Classes, proportions and the model's properties as a machine gives them."""
    files = {**module(machine), "model.csv": csv, "rows.bin": rows.astype("<i2").tobytes()}
    head, *lines = machine.run(DEVICE / "predict.py", files).splitlines()
    assert len(lines) == len(rows)
    classes = [int(line.split()[0]) for line in lines]
    proportions = [np.frombuffer(bytes.fromhex(line.split()[1]), "<f4") for line in lines]
    return classes, np.array(proportions), [int(word) for word in head.split()]


def as_int16(data: np.ndarray) -> np.ndarray:
    """Scale each feature to most of the int16 range."""
    low, high = data.min(axis=0), data.max(axis=0)
    return np.round((data - low) / (high - low) * 60000 - 30000).astype(np.int16)


def random_rows(generator: np.random.Generator, rows: int, low: int, high: int) -> np.ndarray:
    """Six features of integers from low to high."""
    return generator.integers(low, high, size=(rows, 6), endpoint=True)


def load(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training rows, their classes, and int16 rows to predict."""
    if name.startswith("random"):
        generator = np.random.default_rng(int(os.environ["EMLMPY_SEED"]))
        # What the thresholds become: scikit-learn puts them half-way between neighbouring values.
        low, high, step = {
            "random half": (-20, 20, 1),  # half-integers and integers
            "random even": (-40, 40, 2),  # integers only
            "random bytes": (0, 250, 1),  # 0 to 255: thresholds of one byte
            "random wide": (-40000, 40000, 1),  # some beyond int16
        }[name]
        train = random_rows(generator, 400, low // step, high // step) * step
        classes = (train[:, 0] + train[:, 1] // 2 > train[:, 2]).astype(int) + (train[:, 3] > 0)
        test = random_rows(generator, 150, max(low, -32768), min(high, 32767))
        test[:4] = [[-32768] * 6, [32767] * 6, [0] * 6, [-1] * 6]
        # Values right at the edges, where `<` and `<=` part.
        test[4:40] = np.clip(train[4:40], -32768, 32767)
        return train, classes, test
    data = {
        "digits": load_digits,
        "iris": load_iris,
        "wine": load_wine,
        "cancer": load_breast_cancer,
    }[name]()
    rows = data.data.astype(np.int16) if name == "digits" else as_int16(data.data)
    train, test, classes, _ = train_test_split(rows, data.target, test_size=0.3, random_state=42)
    return train, classes, test[:150]


ESTIMATORS = {
    "tree": DecisionTreeClassifier(random_state=1),
    "best-first tree": DecisionTreeClassifier(max_leaf_nodes=60, random_state=1),
    "forest": RandomForestClassifier(10, max_depth=10, random_state=42),
    "extra trees": ExtraTreesClassifier(7, random_state=3),
    "impure leaves": RandomForestClassifier(10, min_samples_leaf=8, random_state=4),
}
DATA = ["digits", "iris", "wine", "cancer"]
RANDOM = ["random half", "random even", "random bytes", "random wide"]


@pytest.mark.cases(
    "data,kind",
    [(data, "forest") for data in DATA + RANDOM]
    + [("digits", kind) for kind in ESTIMATORS if kind != "forest"]
    + [("random wide", "extra trees"), ("random half", "best-first tree")],
    elsewhere=[("digits", "forest"), ("random wide", "extra trees")],
)
def test_hard_vote(machine: Machine, data: str, kind: str, tmp_path: Path) -> None:
    """A hard vote is that of scikit-learn's trees in every row; proportions to the last bit."""
    train, classes, rows = load(data)
    estimator = ESTIMATORS[kind].fit(train, classes)
    votes = hard_votes(estimator, rows)
    found, proportions, shape = predict(machine, write_csv(estimator, tmp_path / "m.csv", 0), rows)
    assert found == votes.argmax(axis=1).tolist()
    trees = getattr(estimator, "estimators_", [estimator])
    np.testing.assert_array_equal(proportions, (votes / len(trees)).astype(np.float32))
    n_nodes = sum((tree.tree_.children_left >= 0).sum() for tree in trees)
    n_classes = len(estimator.classes_)
    assert shape == [train.shape[1], n_classes, len(trees), n_nodes, n_classes]


@pytest.mark.cases(
    "data,kind,leaf_bits",
    [
        ("digits", "impure leaves", 8),
        ("digits", "impure leaves", 3),
        ("digits", "forest", 4),
        ("iris", "impure leaves", 5),
        ("wine", "forest", 6),
        ("cancer", "impure leaves", 7),
        ("random wide", "forest", 8),
    ],
)
def test_soft_vote(machine: Machine, data: str, kind: str, leaf_bits: int, tmp_path: Path) -> None:
    """Proportions are scikit-learn's, as far as emlearn's leaf bits keep them."""
    train, classes, rows = load(data)
    estimator = ESTIMATORS[kind].fit(train, classes)
    found, proportions, _ = predict(
        machine, write_csv(estimator, tmp_path / "m.csv", leaf_bits), rows
    )
    expected = tree_probabilities(estimator, rows).mean(axis=0)
    # emlearn rounds to 2^bits - 2 steps, then cuts to 1/255.
    quantisation = 0.5 / (2**leaf_bits - 2) + 1 / 255
    assert np.abs(proportions - expected).max() <= quantisation
    assert found == proportions.argmax(axis=1).tolist()
    for row, index in enumerate(found):
        assert expected[row].max() - expected[row, index] <= 2 * quantisation


def test_many_classes_wrap(machine: Machine, tmp_path: Path) -> None:
    """With 40 classes emlearn's leaves go on over several lines."""
    generator = np.random.default_rng(7)
    train = random_rows(generator, 600, -100, 100)
    classes = np.arange(600) % 40
    estimator = RandomForestClassifier(5, min_samples_leaf=5, random_state=1).fit(train, classes)
    csv = write_csv(estimator, tmp_path / "m.csv", 8)
    assert b"\n " in csv
    rows = random_rows(generator, 40, -100, 100)
    _, proportions, shape = predict(machine, csv, rows)
    assert shape[1] == 40
    expected = tree_probabilities(estimator, rows).mean(axis=0)
    assert np.abs(proportions - expected).max() <= 0.5 / 254 + 1 / 255


def test_far_children_and_many_leaves(machine: Machine) -> None:
    """Jumps and leaves beyond a byte: a chain whose nodes have all their own leaf."""
    n_nodes = 400
    lines = ["f,1", "c,2", "lb,8"]
    lines += [f"l,[{i % 256} {255 - i % 256}]" for i in range(n_nodes + 1)]
    # The right child of node i is node i + 1; that of node 0 is node 399, behind all the others.
    lines += ["r,0", "r,1"]
    lines += [f"n,0,0,{-1},{n_nodes - 1}"]
    lines += [
        f"n,0,{i},{-i - 1},{1 if i < n_nodes - 1 else -n_nodes - 1}" for i in range(1, n_nodes)
    ]
    rows = np.array([[x] for x in (-5, 0, 1, 2, 200, 398, 399, 400, 30000)])

    def leaves(x: int) -> list[int]:
        first = 0 if x <= 0 else n_nodes - 1 if x <= n_nodes - 1 else n_nodes
        second = next((i for i in range(1, n_nodes) if x <= i), n_nodes)
        return [first, second]

    _, proportions, _ = predict(machine, "\n".join(lines).encode(), rows)
    expected = [sum(leaf % 256 for leaf in leaves(int(x))) / 510 for x in rows[:, 0]]
    np.testing.assert_array_equal(proportions[:, 0], np.float32(expected))


THRESHOLDS = {
    "4.5": 4,
    "4": 4,
    "4.0": 4,
    "0.000001": 0,
    "-0.0": 0,
    "-0.5": -1,
    "-1": -1,
    "-1.000001": -2,
    "1e-06": 0,
    "-1e-06": -1,
    "-3.5e-05": -1,
    "255": 255,
    "254.5": 254,
    "256": 256,
    "32766.5": 32766,
    "32767": 32767,
    "32767.5": 32767,
    "1e16": 32767,
    "3.5e+05": 32767,
    "-1e+20": None,
    "123456789012345678901234567890": 32767,
    "-32768": -32768,
    "-32767.5": -32768,
    "-32768.5": None,
    "-40000.25": None,
    "-1.5e300": None,
}


def test_thresholds(machine: Machine) -> None:
    """A threshold as text is its floor: the largest integer that goes left; None if none does."""
    rows = [-32768, -32767, -3, -2, -1, 0, 1, 4, 5, 12, 13, 125, 126, 254, 255, 256, 257]
    rows += [30000, 30001, 32766, 32767]
    for text, largest in THRESHOLDS.items():
        assert largest is None or float(text) // 1 == largest or largest == 32767
    # One model: tree i is threshold i. Its vote goes to class i if left, else to the last class.
    n = len(THRESHOLDS)
    lines = ["f,1", f"c,{n + 1}", "lb,0", *(f"l,{i}" for i in range(n + 1))]
    lines += [f"r,{i}" for i in range(n)]
    lines += [f"n,0,{text},{-i - 1},{-n - 1}" for i, text in enumerate(THRESHOLDS)]
    _, proportions, _ = predict(machine, "\n".join(lines).encode(), np.array(rows)[:, None])
    for row, x in enumerate(rows):
        left = [value is not None and x <= value for value in THRESHOLDS.values()]
        assert (proportions[row, :n] > 0).tolist() == left, x


@pytest.mark.parametrize("build", [module, votes_module])
@pytest.mark.parametrize("script", ["bad_files.py", "bad_calls.py", "memory.py", "loading.py"])
def test_script(machine: Machine, script: str, build: Callable[[Machine], dict[str, Path]]) -> None:
    """Scripts that check themselves on the device, with both modules."""
    digits = load_digits()
    forest = RandomForestClassifier(3, max_depth=3, random_state=1).fit(digits.data, digits.target)
    model = emlmpy.convert(forest, features="int16").forest
    model.feature_names = [f"pixel {i}" for i in range(64)]
    files = {
        "model.csv": to_csv(model),
        "model.bin": image("X", b"", b"front end...") + to_bin(model),
    }
    assert machine.run(DEVICE / script, {**build(machine), **files}) == "ok\n"
