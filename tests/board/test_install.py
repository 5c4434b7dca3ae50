"""A user's way to a first prediction, with the mpremote command on an emulated board's port."""

import re
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
from tools import dist

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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address, without http://, of a web server that has a clone after `dist.py --index`."""
    clone = tmp_path_factory.mktemp("clone")
    (clone / "dist").symlink_to(DIST)
    dist.write_index(clone / "build" / "mip")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=clone)) as http:
        threading.Thread(target=http.serve_forever).start()
        yield f"127.0.0.1:{http.server_port}"
        http.shutdown()


def readme_line(start: str, arch: str, address: str) -> list[str]:
    """Return the arguments of the one mpremote line of the README that begins so, for this board.

    The README has the address of its own example server, and armv6m.
    """
    lines = re.findall(f"^mpremote ({start}.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(lines) == 1
    return lines[0].replace("localhost:8000", address).replace("armv6m", arch).split()


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


def test_install_from_address(
    cortex_m: Board, server: str, model: Path, tree: DecisionTreeClassifier
) -> None:
    """`mpremote mip install` of a module by its address, as the README has it."""
    with cortex_m.serial() as port:
        mpremote(port, *readme_line("mip install http", cortex_m.arch, server))
        mpremote(port, "fs", "cp", model, ":")
        check_predictions(port, tree)


def test_install_of_a_package(
    cortex_m: Board, server: str, model: Path, tree: DecisionTreeClassifier
) -> None:
    """`mpremote mip install` of all modules of an architecture, by the address of its package."""
    with cortex_m.serial() as port:
        address = f"http://{server}/dist/{cortex_m.arch}_6.3/package.json"
        mpremote(port, "mip", "install", address)
        mpremote(port, "fs", "cp", model, ":")
        check_predictions(port, tree)


def test_install_from_index(
    cortex_m: Board, server: str, model: Path, tree: DecisionTreeClassifier
) -> None:
    """`mpremote mip install --index` as the README has it; the second time nothing is to do."""
    install = readme_line("mip install --index", cortex_m.arch, server)
    with cortex_m.serial() as port:
        mpremote(port, *install)
        assert "Exists: /lib/emltrees.mpy" in mpremote(port, *install)
        mpremote(port, "fs", "cp", model, ":")
        check_predictions(port, tree)


def test_install_of_a_missing_module(cortex_m: Board, server: str) -> None:
    """A name that the index lacks fails, and installs nothing."""
    index = f"http://{server}/build/mip/{cortex_m.arch}"
    with cortex_m.serial() as port:
        with pytest.raises(AssertionError, match="Package not found"):
            mpremote(port, "mip", "install", "--index", index, "emlnothing")
        assert mpremote(port, "exec", "import os; print(os.listdir('/lib'))") == "[]\n"


def test_wrong_architecture(cortex_m: Board) -> None:
    """A module for another CPU is refused when it is imported."""
    with cortex_m.serial() as port:
        mpremote(port, "fs", "cp", DIST / "rv32imc_6.3" / "emltrees.mpy", ":")
        with pytest.raises(AssertionError, match=r"incompatible \.mpy arch"):
            mpremote(port, "exec", "import emltrees")
