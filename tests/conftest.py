"""Which machines the tests run on: `--machine=NAME`, repeatable, default all."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.machines.build import BuildError, build
from tests.machines.machine import MACHINES, Board, Machine

# A test asks for one of these fixtures and runs on each of its machines.
FIXTURES = {
    "machine": list(MACHINES),
    "board": [name for name, machine in MACHINES.items() if isinstance(machine, Board)],
    "cortex_m": [name for name in MACHINES if name.startswith("cortex-m")],
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --machine."""
    parser.addoption("--machine", action="append", choices=list(MACHINES), help="default: all")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test its machines, of those that --machine selects."""
    selected = metafunc.config.getoption("machine") or list(MACHINES)
    for fixture, names in FIXTURES.items():
        if fixture not in metafunc.fixturenames:
            continue
        names = [name for name in names if name in selected]
        metafunc.parametrize(fixture, names, indirect=True, scope="session")


@pytest.fixture(autouse=True)
def numpy_errors() -> Iterator[None]:
    """numpy's own defaults, which a package that some test imports may have changed for all."""
    with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
        yield


@pytest.fixture(scope="session")
def built(request: pytest.FixtureRequest) -> None:
    """Build the machines that this session's tests run on, where they are not up to date."""
    wanted = {
        name
        for test in request.session.items
        if hasattr(test, "callspec")
        for fixture, name in test.callspec.params.items()
        if fixture in FIXTURES
    }
    try:
        build([name for name in MACHINES if name in wanted])
    except BuildError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def machine(request: pytest.FixtureRequest, built: None) -> Machine:
    """Each of the machines."""
    return MACHINES[request.param]


@pytest.fixture(scope="session")
def board(request: pytest.FixtureRequest, built: None) -> Machine:
    """Each of the machines that has a serial port."""
    return MACHINES[request.param]


@pytest.fixture(scope="session")
def cortex_m(request: pytest.FixtureRequest, built: None) -> Machine:
    """Each of the machines that counts instructions, and is installed on with mpremote."""
    return MACHINES[request.param]
