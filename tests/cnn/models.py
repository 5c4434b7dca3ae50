"""Small random networks to hold tinymaix_cnn against LiteRT, as .tflite and as .tmdl files.

    @pytest.mark.parametrize("name", cnn_models.MODELS)
    def test_bit_exact(machine, name):
        tflite_bytes, tmdl_bytes = cnn_models.build(name)
        inputs = cnn_models.inputs(tflite_bytes, 200)       # int8, (200, height, width, channels)
        expected = cnn_models.litert(tflite_bytes, inputs)  # int8, (200, outputs)
        ...  # run tmdl_bytes on the machine, each input as array('b')

The device gives floats, (q - zero point) * scale; `quantised` turns them back into expected's int8.
LiteRT's reference kernels are what computes `expected`. Names in SOFTMAX end in softmax, whose
outputs may be off by 1; all others must be equal. Weights, biases, scales and zero points are
random, but the same in every run. Scales differ by up to 8 times between channels, so that some of
them saturate, and activations end inside of what int8 can hold. build(name, "float32") gives the
same networks for tinymaix_cnn_fp32, and inputs and litert then give float32.
"""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from emlmpy.cnn.tflite import convert
from emlmpy.cnn.tmdl import Activation, Kind, Layer, Model, Tensor, pack, same_padding
from tools.tflite_writer import write

# Of the real values that a convolution or dense layer gives.
DEVIATION = 3.0
# Of uniform int8 numbers; and, about, of the int8 numbers between layers.
UNIFORM = 73
BETWEEN = 45


# A folder of other models, if there is one: empty means none, as unset does.
EXTRA_MODELS = Path(os.environ.get("EMLMPY_EXTRA_MODELS") or os.devnull)


class Network:
    """A network that grows layer by layer, with random parameters."""

    def __init__(self, seed: int, shape: tuple[int, ...]) -> None:
        """Start with an input of this shape."""
        self.random = np.random.default_rng(seed)
        self.last = Tensor(shape, float(self.random.uniform(0.01, 0.05)), self.zero_point())
        self.layers: list[Layer] = []

    def zero_point(self) -> int:
        """Return a zero point that is not at an end of int8."""
        return int(self.random.integers(-40, 40))

    def add(self, kind: Kind, output: Tensor, **parameters) -> Tensor:
        """Append a layer behind the last one."""
        self.layers.append(Layer(kind, [self.last], output, **parameters))
        self.last = output
        return output

    def weighted(
        self,
        kind: Kind,
        shape: tuple[int, ...],
        weights_shape: tuple[int, ...],
        n_scales: int,
        activation: Activation = Activation.NONE,
        **parameters,
    ) -> Tensor:
        """Append a layer with weights, whose results have about the deviation DEVIATION."""
        n_outputs, window = weights_shape[0], int(np.prod(weights_shape[1:]))
        weights = self.random.integers(-127, 128, weights_shape, dtype=np.int8)
        sums = (BETWEEN if self.layers else UNIFORM) * UNIFORM * np.sqrt(window)
        scale = DEVIATION / (self.last.scale * sums)
        scales = (scale * self.random.uniform(0.15, 1.2, n_scales)).astype(np.float32)
        limit = round(sums)
        biases = self.random.integers(-limit, limit, n_outputs, dtype=np.int32)
        output = Tensor(shape, 3 * DEVIATION / 255, self.zero_point())
        if activation in (Activation.RELU, Activation.RELU6):
            output.zero_point -= 80
        return self.add(
            kind,
            output,
            weights=weights,
            scales=scales,
            biases=biases,
            activation=activation,
            **parameters,
        )

    def convolution(
        self,
        channels: int,
        kernel: tuple[int, int],
        strides: tuple[int, int] = (1, 1),
        padding: str | tuple[int, int, int, int] = "valid",
        activation: Activation = Activation.NONE,
        depth_multiplier: int = 0,
    ) -> Tensor:
        """Append a convolution; with a depth multiplier, a depthwise one."""
        height, width, in_channels = self.last.shape
        if padding == "valid":
            padding = (0, 0, 0, 0)
        elif padding == "same":
            padding = same_padding((height, width), kernel, strides)
        top, bottom, left, right = padding
        shape = (
            (height + top + bottom - kernel[0]) // strides[0] + 1,
            (width + left + right - kernel[1]) // strides[1] + 1,
            channels,
        )
        if depth_multiplier:
            weights_shape = (channels, *kernel)
            kind = Kind.DEPTHWISE_CONV2D
        else:
            weights_shape = (channels, in_channels, *kernel)
            kind = Kind.CONV2D
        return self.weighted(
            kind,
            shape,
            weights_shape,
            channels,
            activation,
            strides=strides,
            padding=padding,
            depth_multiplier=depth_multiplier or 1,
        )

    def dense(
        self, n_outputs: int, per_channel: bool = False, activation: Activation = Activation.NONE
    ) -> Tensor:
        """Append a dense layer; one with several dimensions of input is flattened by it."""
        n_scales = n_outputs if per_channel else 1
        shape = (n_outputs, self.last.size)
        return self.weighted(Kind.FULLY_CONNECTED, (n_outputs,), shape, n_scales, activation)

    def reshape(self, *shape: int) -> Tensor:
        """Append a change of shape."""
        return self.add(Kind.RESHAPE, Tensor(shape, self.last.scale, self.last.zero_point))

    def average(self) -> Tensor:
        """Append a global average."""
        scale = self.last.scale / 2
        return self.add(
            Kind.GLOBAL_AVERAGE_POOL, Tensor(self.last.shape[-1:], scale, self.zero_point())
        )

    def softmax(self) -> Tensor:
        """Append softmax."""
        return self.add(Kind.SOFTMAX, Tensor(self.last.shape, 1 / 256, -128))

    def addition(self, other: Tensor, swapped: bool = False) -> Tensor:
        """Append the sum of the last and an earlier result."""
        inputs = [other, self.last] if swapped else [self.last, other]
        output = self.add(
            Kind.ADD, Tensor(self.last.shape, self.last.scale * 1.3, self.zero_point())
        )
        self.layers[-1].inputs = inputs
        return output

    def to_float(self) -> None:
        """Turn the network into one of float32."""
        for layer in self.layers:
            if layer.weights is not None:
                n_outputs = len(layer.weights)
                scales = layer.scales * np.ones(n_outputs, np.float32)
                shaped = scales.reshape(n_outputs, *[1] * (layer.weights.ndim - 1))
                layer.weights = layer.weights * shaped
                layer.biases = (layer.biases * scales * layer.inputs[0].scale).astype(np.float32)
        for tensor in {self.layers[0].inputs[0], *(layer.output for layer in self.layers)}:
            tensor.scale, tensor.zero_point = 1.0, 0


def convolution() -> Network:
    """3x3 over three channels, without padding; relu."""
    network = Network(1, (9, 7, 3))
    network.convolution(5, (3, 3), activation=Activation.RELU)
    network.convolution(6, (3, 3))
    return network


def convolution_strided() -> Network:
    """5x5 and strides of 2, SAME with more padding at the bottom; relu6."""
    network = Network(2, (12, 10, 1))
    network.convolution(8, (5, 5), (2, 2), "same", Activation.RELU6)
    network.convolution(8, (3, 3), (2, 2), "same", Activation.RELU)
    return network


def convolution_tall() -> Network:
    """Kernel and strides that differ between height and width; relu limited to -1..1."""
    network = Network(3, (20, 6, 2))
    network.convolution(7, (10, 4), (2, 1), "same", Activation.RELU_N1_TO_1)
    network.convolution(4, (1, 5), (1, 2))
    return network


def convolution_padded() -> Network:
    """Padding by an operator of its own, different on every side."""
    network = Network(4, (6, 6, 4))
    network.convolution(4, (3, 3), (1, 2), (0, 1, 2, 3), Activation.RELU)
    network.convolution(3, (2, 2), (2, 2), (1, 0, 0, 0))
    return network


def pointwise() -> Network:
    """1x1, with a number of channels that is no multiple of four, and strides."""
    network = Network(5, (7, 5, 13))
    network.convolution(10, (1, 1), activation=Activation.RELU6)
    network.convolution(17, (1, 1), (2, 2))
    return network


def depthwise() -> Network:
    """3x3 depthwise, SAME and with strides."""
    network = Network(6, (8, 8, 6))
    network.convolution(6, (3, 3), (1, 1), "same", Activation.RELU6, 1)
    network.convolution(6, (3, 3), (2, 2), "same", Activation.NONE, 1)
    return network


def depthwise_multiplied() -> Network:
    """Three and two output channels for each input channel; kernels that are not square."""
    network = Network(7, (9, 6, 2))
    network.convolution(6, (3, 2), (1, 1), "valid", Activation.RELU, 3)
    network.convolution(12, (5, 5), (2, 1), "same", Activation.RELU_N1_TO_1, 2)
    return network


def dense() -> Network:
    """Dense layers, the first one's input flattened on the way."""
    network = Network(8, (4, 5, 3))
    network.dense(13)
    network.dense(9)
    return network


def dense_per_channel() -> Network:
    """A dense layer with a scale for each channel, then the average of a picture of it."""
    network = Network(9, (4, 3, 2))
    network.dense(24, per_channel=True)
    network.reshape(2, 3, 4)
    network.average()
    return network


def residual() -> Network:
    """Two sums, one after the other, the second with its inputs the other way round."""
    network = Network(10, (8, 8, 2))
    skipped = network.convolution(6, (3, 3), (1, 1), "same", Activation.RELU)
    network.convolution(6, (3, 3), (1, 1), "same", Activation.RELU)
    network.convolution(6, (3, 3), (1, 1), "same")
    skipped = network.addition(skipped)
    network.convolution(6, (1, 1))
    network.addition(skipped, swapped=True)
    return network


def nested_residual() -> Network:
    """A sum within a sum, and one with the network's input."""
    network = Network(11, (6, 6, 4))
    source = network.last
    outer = network.convolution(4, (3, 3), (1, 1), "same")
    inner = network.convolution(4, (1, 1))
    network.convolution(4, (1, 1), activation=Activation.RELU)
    network.addition(inner)
    network.addition(outer)
    network.addition(source)
    return network


def projection() -> Network:
    """A sum whose second input is made of the same tensor as the first, on a way of its own."""
    network = Network(14, (7, 7, 3))
    source = network.convolution(4, (3, 3), padding="same", activation=Activation.RELU)
    network.convolution(6, (3, 3), (2, 2), "same", Activation.RELU)
    main = network.convolution(6, (3, 3), padding="same")
    network.last = source
    network.convolution(6, (1, 1), (2, 2))
    network.addition(main)
    return network


def dense_softmax() -> Network:
    """Softmax of a dense layer."""
    network = Network(12, (6, 6, 1))
    network.dense(10)
    network.softmax()
    return network


def separable_softmax() -> Network:
    """All that a small MobileNet has, and softmax over its classes."""
    network = Network(13, (16, 16, 3))
    network.convolution(8, (3, 3), (2, 2), "same", Activation.RELU6)
    network.convolution(8, (3, 3), (1, 1), "same", Activation.RELU6, 1)
    skipped = network.convolution(12, (1, 1))
    network.convolution(24, (1, 1), activation=Activation.RELU6)
    network.convolution(24, (3, 3), (1, 1), "same", Activation.RELU6, 1)
    network.convolution(12, (1, 1))
    network.addition(skipped)
    network.average()
    network.dense(5)
    network.softmax()
    return network


MODELS: dict[str, Callable[[], Network]] = {
    function.__name__: function
    for function in (
        convolution,
        convolution_strided,
        convolution_tall,
        convolution_padded,
        pointwise,
        depthwise,
        depthwise_multiplied,
        dense,
        dense_per_channel,
        residual,
        nested_residual,
        projection,
        dense_softmax,
        separable_softmax,
    )
}


def build(name: str, data_type: str = "int8") -> tuple[bytes, bytes]:
    """Return one of MODELS as the bytes of a .tflite and of a .tmdl file."""
    network = MODELS[name]()
    if data_type == "float32":
        network.to_float()
    tflite = write(Model(network.layers, np.dtype(data_type)))
    return tflite, pack(convert(tflite))


def without_checksum(file: bytes) -> bytes:
    """Return a .tmdl file as TinyMaix writes it."""
    return file[:60] + bytes(4) + file[64:]


def image(letter: bytes, content: bytes) -> bytes:
    """Return an image that is no model, as src/common/eml_image.h describes it."""
    head = b"EML" + letter + bytes(20) + struct.pack("<I", 32 + len(content))
    return head + struct.pack("<I", zlib.crc32(content, zlib.crc32(head))) + content


def interpreter(tflite: bytes) -> Interpreter:
    """Return LiteRT's interpreter of a .tflite file, with the reference kernels."""
    runner = Interpreter(
        model_content=tflite, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    runner.allocate_tensors()
    return runner


def inputs(tflite: bytes, number: int) -> np.ndarray:
    """Return random inputs; the first few of int8 are constant, at its ends and between."""
    details = interpreter(tflite).get_input_details()[0]
    shape = (number, *details["shape"][1:])
    random = np.random.default_rng(number)
    if details["dtype"] == np.float32:
        return random.uniform(-2, 2, shape).astype(np.float32)
    rows = random.integers(-128, 128, shape, dtype=np.int8)
    for row, value in zip(rows, (-128, 127, 0, -1), strict=False):
        row[...] = value
    return rows


def litert(tflite: bytes, rows: np.ndarray) -> np.ndarray:
    """Return what LiteRT computes of each row: (rows, outputs) in the network's own type."""
    runner = interpreter(tflite)
    source, result = runner.get_input_details()[0]["index"], runner.get_output_details()[0]["index"]
    results = []
    for row in rows:
        runner.set_tensor(source, row.reshape(runner.get_tensor(source).shape))
        runner.invoke()
        results.append(runner.get_tensor(result).reshape(-1).copy())
    return np.array(results)


def quantised(tflite: bytes, values: np.ndarray) -> np.ndarray:
    """Return the int8 values that these floats stand for, as outputs of a network."""
    scale, zero_point = interpreter(tflite).get_output_details()[0]["quantization"]
    return np.round(np.asarray(values) / scale + zero_point).astype(np.int8)


def small_network(data_type: str = "int8") -> bytes:
    """The .tmdl file of a network of 6 x 6 values and 10 outputs, of one layer of most kinds."""
    network = Network(23, (6, 6, 1))
    network.convolution(3, (3, 3))
    network.reshape(48)
    network.dense(10)
    network.softmax()
    if data_type == "float32":
        network.to_float()
    return pack(Model(network.layers, np.dtype(data_type)))
