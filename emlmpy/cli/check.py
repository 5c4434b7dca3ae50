"""The command `emlmpy check`: says what a file for a device holds, and signs one edited by hand."""

import argparse
from pathlib import Path

from emlmpy import files
from emlmpy.families import family_of_file
from emlmpy.features import file as front_file


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what `emlmpy check` takes."""
    command.add_argument("file", type=Path, help="a model or filter for a device, of any kind")
    command.add_argument(
        "--sign",
        action="store_true",
        help="write the right checksum into a file that was edited by hand, and its newest version",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print what is in the file, once it is found to be whole; with --sign, sign it first."""
    path = arguments.file
    data = path.read_bytes()
    try:
        kind = family_of_file(data).file
        if arguments.sign:
            data = kind.sign(data)
        facts = kind.describe(data)
        if kind is not front_file:
            facts |= front_file.describe_front(data, facts.get("features"))
        if arguments.sign:
            files.write(path, data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    for name, value in facts.items():
        print(f"{name:16}{value}")
    beside = front_file.front_path(path)
    if "front end" not in facts and beside != path and beside.exists():
        print(f"{'front end':16}{beside}")
