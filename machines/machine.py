"""The emulated machines, and how to run a script on one of them.

    output = MACHINES["cortex-m0"].run("import emltrees; ...", {"emltrees.mpy": path})

Every run starts on a fresh machine that has these files and no others: in a littlefs on a RAM disk
where the machine is a board, in a temporary folder where it is a program.
"""

import codecs
import io
import os
import re
import signal
import subprocess
import tempfile
import termios
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from machines.process import TimeLimit, cpu_usage, read, started
from machines.raw_repl import RawRepl

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "machines"

# Seconds of a board's time without a sign of life, until its files are copied.
STARTING = 60

LARGEST_DISK = 512 * 1024  # bytes, of all boards

# Prints the disk's free bytes, and a sign of life for every 4 kB.
COPY_FILES = """
import os, uctypes
address = {address}
sizes = {sizes}
stat = os.statvfs("/")
free = stat[0] * stat[3]
print(free)
if sum(size for _, size in sizes) > free:
    raise OSError(28)
for name, size in sizes:
    with open(name, "wb") as file:
        for start in range(0, size, 4096):
            file.write(uctypes.bytearray_at(address + start, min(4096, size - start)))
            print(end=".")
    address += size
"""

Files = Mapping[str, Path | bytes]
OnOutput = Callable[[str], object]


class DeviceError(Exception):
    """A script ended with an exception, or its machine stopped."""

    def __init__(self, what: str, output: str, traceback: str = "") -> None:
        """Keep what the script printed, and what MicroPython says of the exception."""
        last = "\n".join(output.splitlines()[-20:]) or "(none)"
        super().__init__(f"{what}\n{traceback}\nlast output:\n{last}")
        self.what = what
        self.output = output
        self.traceback = traceback


class DeviceTimeout(DeviceError):
    """A script did not end in time."""


@dataclass(frozen=True)
class Machine(ABC):
    """A CPU with MicroPython; `arch` is the kind of .mpy that it loads."""

    name: str
    arch: str

    @abstractmethod
    def run(
        self,
        script: Path | str,
        files: Files | None = None,
        timeout: float = 60,
        on_output: OnOutput | None = None,
        total: float | None = None,
    ) -> str:
        """Run a script, a path or the text itself, beside these files; return what it prints.

        Times follow progress: a script is ended when it prints nothing for `timeout` seconds, and
        also after `total` seconds, which are ten times as many unless they are given. Seconds in
        which this computer does other work instead do not count (process.py). `on_output` is given
        what the script prints piece by piece, as it appears.

        Raises DeviceError when the script ends with an exception, files do not fit or the machine
        stops; DeviceTimeout, which is one, when the time is over.
        """

    def module(self, name: str) -> Path:
        """The native module as it ships for this machine; FileNotFoundError if there is none."""
        folder = ROOT / "dist" / f"{self.arch}_6.3"
        path = folder / f"{name}.mpy"
        if not path.exists():
            names = ", ".join(sorted(path.stem for path in folder.glob("*.mpy")))
            raise FileNotFoundError(
                f"no module {name} for {self.arch}; there are {names or 'none'}"
            )
        return path


@dataclass(frozen=True)
class Program(Machine):
    """MicroPython as a program of this computer, or of QEMU's user mode."""

    heap: str  # as MicroPython's -X heapsize takes it
    emulator: tuple[str, ...] = ()

    def run(
        self,
        script: Path | str,
        files: Files | None = None,
        timeout: float = 60,
        on_output: OnOutput | None = None,
        total: float | None = None,
        shift: int | None = None,
    ) -> str:
        """See Machine.run. A `shift` adds the module `instructions`, as on a board.

        Its value means nothing here; ValueError where nothing is emulated.
        """
        output = ""
        contents: dict[str, Path | bytes | str] = {**(files or {}), "script.py": script}
        command = [*self.emulator, str(BUILD / self.name / "micropython")]
        if shift is not None:
            if not self.emulator:
                raise ValueError(f"{self.name} counts no instructions")
            contents["instructions.mpy"] = counter_of(self)
            command[len(self.emulator) : len(self.emulator)] = self._plugin()
        command += ["-X", f"heapsize={self.heap}", "script.py"]
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
            for name, content in contents.items():
                (Path(folder) / name).write_bytes(_bytes(content))
            environment = {"PATH": os.environ["PATH"], "MICROPYPATH": folder}
            with started(
                command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors
            ) as process:
                limit = TimeLimit(timeout, partial(cpu_usage, process.pid))
                assert process.stdout is not None
                limit.begin(10 * timeout if total is None else total)
                try:
                    for text in _decoded(read(process, process.stdout.fileno(), limit)):
                        limit.progress()
                        output += text
                        if on_output:
                            on_output(text)
                except TimeoutError as error:
                    raise DeviceTimeout(f"{self.name}: {error}", output) from None
                status = process.wait()
            errors.seek(0)
            traceback = errors.read().decode(errors="replace")
        if status != 0:
            raise DeviceError(f"{self.name}: script ended with {status}", output, traceback)
        return output

    def _plugin(self) -> list[str]:
        """The options that make QEMU count, but for what sigill.c executes for MULUH and MULSH."""
        program = BUILD / self.name / "micropython"
        symbols = subprocess.check_output(["nm", program], text=True)
        handler = re.search(r"^(\w+) t emulate$", symbols, re.MULTILINE)
        assert handler is not None
        plugin = BUILD / "counter-xtensa" / "plugin.so"
        base = 1 << 32  # beyond what the guest can reach
        options = f"{plugin},base={base:x},handler={handler[1]}"
        return ["-B", hex(base), "-plugin", options]


@dataclass(frozen=True)
class Counter:
    """A 32-bit timer of a board, which counts instructions where QEMU runs with a `shift`.

    `start` and `stop` are what MicroPython executes to start it and before it reads it, `read` the
    expression that it reads; `frequency` is in Hz.
    """

    start: str
    read: str
    frequency: int
    stop: str = "pass"
    downwards: bool = False

    def instructions(self, start: int, stop: int, shift: int) -> int:
        """How many were executed between two readings."""
        ticks = (start - stop if self.downwards else stop - start) & 0xFFFF_FFFF
        return round(ticks * 1e9 / self.frequency / (1 << shift))


@dataclass(frozen=True)
class Board(Machine):
    """A microcontroller under QEMU, with MicroPython's ports/qemu and a board of ours."""

    qemu: tuple[str, ...]
    # Where QEMU puts a run's files at reset: memory that the firmware does not use.
    files_address: int
    counter: Counter

    def run(
        self,
        script: Path | str,
        files: Files | None = None,
        timeout: float = 60,
        on_output: OnOutput | None = None,
        total: float | None = None,
        shift: int | None = None,
    ) -> str:
        """See Machine.run. While files are copied, every 4 kB of them are progress.

        A `shift` turns exact counting on: 2**shift nanoseconds of the board's time are then one
        instruction, and the module `instructions` is there (counter/instructions.c): 8 for calls of
        up to 2 million instructions, 4 for up to 40 million, where a count is right within 3.
        """
        contents = {name: _bytes(content) for name, content in (files or {}).items()}
        if shift is not None:
            contents["instructions.mpy"] = counter_of(self).read_bytes()
        output = ""
        with self._booted(contents, shift) as (process, port, limit):
            try:
                repl = RawRepl(read(process, port, limit), partial(os.write, port))
                self._copy_files(repl, limit, contents)
                limit.seconds = timeout
                limit.begin(10 * timeout if total is None else total)
                for text in _decoded(repl.run(_bytes(script))):
                    limit.progress()
                    output += text
                    if on_output:
                        on_output(text)
                    # The last that a board says after a fault: its registers.
                    if re.search(r"exception caught:.*xPSR: \w+\n", output[-1000:], re.DOTALL):
                        raise DeviceError(f"{self.name}: CPU fault", output)
                traceback = _text(repl.traceback())
            except TimeoutError as error:
                raise DeviceTimeout(f"{self.name}: {error}", output) from None
            except EOFError:
                raise DeviceError(f"{self.name}: QEMU stopped", output) from None
        if traceback:
            raise DeviceError(f"{self.name}: script ended with an exception", output, traceback)
        return output

    @contextmanager
    def serial(self) -> Iterator[str]:
        """Switch the board on; yield the path of its serial port, for mpremote."""
        with self._booted({}, None) as (_, port, _):
            yield os.ttyname(port)

    def _copy_files(self, repl: RawRepl, limit: TimeLimit, contents: Mapping[str, bytes]) -> None:
        """Copy a run's files from memory to the disk, and reset the board."""
        sizes = [(name, len(content)) for name, content in contents.items()]
        script = COPY_FILES.format(address=self.files_address, sizes=sizes)
        printed = b""
        try:
            for piece in repl.run(script.encode()):
                printed += piece
                limit.progress()
            traceback = _text(repl.traceback())
        except TimeoutError:
            what = f"{self.name}: files not copied, no progress in {limit.seconds:g} s"
            raise DeviceTimeout(what, _text(printed)) from None
        if "OSError: 28" in traceback:
            needed = sum(size for _, size in sizes)
            free = int(printed.split()[0])
            raise DeviceError(
                f"{self.name}: files of {needed} bytes do not fit the board's disk: {free} bytes "
                "are free, of which its file system needs some",
                _text(printed),
            )
        if traceback:
            raise DeviceError(f"{self.name}: files not copied", _text(printed), traceback)
        repl.soft_reset()

    @contextmanager
    def _booted(
        self, contents: Mapping[str, bytes], shift: int | None
    ) -> Iterator[tuple[subprocess.Popen[bytes], int, TimeLimit]]:
        """Start QEMU at one end of a pty and wait for MicroPython's prompt; yield the other.

        Both ends stay open here, so nothing in between is lost, not even when QEMU stops.
        """
        command = [*self.qemu, "-nographic", "-monitor", "none", "-semihosting"]
        command += ["-serial", "stdio", "-kernel", str(BUILD / self.name / "firmware.elf")]
        if shift is not None:
            command += ["-icount", f"shift={shift},sleep=off"]
        board_end, port = os.openpty()
        attributes = termios.tcgetattr(port)
        attributes[0] = attributes[1] = attributes[3] = 0  # no echo, no line ends changed
        termios.tcsetattr(port, termios.TCSANOW, attributes)
        with tempfile.NamedTemporaryFile() as memory, tempfile.TemporaryFile() as errors:
            if contents:
                # Beyond that there may be no memory; _copy_files refuses files that are larger.
                memory.write(b"".join(contents.values())[:LARGEST_DISK])
                memory.flush()
                loader = f"loader,file={memory.name},addr={self.files_address},force-raw=on"
                command += ["-device", loader]
            with started(command, stdin=board_end, stdout=board_end, stderr=errors) as process:
                limit = TimeLimit(STARTING, partial(cpu_usage, process.pid))
                try:
                    self._await_prompt(read(process, port, limit), limit, errors)
                    # QEMU looks for input once a second until something wakes its main loop; this
                    # signal, which it takes in there and ignores, does.
                    process.send_signal(signal.SIGIO)
                    yield process, port, limit
                finally:
                    os.close(port)
                    os.close(board_end)

    def _await_prompt(self, pieces: Iterable[bytes], limit: TimeLimit, errors: IO[bytes]) -> None:
        banner = ""
        try:
            for text in _decoded(pieces):
                limit.progress()
                banner += text
                if banner.endswith(">>> "):
                    return
        except TimeoutError:
            what = f"{self.name}: no prompt, no progress in {limit.seconds:g} s"
            raise DeviceTimeout(what, banner) from None
        errors.seek(0)
        raise DeviceError(f"{self.name}: QEMU stopped: {_text(errors.read())}", banner)


def counter_of(machine: Machine) -> Path:
    """The module `instructions`, which counts on this machine; one serves all Cortex-M."""
    target, arch = "counter", "armv6m"
    if machine.arch.startswith("rv32"):
        target, arch = "counter-riscv", machine.arch
    elif machine.arch == "xtensawin":
        target, arch = "counter-xtensa", machine.arch
    return BUILD / target / "dist" / f"{arch}_6.3" / "instructions.mpy"


def _mps2_timer(address: int, frequency: int) -> Counter:
    """The first of the CMSDK timers, loaded with the greatest value."""
    start = f"machine.mem32[{address + 8}] = 0xFFFFFFFF; machine.mem32[{address}] = 1"
    return Counter(start, f"machine.mem32[{address + 4}]", frequency, downwards=True)


_MICROBIT_TIMER = Counter(
    "; ".join(
        f"machine.mem32[0x40008000 + {register}] = {value}"
        for register, value in (("0x508", 3), ("0x510", 0), ("0x00C", 1), ("0x000", 1))
    ),
    "machine.mem32[0x40008540]",
    16_000_000,
    stop="machine.mem32[0x40008040] = 1",  # copies the counter to where it is read
)
_RISCV_TIMER = Counter("pass", "machine.mem32[0x0200BFF8]", 10_000_000)

MACHINES: dict[str, Machine] = {
    machine.name: machine
    for machine in (
        Program("unix-x64", "x64", heap="4M"),
        Board(
            "cortex-m0",
            "armv6m",
            (
                *("qemu-system-arm", "-machine", "microbit"),
                *("-global", "nrf51-soc.flash-size=1048576"),
                *("-global", "nrf51-soc.sram-size=262144"),
            ),
            files_address=0x0008_0000,
            counter=_MICROBIT_TIMER,
        ),
        *(
            Board(
                name,
                arch,
                ("qemu-system-arm", "-machine", machine),
                files_address=memory,
                counter=_mps2_timer(timer, frequency),
            )
            for name, arch, machine, memory, timer, frequency in (
                ("cortex-m3", "armv7m", "mps2-an385", 0x0020_0000, 0x4000_0000, 25_000_000),
                ("cortex-m4f", "armv7emsp", "mps2-an386", 0x0020_0000, 0x4000_0000, 25_000_000),
                ("cortex-m7", "armv7emdp", "mps2-an500", 0x0020_0000, 0x4000_0000, 25_000_000),
                ("cortex-m33", "armv7emsp", "mps2-an505", 0x1020_0000, 0x5000_0000, 20_000_000),
            )
        ),
        Program("xtensa", "xtensawin", heap="512K", emulator=("qemu-xtensa", "-cpu", "de233_fpu")),
        *(
            Board(
                name,
                "rv32imc",
                ("qemu-system-riscv32", "-machine", "virt", "-bios", "none"),
                files_address=0x8200_0000,
                counter=_RISCV_TIMER,
            )
            for name in ("rv32", "rv32f")
        ),
    )
}


def _bytes(content: Path | bytes | str) -> bytes:
    if isinstance(content, Path):
        return content.read_bytes()
    return content.encode() if isinstance(content, str) else content


def _decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    """Text, with line ends as Python's, of bytes that may be cut anywhere."""
    utf8 = codecs.getincrementaldecoder("utf-8")("replace")
    decoder = io.IncrementalNewlineDecoder(utf8, translate=True)
    yield from map(decoder.decode, pieces)


def _text(data: bytes) -> str:
    return "".join(_decoded([data]))
