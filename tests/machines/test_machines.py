"""The emulated machines themselves: what a script prints, how it may fail, what it finds there."""

import hashlib
import io
import itertools
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machines.machine import (
    MACHINES,
    Board,
    DeviceError,
    DeviceTimeout,
    Machine,
    Program,
    counter_of,
)
from machines.process import TimeLimit, cpu_usage, started
from machines.raw_repl import RawRepl

# sys.implementation._mpy >> 10, from the list in MicroPython's documentation of .mpy files.
ARCHS = {
    "x64": 2,
    "armv6m": 4,
    "armv7m": 6,  # MicroPython says armv7em of a Cortex-M3, and loads modules for both
    "armv7emsp": 7,
    "armv7emdp": 8,
    "xtensawin": 10,
    "rv32imc": 11,
}

UNALIGNED_LOAD = """
import uctypes
memory = bytearray(8)
layout = {"word": 0 | uctypes.UINT32}
word = uctypes.struct(uctypes.addressof(memory) + 1, layout, uctypes.NATIVE)
print("loading")
print(word.word)
"""


def test_output(machine: Machine) -> None:
    """Lines end as Python's do, and text is UTF-8."""
    assert machine.run("print('one')\nprint('zwölf', end='')") == "one\nzwölf"


def test_script_from_path(machine: Machine, tmp_path: Path) -> None:
    """A script may be a file of the host."""
    script = tmp_path / "script.py"
    script.write_text("print(6 * 7)")
    assert machine.run(script) == "42\n"


def test_output_while_running(machine: Machine) -> None:
    """on_output sees the same text, and sees it before the script ends."""
    seen: list[str] = []
    with pytest.raises(DeviceTimeout):
        machine.run("print('early')\nwhile True: pass", timeout=0.5, on_output=seen.append)
    assert "".join(seen) == "early\n"


def test_nothing_is_lost_when_nobody_reads(machine: Machine) -> None:
    """42 000 bytes arrive whole, though no pipe or terminal holds as many."""
    pauses = []

    def pause_once(text: str) -> None:
        if not pauses:
            pauses.append(text)
            time.sleep(1)

    output = machine.run('for i in range(2000): print("%020d" % i)', on_output=pause_once)
    assert output == "".join(f"{i:020d}\n" for i in range(2000))


def test_on_output_omits_the_traceback(machine: Machine) -> None:
    """What on_output sees is the output alone."""
    seen: list[str] = []
    with pytest.raises(DeviceError):
        machine.run("print('said')\n1 / 0", on_output=seen.append)
    assert "".join(seen) == "said\n"


def test_arch(machine: Machine) -> None:
    """The machine loads .mpy files, of version 6.3, for the architecture of its table row."""
    mpy = int(machine.run("import sys; print(sys.implementation._mpy)"))
    assert (mpy & 0xFF, mpy >> 8 & 3, mpy >> 10) == (6, 3, ARCHS[machine.arch])


def test_exception(machine: Machine) -> None:
    """An exception keeps the output before it apart from the traceback."""
    with pytest.raises(DeviceError, match="ValueError: no such thing") as error:
        machine.run("print('before')\nraise ValueError('no such thing')")
    assert not isinstance(error.value, DeviceTimeout)
    assert error.value.output == "before\n"
    assert error.value.traceback.startswith("Traceback (most recent call last):")


def test_syntax_error(machine: Machine) -> None:
    """A script that does not compile fails like one that raises."""
    with pytest.raises(DeviceError, match="SyntaxError"):
        machine.run("print('never')\nif:")


def test_syntax_error_in_a_long_script(machine: Machine) -> None:
    """It is reported though MicroPython does not read the rest."""
    with pytest.raises(DeviceError, match="SyntaxError"):
        machine.run("if:\n" + "x = 1\n" * 3000)


def test_timeout_tells_the_last_words(machine: Machine) -> None:
    """A script that hangs is ended, and the report says how far it came."""
    with pytest.raises(DeviceTimeout, match="last output:\nreached the loop") as error:
        machine.run("print('reached the loop')\nwhile True: pass", timeout=0.5)
    assert error.value.output == "reached the loop\n"


class SlowBoard:
    """Answers as a board does that copies files, one step in every 50 s of a clock of its own."""

    def __init__(self, steps: int) -> None:
        """One that says this many times that it has copied something."""
        self.now = 0.0
        self.steps = steps
        self.limit = TimeLimit(60, lambda: (0.0, False), lambda: self.now)

    def pieces(self) -> Iterator[bytes]:
        """What it says: the prompt, a window of 4096 bytes, the disk's free bytes, and so on."""
        yield from (b"raw REPL; CTRL-B to exit\r\n>", b"R\x01\x00\x10", b"\x04", b"80000\r\n")
        for _ in range(self.steps):
            self.now += 50
            self.limit.check()
            yield b"."
        yield from (b"\x04", b"\x04>", b"soft reboot\r\n", b"raw REPL; CTRL-B to exit\r\n>")

    def copy(self, size: int) -> None:
        """Copy a file to it."""
        repl = RawRepl(self.pieces(), lambda data: None)
        MACHINES["cortex-m0"]._copy_files(repl, self.limit, {"file": bytes(size)})

    def boot(self, banner: str) -> None:
        """Wait for its prompt, of which it says one character at each step."""

        def pieces() -> Iterator[bytes]:
            for character in banner:
                self.now += 50
                self.limit.check()
                yield character.encode()

        MACHINES["cortex-m0"]._await_prompt(pieces(), self.limit, io.BytesIO(b"no more"))


def test_slow_copying() -> None:
    """The time for copying files begins anew with each part that is copied."""
    board = SlowBoard(steps=100)
    board.copy(79_000)
    assert board.now == 5000


def test_copying_that_hangs() -> None:
    """A part that is not copied in time ends it."""
    board = SlowBoard(steps=1)
    board.limit.seconds = 40
    with pytest.raises(DeviceTimeout, match="files not copied, no progress in 40 s"):
        board.copy(79_000)


def test_slow_boot() -> None:
    """The time for booting begins anew with all that the board says."""
    board = SlowBoard(steps=0)
    board.boot("MicroPython\n>>> ")
    assert board.now == 50 * 16
    board.limit.seconds = 40
    with pytest.raises(DeviceTimeout, match="no prompt, no progress in 40 s"):
        board.boot(">>> ")
    with pytest.raises(DeviceError, match="QEMU stopped: no more"):
        SlowBoard(steps=0).boot("no prompt")


def test_progress_and_total() -> None:
    """Progress allows the seconds anew, but never more than the total."""
    clock = itertools.count(0, 50)  # seconds, each time that it is read
    limit = TimeLimit(60, lambda: (0.0, False), lambda: next(clock))
    for _ in range(100):
        limit.progress()
        limit.check()
    limit.begin(total=200)
    with pytest.raises(TimeoutError, match="no end in 200 s"):
        for _ in range(3):
            limit.progress()
            limit.check()
    limit.begin()
    limit.check()
    with pytest.raises(TimeoutError, match="no progress in 60 s"):
        limit.check()


@pytest.mark.machines("unix-x64", "cortex-m0")
def test_output_is_progress(machine: Machine) -> None:
    """A script that prints may run longer than `timeout`, and is stopped when it stops printing."""
    pause = "__import__('time').sleep(0.002)"
    if machine.name == "cortex-m0":
        pause = "sum(range(6000))"
    script = f"for i in range(400):\n    {pause}\n    print(i)\nwhile True: pass"
    with pytest.raises(DeviceTimeout, match=r"no progress in 0\.4 s") as error:
        machine.run(script, timeout=0.4, total=600)
    assert error.value.output.endswith("\n399\n")


@pytest.mark.parametrize(
    ("cpu_a_second", "wants_cpu", "end"),
    [
        (1, True, 60),  # it works
        (0, False, 60),  # it sleeps
        (0.25, True, 240),  # it works, and others have three quarters of the CPU
        (0, True, None),  # others have all of it
    ],
)
def test_time_limit(cpu_a_second: float, wants_cpu: bool, end: int | None) -> None:
    """What counts is the time that a process works or sleeps, not that in which it has no CPU."""
    now = 0

    def usage() -> tuple[float, bool]:
        return now * cpu_a_second, wants_cpu

    limit = TimeLimit(60, usage, lambda: now)
    for now in range(1, 1000):
        try:
            limit.check()
        except TimeoutError:
            assert now == end
            return
    assert end is None


def test_cpu_usage() -> None:
    """A process that sleeps wants no CPU; one that loops does, and uses some."""

    def reaches(condition: Callable[[float, bool], bool], *command: str) -> bool:
        """Whether a process gets there within a minute."""
        with started(list(command)) as process:
            for _ in range(6000):
                if condition(*cpu_usage(process.pid)):
                    return True
                time.sleep(0.01)
        return False

    assert reaches(lambda cpu, wants_cpu: not wants_cpu, "sleep", "1000")
    loop = (sys.executable, "-c", "while True: pass")
    assert reaches(lambda cpu, wants_cpu: wants_cpu and cpu > 0.3, *loop)


def test_timeout_of_a_script_that_prints_for_ever(machine: Machine) -> None:
    """Output does not extend the time without end: ten times `timeout` is the most."""
    with pytest.raises(DeviceTimeout, match=r"no end in 1 s"):
        machine.run("while True: print('again')", timeout=0.1)


def test_files(machine: Machine) -> None:
    """Files are opened and imported by their plain names."""
    files = {"twice.py": b"def twice(x): return 2 * x", "empty": b"", "data.txt": b"21"}
    script = """
import os, twice
print(sorted(name for name in os.listdir() if name in ("twice.py", "empty", "data.txt")))
print(twice.twice(int(open("data.txt").read())), open("empty").read() == "")
"""
    assert machine.run(script, files) == "['data.txt', 'empty', 'twice.py']\n42 True\n"


def test_files_do_not_stay(machine: Machine) -> None:
    """Every run starts afresh."""
    assert machine.run("open('made', 'w').write('x'); print(1)", {"given": b"x"}) == "1\n"
    with pytest.raises(DeviceError, match="ENOENT"):
        machine.run("open('given')")
    with pytest.raises(DeviceError, match="ENOENT"):
        machine.run("open('made')")


def test_big_file(machine: Machine) -> None:
    """50 000 bytes of all values arrive as they are."""
    content = random.Random(1).randbytes(50_000)
    script = """
import binascii, hashlib
h = hashlib.sha256()
with open("big", "rb") as file:
    while block := file.read(1000):
        h.update(block)
print(binascii.hexlify(h.digest()).decode())
"""
    assert machine.run(script, {"big": content}).strip() == hashlib.sha256(content).hexdigest()


def test_missing_file(machine: Machine, tmp_path: Path) -> None:
    """A file that the host lacks is the caller's error."""
    with pytest.raises(FileNotFoundError):
        machine.run("print(1)", {"model.csv": tmp_path / "model.csv"})


def test_heap(machine: Machine) -> None:
    """There is room for a model and its module, and an end to it."""
    script = "import gc\nb = bytearray(100_000)\nprint(len(b))\nbytearray(16_000_000)"
    with pytest.raises(DeviceError, match="MemoryError") as error:
        machine.run(script)
    assert error.value.output == "100000\n"


def test_float(machine: Machine) -> None:
    """Floats work, with an FPU or without; all these values are exact."""
    assert machine.run("x = 1.5\nprint(x * 2.25, x / 4, int(x * 1e3))") == "3.375 0.375 1500\n"


def test_unaligned_load_faults(cortex_m: Board) -> None:
    """A Cortex-M0 has no unaligned loads; the M4F is set up not to have any either."""
    with pytest.raises(DeviceError, match="CPU fault") as error:
        cortex_m.run(UNALIGNED_LOAD, timeout=10)
    assert error.value.output.startswith("loading\n")
    assert not isinstance(error.value, DeviceTimeout)


def test_board_that_stops(board: Board) -> None:
    """QEMU's end is reported as such, with the last words."""
    with pytest.raises(DeviceError, match="QEMU stopped") as error:
        board.run("print('last words')\nimport machine\nmachine.reset()")
    assert error.value.output == "last words\n"


def test_board_without_firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What QEMU says of its own troubles is passed on."""
    monkeypatch.setattr("machines.machine.BUILD", tmp_path)
    with pytest.raises(DeviceError, match=r"QEMU stopped: .*firmware\.elf"):
        MACHINES["cortex-m0"].run("print('never')")


def test_files_too_big_for_the_disk(board: Board) -> None:
    """That is known before anything is copied, and says how much room there is."""
    text = r"files of 530000 bytes do not fit the board's disk: \d+ bytes are free"
    with pytest.raises(DeviceError, match=text) as error:
        board.run("print('never')", {"big": bytes(530_000)})
    assert "." not in error.value.output  # a dot is 4 kB


def test_files_that_just_do_not_fit(board: Board) -> None:
    """What fills the disk up while it is copied is an error, not a cut file."""
    script = "import os; stat = os.statvfs('/'); print(stat[0] * stat[3])"
    free = int(board.run(script))
    text = f"files of {free} bytes do not fit .* {free} bytes are free"
    with pytest.raises(DeviceError, match=text) as error:
        board.run("print('never')", {"big": bytes(free - 100), "small": bytes(100)})
    assert "...." in error.value.output


def test_soft_reset_keeps_files(board: Board) -> None:
    """mpremote resets the board between commands; what it has copied is still there."""
    with board.serial() as port:
        run = [sys.executable, "-m", "mpremote", "connect", port]
        script = "with open('kept', 'w') as file: file.write('as it was')"
        subprocess.run([*run, "exec", script], check=True)
        script = "import sys; print(open('kept').read(), '/lib' in sys.path)"
        command = [*run, "soft-reset", "exec", script]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output == "as it was True\n"


def test_loops_of_known_length(board: Board) -> None:
    """A loop of n rounds reads 2 n instructions within 1, and the same in every run."""
    script = """
import instructions
once = instructions.count(instructions.loop, 1)
for rounds in (2, 3, 1_000, 100_000, 1_000_000):
    print(rounds, instructions.count(instructions.loop, rounds) - once)
"""
    output = board.run(script, shift=8)
    for line in output.splitlines():
        rounds, counted = map(int, line.split())
        assert counted == pytest.approx(2 * (rounds - 1), abs=1)
    assert len(output.splitlines()) == 5
    assert board.run(script, shift=8) == output


@pytest.mark.machines("xtensa")
def test_loops_of_known_length_in_user_mode(machine: Program) -> None:
    """The plugin counts as the boards do."""
    script = """
import instructions
once = instructions.count(instructions.loop, 1)
for rounds in (2, 1_000, 1_000_000):
    print(instructions.count(instructions.loop, rounds) - once)
"""
    output = machine.run(script, shift=0)
    assert output.split() == ["2", "1998", "1999998"]


@pytest.mark.machines("unix-x64")
def test_nothing_counts_here(machine: Program) -> None:
    """This computer's own CPU has no counter, which is said."""
    with pytest.raises(ValueError, match="unix-x64 counts no instructions"):
        machine.run("print(1)", shift=4)


def test_long_loop(board: Board) -> None:
    """A small shift counts longer calls, within 3."""
    script = """
import instructions
once = instructions.count(instructions.loop, 1)
print(instructions.count(instructions.loop, 15_000_001) - once)
"""
    assert int(board.run(script, shift=4)) == pytest.approx(30_000_000, abs=3)


def test_empty_calls(board: Board) -> None:
    """A call that does nothing costs the same each time, whatever its argument; a bound method's
    costs more, since it passes self."""
    script = """
import instructions
counts = {}
for name in ("empty", "bound"):
    method = getattr(instructions, name)
    counts[name] = {instructions.count(method, x) for x in (1, "x", None, [1, 2], bytes(100)) * 10}
print(len(counts["empty"]), len(counts["bound"]), max(counts["bound"]) > max(counts["empty"]))
"""
    assert board.run(script, shift=8) == "1 1 True\n"


def test_call_too_long_to_count(board: Board) -> None:
    """A counter that wraps is an error, not a small number."""
    with pytest.raises(DeviceError, match="call too long: use a smaller shift"):
        board.run("import instructions as i; i.count(i.loop, 9_000_000)", shift=8)


def test_counting_needs_icount(board: Board) -> None:
    """Without -icount the numbers would mean nothing."""
    with pytest.raises(DeviceError, match="QEMU must run with -icount"):
        board.run("import instructions", {"instructions.mpy": counter_of(board)})


def test_loop_of_no_rounds(board: Board) -> None:
    """The loop tests its counter at the end, so 0 rounds would be 2**32."""
    with pytest.raises(DeviceError, match="n must be at least 1"):
        board.run("import instructions; instructions.loop(0)", shift=8)
