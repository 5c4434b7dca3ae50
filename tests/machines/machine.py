"""The machines that tests run on, and how to run a script on one of them.

    output = MACHINES["cortex-m0"].run("import emltrees; ...", {"emltrees.mpy": path})

Every run starts on a fresh machine that has these files and no others: in a littlefs on a RAM disk
where the machine is a board, in a temporary folder where it is a program.
"""

import codecs
import io
import os
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "machines"
COUNTER = BUILD / "counter" / "dist" / "armv6m_6.3" / "instructions.mpy"

Files = Mapping[str, Path | bytes]
OnOutput = Callable[[str], object]


class DeviceError(Exception):
    """A script ended with an exception, or its machine stopped."""

    def __init__(self, what: str, output: str, traceback: str = "") -> None:
        """Keep what the script printed, and what MicroPython says of the exception."""
        last = "\n".join(output.splitlines()[-20:]) or "(none)"
        super().__init__(f"{what}\n{traceback}\nlast output:\n{last}")
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
    ) -> str:
        """Run a script, a path or the text itself, beside these files; return what it prints.

        `on_output` is given the same text piece by piece, as it appears.
        """


@dataclass(frozen=True)
class Program(Machine):
    """MicroPython as a program of this computer, or of QEMU's user mode."""

    emulator: tuple[str, ...] = ()

    def run(
        self,
        script: Path | str,
        files: Files | None = None,
        timeout: float = 60,
        on_output: OnOutput | None = None,
    ) -> str:
        """See Machine.run."""
        output = ""
        command = [*self.emulator, str(BUILD / self.name / "micropython")]
        command += ["-X", "heapsize=4M", "script.py"]
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
            for name, content in {**(files or {}), "script.py": script}.items():
                (Path(folder) / name).write_bytes(_bytes(content))
            environment = {"PATH": os.environ["PATH"], "MICROPYPATH": folder}
            with _process(
                command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors
            ) as process:
                try:
                    for text in _read(process, process.stdout.fileno(), timeout):
                        output += text
                        if on_output:
                            on_output(text)
                except TimeoutError:
                    raise DeviceTimeout(f"{self.name}: no end in {timeout} s", output) from None
                status = process.wait()
            errors.seek(0)
            traceback = errors.read().decode(errors="replace")
        if status != 0:
            raise DeviceError(f"{self.name}: script ended with {status}", output, traceback)
        return output


@dataclass(frozen=True)
class Board(Machine):
    """A microcontroller under QEMU, with MicroPython's ports/qemu and a board of ours."""

    qemu: tuple[str, ...]
    # Where QEMU puts a run's files at reset: memory that the firmware does not use.
    files_address: int

    def run(
        self,
        script: Path | str,
        files: Files | None = None,
        timeout: float = 60,
        on_output: OnOutput | None = None,
        shift: int | None = None,
    ) -> str:
        """See Machine.run.

        On a Cortex-M a `shift` turns exact counting on and adds the module `instructions`
        (counter/instructions.c): 8 for calls of up to 2 million instructions, 4 for up to 40
        million, where a count is right within 3.
        """
        contents = {name: _bytes(content) for name, content in (files or {}).items()}
        if shift is not None:
            contents["instructions.mpy"] = COUNTER.read_bytes()
        output = ""
        with (
            self._booted(contents, shift) as (process, port),
            closing(SerialTransport(port, timeout=10)) as transport,
        ):
            try:
                self._copy_files(transport, contents)
                transport.exec_raw_no_follow(_bytes(script))
                # The raw REPL ends the script's output, and then its traceback, with \x04.
                for text in _read(process, transport.serial.fileno(), timeout):
                    if on_output and "\x04" not in output:
                        on_output(text.partition("\x04")[0])
                    output += text
                    if output.count("\x04") == 2:
                        break
                    if re.search(r"exception caught:.*xPSR: \w+\n", output, re.DOTALL):
                        raise DeviceError(f"{self.name}: CPU fault", output)
                else:
                    raise DeviceError(f"{self.name}: QEMU stopped", output)
            except TimeoutError:
                raise DeviceTimeout(f"{self.name}: no end in {timeout} s", output) from None
            except (TransportError, OSError, struct.error) as error:
                raise DeviceError(f"{self.name}: no answer: {error}", output) from error
        output, traceback = output.split("\x04")[:2]
        if traceback:
            raise DeviceError(f"{self.name}: script ended with an exception", output, traceback)
        return output

    @contextmanager
    def serial(self) -> Iterator[str]:
        """Switch the board on; yield the path of its serial port, for mpremote."""
        with self._booted({}, None) as (_, port):
            yield port

    def _copy_files(self, transport: SerialTransport, contents: Mapping[str, bytes]) -> None:
        sizes = [(name, len(content)) for name, content in contents.items()]
        transport.enter_raw_repl(soft_reset=False)
        try:
            transport.exec(
                f"import uctypes\naddress = {self.files_address}\n"
                f"for name, size in {sizes}:\n"
                "    with open(name, 'wb') as file:\n"
                "        file.write(uctypes.bytearray_at(address, size))\n"
                "    address += size\n"
            )
        except TransportExecError as error:
            traceback = str(error).replace("\r\n", "\n")
            raise DeviceError(f"{self.name}: files not copied", "", traceback) from error
        transport.enter_raw_repl(soft_reset=True)

    @contextmanager
    def _booted(
        self, contents: Mapping[str, bytes], shift: int | None
    ) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
        """Start QEMU at one end of a pty and wait for MicroPython's prompt; yield the other's path.

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
                memory.write(b"".join(contents.values()))
                memory.flush()
                loader = f"loader,file={memory.name},addr={self.files_address},force-raw=on"
                command += ["-device", loader]
            with _process(command, stdin=board_end, stdout=board_end, stderr=errors) as process:
                try:
                    self._await_prompt(process, port, errors)
                    # QEMU looks for input once a second until something wakes its main loop; this
                    # signal, which it takes in there and ignores, does.
                    process.send_signal(signal.SIGIO)
                    yield process, os.ttyname(port)
                finally:
                    os.close(port)
                    os.close(board_end)

    def _await_prompt(self, process: subprocess.Popen[bytes], port: int, errors: IO[bytes]) -> None:
        banner = ""
        try:
            for text in _read(process, port, timeout=20):
                banner += text
                if banner.endswith(">>> "):
                    return
        except TimeoutError:
            raise DeviceTimeout(f"{self.name}: no prompt", banner) from None
        errors.seek(0)
        reason = errors.read().decode(errors="replace")
        raise DeviceError(f"{self.name}: QEMU stopped: {reason}", banner)


MACHINES: dict[str, Machine] = {
    machine.name: machine
    for machine in (
        Program("unix-x64", "x64"),
        Board(
            "cortex-m0",
            "armv6m",
            (
                *("qemu-system-arm", "-machine", "microbit"),
                *("-global", "nrf51-soc.flash-size=1048576"),
                *("-global", "nrf51-soc.sram-size=262144"),
            ),
            files_address=0x0008_0000,
        ),
        *(
            Board(name, arch, ("qemu-system-arm", "-machine", machine), files_address=address)
            for name, arch, machine, address in (
                ("cortex-m3", "armv7m", "mps2-an385", 0x0020_0000),
                ("cortex-m4f", "armv7emsp", "mps2-an386", 0x0020_0000),
                ("cortex-m7", "armv7emdp", "mps2-an500", 0x0020_0000),
                ("cortex-m33", "armv7emsp", "mps2-an505", 0x1020_0000),
            )
        ),
        Program("xtensa", "xtensawin", emulator=("qemu-xtensa", "-cpu", "de233_fpu")),
        *(
            Board(
                name,
                "rv32imc",
                ("qemu-system-riscv32", "-machine", "virt", "-bios", "none"),
                files_address=0x8200_0000,
            )
            for name in ("rv32", "rv32f")
        ),
    )
}


def _bytes(content: Path | bytes | str) -> bytes:
    if isinstance(content, Path):
        return content.read_bytes()
    return content.encode() if isinstance(content, str) else content


@contextmanager
def _process(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that ends with the block, or with this interpreter."""
    command = ["setpriv", "--pdeathsig", "KILL", *command]
    options.setdefault("stdin", subprocess.DEVNULL)
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def _read(process: subprocess.Popen[bytes], source: int, timeout: float) -> Iterator[str]:
    """Yield what a process says until it ends; TimeoutError if it has not by then."""
    utf8 = codecs.getincrementaldecoder("utf-8")("replace")
    decoder = io.IncrementalNewlineDecoder(utf8, translate=True)
    deadline = time.monotonic() + timeout
    end = os.pidfd_open(process.pid)
    try:
        while (left := deadline - time.monotonic()) > 0:
            ready = select.select([source, end], [], [], left)[0]
            if source in ready and (data := os.read(source, 65536)):
                yield decoder.decode(data)
            elif ready:
                return
    finally:
        os.close(end)
    raise TimeoutError
