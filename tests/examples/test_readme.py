"""The README's first screen: what it prints is what it says, here and on the machines."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from machines.machine import ROOT, Machine

BLOCK = re.compile(r"```(python)?\n(.*?)```", re.DOTALL)
N_ROWS = 10
# What is the reader's own: rows from a file, and an end when there are no more.
SENSOR = """
rows = open("rows.bin", "rb")
def read_sensor(row):
    if not rows.readinto(row):
        raise SystemExit
"""


def blocks() -> list[str]:
    """The code and output of the README's first screen, in turn."""
    text = (ROOT / "README.md").read_text()
    return [block for _, block in BLOCK.findall(text)]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The model that the README's lines save, and what they print."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "train.py").write_text(blocks()[1])
    command = [sys.executable, "train.py"]
    output = subprocess.check_output(command, cwd=folder, env=environment(), text=True)
    return folder / "digits.csv", output


def environment() -> dict[str, str]:
    """An environment in which emlmpy is this clone's."""
    return {"PYTHONPATH": str(ROOT)}


def test_lines_for_the_pc(saved: tuple[Path, str]) -> None:
    """The lines print what stands below them."""
    assert saved[1] == blocks()[2]


def test_lines_for_the_board(machine: Machine, saved: tuple[Path, str]) -> None:
    """The lines for the board print what scikit-learn predicts."""
    X, X_test, y, _ = train_test_split(*load_digits(return_X_y=True), random_state=0)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    rows = X_test[:N_ROWS].astype(np.int16)
    files = {
        "emltrees.mpy": machine.module("emltrees"),
        "digits.csv": saved[0],
        "rows.bin": rows.tobytes(),
    }
    output = machine.run(SENSOR + blocks()[3], files)
    assert output.split() == [str(label) for label in forest.predict(X_test[:N_ROWS])]
