"""emlmpy.cnn: the kernel of tinymaix_cnn on this computer, against LiteRT and the device."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from emlmpy.cnn import CnnModel, describe, is_file, sign
from emlmpy.cnn.tflite import convert, encode
from emlmpy.cnn.tmdl import signed, unpack
from machines.machine import ROOT, Machine
from tests.cnn import models as cnn_models

OLD = Path(__file__).parents[1] / "files" / "cnn_without_checksum.tmdl"
DIGITS = ROOT / "examples" / "digits_cnn" / "digits_cnn.tmdl"
CHECKSUM = r"checksum differs: edited by hand\? emlmpy check --sign FILE"
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


@pytest.mark.parametrize(
    "path", sorted(cnn_models.EXTRA_MODELS.glob("*.tflite")), ids=lambda path: path.name
)
def test_extra_models(path: Path) -> None:
    """The models that TinyMaix ships."""
    tflite, shipped = path.read_bytes(), path.with_suffix(".tmdl")
    file = shipped.read_bytes() if shipped.exists() else encode(convert(tflite))
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
    with pytest.raises(ValueError, match=r"model must be a little-endian \.tmdl file"):
        CnnModel(b"?" + file[1:])
    damaged = bytearray(cnn_models.build("convolution")[1])
    damaged[60:64] = bytes(4)  # no checksum
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


def checksum(file: bytes) -> int:
    """The CRC-32 that a model should tell: of all bytes but those that tell it."""
    return zlib.crc32(file[:60] + file[64:])


def told(file: bytes) -> int:
    """The CRC-32 that a model tells."""
    return int.from_bytes(file[60:64], "little")


def forged(file: bytes, wanted: int) -> bytes:
    """Return a model with bytes 16 to 19, which nobody reads, such that its CRC-32 is this one."""

    def with_number(number: int) -> bytes:
        return file[:16] + struct.pack("<I", number) + file[20:]

    # Each bit of the number flips the same bits of the CRC, whatever the others are.
    zero = checksum(with_number(0))
    rows = [(checksum(with_number(1 << bit)) ^ zero, 1 << bit) for bit in range(32)]
    left, number = zero ^ wanted, 0
    for bit in range(32):
        pivot = next(row for row in rows if row[0] >> bit & 1)
        rows = [
            (row[0] ^ pivot[0], row[1] ^ pivot[1]) if row[0] >> bit & 1 else row
            for row in rows
            if row is not pivot
        ]
        if left >> bit & 1:
            left, number = left ^ pivot[0], number ^ pivot[1]
    assert checksum(with_number(number)) == wanted
    return with_number(number)


@pytest.mark.parametrize("data_type", ["int8", "float32"])
def test_flipped_bits(data_type: str, seed: int) -> None:
    """Of 10 000 random flips of one bit none loads as another model."""
    _, file = cnn_models.build("separable_softmax", data_type)
    assert told(file) == checksum(file) != 0
    random = np.random.default_rng(seed)
    for bit in random.integers(0, 8 * len(file), 10_000):
        flipped = bytearray(file)
        flipped[bit // 8] ^= 1 << bit % 8
        if told(flipped) == 0:  # the same model, without checksum
            CnnModel(bytes(flipped))
            continue
        with pytest.raises(ValueError, match=r"must|checksum differs"):
            CnnModel(bytes(flipped))


def test_flipped_checksum() -> None:
    """Where one flip leaves no checksum, the model is still the same."""
    _, file = cnn_models.build("dense")
    file = signed(forged(cnn_models.without_checksum(file), 1 << 13))
    assert told(file) == 1 << 13
    inputs = cnn_models.inputs(cnn_models.build("dense")[0], 20)
    expected = CnnModel(file).run(inputs)
    flipped = bytearray(file)
    flipped[61] ^= 1 << 5
    assert told(flipped) == 0
    np.testing.assert_array_equal(CnnModel(bytes(flipped)).run(inputs), expected)
    flipped[240] ^= 64  # a weight
    assert (CnnModel(bytes(flipped)).run(inputs) != expected).any()


def test_checksum_of_zero() -> None:
    """A CRC of 0 would say that there is none: the file is made to have another one."""
    _, file = cnn_models.build("dense")
    forgery = forged(cnn_models.without_checksum(file), 0)
    assert checksum(forgery) == 0
    file = signed(forgery)
    assert told(file) == checksum(file) != 0
    assert file[:56] + file[64:] == forgery[:56] + forgery[64:]
    CnnModel(file)
    assert signed(file) == file
    flipped = bytearray(file)
    flipped[300] ^= 8
    with pytest.raises(ValueError, match=CHECKSUM):
        CnnModel(bytes(flipped))


def test_old_file(machine: Machine) -> None:
    """A file that emlmpy wrote before there were checksums, and what TinyMaix writes, loads."""
    old, new = OLD.read_bytes(), DIGITS.read_bytes()
    assert told(old) == 0
    assert old[:60] + old[64:] == new[:60] + new[64:]
    images = np.random.default_rng(5).integers(0, 256, (5, 64), np.uint8)
    expected = CnnModel(new).run(images)
    np.testing.assert_array_equal(CnnModel(old).run(images), expected)
    module = "tinymaix_cnn.mpy"
    files = {
        module: ROOT / "dist" / f"{machine.arch}_6.3" / module,
        "model.tmdl": old,
        "inputs.bin": images.tobytes(),
    }
    script = SCRIPT.format(suffix="", typecode="B", n_bytes=64, n_outputs=10)
    found = np.frombuffer(bytes.fromhex("".join(machine.run(script, files).split())), np.float32)
    np.testing.assert_array_equal(found, expected.reshape(-1))
    assert describe(old)["checksum"] == "none"
    assert sign(old) == new


@pytest.mark.parametrize("data_type", ["int8", "float32"])
def test_behind_images(data_type: str) -> None:
    """Other images may come first, and must be whole; what reads a model passes over them."""
    _, file = cnn_models.build("dense", data_type)
    front = cnn_models.image(b"A", b"12345678") + cnn_models.image(b"T", bytes(400))
    for whole in (file, front + file):
        assert is_file(whole)
        assert CnnModel(whole).n_outputs == 9
        assert [layer.output.shape for layer in unpack(whole).layers] == [(60,), (13,), (9,)]
        assert sign(whole) == whole
        unsigned = whole[: len(whole) - len(file)] + cnn_models.without_checksum(file)
        assert sign(unsigned) == whole
        assert describe(unsigned) == {**describe(whole), "checksum": "none"}
    assert CnnModel(front + file).nbytes == CnnModel(file).nbytes + len(front)
    damaged = bytearray(front + file)
    damaged[30] ^= 1
    for read in (CnnModel, describe, sign):
        with pytest.raises(ValueError, match=CHECKSUM):
            read(bytes(damaged))
    # Not a multiple of 4, no letter, no end, no length, and nothing behind.
    for bad in (
        cnn_models.image(b"A", b"12345") + file,
        cnn_models.image(b"\0", b"1234") + file,
        front[:-4] + file,
        front[:24] + bytes(4) + front[28:] + file,
        front[:24] + b"\1\0\0\0" + front[28:] + file,
        front,
        front + b"EMLK" + bytes(28),
    ):
        with pytest.raises(ValueError, match=CHECKSUM + "|model must be"):
            CnnModel(bad)
        with pytest.raises(ValueError, match=CHECKSUM + "|model must be"):
            sign(bad)


def test_is_file() -> None:
    """By its first bytes alone."""
    _, file = cnn_models.build("dense")
    assert is_file(file)
    assert is_file(file[:4])
    for other in (b"", b"M", b"maix" + file[4:], b"TFL3", b"EMLT" + bytes(60), b"f,4\nc,2\n"):
        assert not is_file(other)


def test_describe() -> None:
    """What `emlmpy check` says, by hand here."""
    _, file = cnn_models.build("convolution")
    assert describe(file) == {
        "kind": "int8 network",
        "module": "tinymaix_cnn",
        "layers": 2,
        "MACs": 7 * 5 * 5 * 3 * 9 + 5 * 3 * 6 * 5 * 9,
        "input": "9x7x3",
        "output": "5x3x6",
        "device bytes": CnnModel(file).nbytes,
        "checksum": "right",
    }
    floats = describe(cnn_models.build("dense", "float32")[1])
    assert (floats["kind"], floats["module"]) == ("float32 network", "tinymaix_cnn_fp32")
    assert (floats["input"], floats["output"], floats["MACs"]) == ("4x5x3", "9", 60 * 13 + 13 * 9)
    damaged = bytearray(file)
    damaged[-1] ^= 1
    with pytest.raises(ValueError, match=CHECKSUM):
        describe(bytes(damaged))
    with pytest.raises(ValueError, match=r"layer 1 .*: layers must fill the file"):
        describe(file[:-8])


def test_sign() -> None:
    """What was edited by hand gets the checksum that it should have, if all else is right."""
    _, file = cnn_models.build("dense")
    edited = bytearray(file)
    edited[-9] ^= 4  # a bias
    with pytest.raises(ValueError, match=CHECKSUM):
        CnnModel(bytes(edited))
    repaired = sign(bytes(edited))
    CnnModel(repaired)
    assert repaired[:60] + repaired[64:] == bytes(edited[:60] + edited[64:])
    assert told(repaired) == checksum(repaired)
    edited[64] = 9  # a kind of layer that there is not
    with pytest.raises(ValueError, match=r"layer 0 \(kind 9\): kind must be 0 to 6"):
        sign(bytes(edited))
    for other in (b"", file[:63], b"EMLT" + bytes(60)):
        with pytest.raises(ValueError, match=r"model must be a little-endian \.tmdl file"):
            sign(other)
