"""What emlmpy imports: nothing that Windows lacks, and tflite only to read a .tflite file."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from machines.machine import ROOT

# Imports all modules of the package with some names blocked; prints how many there are. What the
# package depends on comes first: it has ways of its own on Windows.
SCRIPT = """
import importlib, pkgutil, subprocess, sys
import numpy, scipy.signal, sklearn.ensemble, sklearn.model_selection, sklearn.neighbors
for name in {blocked!r}:
    sys.modules[name] = None
import emlmpy
names = [found.name for found in pkgutil.walk_packages(emlmpy.__path__, "emlmpy.")]
names = [name for name in names if name not in {left_out!r} and ".lib" not in name]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
NOT_ON_WINDOWS = ("termios", "pty", "fcntl", "select", "tty", "resource", "pwd", "grp")
MODULES = list((ROOT / "emlmpy").rglob("*.py"))


def run(script: str, status: int = 0) -> str:
    """Run a script in a Python of its own; return what it prints, stderr too."""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_without_what_windows_lacks() -> None:
    """All modules; __main__ imports what the command does."""
    blocked = (*NOT_ON_WINDOWS, "tflite")
    script = SCRIPT.format(blocked=blocked, left_out=("emlmpy.cnn.tflite", "emlmpy.__main__"))
    # All files but the package's own, and those two.
    assert int(run(script)) == len(MODULES) - 3


@pytest.mark.parametrize("name", ["fcntl", "select"])
def test_blocking_blocks(name: str) -> None:
    """The test above would fail if a module imported such a thing."""
    script = SCRIPT.format(blocked=NOT_ON_WINDOWS, left_out=()) + f"import {name}"
    assert "ModuleNotFoundError" in run(script, status=1)


def test_tflite_is_read_by_one_module() -> None:
    """It says what to install."""
    others = SCRIPT.format(blocked=(), left_out=("emlmpy.cnn.tflite", "emlmpy.__main__"))
    run(others + "assert 'tflite' not in sys.modules")
    run(others + "import emlmpy.cnn.tflite; assert 'tflite' in sys.modules")
    script = "import sys; sys.modules['tflite'] = None; import emlmpy.cnn.tflite"
    text = "needs the package tflite: pip install tflite"
    assert text in run(script, status=1)


@pytest.mark.parametrize("extra", ["matplotlib", "pandas", "emlearn", "machines", "tests", "tools"])
def test_needs_no_more_than_it_declares(extra: str) -> None:
    """What tests, examples and figures use, and the clone's other folders, are not needed."""
    assert [path for path in MODULES if imports(path, extra)] == []
    assert [path for path in MODULES if imports(path, "numpy")]


def imports(path: Path, package: str) -> bool:
    """Whether a file imports a package, wherever in it."""
    return re.search(rf"^\s*(import|from) {package}\b", path.read_text(), re.MULTILINE) is not None
