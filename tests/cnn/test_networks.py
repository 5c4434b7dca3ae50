"""tinymaix_cnn and tinymaix_cnn_fp32 against LiteRT's reference kernels, on every machine."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from emlmpy.cnn import CnnModel
from emlmpy.cnn.tflite import convert, encode
from emlmpy.cnn.tmdl import Activation, Kind, Layer, Model, Tensor, pack
from machines.machine import ROOT, DeviceError, Machine
from tests.cnn import models as cnn_models
from tools.tflite_writer import write

DEVICE = Path(__file__).parents[1] / "device" / "cnn"
SOURCE = ROOT / "src" / "tinymaix_cnn"
SANITIZERS = ("-g", "-O2", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def module(machine: Machine, name: str) -> dict[str, Path]:
    """A module as it ships."""
    return {f"{name}.mpy": machine.module(name)}


def run(machine: Machine, name: str, file: bytes, rows: np.ndarray) -> np.ndarray:
    """What a machine computes of each row, as floats: (rows, outputs)."""
    typecode = {"uint8": b"B", "int8": b"b", "float32": b"f"}[rows.dtype.name]
    files = {
        **module(machine, name),
        "model.tmdl": file,
        "rows.bin": typecode + rows.tobytes(),
    }
    lines = machine.run(DEVICE / "run.py", files).split()
    assert len(lines) == len(rows)
    return np.array([np.frombuffer(bytes.fromhex(line), "<f4") for line in lines])


def slow(machine: Machine) -> bool:
    """Whether it takes a machine long to compute all rows."""
    return machine.name != "unix-x64"


@pytest.mark.cases("name", cnn_models.MODELS, elsewhere=["residual", "separable_softmax"])
def test_int8(machine: Machine, name: str) -> None:
    """Each kind of layer gives LiteRT's bits, softmax those or one beside."""
    tflite, file = cnn_models.build(name)
    rows = cnn_models.inputs(tflite, 12 if slow(machine) else 250)
    expected = cnn_models.litert(tflite, rows)
    found = cnn_models.quantised(tflite, run(machine, "tinymaix_cnn", file, rows))
    assert np.abs(found.astype(int) - expected).max() <= ("softmax" in name)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


@pytest.mark.cases(
    "name",
    ["convolution_strided", "convolution_padded", "depthwise_multiplied", "dense_per_channel",
     "residual", "separable_softmax"],
)  # fmt: skip
def test_fp32(machine: Machine, name: str) -> None:
    """The same networks in float32."""
    tflite, file = cnn_models.build(name, "float32")
    rows = cnn_models.inputs(tflite, 3 if slow(machine) else 50)
    expected = cnn_models.litert(tflite, rows)
    found = run(machine, "tinymaix_cnn_fp32", file, rows)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.cases(
    "scale,zero_point",
    [(1 / 255, -128), (1 / 255, -127), (1 / 254.4, -128), (1 / 255.6, -128), (0.0078125, -1),
     (2.0, 0)],
)  # fmt: skip
def test_int8_inputs(machine: Machine, scale: float, zero_point: int) -> None:
    """Bytes stand for 0 to 1, floats for themselves; both saturate. A reshape shows how."""
    network = cnn_models.Network(20, (64, 5))
    network.last.scale = scale = float(np.float32(scale))
    network.last.zero_point = zero_point
    network.reshape(320)
    file = pack(Model(network.layers))
    pixels = (np.arange(320) % 256).astype(np.uint8)
    generator = np.random.default_rng(1)
    floats = generator.uniform(-300, 300, 320) * scale
    floats[:12] = (
        np.array([0.5, -0.5, 1.5, -1.5, 2.5, 126.5, -127.5, 1e9, -1e9, 0, 1e-9, 3]) * scale
    )
    floats[12:15] = np.inf, -np.inf, 1e-42
    floats = floats.astype(np.float32)
    for row, real in ((pixels, pixels / 255), (floats, floats.astype(float))):
        steps = real / scale
        rounded = np.copysign(np.floor(np.abs(steps) + 0.5), steps)
        expected = np.clip(rounded + zero_point, -128, 127) - zero_point
        found = run(machine, "tinymaix_cnn", file, row[None])[0]
        np.testing.assert_array_equal(found, np.float32(expected) * np.float32(scale))


def test_fp32_bytes(machine: Machine) -> None:
    """Bytes stand for 0 to 1."""
    network = cnn_models.Network(21, (256,))
    network.reshape(16, 16)
    network.to_float()
    file = pack(Model(network.layers, np.dtype("float32")))
    pixels = np.arange(256, dtype=np.uint8)
    found = run(machine, "tinymaix_cnn_fp32", file, pixels[None])[0]
    np.testing.assert_allclose(found, pixels / 255, rtol=2e-7)


@pytest.mark.cases("n,scale", [(300, 1e-4), (300, 0.07), (2, 0.3), (20, 1.0), (3, 50.0)])
def test_softmax(machine: Machine, n: int, scale: float) -> None:
    """Softmax over few and many classes, of all that an int8 can say."""
    network = cnn_models.Network(22, (n,))
    network.last.scale = float(np.float32(scale))
    network.softmax()
    file = pack(Model(network.layers))
    rows = np.random.default_rng(2).integers(-128, 128, (6, n), dtype=np.int8)
    rows[0] = -128
    rows[1, :2] = 127, -128
    real = np.exp(scale * (rows.astype(float) - rows.max(axis=1, keepdims=True)))
    real *= 256 / real.sum(axis=1, keepdims=True)
    found = 256 * run(machine, "tinymaix_cnn", file, rows)
    # Rounded to whole steps, except that 255 is the largest.
    assert np.abs(found - np.minimum(real, 255)).max() <= 0.5001


@pytest.mark.parametrize(
    "path", sorted(cnn_models.EXTRA_MODELS.glob("*.tmdl")), ids=lambda path: path.name
)
def test_extra_models(machine: Machine, path: Path) -> None:
    """Models from elsewhere, as they are."""
    tflite, file = path.with_suffix(".tflite").read_bytes(), path.read_bytes()
    if len(file) > 80_000 and machine.name == "cortex-m0":
        # More than this board's disk holds: what it says of that is what is tested there.
        with pytest.raises(DeviceError, match="do not fit the board's disk"):
            run(machine, "tinymaix_cnn", file, np.zeros((1, 3), np.int8))
        return
    is_int8 = file[4] == 0
    pixels = [
        np.frombuffer(p.read_bytes(), np.uint8)
        for p in sorted(cnn_models.EXTRA_MODELS.glob("*.bin"))
    ]
    size = np.prod(np.frombuffer(file, "<u2", 3, 22))
    rows = np.array([row for row in pixels if row.size == size])
    generator = np.random.default_rng(3)
    if not slow(machine):
        noise = generator.integers(-40, 41, (200, size))
        rows = np.clip(rows[generator.integers(len(rows), size=200)] + noise, 0, 255)
        rows = rows.astype(np.uint8)
    elif len(rows) * len(file) > 100_000:
        rows = rows[:1]
    real = (rows.astype(int) - 128).astype(np.int8) if is_int8 else rows / np.float32(255)
    expected = cnn_models.litert(tflite, real)
    found = run(machine, "tinymaix_cnn" if is_int8 else "tinymaix_cnn_fp32", file, rows)
    if is_int8:
        found = cnn_models.quantised(tflite, found)
        assert np.abs(found.astype(int) - expected).max() <= 1
    else:
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def small_network(name: str, data_type: str) -> bytes:
    """A file of few bytes; all kinds of layers lie between the two of them."""
    network = cnn_models.Network(24, (4, 3, 2))
    if name == "convolutions":
        skipped = network.convolution(3, (2, 3), padding="same", activation=Activation.RELU6)
        network.convolution(3, (1, 1))
        network.addition(skipped)
        network.convolution(6, (3, 2), (2, 1), (1, 0, 0, 1), Activation.RELU_N1_TO_1, 2)
    else:
        network.convolution(4, (4, 1), (1, 2), activation=Activation.RELU, depth_multiplier=2)
        network.average()
        network.reshape(2, 2, 1)
        network.reshape(4)
        network.dense(3)
        network.softmax()
    if data_type == "float32":
        network.to_float()
    return pack(Model(network.layers, np.dtype(data_type)))


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """cnn_host.c with sanitizers, for both types."""
    folder = tmp_path_factory.mktemp("cnn_host")
    programs = {}
    for data_type, define in (("int8", ()), ("float32", ("-DEML_CNN_FP32",))):
        programs[data_type] = folder / data_type
        command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", *SANITIZERS, *define]
        command += [f"-I{SOURCE}", f"-I{SOURCE.parent / 'common'}"]
        command += [Path(__file__).parent / "host.c", "-o", programs[data_type]]
        subprocess.run(command, check=True)
    return programs


@pytest.mark.parametrize("data_type", ["int8", "float32"])
@pytest.mark.parametrize("name", ["convolutions", "classes"])
@pytest.mark.parametrize("kind", ["signed", "unsigned", "behind an image"])
def test_damaged_files(
    host: dict[str, Path], name: str, data_type: str, kind: str, tmp_path: Path
) -> None:
    """Cut anywhere, or with any byte changed, a file loads or is refused; no more happens."""
    file = small_network(name, data_type)
    if kind == "unsigned":
        file = cnn_models.without_checksum(file)
    elif kind == "behind an image":
        file = cnn_models.image(b"A", bytes(range(20))) + file
    (tmp_path / "model.tmdl").write_bytes(file)
    command = [host[data_type], tmp_path / "model.tmdl"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    loaded, refused = map(int, result.stdout.split())
    assert loaded + refused == 8 * len(file) + 1
    # All cuts but none, and much of the heads.
    assert refused > 1.5 * len(file)
    if kind == "unsigned":
        assert loaded > file.count(0) + 1
    else:
        # The whole file, and a byte of 0 that is set to 0.
        assert loaded == file.count(0) + 1


@pytest.mark.parametrize("script", ["memory.py", "bad_calls.py", "damage.py", "load.py"])
def test_script(machine: Machine, script: str) -> None:
    """Scripts that check themselves on the device."""
    large = Tensor((256, 257))
    small = Model([Layer(Kind.RESHAPE, [large], Tensor((257, 256)))])
    network = cnn_models.Network(23, (6, 6, 1))
    network.convolution(3, (3, 3))
    network.reshape(48)
    network.dense(10)
    network.softmax()
    file = pack(Model(network.layers))
    network.to_float()
    files = {
        **module(machine, "tinymaix_cnn"),
        "model.tmdl": file,
        "fp32.tmdl": pack(Model(network.layers, np.dtype("float32"))),
        "rows.bin": b"no model",
        # 65 792 bytes of tensor, and 256 of a table.
        "small.tmdl": pack(small),
        "front.bin": cnn_models.image(b"A", bytes(range(20))),
        "heap.py": DEVICE.parent / "heap.py",
    }
    assert machine.run(DEVICE / script, files) == "ok\n"


@pytest.mark.parametrize("data_type", ["int8", "float32"])
def test_load_peak(machine: Machine, data_type: str) -> None:
    """Loading takes little more of the heap than the model keeps, which the PC tells as well."""
    network = cnn_models.Network(25, (24, 24, 1))
    network.convolution(12, (3, 3), (2, 2), "same", Activation.RELU)
    network.convolution(16, (3, 3), (2, 2), "same", Activation.RELU)
    network.dense(20)
    if data_type == "float32":
        network.to_float()
    file = encode(convert(write(Model(network.layers, np.dtype(data_type)))))
    name = "tinymaix_cnn" if data_type == "int8" else "tinymaix_cnn_fp32"
    files = {**module(machine, name), "model.tmdl": file, "heap.py": DEVICE.parent / "heap.py"}
    peak, nbytes = map(int, machine.run(DEVICE / "load_peak.py", files).split())
    assert nbytes <= peak <= 1.15 * nbytes + 2048
    # Of 64 bits, a pointer takes 4 bytes more.
    assert nbytes == CnnModel(file).nbytes + (44 if machine.name == "unix-x64" else 0)
