"""Convert TensorFlow Lite networks for tinymaix_cnn: `emlmpy tmdl model.tflite model.tmdl`.

    model = convert(Path("model.tflite").read_bytes())
    save(model, "model.tmdl")

Networks are int8, quantised with int8 weights of zero point 0, or float32. Keras writes both kinds
with tf.lite.TFLiteConverter. What a .tmdl file can hold is in tmdl.py; beyond the plain cases,

- PAD becomes part of the convolution behind it,
- QUANTIZE of a float input and DEQUANTIZE of the output fall away: `run` takes and gives floats,
- a dense layer with an activation becomes a 1x1 convolution, which rounds twice: of int8 outputs
  1 in 2000 is 1 off LiteRT's,
- a bias too large for the device's sums is cut where that changes no output (sums.py).
"""

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np

try:
    import tflite
except ImportError as error:
    raise ImportError(
        "reading a .tflite file needs the package tflite: pip install tflite"
    ) from error

from emlmpy import files
from emlmpy.cnn.model import CnnModel
from emlmpy.cnn.sums import fitting_biases
from emlmpy.cnn.tmdl import (
    Activation,
    Kind,
    Layer,
    Model,
    Tensor,
    check,
    check_tensor,
    pack,
    same_padding,
)
from emlmpy.errors import ModelError

DATA_TYPES: dict[int, np.dtype] = {
    tflite.TensorType.INT8: np.dtype("int8"),
    tflite.TensorType.FLOAT32: np.dtype("float32"),
    tflite.TensorType.INT32: np.dtype("int32"),
}
ACTIVATION_TYPES = (np.dtype("int8"), np.dtype("float32"))


def save(model: Model, path: str | Path) -> None:
    """Write a network as a .tmdl file, whole or not at all.

    Raises ValueError if the device would refuse it, with the reason; OSError, which names the path.
    """
    files.write(path, encode(model))


def encode(model: Model) -> bytes:
    """Return a network as the bytes of a .tmdl file, which the device's own reader has accepted.

    Raises as `save` does.
    """
    data = pack(model)
    CnnModel(data)
    return data


def convert(data: bytes) -> Model:
    """Turn the bytes of a .tflite file into a network that `pack` takes.

    Raises ModelError, which lists every layer that cannot be converted.
    """
    if data[4:8] != b"TFL3":
        raise ModelError("file must be a .tflite file of version 3")
    try:
        return _Converter(data).convert()
    except ModelError:
        raise
    # What the readers of flatbuffers and numpy raise where a file points beyond its end.
    except (struct.error, AttributeError, IndexError, TypeError, ValueError) as error:
        raise ModelError(f"file is damaged: {error}") from error


class _Converter:
    """The graph of a .tflite file, and the layers it becomes."""

    def __init__(self, data: bytes) -> None:
        self.file = tflite.Model.GetRootAs(data, 0)
        _require(self.file.SubgraphsLength() == 1, "file must have one graph")
        self.graph = self.file.Subgraphs(0)
        _require(
            self.graph.InputsLength() == 1 and self.graph.OutputsLength() == 1,
            "network must have one input and one output",
        )
        # Indices of the tensors that the network takes and gives.
        self.input = self.graph.Inputs(0)
        self.output = self.graph.Outputs(0)
        self.data_type: np.dtype | None = None
        self.tensors: dict[int, Tensor] = {}
        # What PAD gives: the index of its input, and top, bottom, left, right.
        self.padded: dict[int, tuple[int, list[int]]] = {}
        self.layers: list[Layer] = []

    def convert(self) -> Model:
        """Convert every operator."""
        problems = []
        for number in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(number)
            kind, name = self.kind(operator), self.name(operator.Outputs(0))
            try:
                self.add(kind, name, operator)
            except ModelError as error:
                problems.append(f"  layer {number}, {kind} {name!r}: {error}")
        if problems:
            layers = "layer" if len(problems) == 1 else "layers"
            raise ModelError("\n".join([f"cannot convert {len(problems)} {layers}", *problems]))
        _require(bool(self.layers), "network must have a layer")
        assert self.data_type is not None  # a layer has set it
        model = Model(self.layers, self.data_type)
        _require(
            model.input is self.tensors.get(self.input)
            and model.output is self.tensors.get(self.output),
            "first layer must take the network's input and the last one give its output",
        )
        return model

    def add(self, kind: str, name: str, operator: tflite.Operator) -> None:
        """Convert one operator: append layers, or note what falls away."""
        match kind:
            case "CONV_2D" | "DEPTHWISE_CONV_2D":
                layers = [self.convolution(kind, operator)]
            case "FULLY_CONNECTED":
                layers = self.fully_connected(operator)
            case "MEAN":
                layers = [self.mean(operator)]
            case "SOFTMAX":
                beta = _options(operator, tflite.SoftmaxOptions).Beta()
                _require(beta == 1, f"beta must be 1, not {beta}")
                layers = [self.layer(Kind.SOFTMAX, operator)]
            case "RESHAPE":
                layers = [self.layer(Kind.RESHAPE, operator)]
                self.same_quantisation(operator)
            case "ADD":
                layers = [self.addition(operator)]
            case "PAD":
                self.pad(operator)
                return
            case "QUANTIZE" if operator.Inputs(0) == self.input and self.is_float(self.input):
                self.input = operator.Outputs(0)
                return
            case "DEQUANTIZE" if operator.Outputs(0) == self.output:
                self.output = operator.Inputs(0)
                return
            case "SHAPE" | "STRIDED_SLICE" | "PACK":
                # They compute the shape that a RESHAPE behind them gives, which is known already.
                return
            case _:
                raise ModelError("not supported")
        assert self.data_type is not None
        for layer in layers:
            layer.name = name
            check(layer, self.data_type)
            if layer.scales is not None:
                layer.biases = fitting_biases(layer)
        self.layers += layers

    def layer(self, kind: Kind, operator: tflite.Operator) -> Layer:
        """Return a layer with the operator's first input and its output."""
        source, output = self.tensor(operator.Inputs(0)), self.tensor(operator.Outputs(0))
        return Layer(kind, [source], output)

    def convolution(self, kind: str, operator: tflite.Operator) -> Layer:
        """Convert CONV_2D or DEPTHWISE_CONV_2D, with PAD ahead of it."""
        index = operator.Inputs(0)
        index, padding = self.padded.get(index, (index, [0, 0, 0, 0]))
        source, output = self.tensor(index), self.tensor(operator.Outputs(0))
        layer = Layer(Kind.CONV2D, [source], output)
        _require(len(source.shape) == 3, "input must have height, width and channels")
        weights = self.constant(operator.Inputs(1))
        if kind == "CONV_2D":
            options = _options(operator, tflite.Conv2DOptions)
            _require(weights.shape[3] == source.shape[2], "groups are not supported")
            weights = weights.transpose(0, 3, 1, 2)
        else:
            options = _options(operator, tflite.DepthwiseConv2DOptions)
            layer.kind = Kind.DEPTHWISE_CONV2D
            weights = weights[0].transpose(2, 0, 1)
            layer.depth_multiplier = len(weights) // source.shape[2]
        dilations = options.DilationHFactor(), options.DilationWFactor()
        _require(dilations == (1, 1), f"dilation must be 1, not {dilations}")
        layer.activation = _activation(options)
        layer.strides = options.StrideH(), options.StrideW()
        _require(min(layer.strides) > 0, "strides must be positive")
        self.set_weights(layer, operator, weights)
        if options.Padding() == tflite.Padding.SAME:
            top, bottom, left, right = padding
            height, width = source.shape[0] + top + bottom, source.shape[1] + left + right
            same = same_padding((height, width), weights.shape[-2:], layer.strides)
            padding = np.add(padding, same).tolist()
        layer.padding = tuple(padding)
        return layer

    def fully_connected(self, operator: tflite.Operator) -> list[Layer]:
        """Convert FULLY_CONNECTED, which flattens its input."""
        options = _options(operator, tflite.FullyConnectedOptions)
        _require(options.WeightsFormat() == 0, "weights must not be shuffled")
        layer = self.layer(Kind.FULLY_CONNECTED, operator)
        layers = [layer]
        weights = self.constant(operator.Inputs(1))
        source = layer.inputs[0]
        _require(
            source.size == weights.shape[1] and layer.output.size == weights.shape[0],
            "it must run once a network",
        )
        if source.shape[-1] != source.size:
            flat = Tensor((source.size,), source.scale, source.zero_point)
            layers = [Layer(Kind.RESHAPE, [source], flat), layer]
            layer.inputs = [flat]
        self.set_weights(layer, operator, weights)
        activation = self.needed(_activation(options), layer.output)
        if activation:
            # A convolution can have one.
            layer.kind = Kind.CONV2D
            layer.activation = activation
            layer.weights = weights[:, :, None, None]
            if layer.scales is not None:
                layer.scales = np.broadcast_to(layer.scales, len(weights))
        return layers

    def mean(self, operator: tflite.Operator) -> Layer:
        """Convert MEAN over height and width."""
        layer = self.layer(Kind.GLOBAL_AVERAGE_POOL, operator)
        rank = len(layer.inputs[0].shape) + 1
        axes = sorted(int(axis) % rank for axis in self.constant(operator.Inputs(1)).flat)
        _require(axes == list(range(1, rank - 1)), "axes must be height and width alone")
        return layer

    def addition(self, operator: tflite.Operator) -> Layer:
        """Convert ADD."""
        layer = self.layer(Kind.ADD, operator)
        layer.inputs.append(self.tensor(operator.Inputs(1)))
        activation = self.needed(_activation(_options(operator, tflite.AddOptions)), layer.output)
        _require(not activation, f"activation must be none, not {activation.name}")
        # The file has the tensor made last as the first input.
        made = [earlier.output for earlier in self.layers]
        layer.inputs.sort(key=lambda tensor: made.index(tensor) if tensor in made else -1)
        layer.inputs.reverse()
        return layer

    def pad(self, operator: tflite.Operator) -> None:
        """Note the padding for the convolution behind PAD."""
        paddings = self.constant(operator.Inputs(1)).tolist()
        _require(
            len(paddings) == 4 and paddings[0] == paddings[3] == [0, 0],
            "only height and width can be padded",
        )
        self.same_quantisation(operator)
        self.padded[operator.Outputs(0)] = (operator.Inputs(0), paddings[1] + paddings[2])

    def set_weights(self, layer: Layer, operator: tflite.Operator, weights: np.ndarray) -> None:
        """Set weights, scales and biases."""
        layer.weights = weights
        if operator.InputsLength() > 2 and operator.Inputs(2) >= 0:
            layer.biases = self.constant(operator.Inputs(2)).reshape(-1)
        elif self.data_type == np.int8:
            layer.biases = np.zeros(len(weights), np.int32)
        else:
            layer.biases = np.zeros(len(weights), np.float32)
        if self.data_type == np.int8:
            scales, zero_points = self.quantisation(operator.Inputs(1))
            _require(not any(zero_points), "weights must have the zero point 0")
            if len(scales) == 1 and layer.kind in (Kind.CONV2D, Kind.DEPTHWISE_CONV2D):
                scales = np.broadcast_to(scales, len(weights))
            layer.scales = scales

    def needed(self, activation: Activation, output: Tensor) -> Activation:
        """Return NONE where saturation to int8 does already what an activation would."""
        limits = {
            Activation.RELU: (0, math.inf),
            Activation.RELU_N1_TO_1: (-1, 1),
            Activation.RELU6: (0, 6),
        }
        if activation is Activation.NONE or self.data_type != np.int8:
            return activation
        low, high = (output.zero_point + limit / output.scale for limit in limits[activation])
        return Activation.NONE if low <= -128 and high >= 127 else activation

    def tensor(self, index: int) -> Tensor:
        """Return what flows between layers, without its batch."""
        _require(index not in self.padded, "PAD must have a convolution behind it")
        stored = self.graph.Tensors(index)
        shape = stored.ShapeAsNumpy().tolist() if stored.ShapeLength() else []
        _require(len(shape) > 1 and shape[0] == 1, f"shape must be 1, ..., not {shape}")
        data_type = DATA_TYPES.get(stored.Type())
        self.data_type = self.data_type or data_type
        _require(
            data_type in ACTIVATION_TYPES and data_type == self.data_type,
            "all tensors must be int8, or all float32",
        )
        if index not in self.tensors:
            tensor = self.tensors[index] = Tensor(tuple(shape[1:]))
            if data_type == np.int8:
                scales, zero_points = self.quantisation(index)
                _require(len(scales) == 1, "a tensor between layers must have one scale")
                tensor.scale, tensor.zero_point = float(scales[0]), int(zero_points[0])
            check_tensor(tensor)
        return self.tensors[index]

    def constant(self, index: int) -> np.ndarray:
        """Return a constant tensor."""
        stored = self.graph.Tensors(index)
        data = self.file.Buffers(stored.Buffer())
        _require(data.DataLength() > 0, "weights, shapes and axes must be constants in the file")
        _require(stored.Sparsity() is None, "weights must not be sparse")
        data_type = DATA_TYPES.get(stored.Type())
        _require(data_type is not None, "constants must be int8, int32 or float32")
        # A copy, so that the layer does not depend on the file and is aligned.
        flat: np.ndarray = np.frombuffer(data.DataAsNumpy(), data_type)
        return flat.reshape(stored.ShapeAsNumpy()).copy()

    def quantisation(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a tensor's scales and zero points."""
        stored = self.graph.Tensors(index).Quantization()
        _require(
            stored is not None and 0 < stored.ScaleLength() == stored.ZeroPointLength(),
            "int8 tensors must have scales and zero points",
        )
        return stored.ScaleAsNumpy().copy(), stored.ZeroPointAsNumpy().copy()

    def same_quantisation(self, operator: tflite.Operator) -> None:
        """Check an operator that moves values, and does not compute."""
        source, output = (
            self.graph.Tensors(index) for index in (operator.Inputs(0), operator.Outputs(0))
        )
        _require(source.Type() == output.Type(), "input and output must have the same type")
        if source.Type() == tflite.TensorType.INT8:
            pairs = [self.quantisation(operator.Inputs(0)), self.quantisation(operator.Outputs(0))]
            _require(
                all(np.array_equal(*values) for values in zip(*pairs, strict=True)),
                "input and output must have the same scale and zero point",
            )

    def is_float(self, index: int) -> bool:
        """Whether a tensor is float32."""
        return bool(self.graph.Tensors(index).Type() == tflite.TensorType.FLOAT32)

    def kind(self, operator: tflite.Operator) -> str:
        """Return an operator's name."""
        code = self.file.OperatorCodes(operator.OpcodeIndex())
        number = code.BuiltinCode()
        if number == tflite.BuiltinOperator.CUSTOM:
            return str(code.CustomCode() or b"CUSTOM", "utf-8")
        return str(tflite.BUILTIN_OPCODE2NAME.get(number, f"operator {number}"))

    def name(self, index: int) -> str:
        """Return a tensor's name."""
        return str(self.graph.Tensors(index).Name() or b"", "utf-8")


def _options(operator: tflite.Operator, kind: type) -> Any:
    """Return an operator's options."""
    options = kind()
    table = operator.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    return options


def _activation(options: Any) -> Activation:
    """Return what an operator ends with."""
    number = options.FusedActivationFunction()
    _require(
        number in list(Activation), "activation must be none, relu, relu6 or relu limited to -1..1"
    )
    return Activation(number)


def _require(condition: bool, requirement: str) -> None:
    if not condition:
        raise ModelError(requirement)
