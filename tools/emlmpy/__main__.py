"""The command line: `emlmpy check model.csv`, `emlmpy tmdl model.tflite model.tmdl`."""

import argparse
import sys
from pathlib import Path

from . import tmdl
from .forest_file import describe
from .forest_twin import ForestTwin


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, and says on stderr what was wrong."""
    parser = argparse.ArgumentParser(
        prog="emlmpy", description="Models for MicroPython, on the computer's side."
    )
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("check", help="say what a tree model's file holds")
    command.add_argument("model", type=Path, help="model.csv or model.bin")
    command.set_defaults(run=check)
    command = commands.add_parser("tmdl", help="convert a TensorFlow Lite model to .tmdl")
    tmdl.add_arguments(command)
    command.set_defaults(run=tmdl.run)
    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen) or 0
    except (OSError, ValueError, RuntimeError) as error:
        print(f"emlmpy: {error}", file=sys.stderr)
        return 1


def check(arguments: argparse.Namespace) -> None:
    """Print what is in a file of emltrees, once it is found to be whole."""
    data = arguments.model.read_bytes()
    twin = ForestTwin(data)
    for name, value in describe(data).items():
        print(f"{name:16}{value}")
    print(f"{'device bytes':16}{twin.nbytes}")


if __name__ == "__main__":
    sys.exit(main())
