"""Write TensorFlow Lite files without TensorFlow, for networks made with numpy.

    Path("model.tflite").write_bytes(write(model))

takes the same Model as a .tmdl file. Needs the PyPI package ai-edge-litert, whose Interpreter then
runs the file.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from emlmpy.cnn.tmdl import Kind, Layer, Model, Tensor, same_padding

# The operator of each kind, and the version of it that takes int8.
OPERATORS = {
    Kind.CONV2D: ("CONV_2D", 3),
    Kind.DEPTHWISE_CONV2D: ("DEPTHWISE_CONV_2D", 3),
    Kind.FULLY_CONNECTED: ("FULLY_CONNECTED", 4),
    Kind.GLOBAL_AVERAGE_POOL: ("MEAN", 2),
    Kind.SOFTMAX: ("SOFTMAX", 2),
    Kind.RESHAPE: ("RESHAPE", 1),
    Kind.ADD: ("ADD", 2),
}


def write(model: Model) -> bytes:
    """Return a network as the bytes of a .tflite file."""
    writer = Writer(model.data_type)
    source = writer.activation("input", model.input)
    indices = {model.input: source}
    for number, layer in enumerate(model.layers):
        name = layer.name or f"{layer.kind.name.lower()}_{number}"
        output = writer.activation(name, layer.output)
        _add(writer, name, layer, [indices[tensor] for tensor in layer.inputs], output)
        indices[layer.output] = output
    return writer.pack(source, output)


class Writer:
    """A .tflite file in the making: tensors and operators, by hand."""

    def __init__(self, data_type: np.dtype) -> None:
        """Start an empty network of int8 or float32 values."""
        self.data_type = data_type
        # Buffer 0 stands for no data.
        self.buffers = [schema.BufferT()]
        self.tensors: list[schema.TensorT] = []
        self.codes: dict[tuple[str, int], int] = {}
        self.operators: list[schema.OperatorT] = []

    def tensor(
        self,
        name: str,
        shape: Iterable[int],
        data_type: np.dtype,
        scales: Sequence[float] | np.ndarray = (),
        zero_points: Sequence[int] | np.ndarray = (),
        axis: int = 0,
    ) -> int:
        """Add a tensor; return its index. Several scales belong to the axis' indices."""
        quantisation = schema.QuantizationParametersT()
        if len(scales):
            quantisation.scale = np.asarray(scales, np.float32)
            quantisation.zeroPoint = np.asarray(zero_points, np.int64)
            quantisation.quantizedDimension = axis
        number = getattr(schema.TensorType, np.dtype(data_type).name.upper())
        tensor = schema.TensorT(list(shape), number, 0, name, quantisation)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def activation(self, name: str, tensor: Tensor) -> int:
        """Add a tensor that flows between layers."""
        quantisation = (
            ([tensor.scale], [tensor.zero_point]) if self.data_type == np.int8 else ((), ())
        )
        return self.tensor(name, (1, *tensor.shape), self.data_type, *quantisation)

    def constant(
        self, name: str, data: np.ndarray, scales: Sequence[float] | np.ndarray = (), axis: int = 0
    ) -> int:
        """Add a constant tensor, with zero points of 0."""
        index = self.tensor(name, data.shape, data.dtype, scales, np.zeros(len(scales)), axis)
        self.tensors[index].buffer = len(self.buffers)
        self.buffers.append(schema.BufferT(np.frombuffer(data.tobytes(), np.uint8)))
        return index

    def operator(
        self, kind: str, inputs: list[int], output: int, options: Any = None, version: int = 1
    ) -> None:
        """Add an operator of a kind of schema.BuiltinOperator."""
        code = self.codes.setdefault((kind, version), len(self.codes))
        operator = schema.OperatorT(code, inputs, [output])
        if options is not None:
            operator.builtinOptions = options
            name = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        self.operators.append(operator)

    def pack(self, source: int, output: int) -> bytes:
        """Return the file's bytes, for a network from one tensor to another."""
        codes = []
        for kind, version in self.codes:
            number = getattr(schema.BuiltinOperator, kind)
            codes.append(schema.OperatorCodeT(min(number, 127), None, version, number))
        graph = schema.SubGraphT(self.tensors, [source], [output], self.operators, "main")
        model = schema.ModelT(3, codes, [graph], "emlmpy", self.buffers)
        builder = flatbuffers.Builder()
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _add(writer: Writer, name: str, layer: Layer, inputs: list[int], output: int) -> None:
    """Add a layer's constants and its operator."""
    operator, version = OPERATORS[layer.kind]
    if writer.data_type == np.float32:
        version = 1
    options: Any
    match layer.kind:
        case Kind.CONV2D:
            inputs, same = _padded(writer, name, layer, inputs)
            inputs += _weights(writer, name, layer, layer.weights.transpose(0, 2, 3, 1), 0)
            options = schema.Conv2DOptionsT(
                schema.Padding.SAME if same else schema.Padding.VALID,
                *(layer.strides[1], layer.strides[0], layer.activation),
            )
        case Kind.DEPTHWISE_CONV2D:
            inputs, same = _padded(writer, name, layer, inputs)
            inputs += _weights(writer, name, layer, layer.weights.transpose(1, 2, 0)[None], 3)
            options = schema.DepthwiseConv2DOptionsT(
                schema.Padding.SAME if same else schema.Padding.VALID,
                *(layer.strides[1], layer.strides[0], layer.depth_multiplier, layer.activation),
            )
        case Kind.FULLY_CONNECTED:
            inputs += _weights(writer, name, layer, layer.weights, 0)
            options = schema.FullyConnectedOptionsT(layer.activation)
        case Kind.GLOBAL_AVERAGE_POOL:
            inputs.append(writer.constant(f"{name}/axes", np.array([1, 2], np.int32)))
            options = schema.ReducerOptionsT(keepDims=len(layer.output.shape) == 3)
        case Kind.SOFTMAX:
            options = schema.SoftmaxOptionsT(beta=1.0)
        case Kind.RESHAPE:
            shape = np.array([1, *layer.output.shape], np.int32)
            inputs.append(writer.constant(f"{name}/shape", shape))
            options = schema.ReshapeOptionsT(shape)
        case Kind.ADD:
            options = schema.AddOptionsT(layer.activation)
    writer.operator(operator, inputs, output, options, version)


def _padded(writer: Writer, name: str, layer: Layer, inputs: list[int]) -> tuple[list[int], bool]:
    """Return the operator's input, after a PAD where needed, and whether its padding is SAME."""
    source = layer.inputs[0]
    if not any(layer.padding):
        return inputs, False
    if layer.padding == same_padding(source.shape, layer.weights.shape[-2:], layer.strides):
        return inputs, True
    top, bottom, left, right = layer.padding
    height, width, channels = source.shape
    shape = (top + height + bottom, left + width + right, channels)
    padded = writer.activation(f"{name}/pad", Tensor(shape, source.scale, source.zero_point))
    amounts = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
    amounts_index = writer.constant(f"{name}/paddings", amounts)
    writer.operator("PAD", [*inputs, amounts_index], padded, schema.PadOptionsT(), 2)
    return [padded], False


def _weights(writer: Writer, name: str, layer: Layer, weights: np.ndarray, axis: int) -> list[int]:
    """Add weights, whose output channels are on this axis, and biases; return their indices."""
    scales = layer.scales if writer.data_type == np.int8 else np.zeros(0, np.float32)
    return [
        writer.constant(f"{name}/weights", weights, scales, axis),
        writer.constant(f"{name}/biases", layer.biases, scales * np.float32(layer.inputs[0].scale)),
    ]
