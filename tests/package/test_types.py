"""The types of the device's modules, against the modules themselves and as documents."""

import ast
from pathlib import Path

import pytest

from emlmpy import modules
from machines.machine import ROOT, Machine

STUBS = {path.stem: path for path in sorted((ROOT / "src").glob("*/*.pyi"))}

LIST_NAMES = """
import {module}
print(*(name for name in dir({module}) if name[0] != "_"))
print({module}.__version__)
"""


def functions(path: Path) -> list[tuple[str, ast.FunctionDef, str]]:
    """The name of every function and method of a file, its tree, and its class's docstring."""
    tree = ast.parse(path.read_text())
    found = [(node.name, node, "") for node in tree.body if isinstance(node, ast.FunctionDef)]
    for kind in tree.body:
        if isinstance(kind, ast.ClassDef) and not kind.name.startswith("_"):
            text = ast.get_docstring(kind) or ""
            methods = [node for node in kind.body if isinstance(node, ast.FunctionDef)]
            found += [(f"{kind.name}.{node.name}", node, text) for node in methods]
    return found


def test_every_module_has_types() -> None:
    """emltrees_votes is installed under the name emltrees."""
    assert set(STUBS) == set(modules.names()) - {"emltrees_votes"}


@pytest.mark.parametrize("module", STUBS)
@pytest.mark.machines("unix-x64")
def test_names_are_the_modules_own(module: str, machine: Machine) -> None:
    """Every function that has types is there, and has types if it is there."""
    tree = ast.parse(STUBS[module].read_text())
    typed = {name.rpartition(".")[2] for name, _, _ in functions(STUBS[module])}
    wanted = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in STUBS:
            wanted |= {alias.name for alias in node.names} - {"Model", "__version__"}
    files = {f"{module}.mpy": modules.path(module, machine.arch)}
    names, version = machine.run(LIST_NAMES.format(module=module), files).splitlines()
    assert version
    # What the Python parts import; their functions are methods, too.
    found = set(names.split()) - {"array", "io", "os"}
    assert wanted <= found
    assert found <= wanted | typed | {"FFT"}


@pytest.mark.parametrize("module", STUBS)
def test_docstrings_say_what_is_raised(module: str) -> None:
    """Every function with an argument raises for a bad one: it says so, or its class does."""
    for name, node, text_of_class in functions(STUBS[module]):
        text = ast.get_docstring(node)
        assert text, name
        arguments = [*node.args.args, *node.args.kwonlyargs]
        if len(arguments) > ("." in name) and not name.endswith("__init__"):
            raised = text + text_of_class
            assert "Raises" in raised or "raise" in text_of_class, f"{module}.{name}"
