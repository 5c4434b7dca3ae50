"""The command line: `emlmpy check model.csv`, `emlmpy tmdl model.tflite model.tmdl`."""

import argparse
import sys

from . import check, tmdl


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, and says on stderr what was wrong."""
    parser = argparse.ArgumentParser(
        prog="emlmpy", description="Models for MicroPython, on the computer's side."
    )
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("check", help="say what a file for a device holds, or sign it")
    check.add_arguments(command)
    command.set_defaults(run=check.run)
    command = commands.add_parser("tmdl", help="convert a TensorFlow Lite model to .tmdl")
    tmdl.add_arguments(command)
    command.set_defaults(run=tmdl.run)
    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen) or 0
    except (OSError, ValueError, RuntimeError) as error:
        print(f"emlmpy: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
