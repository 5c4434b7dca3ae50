"""The command `emlmpy tmdl`: converts a TensorFlow Lite model, or describes a network."""

import argparse
from pathlib import Path

from emlmpy import files
from emlmpy.cnn.model import CnnModel, is_file
from emlmpy.cnn.tmdl import table, unpack
from emlmpy.errors import ModelError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `emlmpy tmdl` takes."""
    parser.add_argument("model", type=Path, help="a .tflite file; or a .tmdl file, to describe it")
    parser.add_argument(
        "output", type=Path, nargs="?", help="the .tmdl file to write; without it, none is"
    )


def run(arguments: argparse.Namespace) -> None:
    """Convert a .tflite file, or describe one or a .tmdl file; print layers, MACs and bytes."""
    source, output = arguments.model, arguments.output
    try:
        data = source.read_bytes()
        if output and output.exists() and output.samefile(source):
            raise ModelError("the output must be another file than the input")
        if is_file(data):
            if output:
                raise ModelError("this is a .tmdl file already: give no output to describe it")
            CnnModel(data)
            model = unpack(data)
        else:
            # Here, since only this needs the package tflite.
            from emlmpy.cnn.tflite import convert, encode

            model = convert(data)
            data = encode(model)
            if output:
                files.write(output, data)
    except OSError as error:
        raise SystemExit(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise SystemExit(f"{source}: {error}") from None
    print(table(model, len(data)))
