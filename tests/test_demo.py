"""examples/digits: what it prints, against scikit-learn here; what it does when answers differ."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import emlearn
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

from tests.machines.build import build
from tests.machines.machine import ROOT, Machine

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
    """The model file, as emlearn writes it."""
    path = tmp_path_factory.mktemp("model") / "digits_model.csv"
    model = emlearn.convert(forest, method="loadable", dtype="int16_t", leaf_bits=0)
    model.save(name="digits", format="csv", file=str(path))
    return path.read_bytes()


@pytest.fixture(scope="module")
def output() -> str:
    """What one run of the demo prints."""
    build(["unix-x64", "cortex-m0"])
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
        ("emltrees", voted),
        ("emltrees, Cortex-M0", voted),
        ("m2cgen", predicted),
        ("everywhereml", None),  # its own rules; nothing here computes them
    ):
        *found, ram, time = row(output, engine)
        assert answers is None or found == shares(answers)
        assert time == "-" if "Cortex" in engine else float(time) > 0
        rams[engine] = int(ram)
    assert rams["emltrees, Cortex-M0"] < rams["everywhereml"] < rams["m2cgen"]


def test_verdict(output: str, csv: bytes) -> None:
    """All answers agree, and the file is emlearn's."""
    assert f"wrote build/demo/digits_model.csv, {len(csv)} bytes\n" in output
    assert (ROOT / "build" / "demo" / "digits_model.csv").read_bytes() == csv
    agreement = f"same for {len(TEST)} of {len(TEST)} digits\n"
    assert f"emltrees and the hard vote of scikit-learn's trees: {agreement}" in output
    assert f"the Cortex-M0 and this PC: {agreement}" in output


def test_drawing(output: str, voted: np.ndarray) -> None:
    """The first four digits of the test set, dark where the pixels are."""
    lines = output.splitlines()
    caption = next(i for i, line in enumerate(lines) if "is a" in line)
    picture = np.array([list(line.ljust(73)) for line in lines[caption - 8 : caption]])
    for number, pixels in enumerate(TEST[:4].reshape(-1, 8, 8)):
        drawn = picture[:, 19 * number : 19 * number + 16 : 2]
        assert ((drawn == " ") == (pixels < 4)).all()
        assert ((drawn == "█") == (pixels == 16)).all()
    assert re.findall(r"is a (\d)", lines[caption]) == [str(answer) for answer in voted[:4]]


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


TREES = "emltrees and the hard vote of scikit-learn's trees must agree: see digits [123]"
BOARD = "the Cortex-M0 and this PC must agree: see digits [123]"


@pytest.mark.parametrize(
    ("on_pc", "on_board", "message"),
    [
        (keep, keep, None),
        (keep, change_one, BOARD),
        (change_one, change_one, TREES),
        (change_one, keep, f"{TREES}\n{BOARD}"),
    ],
)
def test_status(
    demo,
    monkeypatch: pytest.MonkeyPatch,
    voted: np.ndarray,
    on_pc: Callable,
    on_board: Callable,
    message: str | None,
) -> None:
    """One wrong answer of emltrees, on the PC or the board, fails the demo."""

    def measure(machine: Machine, *_: object):
        change = on_pc if machine.name == "unix-x64" else on_board
        return demo.Run(change(voted), 1, 1, None)

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
    """train.py writes emlearn's file into the current folder and says how good the forest is."""
    printed = subprocess.check_output(
        [sys.executable, DIGITS / "train.py"], cwd=tmp_path, text=True, timeout=120
    )
    assert [file.name for file in tmp_path.iterdir()] == ["digits_model.csv"]
    assert (tmp_path / "digits_model.csv").read_bytes() == csv
    accuracy = 100 * accuracy_score(TEST_CLASSES, forest.predict(TEST))
    assert printed == (
        f"digits_model.csv: {len(csv)} bytes, accuracy {accuracy:.1f}% in scikit-learn\n"
    )


def test_main(machine: Machine, csv: bytes, voted: np.ndarray) -> None:
    """main.py names the first digit of the test set, on every machine."""
    module = ROOT / "dist" / f"{machine.arch}_6.3" / "emltrees.mpy"
    files = {"emltrees.mpy": module, "digits_model.csv": csv}
    assert machine.run(DIGITS / "main.py", files) == f"This is a {voted[0]}\n"
