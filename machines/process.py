"""The process that a machine is: it ends with its block, and its waiting for it has an end."""

import math
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# How often a process is looked at, in seconds.
PERIOD = 0.1


class TimeLimit:
    """Raises TimeoutError once a process has worked, or slept, for `seconds` without progress.

    Time in which it wants a CPU and gets none, because this computer does other work, does not
    count: a limit means the same on a busy computer as on an idle one.
    """

    def __init__(
        self,
        seconds: float,
        usage: Callable[[], tuple[float, bool]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`usage` gives the seconds of CPU time that were used, and whether more is wanted now."""
        self.seconds = seconds
        self._usage = usage
        self._clock = clock
        self.begin()

    def begin(self, total: float = math.inf) -> None:
        """Begin anew: there may be `total` seconds in all, however much progress there is."""
        self.total = total
        self._spent = self._spent_in_all = 0.0
        self._cpu = self._usage()[0]
        self._time = self._clock()

    def progress(self) -> None:
        """Allow all of the seconds anew, because there was progress."""
        self._advance()
        self._spent = 0.0

    def check(self) -> None:
        """Raise TimeoutError, which says what took too long, if the time is over."""
        self._advance()
        if self._spent >= self.seconds:
            raise TimeoutError(f"no progress in {self.seconds:g} s")
        if self._spent_in_all >= self.total:
            raise TimeoutError(f"no end in {self.total:g} s")

    def _advance(self) -> None:
        elapsed = self._clock() - self._time
        if elapsed < PERIOD:
            return
        cpu, wants_cpu = self._usage()
        counted = cpu - self._cpu if wants_cpu else elapsed
        self._spent += counted
        self._spent_in_all += counted
        self._cpu = cpu
        self._time += elapsed


def cpu_usage(pid: int) -> tuple[float, bool]:
    """Seconds of CPU time that a process has used, and whether a thread of it wants more now."""
    folder = Path(f"/proc/{pid}")
    fields = _fields(folder / "stat")
    states = {_fields(task / "stat")[0] for task in (folder / "task").iterdir()}
    # Running or ready, and waiting for a disk: what others can delay.
    wants_cpu = not states.isdisjoint("RD")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), wants_cpu


def _fields(stat: Path) -> list[str]:
    """The fields of a /proc/*/stat from the state on."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # a thread that has just ended
        return ["X"]


@contextmanager
def started(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that ends with the block, or with this interpreter."""
    command = ["setpriv", "--pdeathsig", "KILL", *command]
    options.setdefault("stdin", subprocess.DEVNULL)
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def read(process: subprocess.Popen[bytes], source: int, limit: TimeLimit) -> Iterator[bytes]:
    """Yield what a process writes until it ends; TimeoutError when its time is over."""
    end = os.pidfd_open(process.pid)
    try:
        while True:
            ready = select.select([source, end], [], [], PERIOD)[0]
            if source in ready and (data := os.read(source, 65536)):
                yield data
            elif ready:
                return
            limit.check()
    finally:
        os.close(end)
