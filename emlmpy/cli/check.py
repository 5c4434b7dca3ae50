"""The command `emlmpy check`: says what a file for a device holds, and signs one edited by hand."""

import argparse
from pathlib import Path
from types import ModuleType

from emlmpy import cnn, files, iir, knn
from emlmpy.trees import check as forest_check

# Each has is_file(data), describe(data) and sign(data).
KINDS: tuple[ModuleType, ...] = (forest_check, knn, iir, cnn)


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
        kind = kind_of(data)
        if arguments.sign:
            data = kind.sign(data)
            files.write(path, data)
        facts = kind.describe(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    for name, value in facts.items():
        print(f"{name:16}{value}")


def kind_of(data: bytes) -> ModuleType:
    """Return the module that knows files like this one. Raises ValueError if none does."""
    for kind in KINDS:
        if kind.is_file(data):
            return kind
    raise ValueError("file must be a forest, nearest neighbours, filter or network for a device")
