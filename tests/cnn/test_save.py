"""emlmpy.tmdl.save: what it accepts loads on the device and gives the PC's answers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from emlmpy.cnn import CnnModel
from emlmpy.cnn import tflite as tmdl
from emlmpy.cnn.tflite import convert, encode, save
from emlmpy.cnn.tmdl import Activation, Kind, Layer, Model, ModelError, Tensor, pack
from machines.machine import ROOT, Machine
from tests.cnn import models as cnn_models
from tools.tflite_writer import write

N_NETWORKS = 150
SCRIPT = """
import array, binascii, gc
import tinymaix_cnn, tinymaix_cnn_fp32
for number, module, n_inputs, n_outputs in {models}:
    model = module.load("%d.tmdl" % number)
    with open("%d.bin" % number, "rb") as file:
        for typecode in ("b", "f") if module is tinymaix_cnn else ("f",):
            row = array.array(typecode, bytes(n_inputs * (4 if typecode == "f" else 1)))
            file.readinto(row)
            out = array.array("f", bytes(4 * n_outputs))
            model.run(row, out)
            print(binascii.hexlify(bytes(out)).decode())
    model = None
    gc.collect()
"""


class Extreme:
    """Random networks at the ends of what networks can be, and beyond."""

    def __init__(self, seed: int) -> None:
        """Start with a seed."""
        self.random = np.random.default_rng(seed)
        # Whether the latest network has scales that make LiteRT abort.
        self.is_for_litert = True

    def chance(self, share: float) -> bool:
        """Return whether something of this probability happens."""
        return self.random.random() < share

    def number(self, *usual: int, rare: int) -> int:
        """Return one of the usual numbers, or seldom one up to the rare one."""
        if self.chance(0.05):
            return int(self.random.integers(1, rare + 1))
        return int(self.random.choice(usual))

    def network(self) -> Model:
        """Return a network of one to twenty layers."""
        self.is_for_litert = True
        data_type = np.dtype(self.random.choice(["int8", "int8", "float32"]))
        shape = (self.number(1, 3, 6, 9, rare=60), self.number(1, 4, 8, rare=60))
        seed = int(self.random.integers(2**31))
        network = cnn_models.Network(seed, (*shape, self.number(1, 2, 3, 8, rare=256)))
        for _ in range(self.number(1, 2, 3, 4, 6, rare=20)):
            self.add_layer(network)
        if self.chance(0.3):
            network.softmax()
        if data_type == np.float32:
            network.to_float()
        for layer in network.layers:
            self.disturb(layer, data_type)
        if data_type == np.int8:
            softmaxes = [layer for layer in network.layers if layer.kind is Kind.SOFTMAX]
            self.is_for_litert &= all(layer.output.zero_point == -128 for layer in softmaxes)
        return Model(network.layers, data_type)

    def add_layer(self, network: cnn_models.Network) -> None:
        """Append a layer that fits the last one."""
        shape = network.last.shape
        activation = Activation(int(self.random.choice([0, 0, 1, 2, 3])))
        kind = self.random.choice(["conv", "depthwise", "dense", "average", "add", "softmax"])
        if len(shape) == 3 and kind in ("conv", "depthwise"):
            kernel = tuple(min(size, self.number(1, 2, 3, 5, rare=20)) for size in shape[:2])
            strides = self.number(1, 1, 2, rare=9), self.number(1, 1, 2, rare=9)
            padding = self.random.choice(["valid", "same"])
            multiplier = self.number(1, 1, 2, rare=30) if kind == "depthwise" else 0
            channels = shape[2] * multiplier or self.number(1, 4, 7, 16, rare=300)
            network.convolution(channels, kernel, strides, padding, activation, multiplier)
        elif len(shape) == 3 and kind == "average":
            network.average()
        elif kind == "add":
            network.addition(network.last)
        elif kind == "softmax" and len(shape) == 1:
            network.softmax()
        else:
            if len(shape) > 1:
                network.reshape(network.last.size)
            # LiteRT aborts in a softmax of 512 equal values.
            network.dense(self.number(1, 3, 10, 40, rare=400), self.chance(0.5), activation)

    def disturb(self, layer: Layer, data_type: np.dtype) -> None:
        """Seldom, make something of a layer extreme."""
        powers = (-200, -60, -30, -10, -3, 3, 10, 60) if data_type == np.int8 else (-8, -4, 4, 8)
        if data_type == np.int8:
            for tensor in (layer.inputs[0], layer.output):
                if self.chance(0.05):
                    tensor.scale *= 2.0 ** int(self.random.choice(powers))
                    self.is_for_litert = False
                if self.chance(0.1):
                    tensor.zero_point = int(self.random.choice([-128, 127, 128, -129, 0]))
        if layer.weights is None:
            return
        channel = int(self.random.integers(len(layer.weights)))
        if data_type == np.float32:
            if self.chance(0.1):
                layer.weights[channel] *= np.float32(10.0 ** int(self.random.choice(powers)))
            if self.chance(0.03):
                layer.biases[channel] = self.random.choice([np.nan, np.inf, 1e6, 0])
            return
        if self.chance(0.1):
            layer.weights[channel] = self.random.choice([127, -127, 0, 0, 1, -128])
        if self.chance(0.1):
            scales = layer.scales.copy()
            scales[channel % len(scales)] *= np.float32(2.0 ** int(self.random.choice(powers)))
            layer.scales = scales
            self.is_for_litert = False
        if self.chance(0.2):
            bias = int(self.random.choice([2**31 - 1, -(2**31), 2**30, -(2**30), 2**30 - 1, 2**29]))
            layer.biases[channel] = (
                bias if self.chance(0.7) else self.random.integers(-(2**31), 2**31)
            )


def encoded(model: Model, by_tflite: bool) -> tuple[bytes | None, bytes, str]:
    """Return a network as .tflite, if that was on the way, as .tmdl, and why there is none."""
    tflite = None
    try:
        if by_tflite:
            tflite = write(model)
            model = convert(tflite)
        return tflite, encode(model), ""
    except ValueError as error:  # a ModelError too
        assert str(error)
        return tflite, b"", str(error)


def accepted(machine: Machine, seed: int) -> Iterator[tuple[int, Model, bytes | None, bytes]]:
    """Yield number, network, .tflite and .tmdl of what is accepted and not too large here."""
    extreme = Extreme(seed)
    is_small = machine.name != "unix-x64"
    most, longest = (10_000, 2_000) if is_small else (500_000, 500_000)
    reasons, n_accepted = [], 0
    for number in range(N_NETWORKS):
        model = extreme.network()
        tflite, file, reason = encoded(model, by_tflite=number % 3 != 0)
        if reason:
            reasons.append(reason)
        elif CnnModel(file).nbytes < most and len(file) < longest:
            yield number, model, tflite if extreme.is_for_litert else None, file
            n_accepted += 1
        if is_small and n_accepted == 20:
            return
    print(f"{n_accepted} accepted, {len(reasons)} refused:", *sorted(set(reasons)), sep="\n")
    assert n_accepted >= N_NETWORKS // 3
    assert len(set(reasons)) > 5


def test_random_networks(machine: Machine, seed: int) -> None:
    """A network is refused here, with a reason, or gives the same bits there."""
    models, contents, expected = "", {}, []
    n_compared = 0
    for number, model, tflite, file in accepted(machine, seed):
        twin = CnnModel(file)
        n_inputs = int(np.prod(twin.input_shape))
        generator = np.random.default_rng(number)
        rows = [generator.normal(0, 50 * model.input.scale, (1, n_inputs)).astype(np.float32)]
        if model.data_type == np.int8:
            rows.insert(0, generator.integers(-128, 128, (1, n_inputs), dtype=np.int8))
        outputs = [twin.run(row.reshape(1, *twin.input_shape)) for row in rows]
        if tflite and machine.name == "unix-x64":
            compare(tflite, rows[0], outputs[0], model)
            n_compared += 1
        module = "tinymaix_cnn" if model.data_type == np.int8 else "tinymaix_cnn_fp32"
        models += f"({number}, {module}, {n_inputs}, {twin.n_outputs}), "
        contents[f"{number}.tmdl"] = file
        contents[f"{number}.bin"] = b"".join(row.tobytes() for row in rows)
        expected += [output.tobytes().hex() for output in outputs]
    print(n_compared, "compared with LiteRT")
    for name in ("tinymaix_cnn.mpy", "tinymaix_cnn_fp32.mpy"):
        contents[name] = ROOT / "dist" / f"{machine.arch}_6.3" / name
    script = SCRIPT.format(models=f"({models})")
    assert machine.run(script, contents, timeout=120).split() == expected


def compare(tflite: bytes, row: np.ndarray, output: np.ndarray, model: Model) -> None:
    """Compare with LiteRT."""
    expected = cnn_models.litert(tflite, row)
    if model.data_type == np.float32:
        np.testing.assert_allclose(output, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
        return
    difference = np.abs(cnn_models.quantised(tflite, output).astype(int) - expected).max()
    kinds = [layer.kind for layer in model.layers]
    # What is 1 off may be more behind further layers.
    if Kind.SOFTMAX not in kinds[:-1] and not any(is_rounded(layer) for layer in model.layers):
        assert difference <= (kinds[-1] is Kind.SOFTMAX)


def is_rounded(layer: Layer) -> bool:
    """Whether a layer becomes a convolution, and may be 1 off."""
    return layer.kind is Kind.FULLY_CONNECTED and layer.activation is not Activation.NONE


def dense_layer(bias: int) -> Layer:
    """A layer of four inputs and one output."""
    return Layer(
        Kind.FULLY_CONNECTED,
        [Tensor((4,), 0.1, 3)],
        Tensor((1,), 0.1, 3),
        weights=np.array([[1, -2, 3, 100]], np.int8),
        scales=np.array([0.01], np.float32),
        biases=np.array([bias], np.int32),
    )


def test_save(tmp_path: Path) -> None:
    """The file is what the device's reader has accepted, and nothing else is left."""
    path = tmp_path / "model.tmdl"
    path.write_bytes(b"before")
    model = Model([dense_layer(7)])
    save(model, path)
    assert path.read_bytes() == encode(model) == pack(model)
    save(model, str(path))
    assert [*tmp_path.iterdir()] == [path]
    with pytest.raises(OSError, match="No such file") as caught:
        save(model, tmp_path / "missing" / "model.tmdl")
    assert caught.value.filename == str(tmp_path / "missing" / "model.tmdl")
    with pytest.raises(OSError, match="No space left") as caught:
        save(model, "/dev/full")
    assert caught.value.filename == "/dev/full"


def refused_models() -> dict[str, Model]:
    """Networks that `pack` takes and the device does not."""
    pooled = Layer(Kind.GLOBAL_AVERAGE_POOL, [Tensor((1025, 1024, 1))], Tensor((1,)))
    total = Layer(Kind.ADD, [Tensor((4,))] * 2, Tensor((4,), 2.0**-20))
    large = Layer(Kind.RESHAPE, [Tensor((256, 257))], Tensor((257, 256)))
    return {
        r"layer 0 \(kind 2, fc\): sums must fit 31 bits": Model([dense_layer(2**30)]),
        r"layer 0 \(kind 1, gap\): shapes must fit the kind": Model([pooled]),
        r"layer 0 \(kind 6, add\): sums must fit 31 bits": Model([total]),
        "a file below 1 kB may ask for 65536 bytes of memory, not 66048": Model([large]),
    }


@pytest.mark.parametrize("reason", refused_models())
def test_what_the_device_refuses_is_not_written(reason: str, tmp_path: Path) -> None:
    """The reason is the device's own, and what was there is still there."""
    path = tmp_path / "model.tmdl"
    path.write_bytes(b"before")
    model = refused_models()[reason]
    pack(model)
    with pytest.raises(ValueError, match=reason):
        save(model, path)
    assert path.read_bytes() == b"before"
    assert [*tmp_path.iterdir()] == [path]


def test_these_very_bytes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in what makes the file is found by what reads it."""

    def damaging(model: Model) -> bytes:
        file = pack(model)
        return file[:-1] + bytes([file[-1] ^ 1])

    monkeypatch.setattr(tmdl, "pack", damaging)
    with pytest.raises(ValueError, match="checksum differs"):
        save(Model([dense_layer(7)]), tmp_path / "model.tmdl")
    assert not [*tmp_path.iterdir()]


def put(model: Model, name: str, value: object) -> Model:
    """Set an attribute of the first layer's output."""
    setattr(model.layers[0].output, name, value)
    return model


@pytest.mark.parametrize(
    ("reason", "model"),
    [
        ("scales must be 2^-60 to 2^60", put(Model([dense_layer(7)]), "scale", 1e39)),
        ("scales must be 2^-60 to 2^60", put(Model([dense_layer(7)]), "scale", 1e-50)),
        ("scales must be 2^-60 to 2^60", put(Model([dense_layer(7)]), "scale", np.nan)),
        ("zero points must be -128 to 127", put(Model([dense_layer(7)]), "zero_point", 128)),
        ("a model must have 65535 layers at most", Model([dense_layer(7)] * 65536)),
    ],
)
def test_what_a_file_cannot_hold(reason: str, model: Model) -> None:
    """Numbers that do not fit their places in a file."""
    with pytest.raises(ModelError) as caught:
        encode(model)
    assert reason in str(caught.value)
