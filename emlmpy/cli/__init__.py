"""The command line: a module for each command, with add_arguments and run."""

import argparse
import sys

from emlmpy.cli import check, tmdl


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, and says on stderr what was wrong."""
    parser = argparse.ArgumentParser(
        prog="emlmpy", description="Models for MicroPython, on the computer's side."
    )
    commands = parser.add_subparsers(required=True)
    for name, module, text in (
        ("check", check, "say what a file for a device holds, or sign it"),
        ("tmdl", tmdl, "convert a TensorFlow Lite model to .tmdl"),
    ):
        command = commands.add_parser(name, help=text)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    chosen = parser.parse_args(arguments)
    try:
        return chosen.run(chosen) or 0
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        print(f"emlmpy: {error}", file=sys.stderr)
        return 1
