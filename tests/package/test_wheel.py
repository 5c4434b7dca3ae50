"""The wheel and the sdist, each installed into an empty environment, outside the clone.

pip installs what they declare and no more, so that an undeclared dependency shows. The wheel has no
compiler to call, the sdist one.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from machines.machine import ROOT
from tools import wheel as wheel_tool

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
EXAMPLE = ROOT / "examples" / "digits_cnn"


class Environment:
    """An environment of its own with emlmpy in it, and a folder to run in."""

    def __init__(self, folder: Path, compilers: str = "") -> None:
        """Make it, empty; compilers is what PATH has besides its own programs."""
        self.folder = folder
        venv.create(folder / "env", with_pip=True)
        self.programs = folder / "env" / "bin"
        self.python = self.programs / "python"
        self.work = folder / "work"
        self.work.mkdir()
        kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_"))}
        home = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
        path = os.pathsep.join(filter(None, [str(self.programs), compilers]))
        self.variables = {**kept, **home, "PATH": path, "LANG": "C.UTF-8"}

    def run(self, *command: object, status: int = 0) -> str:
        """Run a command in the folder; return what it prints. Fails on another exit status."""
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.work,
            env=self.variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def install(self, *packages: object) -> None:
        """Install packages, and what they declare."""
        pip = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        self.run(self.python, *pip, *packages)

    def use(self) -> None:
        """Run use_installed.py, isolated from the environment's variables and the user's site."""
        for name in ("samples.py", "use_installed.py"):
            shutil.copy(HERE / name, self.work)
        self.run(self.python, "-I", "use_installed.py", EXAMPLE / "digits_cnn.tmdl")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("built")
    wheel_tool.build(folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """The wheel."""
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def sdist(built: Path) -> Path:
    """The sdist."""
    (path,) = built.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel in an empty environment, without any extra."""
    environment = Environment(tmp_path_factory.mktemp("wheel"))
    for compiler in ("cc", "gcc", "clang", "cmake"):
        assert shutil.which(compiler, path=environment.variables["PATH"]) is None
    environment.install(wheel)
    return environment


@pytest.fixture(scope="module")
def with_tflite(installed: Environment, wheel: Path) -> Environment:
    """The same environment with the extra tflite."""
    installed.install(f"{wheel}[tflite]")
    return installed


def test_wheel_is_whole(wheel: Path) -> None:
    """One wheel for every Python, with what no compiler makes, and without the sources in C."""
    assert re.fullmatch(r"emlmpy-[\d.]+-py3-none-\w+\.whl", wheel.name)
    names = zipfile.ZipFile(wheel).namelist()
    for module in sorted((ROOT / "src").glob("*/*.pyi")):
        assert f"{module.stem}-stubs/__init__.pyi" in names
    for part in sorted((ROOT / "src").glob("*/*.py")):
        assert f"emlmpy/device/{part.parent.name}/{part.name}" in names
    for module in sorted((ROOT / "dist").glob("*_*/*.mpy")):
        assert f"emlmpy/dist/{module.parent.name}/{module.name}" in names
    assert "emlmpy/py.typed" in names
    assert [name for name in names if name.endswith("/licenses/LICENSE")]
    libraries = [name for name in names if name.endswith((".so", ".dylib", ".dll"))]
    assert len(libraries) == 1
    allowed = (".py", ".pyi", ".mpy", "/py.typed", "/METADATA", "/WHEEL", "/RECORD", "/LICENSE")
    others = [name for name in names if not name.endswith((*allowed, "/entry_points.txt"))]
    assert others == libraries


def test_sdist_is_whole(sdist: Path) -> None:
    """What the build needs, and nothing that was built or that only the clone has a use for."""
    with tarfile.open(sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    command = ["git", "ls-files", "src", "emlmpy", "dist/*.mpy"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(listed.stdout.splitlines()) <= names
    assert {"LICENSE", "README.md", "CMakeLists.txt", "pyproject.toml"} <= names
    assert not [name for name in names if name.endswith((".so", ".pyc", ".o"))]
    for folder in ("tests", "build", "machines", "benchmarks", ".venv"):
        assert not [name for name in names if name.startswith(f"{folder}/")]


def test_wheel_without_tflite(installed: Environment) -> None:
    """Everything but reading a .tflite file, which says what is missing."""
    assert "tflite" not in installed.run(installed.python, "-m", "pip", "list")
    installed.use()
    command = (installed.programs / "emlmpy", "tmdl", EXAMPLE / "digits_cnn.tflite", "out.tmdl")
    assert "needs the package tflite: pip install tflite" in installed.run(*command, status=1)
    assert not (installed.work / "out.tmdl").exists()


def test_wheel_with_tflite(with_tflite: Environment) -> None:
    """A .tflite file becomes the network that the example has."""
    tmdl = with_tflite.work / "digits.tmdl"
    emlmpy = with_tflite.programs / "emlmpy"
    table = with_tflite.run(emlmpy, "tmdl", EXAMPLE / "digits_cnn.tflite", tmdl)
    assert "MACs" in table
    assert tmdl.read_bytes() == (EXAMPLE / "digits_cnn.tmdl").read_bytes()
    assert "network" in with_tflite.run(emlmpy, "check", tmdl)


def test_sdist(
    with_tflite: Environment, sdist: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The sdist is compiled where it is installed; then it does what the wheel does."""
    compilers = os.pathsep.join(sorted({str(Path(find(name)).parent) for name in ("cc", "ld")}))
    environment = Environment(tmp_path_factory.mktemp("sdist"), compilers)
    share_dependencies(with_tflite, environment)
    assert "emlmpy" not in environment.run(environment.python, "-m", "pip", "list")
    environment.install(sdist)
    environment.use()


def find(program: str) -> str:
    """Return where a program is."""
    path = shutil.which(program)
    assert path
    return path


def share_dependencies(source: Environment, target: Environment) -> None:
    """Give an environment what another one has, but for emlmpy, whose dependencies these are."""
    (site,) = source.folder.glob("env/lib/python*/site-packages")
    (to,) = target.folder.glob("env/lib/python*/site-packages")
    for path in site.iterdir():
        ours = path.name.startswith("emlmpy") or path.name.endswith("-stubs")
        if ours or (to / path.name).exists():
            continue
        if path.is_dir():
            shutil.copytree(path, to / path.name, copy_function=os.link)
        else:
            shutil.copy(path, to)


def mypy(environment: Environment, script: str) -> subprocess.CompletedProcess[str]:
    """Check a script with mypy against what is installed in an environment."""
    command = ("mypy", "--strict", "--python-executable", environment.python, script)
    return check_types(environment, "mypy", *command)


def basedpyright(environment: Environment, script: str) -> subprocess.CompletedProcess[str]:
    """Check a script with basedpyright; a module for a board never has a source here."""
    (environment.work / "pyrightconfig.json").write_text(
        '{"typeCheckingMode": "strict", "reportMissingModuleSource": false}'
    )
    command = ("basedpyright", "--pythonpath", environment.python, script)
    return check_types(environment, "basedpyright", *command)


def check_types(
    environment: Environment, module: str, *command: object
) -> subprocess.CompletedProcess[str]:
    """Run a checker of the clone's environment in the folder of the other."""
    _, *arguments = (str(part) for part in command)
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=environment.work,
        env={**environment.variables, "MYPY_CACHE_DIR": str(environment.folder / "mypy")},
        capture_output=True,
        text=True,
    )


CHECKERS = [mypy, basedpyright]
Checker = Callable[[Environment, str], subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("checker", CHECKERS)
def test_types_accept_what_works(installed: Environment, checker: Checker) -> None:
    """A script for a board, checked strictly against the types that the wheel carries."""
    shutil.copy(HERE / "device_script.py", installed.work)
    done = checker(installed, "device_script.py")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("checker", CHECKERS)
def test_types_refuse_mistakes(installed: Environment, checker: Checker) -> None:
    """Each wrong call, and no other line."""
    shutil.copy(HERE / "device_mistakes.py", installed.work)
    lines = (HERE / "device_mistakes.py").read_text().splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    done = checker(installed, "device_mistakes.py")
    assert done.returncode == 1, done.stdout + done.stderr
    found = {int(number) for number in re.findall(r"mistakes\.py:(\d+):.*error", done.stdout)}
    assert found == wrong, done.stdout


def test_types_of_the_package(installed: Environment) -> None:
    """py.typed: a user's own code is checked against emlmpy's annotations."""
    (installed.work / "train.py").write_text(
        "from sklearn.tree import DecisionTreeClassifier  # type: ignore[import-untyped]\n"
        "from emlmpy import convert\n\n"
        "model = convert(DecisionTreeClassifier().fit([[0], [1]], [0, 1]))\n"
        "model.save('model.csv')\n"
        "print(model.check([[0]], [0]).agreement + model.nbytes)\n"
    )
    done = mypy(installed, "train.py")
    assert done.returncode == 0, done.stdout + done.stderr
    (installed.work / "train.py").write_text("import emlmpy\n\nemlmpy.convert(1, leaves='many')\n")
    assert 'incompatible type "str"' in mypy(installed, "train.py").stdout
