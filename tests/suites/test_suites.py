"""Bad calls, memory that fails and damaged files, for every module: tests/device/suites.py."""

import pytest

from machines.machine import Machine
from tests.modules import MODULES, Module
from tools import dist


@pytest.mark.parametrize(
    ("module", "suite"),
    [(module, suite) for module in MODULES for suite in module.suites],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_suite(machine: Machine, module: Module, suite: str) -> None:
    """A suite that checks itself on the device."""
    assert module.run_suite(machine, suite) == "ok\n"


def test_all_modules_are_listed() -> None:
    """Each module that is built goes through the suites."""
    assert [module.name for module in MODULES] == dist.MODULES
