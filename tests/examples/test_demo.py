"""examples/digits: what it prints, against scikit-learn here; what it does when answers differ."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

import emlmpy
from machines.build import build
from machines.machine import MACHINES, ROOT, Machine

DIGITS = ROOT / "examples" / "digits"
PIXELS, CLASSES = load_digits(return_X_y=True)
TRAIN, TEST, TRAIN_CLASSES, TEST_CLASSES = train_test_split(
    PIXELS, CLASSES, test_size=0.3, random_state=42
)


@pytest.fixture(scope="module")
def forest() -> RandomForestClassifier:
    """The forest of the example, trained here."""
    forest = RandomForestClassifier(n_estimators=10, max_depth=10, random_state=42)
    return forest.fit(TRAIN, TRAIN_CLASSES)


@pytest.fixture(scope="module")
def voted(forest: RandomForestClassifier) -> np.ndarray:
    """The hard vote of scikit-learn's trees."""
    votes = np.zeros((len(TEST), 10))
    for tree in forest.estimators_:
        leaves = tree.tree_.value[tree.apply(TEST), 0]
        votes[np.arange(len(TEST)), leaves.argmax(axis=1)] += 1
    return votes.argmax(axis=1)


@pytest.fixture(scope="module")
def csv(forest: RandomForestClassifier, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The model file, as emlmpy writes it."""
    path = tmp_path_factory.mktemp("model") / "digits_model.csv"
    emlmpy.convert(forest).save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def output(request: pytest.FixtureRequest) -> str:
    """What one run of the demo prints."""
    names = ["unix-x64", "cortex-m0"]
    if not set(names) <= set(request.config.getoption("machine") or MACHINES):
        pytest.skip("the demo runs on a board, too")
    build(names)
    demo = subprocess.run(
        [sys.executable, DIGITS / "demo.py"],
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert demo.returncode == 0, demo.stderr
    assert demo.stderr == ""
    return demo.stdout


def row(output: str, engine: str) -> list[str]:
    """An engine's columns in the demo's table."""
    return re.search(rf"^{engine} {{2,}}(.*)$", output, re.MULTILINE)[1].split()


def test_table(output: str, forest: RandomForestClassifier, voted: np.ndarray) -> None:
    """Each share is the one computed here; time is that of the PC only."""
    predicted = forest.predict(TEST)

    def shares(answers: np.ndarray) -> list[str]:
        others = (TEST_CLASSES, predicted, voted)
        return [f"{100 * accuracy_score(other, answers):.1f}%" for other in others]

    assert row(output, "scikit-learn") == [*shares(predicted), "-", "-"]
    rams = {}
    for engine, answers in (
        ("emltrees", predicted),
        ("emltrees, emlearn's CSV", voted),
        ("emltrees, Cortex-M0", predicted),
        ("m2cgen", predicted),
        ("everywhereml", None),  # its own rules; nothing here computes them
    ):
        *found, ram, time = row(output, engine)
        assert answers is None or found == shares(answers)
        assert time == "-" if "Cortex" in engine else float(time) > 0
        rams[engine] = int(ram)
    assert row(output, "emltrees")[1] == "100.0%"
    assert rams["emltrees, Cortex-M0"] < rams["everywhereml"] < rams["m2cgen"]


def test_verdict(output: str, csv: bytes) -> None:
    """All answers agree, and the file is emlmpy's."""
    assert f"wrote build/demo/digits_model.csv, {len(csv)} bytes\n" in output
    assert (ROOT / "build" / "demo" / "digits_model.csv").read_bytes() == csv
    agreement = f"same for {len(TEST)} of {len(TEST)} digits\n"
    assert f"emltrees and scikit-learn's predict: {agreement}" in output
    assert f"emlearn's CSV and the hard vote of scikit-learn's trees: {agreement}" in output
    assert f"the Cortex-M0 and this PC: {agreement}" in output


def test_drawing(output: str, forest: RandomForestClassifier) -> None:
    """The first four digits of the test set, dark where the pixels are."""
    lines = output.splitlines()
    caption = next(i for i, line in enumerate(lines) if "is a" in line)
    picture = np.array([list(line.ljust(73)) for line in lines[caption - 8 : caption]])
    for number, pixels in enumerate(TEST[:4].reshape(-1, 8, 8)):
        drawn = picture[:, 19 * number : 19 * number + 16 : 2]
        assert ((drawn == " ") == (pixels < 4)).all()
        assert ((drawn == "█") == (pixels == 16)).all()
    assert re.findall(r"is a (\d)", lines[caption]) == [
        str(answer) for answer in forest.predict(TEST[:4])
    ]


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch):
    """The demo as a module."""
    monkeypatch.syspath_prepend(DIGITS)
    import demo

    return demo


def keep(answers: np.ndarray) -> np.ndarray:
    """Change nothing."""
    return answers


def change_one(answers: np.ndarray) -> np.ndarray:
    """Make one answer wrong."""
    answers = answers.copy()
    answers[123] = (answers[123] + 1) % 10
    return answers


PREDICT = "emltrees and scikit-learn's predict must agree: see digits [123]"
VOTE = "emlearn's CSV and the hard vote of scikit-learn's trees must agree: see digits [123]"
BOARD = "the Cortex-M0 and this PC must agree: see digits [123]"


@pytest.mark.parametrize(
    ("on_pc", "of_emlearn", "on_board", "message"),
    [
        (keep, keep, keep, None),
        (keep, keep, change_one, BOARD),
        (change_one, keep, change_one, PREDICT),
        (keep, change_one, keep, VOTE),
        (change_one, change_one, keep, f"{PREDICT}\n{VOTE}\n{BOARD}"),
    ],
)
def test_status(
    demo,
    monkeypatch: pytest.MonkeyPatch,
    forest: RandomForestClassifier,
    voted: np.ndarray,
    on_pc: Callable,
    of_emlearn: Callable,
    on_board: Callable,
    message: str | None,
) -> None:
    """One wrong answer of emltrees, on the PC or the board, fails the demo."""

    def measure(machine: Machine, files: Mapping[str, Path], *_: object):
        model = files.get("digits_model.csv", Path())
        if model.name == "emlearn_model.csv":
            return demo.Run(of_emlearn(voted), 1, 1, None)
        change = on_pc if machine.name == "unix-x64" else on_board
        return demo.Run(change(forest.predict(TEST)), 1, 1, None)

    monkeypatch.setattr(demo, "measure", measure)
    assert demo.main() == message


@pytest.mark.parametrize("missing", ["x64", "armv6m"])
def test_missing_module(
    demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    """A module that is not there is named, with what makes it."""
    for arch in {"x64", "armv6m"} - {missing}:
        (tmp_path / "dist" / f"{arch}_6.3").mkdir(parents=True)
        (tmp_path / "dist" / f"{arch}_6.3" / "emltrees.mpy").touch()
    monkeypatch.setattr(demo, "DIST", tmp_path / "dist")
    assert demo.main() == f"dist/{missing}_6.3/emltrees.mpy is missing: run `make dist`"


def test_train(csv: bytes, forest: RandomForestClassifier, tmp_path: Path) -> None:
    """train.py writes the file into the current folder and says how good the forest is."""
    printed = subprocess.check_output(
        [sys.executable, DIGITS / "train.py"], cwd=tmp_path, text=True, timeout=120
    )
    assert [file.name for file in tmp_path.iterdir()] == ["digits_model.csv"]
    assert (tmp_path / "digits_model.csv").read_bytes() == csv
    accuracy = accuracy_score(TEST_CLASSES, forest.predict(TEST))
    check, file = printed.splitlines()
    assert check.startswith(f"{len(TEST)} of {len(TEST)} rows agree (100.00%)")
    assert check.endswith(f"accuracy {accuracy:.4f}, scikit-learn's {accuracy:.4f}")
    assert file.startswith(f"digits_model.csv: {len(csv)} bytes, ")


def test_main(machine: Machine, csv: bytes, forest: RandomForestClassifier) -> None:
    """main.py names the first digit of the test set, on every machine."""
    module = machine.module("emltrees")
    files = {"emltrees.mpy": module, "digits_model.csv": csv}
    answer = forest.predict(TEST[:1])[0]
    assert machine.run(DIGITS / "main.py", files) == f"This is a {answer}\n"


def test_data_of_your_own(demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another load_data, of fractions, as the README says: the board answers as scikit-learn."""
    import train

    generator = np.random.default_rng(1)
    rows = generator.normal(size=(900, 64)).astype(np.float32)
    classes = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0) + 2 * (rows[:, 3] > 0.5)
    data = train_test_split(rows, classes, test_size=0.3, random_state=42)
    monkeypatch.setattr(train, "load_data", lambda: data)
    monkeypatch.chdir(tmp_path)
    train.main()
    script = """
import emltrees
model = emltrees.load("digits_model.csv")
row = model.row()
with open("rows.f", "rb") as file:
    while file.readinto(row):
        print(model.classes[model.predict(row)])
"""
    files = {
        "emltrees.mpy": ROOT / "dist" / "x64_6.3" / "emltrees.mpy",
        "digits_model.csv": tmp_path / "digits_model.csv",
        "rows.f": data[1].tobytes(),
    }
    build(["unix-x64"])
    answers = [int(line) for line in MACHINES["unix-x64"].run(script, files).split()]
    forest = RandomForestClassifier(**train.PARAMETERS).fit(data[0], data[2])
    assert answers == forest.predict(data[1]).tolist()
