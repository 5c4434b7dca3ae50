"""The command: `python -m machines list`, `build` and `run`; README.md shows them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from machines.build import BuildError, build
from machines.machine import BUILD, MACHINES, Board, DeviceError, Machine
from machines.measure import Measurement, measure


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status. What went wrong is one line on stderr."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        return status
    except BrokenPipeError:  # whoever read the output has enough
        return 1
    except KeyboardInterrupt:
        return 130
    except (BuildError, OSError, ValueError) as error:
        print(f"machines: {_in_words(error)}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m machines",
        description="Run MicroPython scripts on emulated microcontrollers.",
        epilog="The first use of a machine builds it, which takes about half a minute.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    list_ = commands.add_parser("list", help="what machines there are")
    list_.set_defaults(command=_list)

    build_ = commands.add_parser("build", help="build machines, where they are out of date")
    build_.add_argument("machine", nargs="*", metavar="NAME", help="default: all")
    build_.set_defaults(command=_build)

    run = commands.add_parser(
        "run",
        help="run a script on a machine",
        description="Run a script as a board runs its main.py: on a machine that has just been "
        "switched on and has the files given here. Prints what the script prints; then, on "
        "stderr, the instructions that it took and what it did to the heap. The exit status is 1 "
        "if the script ended with an exception or was stopped, and 2 if it could not be run.",
    )
    run.add_argument("script", type=Path, help="what to run; on the machine it is main.py")
    run.add_argument(
        "--machine", default="cortex-m4f", metavar="NAME", help="of `list`; default: %(default)s"
    )
    run.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="[NAME=]PATH",
        help="a file that the machine has beside the script, under its own name or NAME; "
        "may be given several times",
    )
    run.add_argument(
        "--module",
        action="append",
        default=[],
        metavar="NAME",
        help="a module of emlmpy, such as emltrees: dist/ has its file for this machine; "
        "may be given several times",
    )
    run.add_argument(
        "--timeout",
        type=_seconds,
        default=60,
        metavar="SECONDS",
        help="stop a script that prints nothing for so long, not counting the time in which this "
        "computer is busy with other work; default: %(default)s",
    )
    run.set_defaults(command=_run)
    return parser


def _list(options: argparse.Namespace) -> int:
    print(f"{'machine':12}{'loads .mpy for':17}{'counts instructions':21}built")
    for machine in MACHINES.values():
        counts = "yes" if isinstance(machine, Board) else "no"
        built = "yes" if _is_built(machine) else "no"
        print(f"{machine.name:12}{machine.arch:17}{counts:21}{built}")
    return 0


def _build(options: argparse.Namespace) -> int:
    machines = [_machine(name) for name in options.machine] or list(MACHINES.values())
    build([machine.name for machine in machines], lambda line: print(line, flush=True))
    return 0


def _run(options: argparse.Namespace) -> int:
    machine = _machine(options.machine)
    files: dict[str, Path] = {}
    for given in options.file:
        name, equals, path = given.partition("=")
        files[name if equals else Path(given).name] = Path(path if equals else given)
    for name in options.module:
        files[f"{name}.mpy"] = machine.module(name)
    _check_files([options.script, *files.values()])
    if not _is_built(machine):
        print(f"building {machine.name}, which takes about a minute", file=sys.stderr)
    build([machine.name], lambda line: None)
    try:
        measured = measure(machine, options.script, files, options.timeout, _print)
    except DeviceError as error:
        print(error.traceback.rstrip() or f"machines: {error.what}", file=sys.stderr)
        return 1
    _report(machine, measured)
    return 0


def _is_built(machine: Machine) -> bool:
    program = "firmware.elf" if isinstance(machine, Board) else "micropython"
    return (BUILD / machine.name / program).exists()


def _print(text: str) -> None:
    print(text, end="", flush=True)


def _report(machine: Machine, measured: Measurement) -> None:
    count = measured.instructions
    counted = "this machine counts none" if count is None else f"{count:,}"
    print(
        f"instructions  {counted}\n"
        f"heap          {measured.heap_kept:,} bytes more in use at the end than at the start, "
        f"{measured.heap_end:,} with garbage; {measured.heap_free:,} were free",
        file=sys.stderr,
    )


def _machine(name: str) -> Machine:
    if name not in MACHINES:
        raise ValueError(f"no machine {name}; there are {', '.join(MACHINES)}")
    return MACHINES[name]


def _check_files(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.is_file():
            raise ValueError(f"{path}: no such file")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return seconds


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {(error.strerror or 'error').lower()}"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
