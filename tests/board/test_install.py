"""A user's way to a first prediction, with the mpremote command on an emulated board's port."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import emlearn
import pytest
from sklearn.datasets import load_digits
from sklearn.tree import DecisionTreeClassifier

from machines.machine import ROOT, Board

DIST = ROOT / "dist"
# The boards differ in nothing that mpremote sees but the architecture.
pytestmark = [pytest.mark.machines("cortex-m0", "cortex-m4f"), pytest.mark.slow]


@pytest.fixture(scope="module")
def tree() -> DecisionTreeClassifier:
    """A classifier of scikit-learn's digits."""
    digits = load_digits()
    return DecisionTreeClassifier(max_depth=7, random_state=1).fit(digits.data, digits.target)


@pytest.fixture(scope="module")
def model(tree: DecisionTreeClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same classifier as emlearn's CSV."""
    path = tmp_path_factory.mktemp("install") / "model.csv"
    converted = emlearn.convert(tree, method="inline", dtype="int16_t", leaf_bits=0)
    converted.save(file=path, name="digits", format="csv")
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a web server that has dist/."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=DIST)) as http:
        threading.Thread(target=http.serve_forever).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def mpremote(port: str, *arguments: str | Path) -> str:
    """Run one mpremote command; return what it prints. It resets the board first."""
    command = [sys.executable, "-m", "mpremote", "connect", port, *map(str, arguments)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def check_predictions(port: str, tree: DecisionTreeClassifier) -> None:
    """The board imports emltrees, loads the model and answers as scikit-learn does."""
    samples = load_digits().data[::90].astype(int)
    script = f"""
from array import array
import emltrees
model = emltrees.load("model.csv")
for sample in {samples.tolist()}:
    print(model.predict(array("h", sample)), end=" ")
"""
    predicted = [int(word) for word in mpremote(port, "exec", script).split()]
    expected = tree.predict(samples).tolist()
    assert len(set(expected)) > 5
    assert predicted == expected


def test_copy(cortex_m: Board, model: Path, tree: DecisionTreeClassifier) -> None:
    """`mpremote fs cp` of module and model."""
    module = DIST / f"{cortex_m.arch}_6.3" / "emltrees.mpy"
    with cortex_m.serial() as port:
        mpremote(port, "fs", "cp", module, model, ":")
        check_predictions(port, tree)


@pytest.mark.parametrize("file", ["emltrees.mpy", "package.json"])
def test_install_from_address(
    cortex_m: Board, server: str, model: Path, tree: DecisionTreeClassifier, file: str
) -> None:
    """`mpremote mip install` of a module, or of a package, by its address."""
    with cortex_m.serial() as port:
        mpremote(port, "mip", "install", f"{server}/{cortex_m.arch}_6.3/{file}")
        mpremote(port, "fs", "cp", model, ":")
        check_predictions(port, tree)


def test_install_from_index(
    cortex_m: Board, server: str, model: Path, tree: DecisionTreeClassifier
) -> None:
    """`mpremote mip install --index` by the module's name, and nothing to do the second time."""
    install = ["mip", "install", "--index", f"{server}/mip/{cortex_m.arch}", "emltrees"]
    with cortex_m.serial() as port:
        mpremote(port, *install)
        assert "Exists: /lib/emltrees.mpy" in mpremote(port, *install)
        mpremote(port, "fs", "cp", model, ":")
        check_predictions(port, tree)


def test_install_of_a_missing_module(cortex_m: Board, server: str) -> None:
    """A name that the index lacks fails, and installs nothing."""
    install = ["mip", "install", "--index", f"{server}/mip/{cortex_m.arch}", "emlnothing"]
    with cortex_m.serial() as port:
        with pytest.raises(AssertionError, match="Package not found"):
            mpremote(port, *install)
        assert mpremote(port, "exec", "import os; print(os.listdir('/lib'))") == "[]\n"


def test_wrong_architecture(cortex_m: Board) -> None:
    """A module for another CPU is refused when it is imported."""
    with cortex_m.serial() as port:
        mpremote(port, "fs", "cp", DIST / "rv32imc_6.3" / "emltrees.mpy", ":")
        with pytest.raises(AssertionError, match=r"incompatible \.mpy arch"):
            mpremote(port, "exec", "import emltrees")
