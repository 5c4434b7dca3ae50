"""emlmpy.cnn: the kernel of tinymaix_cnn on this computer, against LiteRT and the device."""

import os
from pathlib import Path

import numpy as np
import pytest

from emlmpy.cnn import CnnModel
from tests import cnn_models
from tests.machines.machine import ROOT, Machine

EXTRA_MODELS = Path(os.environ.get("EMLMPY_EXTRA_MODELS", os.devnull))
SCRIPT = """
import array, binascii, tinymaix_cnn{suffix} as cnn
model = cnn.load("model.tmdl")
row = array.array("{typecode}", bytes({n_bytes}))
out = array.array("f", bytes(4 * {n_outputs}))
with open("inputs.bin", "rb") as file:
    while file.readinto(row):
        model.run(row, out)
        print(binascii.hexlify(bytes(memoryview(out))).decode())
"""


def check_int8(tflite: bytes, file: bytes, softmax: bool) -> None:
    """Compare an int8 network with LiteRT: equal, but for 1 after softmax."""
    inputs = cnn_models.inputs(tflite, 200)
    expected = cnn_models.litert(tflite, inputs).astype(int)
    found = cnn_models.quantised(tflite, CnnModel(file).run(inputs)).astype(int)
    assert np.abs(found - expected).max() <= softmax
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


@pytest.mark.parametrize("name", cnn_models.MODELS)
def test_int8(name: str) -> None:
    """Bit for bit LiteRT's reference kernels."""
    check_int8(*cnn_models.build(name), softmax=name.endswith("softmax"))


@pytest.mark.parametrize("name", cnn_models.MODELS)
def test_float32(name: str) -> None:
    """Within 1e-5 of the largest output."""
    tflite, file = cnn_models.build(name, "float32")
    inputs = cnn_models.inputs(tflite, 50)
    expected = cnn_models.litert(tflite, inputs)
    found = CnnModel(file).run(inputs)
    assert np.abs(found - expected).max() <= 1e-5 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("path", sorted(EXTRA_MODELS.glob("*.tflite")), ids=lambda path: path.name)
def test_extra_models(path: Path) -> None:
    """The models that TinyMaix ships."""
    tflite, file = path.read_bytes(), path.with_suffix(".tmdl").read_bytes()
    if CnnModel(file).data_type == np.int8:
        check_int8(tflite, file, softmax=True)
        return
    inputs = cnn_models.inputs(tflite, 50)
    difference = CnnModel(file).run(inputs) - cnn_models.litert(tflite, inputs)
    assert np.abs(difference).max() <= 1e-5


@pytest.mark.parametrize("data_type", ["int8", "float32"])
def test_device(machine: Machine, data_type: str) -> None:
    """The device gives the same bits, for every type of input."""
    tflite, file = cnn_models.build("separable_softmax", data_type)
    suffix = "" if data_type == "int8" else "_fp32"
    module = f"tinymaix_cnn{suffix}.mpy"
    inputs = cnn_models.inputs(tflite, 20)
    given = [inputs, (np.abs(inputs) * 100).astype(np.uint8)]
    if data_type == "int8":
        given.append(inputs.astype(np.float32) / 16)
    model = CnnModel(file)
    for rows in given:
        script = SCRIPT.format(
            suffix=suffix,
            typecode=rows.dtype.char,
            n_bytes=rows[0].nbytes,
            n_outputs=model.n_outputs,
        )
        files = {
            module: ROOT / "dist" / f"{machine.arch}_6.3" / module,
            "model.tmdl": file,
            "inputs.bin": rows.tobytes(),
        }
        lines = machine.run(script, files).split()
        found = np.frombuffer(bytes.fromhex("".join(lines)), np.float32)
        np.testing.assert_array_equal(found, model.run(rows).reshape(-1))


def test_bad_calls() -> None:
    """Files and inputs that do not fit."""
    _, file = cnn_models.build("dense")
    with pytest.raises(ValueError, match="file must start with MAIX"):
        CnnModel(b"?" + file[1:])
    damaged = bytearray(cnn_models.build("convolution")[1])
    damaged[64 + 50] = 0  # the first layer's stride
    with pytest.raises(ValueError, match=r"layer 0 \(kind 0, conv2d\): "):
        CnnModel(bytes(damaged))
    model = CnnModel(file)
    with pytest.raises(TypeError, match="inputs must be of one of the types B, b, f"):
        model.run(np.zeros((1, 60)))
    with pytest.raises(ValueError, match="inputs must be of the shape"):
        model.run(np.zeros((1, 59), np.int8))
    floats = CnnModel(cnn_models.build("dense", "float32")[1])
    with pytest.raises(TypeError, match="inputs must be of one of the types B, f"):
        floats.run(np.zeros((1, 60), np.int8))
