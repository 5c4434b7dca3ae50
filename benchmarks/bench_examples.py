"""What the examples' READMEs say of them: sizes, accuracy and instructions."""

import importlib.util
import struct
import subprocess
import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.modules import shipped
from emlmpy.cnn.tmdl import unpack
from machines.machine import MACHINES, ROOT

EXAMPLES = ROOT / "examples"
RATE, BLOCK = 32000, 1024  # of soundlevel's main.py
COUNT = """
import instructions
print(instructions.count(__import__, "level"))
"""


def train_module():
    """Return examples/digits_cnn/train.py."""
    spec = importlib.util.spec_from_file_location("train", EXAMPLES / "digits_cnn" / "train.py")
    train = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(train)
    return train


def digits_cnn() -> Iterator[tuple[str, str, str, str, float]]:
    """Yield the accuracies of the network, trained here, and what its file holds."""
    train = train_module()
    train_images, images, train_classes, classes = train.load_data()
    layers = train.train(train_images, train_classes)
    found = train.run(layers, images / 255)[-1].argmax(axis=3)[:, 0, 0]
    yield (
        "examples",
        "digits_cnn_float",
        "unix-x64",
        "percent",
        100 * float(np.mean(found == classes)),
    )
    tflite = (EXAMPLES / "digits_cnn" / "digits_cnn.tflite").read_bytes()
    found = train.litert_classes(tflite, images)
    yield (
        "examples",
        "digits_cnn_int8",
        "unix-x64",
        "percent",
        100 * float(np.mean(found == classes)),
    )
    yield "examples", "digits_cnn_images", "all", "number", len(images)
    file = (EXAMPLES / "digits_cnn" / "digits_cnn.tmdl").read_bytes()
    model = unpack(file)
    yield "examples", "digits_cnn_file", "all", "bytes", len(file)
    yield "examples", "digits_cnn_arena", "all", "bytes", model.arena
    macs = sum(layer.macs for layer in model.layers)
    yield "examples", "digits_cnn_macs", "all", "number", macs


def wav(blocks: int) -> bytes:
    """Return noise as a WAV file of 16-bit samples, mono."""
    samples = np.random.default_rng(1).integers(-9000, 9000, blocks * BLOCK).astype("<i2").tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def soundlevel() -> Iterator[tuple[str, str, str, str, float]]:
    """Yield the instructions of a second of sound; the difference leaves out what is done once."""
    board = MACHINES["cortex-m4f"]
    folder = ROOT / "build" / "soundlevel"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, EXAMPLES / "soundlevel" / "design.py"], cwd=folder, check=True)
    files = {
        **{f"{name}.mpy": shipped(name, board.arch) for name in ("emliir", "emlfft")},
        "a_weighting.csv": folder / "a_weighting.csv",
        "level.py": EXAMPLES / "soundlevel" / "main.py",
    }
    counts = []
    for blocks in (16, 32):
        sound = {"sound.wav": wav(blocks)}
        output = board.run(COUNT, files | sound, timeout=300, shift=1)
        counts.append(int(output.splitlines()[-1]))
    each = round((counts[1] - counts[0]) / 16 / BLOCK * RATE)
    yield "examples", "soundlevel_second", board.name, "instructions", each


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Yield the rows of results.csv."""
    yield from digits_cnn()
    yield from soundlevel()


if __name__ == "__main__":
    for row in measure():
        print(*row, sep=",", flush=True)
