"""What `--machine=NAME` (repeatable, default all) and `--seed` select for all tests."""

import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from machines.build import BuildError, build
from machines.machine import MACHINES, Board, Machine
from tools import kernels

# A test asks for one of these fixtures and runs on each of its machines.
FIXTURES = {
    "machine": list(MACHINES),
    "board": [name for name, machine in MACHINES.items() if isinstance(machine, Board)],
    "cortex_m": [name for name in MACHINES if name.startswith("cortex-m")],
}


# The PC's CPU, the smallest one and the commonest one with an FPU.
FULL_MACHINES = ("unix-x64", "cortex-m0", "cortex-m4f")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --machine and --seed."""
    parser.addoption("--machine", action="append", choices=list(MACHINES), help="default: all")
    # One number by default, so that the same commit gives the same answer twice.
    parser.addoption("--seed", default="1", help="of random tests: a number, or `random`")


def pytest_configure(config: pytest.Config) -> None:
    """Settle the seed and build the kernels that emlmpy runs, once for all processes."""
    if not hasattr(config, "workerinput"):
        if config.option.seed == "random":
            config.option.seed = str(random.randrange(2**31))
        kernels.build()
    # For the tests whose parameters are random, which must be the same in all processes.
    os.environ["EMLMPY_SEED"] = config.option.seed


def pytest_report_header(config: pytest.Config) -> str:
    """Say which seed makes the same run again."""
    return f"random tests: --seed={config.option.seed}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test its machines, of those that --machine selects, and its `cases`."""
    selected = metafunc.config.getoption("machine") or list(MACHINES)
    for fixture, names in FIXTURES.items():
        if fixture not in metafunc.fixturenames:
            continue
        only = metafunc.definition.get_closest_marker("machines")
        names = [name for name in names if name in selected and (not only or name in only.args)]
        cases = metafunc.definition.get_closest_marker("cases")
        if cases is None:
            metafunc.parametrize(fixture, names, indirect=True, scope="session")
        else:
            parametrize_cases(metafunc, fixture, names, *cases.args, **cases.kwargs)


def parametrize_cases(
    metafunc: pytest.Metafunc,
    fixture: str,
    machines: Sequence[str],
    names: str,
    values: Iterable[Any],
    elsewhere: Sequence[Any] | None = None,
    ids: Sequence[str] | Callable[[Any], str] | None = None,
) -> None:
    """Run a test with all values on FULL_MACHINES, and with those of `elsewhere` on the others.

    That is what the marker `cases` asks for, which is otherwise used as parametrize is. The default
    of `elsewhere` is the first and the last value.
    """
    values = list(values)
    if elsewhere is None:
        few = [0, len(values) - 1]
    else:
        few = [values.index(value) for value in elsewhere]
    single = "," not in names
    cases = []
    for machine in machines:
        for index in range(len(values)) if machine in FULL_MACHINES else few:
            row = (values[index],) if single else values[index]
            if callable(ids):
                words = ids(values[index])
            elif ids:
                words = ids[index]
            elif all(isinstance(item, str | int | float) for item in row):
                words = "-".join(map(str, row))
            else:
                words = f"{names}{index}"
            cases.append(pytest.param(machine, *row, id=f"{machine}-{words}"))
    metafunc.parametrize(f"{fixture},{names}", cases, indirect=[fixture], scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with files that are slow, and keep the tests of a file together, which share fixtures.

    pytest would run all files on one machine, then all on the next.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, item.path))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of random tests."""
    return int(request.config.option.seed)


@pytest.fixture(scope="session")
def rounds(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """How many rounds random tests make: as many as they say, or a quarter in `make quick`."""
    quick = "not slow" in request.config.option.markexpr
    return lambda wanted: max(1, wanted // 4) if quick else wanted


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
