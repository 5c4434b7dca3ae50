"""Runs a program as a board runs its main.py, and tells what it cost.

measured = measure(MACHINES["cortex-m4f"], Path("main.py"), {"model.csv": path})
print(measured.output, measured.instructions, measured.heap_kept)
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from machines.machine import Board, DeviceError, Files, Machine, OnOutput

# With 16 nanoseconds an instruction, a board's timer of 32 bits lasts for some thousand million.
SHIFT = 4

# Comes after all that the program prints.
END = "\x00\x1emachines:"

# The program is compiled before anything is counted. What is counted besides is the call of exec.
DRIVER = """
{imports}
def _run():
    import gc
    with open("main.py") as file:
        code = compile(file.read(), "main.py", "exec")
    scope = {{"__name__": "__main__", "__file__": "main.py"}}
    gc.collect()
    free, used = gc.mem_free(), gc.mem_alloc()
    {start}
    {stop}
    first = {read}
    try:
        exec(code, scope)
    except SystemExit:
        pass
    {stop}
    last = {read}
    in_use = gc.mem_alloc()
    gc.collect()
    print({end!r}, first, last, free, in_use - used, gc.mem_alloc() - used)
_run()
"""
# The frames of the driver in a traceback.
FRAME = re.compile(r'^  File "(<stdin>|script\.py)", line .*\n', re.MULTILINE)


@dataclass(frozen=True)
class Measurement:
    """What a program printed, and what it cost. Bytes are those of MicroPython's heap."""

    output: str
    instructions: int | None  # None where the machine counts none
    heap_free: int  # when the program began
    heap_end: int  # how much more was in use when it had ended
    heap_kept: int  # how much of that the garbage collector left


def measure(
    machine: Machine,
    script: Path | str,
    files: Files | None = None,
    timeout: float = 60,
    on_output: OnOutput | None = None,
    total: float = math.inf,
) -> Measurement:
    """Run a script as main.py, with arguments as Machine.run has them.

    Where the module `instructions` is (counter/instructions.c), the script counts calls with it.

    Raises DeviceError with MicroPython's traceback when the script ends with an exception.
    """
    main = script.read_bytes() if isinstance(script, Path) else script.encode()
    counter = machine.counter if isinstance(machine, Board) else None
    driver = DRIVER.format(
        imports="import machine" if counter else "",
        start=counter.start if counter else "pass",
        stop=counter.stop if counter else "pass",
        read=counter.read if counter else "0",
        end=END,
    )
    output = _Output(on_output)
    options = {"shift": SHIFT} if counter else {}
    try:
        machine.run(
            driver, {**(files or {}), "main.py": main}, timeout, output.add, total, **options
        )
    except DeviceError as error:
        traceback = FRAME.sub("", error.traceback)
        raise type(error)(error.what, error.output, traceback) from None
    first, last, *heap = map(int, output.figures.split())
    instructions = counter.instructions(first, last, SHIFT) if counter else None
    return Measurement(output.text, instructions, *heap)


class _Output:
    """Hands on what the program prints as it comes, and keeps the figures after END back."""

    def __init__(self, on_output: OnOutput | None) -> None:
        self.text = ""
        self.figures = ""
        self._on_output = on_output
        self._rest = ""

    def add(self, text: str) -> None:
        """Take a piece, which may be cut anywhere."""
        self._rest += text
        known, mark, self.figures = self._rest.partition(END)
        if not mark:
            # What may be the beginning of END waits for the next piece.
            waits = max((n for n in range(len(END)) if known.endswith(END[:n])), default=0)
            known = known[: len(known) - waits]
        self._rest = self._rest[len(known) :]
        if known:
            self.text += known
            if self._on_output:
                self._on_output(known)
