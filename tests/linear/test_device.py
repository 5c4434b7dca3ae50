"""emllinear on every machine: the modules in dist/ are what runs."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from sklearn import linear_model as linear

import emlmpy
from emlmpy.linear import twin as linear_twin
from machines.machine import ROOT, Machine
from tests.linear.estimators import random_weights

DEVICE = Path(__file__).parents[1] / "device" / "linear"
FULL = ("unix-x64", "cortex-m0", "cortex-m4f")  # more cases there


def module(machine: Machine) -> dict[str, bytes | Path]:
    """The module as it ships."""
    return {"emllinear.mpy": machine.module("emllinear")}


def float_bits(words: list[str]) -> np.ndarray:
    """Floats of the hexadecimal digits that a device prints."""
    return np.frombuffer(bytes.fromhex("".join(words)), "<f4")


def random_words(generator: np.random.Generator, kind: int, feature_type: int) -> bytes:
    """A file of numbers up to all that the device takes, for integers."""
    n_features = int(generator.choice([1, 2, 3, 29, 30, 31, 32, 60, 61, 95]))
    n_rows = int(generator.choice([1, 2, 3, 5])) + (kind == 4)
    largest = [None, 2**31, 2**22 + 1][feature_type]
    rows = generator.integers(-largest + 1, largest, (n_rows, 3 + n_features))
    rows[:, 3:] >>= int(generator.choice([0, 0, 1, 12]))
    extremes = generator.integers(4) == 0
    if extremes:
        rows[:, 3:] = generator.choice([-largest + 1, largest - 1], (n_rows, 1))
    rows[:, 0] = generator.integers(-60, -20)
    bias = generator.integers(-(2**52), 2**52, n_rows) >> int(generator.choice([0, 20, 40]))
    rows[:, 1] = bias.astype(np.uint64).astype(np.uint32).view(np.int32)
    rows[:, 2] = bias >> 32
    numbers = rows.ravel().tolist()
    text = f"lin1,{kind},{feature_type},{n_features},{n_rows}\n"
    for at in range(0, len(numbers), 8):
        text += f"w,{','.join(map(str, numbers[at : at + 8]))}\n"
    return f"{text}crc,{zlib.crc32(text.encode()):08x}\n".encode()


def cases(seed: int, count: int) -> dict[str, tuple[bytes, np.ndarray]]:
    """Files and rows by name: estimators of all kinds, and integers of any size."""
    generator = np.random.default_rng(seed)
    found = {}
    source = random_weights(generator)
    for i in range(count):
        estimator, X = next(source)
        found[f"f{i}"] = emlmpy.convert(estimator).encode(), X[:4]
        whole = np.rint(np.clip(X * 100, -32768, 32767)).astype(np.int16)
        model = emlmpy.convert(estimator, features="int16", X=whole if i % 2 else None)
        found[f"i{i}"] = model.encode(), whole[:4]
        data = random_words(generator, i % 6, 1 + i // 6 % 2)
        n_features = linear_twin.load(data).n_features
        rows = generator.integers(-32768, 32768, (6, n_features))
        rows[0], rows[1] = -32768, 32767
        found[f"r{i}"] = data, rows.astype(np.int16)
    return found


def test_predict(machine: Machine, seed: int) -> None:
    """Classes, scores, proportions and values are those of the PC, to the bit."""
    tried = cases(seed, 24 if machine.name in FULL else 12)
    lines = []
    names = list(tried)
    for start in range(0, len(names), 18):  # what the smallest disk has room for
        files, listing = module(machine), ""
        for name in names[start : start + 18]:
            data, rows = tried[name]
            files |= {f"{name}.csv": data, f"{name}.bin": rows.tobytes()}
            listing += f"{name} {linear_twin.load(data).n_rows}\n"
        files["cases.txt"] = listing.encode()
        lines += machine.run(DEVICE / "predict.py", files, timeout=120).splitlines()
    found = [line.split() for line in lines]
    assert len(found) == sum(len(rows) for _, rows in tried.values())
    for name, (data, rows) in tried.items():
        twin = linear_twin.load(data)
        classes, scores, answers = twin.run(rows)
        mine = [words[1:] for words in found if words[0] == name]
        for i, (answer, *numbers) in enumerate(mine):
            values = float_bits(numbers)
            assert values[: twin.n_rows].tobytes() == scores[i].tobytes(), (name, i)
            if twin.kind != 2:
                assert values[twin.n_rows :].tobytes() == answers[i].tobytes(), (name, i)
            if twin.n_classes:
                assert int(answer) == classes[i], (name, i)


def test_integers_are_exact(seed: int) -> None:
    """The PC's scores of int16 models are those of Python's whole numbers, and so are classes."""
    generator = np.random.default_rng(seed)
    for i in range(60):
        twin = linear_twin.load(random_words(generator, i % 6, 1 + i // 6 % 2))
        rows = generator.integers(-32768, 32768, (9, twin.n_features)).astype(np.int16)
        rows[0], rows[1] = -32768, 32767
        classes, scores, _ = twin.run(rows)
        for row, index, found in zip(rows.tolist(), classes, scores, strict=True):
            sums = []
            for _, low, high, *weights in twin.rows.tolist():
                bias = high * 2**32 + low % 2**32
                sums.append(bias + sum(a * b for a, b in zip(weights, row, strict=True)))
            expected = [
                np.float32(np.ldexp(np.longdouble(total), exponent))
                for total, exponent in zip(sums, twin.rows[:, 0].tolist(), strict=True)
            ]
            assert found.tolist() == expected
            if twin.n_classes:
                assert index == (sums[0] > 0 if len(sums) == 1 else sums.index(max(sums)))


def learn(rows: np.ndarray, targets: np.ndarray, rates: np.ndarray, kind: int) -> np.ndarray:
    """numpy's float32 arithmetic in the order of eml_linear.h; b and weights, (scores, 1 + n)."""
    n_rows = targets.shape[1]
    words = np.zeros((n_rows, 1 + rows.shape[1]), np.float32)
    for row, target, rate in zip(rows, targets, rates, strict=True):
        sums = np.zeros((n_rows, 4), np.float32)
        for i, feature in enumerate(row):
            sums[:, i % 4] += words[:, 1 + i] * feature
        scores = (sums[:, 0] + sums[:, 1]) + (sums[:, 2] + sums[:, 3]) + words[:, 0]
        with np.errstate(over="ignore"):
            if kind == 3:
                scores = 1 / (1 + np.exp(-scores))
            elif kind == 4:
                scores = np.exp(scores - scores.max())
                scores /= scores.sum()
        steps = rate * (scores - target)
        words[:, 0] -= steps
        words[:, 1:] -= steps[:, np.newaxis] * row
    return words


LEARNING = {  # features, outputs, regression
    "binary": (5, 2, False),
    "softmax": (6, 4, False),
    "value": (3, 1, True),
    "values": (9, 3, True),
}


def test_partial_fit(machine: Machine, seed: int) -> None:
    """What a device learns is what numpy does in float32, to 1e-6, and the PC's to the bit."""
    generator = np.random.default_rng(seed)
    files, listing, expected, twins = module(machine), "", {}, {}
    for name, (n_features, n_outputs, regression) in LEARNING.items():
        rows = generator.normal(size=(40, n_features)).astype(np.float32)
        rates = (0.5 / (1 + np.arange(40))).astype(np.float32)
        if regression:
            kind, targets = 0, generator.normal(size=(40, n_outputs)).astype(np.float32)
            wanted = given = targets
        else:
            kind, labels = 3 if n_outputs == 2 else 4, generator.integers(0, n_outputs, 40)
            given = labels[:, np.newaxis].astype(np.float32)
            wanted = np.eye(n_outputs, dtype=np.float32)[labels]
            wanted = wanted[:, 1:] if n_outputs == 2 else wanted
        files[f"{name}.bin"] = np.column_stack([rows, given, rates]).tobytes()
        listing += f"{name} {n_features} {n_outputs} {int(regression)}\n"
        expected[name] = learn(rows, wanted, rates, kind)
        twin = linear_twin.reader()["new"](n_features, n_outputs, regression=regression)
        for row, target, rate in zip(rows, given, rates, strict=True):
            twin.partial_fit(row, target if regression else target[0], rate)
        twins[name] = twin
    files["cases.txt"] = listing.encode()
    lines = machine.run(DEVICE / "learn.py", files).splitlines()
    for name, words in expected.items():
        text = "".join(
            f"{line.partition(' ')[2]}\n" for line in lines if line.startswith(name + " ")
        )
        found = linear_twin.load(text.encode())
        np.testing.assert_allclose(found.rows.view(np.float32), words, rtol=1e-6, atol=1e-6)
        assert found.rows.tolist() == twins[name].rows.tolist()


def test_learning_converges(seed: int) -> None:
    """Passes over data lead to what scikit-learn finds without a penalty."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(200, 3)).astype(np.float32)
    y = (X @ [2, -1, 0.5] + generator.normal(size=200) > 0.3).astype(int)
    estimator = linear.LogisticRegression(C=1e6).fit(X, y)
    twin = linear_twin.reader()["new"](3, 2)
    for turn in range(300):
        for i in generator.permutation(200):
            twin.partial_fit(X[i], y[i], 1 / (10 + turn))
    found = twin.rows.view(np.float32)[0]
    np.testing.assert_allclose(found[1:], estimator.coef_[0], rtol=0.1)
    np.testing.assert_allclose(twin.run(X)[2], estimator.predict_proba(X), atol=0.05)


@pytest.mark.parametrize("script", ["calls.py", "files.py", "memory.py"])
def test_script(machine: Machine, script: str) -> None:
    """Scripts that check themselves on the device."""
    assert machine.run(DEVICE / script, module(machine), timeout=240) == "ok\n"


def test_device_file_on_host(machine: Machine) -> None:
    """What the device saves, the PC describes and reads, and the other way round."""
    estimator = linear.LogisticRegression().fit(np.eye(3), ["x", "y", "z"])
    data = emlmpy.convert(estimator).encode()
    script = """
import emllinear, sys
model = emllinear.load("model.csv")
model.save(sys.stdout)
"""
    saved = machine.run(script, module(machine) | {"model.csv": data}).replace("\r", "").encode()
    assert saved == data
    assert emlmpy.linear.sign(saved) == saved
    assert emlmpy.linear.describe(saved)["labels"] == "x, y, z"


# Files of version 1, and what they predict: rows, classes, answers (scores where there are none).
KEPT = {
    "lin1_float32.csv": (
        [[5.1, 3.5, 1.4, 0.2], [6.5, 3.0, 5.5, 1.8], [0, 0, 0, 0]],
        [0, 2, 0],
        [[0.98166, 0.01834, 0], [0.00006, 0.12314, 0.8768], [0.99951, 0.00049, 0]],
    ),
    "lin1_int16.csv": ([[100, -200], [-32768, 32767]], [1, 0], [[311.5], [-65523.5]]),
    "lin1_narrow.csv": ([[0, 0, 0], [3, -1, 2]], [0, 0], [[1, 2], [54.59815, 4.234002]]),
}


@pytest.mark.parametrize("name", KEPT)
def test_kept_file(name: str) -> None:
    """Files of version 1 load, and predict what they did."""
    rows, classes, answers = KEPT[name]
    data = (ROOT / "tests" / "files" / name).read_bytes()
    twin = linear_twin.load(data)
    found = twin.run(np.array(rows))
    if twin.n_classes:
        assert found[0].tolist() == classes
    kind = 1 if twin.kind == 2 else 2
    np.testing.assert_allclose(found[kind], answers, rtol=1e-5, atol=1e-5)
    assert emlmpy.linear.sign(data) == data


def test_example_of_the_document() -> None:
    """The file in formats/linear.md loads, and its score is what is said of it."""
    document = (ROOT / "formats" / "linear.md").read_text()
    rows = [line[4:] for line in document.splitlines() if line.startswith("    ")]
    twin = linear_twin.load("".join(f"{row}\n" for row in rows).encode())
    assert twin.run(np.array([[1, 1], [3, 1]]))[1].tolist() == [[1.0], [-2.0]]
    assert twin.classes == ("no", "yes")


def test_flipped_bits(seed: int) -> None:
    """No file loads of which a bit has changed."""
    estimator = linear.LogisticRegression().fit(np.eye(3), ["x", "y", "z"])
    data = bytearray(emlmpy.convert(estimator).encode())
    for bit in range(8 * (len(data) - 1)):
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError):
            linear_twin.load(bytes(data))
        data[bit // 8] ^= 1 << bit % 8
