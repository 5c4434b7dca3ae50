"""examples/digits_cnn: the device finds the classes that LiteRT finds."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from emlmpy.cnn.tflite import convert
from emlmpy.cnn.tmdl import pack
from machines.machine import ROOT, Machine
from tests.cnn import models as cnn_models

EXAMPLE = ROOT / "examples" / "digits_cnn"
SCRIPT = """
import tinymaix_cnn
model = tinymaix_cnn.load("digits_cnn.tmdl")
image = bytearray(64)
with open("images.bin", "rb") as file:
    while file.readinto(image):
        print(model.predict(image))
"""


def files(machine: Machine) -> dict[str, Path]:
    """What the example needs on the device."""
    return {
        "tinymaix_cnn.mpy": machine.module("tinymaix_cnn"),
        "digits_cnn.tmdl": EXAMPLE / "digits_cnn.tmdl",
    }


@pytest.fixture(scope="module")
def images() -> tuple[np.ndarray, np.ndarray]:
    """Images that the network was not trained on, as train.py takes them, and their classes."""
    spec = importlib.util.spec_from_file_location("train", EXAMPLE / "train.py")
    train = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(train)
    _, images, _, classes = train.load_data()
    return images, classes


def litert(images: np.ndarray) -> list[int]:
    """Return the classes that LiteRT finds."""
    tflite = (EXAMPLE / "digits_cnn.tflite").read_bytes()
    return cnn_models.litert(tflite, (images.astype(int) - 128).astype(np.int8)).argmax(1).tolist()


def test_files_belong_together() -> None:
    """The committed .tmdl is that of the committed .tflite."""
    tflite = (EXAMPLE / "digits_cnn.tflite").read_bytes()
    assert pack(convert(tflite)) == (EXAMPLE / "digits_cnn.tmdl").read_bytes()


def test_accuracy(machine: Machine, images: tuple[np.ndarray, np.ndarray]) -> None:
    """Every image gets the class that LiteRT gives it; that is the right one for most."""
    pixels, classes = images
    expected = litert(pixels)
    assert np.mean(expected == classes) > 0.97
    found = machine.run(SCRIPT, {**files(machine), "images.bin": pixels.tobytes()})
    assert [int(line) for line in found.split()] == expected


def test_main(machine: Machine, images: tuple[np.ndarray, np.ndarray]) -> None:
    """main.py runs as it is, and is right about its pictures."""
    output = machine.run(EXAMPLE / "main.py", files(machine)).splitlines()
    pictures = [output[start : start + 8] for start in range(0, len(output), 9)]
    to_digit = str.maketrans(".", "0")
    shown = np.array(
        [[[int(pixel.translate(to_digit), 17) for pixel in row] for row in p] for p in pictures]
    )
    rows = [
        np.flatnonzero((images[0][..., 0] == 15 * image).all(axis=(1, 2)))[0] for image in shown
    ]
    assert len(rows) == 3
    assert output[8::9] == [f"this is a {images[1][row]}" for row in rows]
