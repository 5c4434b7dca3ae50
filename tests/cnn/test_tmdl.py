"""emlmpy tmdl: .tflite in, .tmdl out, checked by computing the .tmdl in numpy beside LiteRT."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from emlmpy.cli import tmdl as tmdl_command
from emlmpy.cnn.tflite import convert, save
from emlmpy.cnn.tmdl import Activation, Kind, Layer, Model, ModelError, Tensor, pack, unpack
from tests.cnn import models as cnn_models
from tools.tflite_writer import Writer, write

INT8, FLOAT32 = np.dtype("int8"), np.dtype("float32")
LIMITS = {
    Activation.NONE: (-np.inf, np.inf),
    Activation.RELU: (0, np.inf),
    Activation.RELU_N1_TO_1: (-1, 1),
    Activation.RELU6: (0, 6),
}


def compute(file: bytes, source: np.ndarray) -> np.ndarray:
    """Run a .tmdl file in real numbers, its tensors in an arena where the file puts them."""
    model = unpack(file)
    is_int8 = model.data_type == np.int8
    arena = np.zeros(model.arena, np.uint8)

    def memory(tensor: Tensor) -> np.ndarray:
        size = tensor.size * model.data_type.itemsize
        assert tensor.offset % 8 == 0
        assert tensor.offset + size <= model.arena
        view = arena[tensor.offset : tensor.offset + size].view(model.data_type)
        return view.reshape(tensor.height_width_channels)

    memory(model.input)[...] = source.reshape(model.input.height_width_channels)
    latest = model.input
    for layer in model.layers:
        output = layer.output
        if layer.kind is Kind.RESHAPE:
            assert layer.inputs[0].offset == output.offset
            latest = output
            continue
        if layer.kind is Kind.ADD:
            assert layer.inputs[0].offset == latest.offset
        real = real_result(
            layer, [(memory(t).astype(float) - t.zero_point) * t.scale for t in layer.inputs]
        )
        if is_int8:
            real = np.clip(np.round(real / output.scale) + output.zero_point, -128, 127)
        # What runs the file may work in floats where softmax ends, and puts floats behind the
        # result.
        room = output.size * model.data_type.itemsize
        if layer.kind is Kind.SOFTMAX:
            room = max(room, 4 * output.size)
        if is_int8 and layer is model.layers[-1]:
            room = -(-output.size // 8) * 8 + 4 * output.size
        assert output.offset + room <= model.arena
        for tensor in layer.inputs:
            after = tensor.offset + tensor.size * model.data_type.itemsize
            assert output.offset + room <= tensor.offset or after <= output.offset
        arena[output.offset : output.offset + room] = 0x55
        memory(output)[...] = real
        latest = output
    return memory(model.output).reshape(-1)


def real_result(layer: Layer, inputs: list[np.ndarray]) -> np.ndarray:
    """Return what a layer makes of real inputs."""
    source, *others = inputs
    if layer.kind is Kind.ADD:
        return source + others[0]
    if layer.kind is Kind.GLOBAL_AVERAGE_POOL:
        return source.mean(axis=(0, 1))
    if layer.kind is Kind.SOFTMAX:
        powers = np.exp(source - source.max())
        return powers / powers.sum()
    weights, biases = layer.weights.astype(float), layer.biases.astype(float)
    if layer.scales is not None:
        scales = layer.scales * np.ones(len(weights))
        biases = biases * scales * layer.inputs[0].scale
        weights = weights * scales.reshape(-1, *[1] * (weights.ndim - 1))
    if layer.kind is Kind.FULLY_CONNECTED:
        return source.reshape(-1) @ weights.T + biases
    top, bottom, left, right = layer.padding
    padded = np.pad(source, ((top, bottom), (left, right), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weights.shape[-2:], (0, 1))
    windows = windows[:: layer.strides[0], :: layer.strides[1]]
    if layer.kind is Kind.DEPTHWISE_CONV2D:
        windows = windows.repeat(layer.depth_multiplier, axis=2)
        result = np.einsum("hwcyx,cyx->hwc", windows, weights)
    else:
        result = np.einsum("hwiyx,oiyx->hwo", windows, weights)
    return np.clip(result + biases, *LIMITS[layer.activation])


@pytest.mark.parametrize("name", cnn_models.MODELS)
def test_int8_computes_like_litert(name: str) -> None:
    """Real numbers differ from LiteRT's integers by rounding alone."""
    tflite, file = cnn_models.build(name)
    inputs = cnn_models.inputs(tflite, 30)
    found = np.array([compute(file, row) for row in inputs], int)
    errors = np.abs(found - cnn_models.litert(tflite, inputs))
    assert errors.max() <= 3
    assert (errors > 0).mean() < 0.2


@pytest.mark.parametrize("name", cnn_models.MODELS)
def test_float32_computes_like_litert(name: str) -> None:
    """The same networks in float32."""
    tflite, file = cnn_models.build(name, "float32")
    inputs = cnn_models.inputs(tflite, 10)
    found = np.array([compute(file, row) for row in inputs])
    np.testing.assert_allclose(found, cnn_models.litert(tflite, inputs), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "path", sorted(cnn_models.EXTRA_MODELS.glob("*.tflite")), ids=lambda path: path.name
)
def test_extra_models(path: Path) -> None:
    """TinyMaix's own converter made the same bytes, but for output shape and checksum."""
    file = pack(convert(path.read_bytes()))
    if path.with_suffix(".tmdl").exists():
        shipped = path.with_suffix(".tmdl").read_bytes()
        assert file[:28] == shipped[:28]
        assert file[36:60] == shipped[36:60]
        assert file[64:] == shipped[64:]
    shape = cnn_models.interpreter(path.read_bytes()).get_output_details()[0]["shape"]
    assert np.frombuffer(file, "<u2", 4, 28).tolist() == [1, 1, *shape]
    model = unpack(file)
    # A file that was read has no connections between its layers.
    for layer, after in zip(model.layers, model.layers[1:], strict=False):
        after.inputs = [layer.output]
    assert pack(model) == file


@pytest.mark.parametrize("data_type", [INT8, FLOAT32])
def test_float_ends(data_type: np.dtype) -> None:
    """QUANTIZE at the start and DEQUANTIZE at the end fall away."""
    writer = Writer(data_type)
    source = writer.tensor("in", (1, 4, 4, 1), FLOAT32)
    first = writer.activation("first", Tensor((4, 4, 1), 0.1, 3))
    last = writer.activation("last", Tensor((1,), 0.1, 3))
    result = writer.tensor("out", (1, 1), FLOAT32)
    writer.operator("QUANTIZE", [source], first, schema.QuantizeOptionsT())
    mean_axes = writer.constant("axes", np.array([-3, 2], np.int32))
    writer.operator("MEAN", [first, mean_axes], last, schema.ReducerOptionsT())
    writer.operator("DEQUANTIZE", [last], result, schema.DequantizeOptionsT())
    file = pack(convert(writer.pack(source, result)))
    model = unpack(file)
    assert [layer.kind for layer in model.layers] == [Kind.GLOBAL_AVERAGE_POOL]
    assert model.data_type == data_type


def test_plan() -> None:
    """TinyMaix's plan: to and fro below the largest pair, what a sum needs later above it."""
    shape = (8, 8, 1)
    network = cnn_models.Network(21, shape)
    kept = network.convolution(1, (1, 1))
    network.convolution(1, (1, 1))
    network.convolution(1, (1, 1))
    network.addition(kept)
    network.average()
    model = convert(write(Model(network.layers)))
    pack(model)
    # 64 bytes each but the result: 8 with padding and 8 for the same as a float.
    assert [layer.output.offset for layer in model.layers] == [128, 0, 64, 0, 112]
    assert model.arena == 192


def test_softmax_within() -> None:
    """The room in which softmax works is kept free, also where its output is reshaped."""
    network = cnn_models.Network(22, (4, 4, 1))
    skipped = network.dense(20)
    network.softmax()
    network.reshape(20)
    network.dense(20)
    network.addition(skipped)
    network.dense(3)
    file = write(Model(network.layers))
    inputs = cnn_models.inputs(file, 20)
    found = np.array([compute(pack(convert(file)), row) for row in inputs], int)
    assert np.abs(found - cnn_models.litert(file, inputs)).max() <= 4


@pytest.mark.parametrize("data_type", [INT8, FLOAT32])
def test_without_biases(data_type: np.dtype) -> None:
    """A dense layer's biases may be missing in a .tflite file."""

    def change(model: schema.ModelT) -> None:
        dense = model.subgraphs[0].operators[3]
        dense.inputs = [*dense.inputs[:2], -1]

    check_edited(change, data_type)


def test_single_scale() -> None:
    """A convolution may have one weight scale for all channels."""

    def change(model: schema.ModelT) -> None:
        quantisation = operand(model, 0, 1).quantization
        quantisation.scale, quantisation.zeroPoint = quantisation.scale[:1], [0]
        source_scale = operand(model, 0, 0).quantization.scale
        biases = operand(model, 0, 2).quantization
        biases.scale, biases.zeroPoint = quantisation.scale * source_scale, [0]

    check_edited(change, INT8)


def check_edited(change: Callable[[schema.ModelT], None], data_type: np.dtype) -> None:
    """Compare small_network, changed, with LiteRT."""
    file = edited(change, data_type)
    inputs = cnn_models.inputs(file, 20)
    found = np.array([compute(pack(convert(file)), row) for row in inputs], float)
    tolerance = 4 if data_type == INT8 else 1e-4
    np.testing.assert_allclose(found, cnn_models.litert(file, inputs), rtol=0, atol=tolerance)


def test_padding_twice() -> None:
    """PAD ahead of a convolution that pads by itself."""
    writer = Writer(FLOAT32)
    source = writer.activation("in", Tensor((4, 5, 1)))
    padded = writer.activation("padded", Tensor((7, 6, 1)))
    result = writer.activation("out", Tensor((7, 6, 1)))
    amounts = writer.constant("amounts", np.array([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32))
    writer.operator("PAD", [source, amounts], padded, schema.PadOptionsT())
    weights = writer.constant("weights", np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1))
    biases = writer.constant("biases", np.ones(1, np.float32))
    options = schema.Conv2DOptionsT(schema.Padding.SAME, 1, 1)
    writer.operator("CONV_2D", [padded, weights, biases], result, options)
    file = writer.pack(source, result)
    inputs = cnn_models.inputs(file, 3)
    found = np.array([compute(pack(convert(file)), row) for row in inputs])
    np.testing.assert_allclose(found, cnn_models.litert(file, inputs), rtol=1e-5, atol=1e-5)


def test_computed_reshape() -> None:
    """Keras' Flatten computes its shape by operators, which fall away."""
    writer = Writer(FLOAT32)
    source = writer.activation("in", Tensor((4, 4, 2)))
    shape = writer.tensor("shape", (4,), np.dtype("int32"))
    batch = writer.tensor("batch", (), np.dtype("int32"))
    flat_shape = writer.tensor("flat shape", (2,), np.dtype("int32"))
    flat = writer.activation("flat", Tensor((32,)))
    begin, end, step, size = (
        writer.constant(name, np.array([value], np.int32))
        for name, value in (("begin", 0), ("end", 1), ("step", 1), ("size", 32))
    )
    writer.operator("SHAPE", [source], shape, schema.ShapeOptionsT())
    options = schema.StridedSliceOptionsT(shrinkAxisMask=1)
    writer.operator("STRIDED_SLICE", [shape, begin, end, step], batch, options)
    writer.operator("PACK", [batch, size], flat_shape, schema.PackOptionsT(valuesCount=2))
    writer.operator("RESHAPE", [source, flat_shape], flat, schema.ReshapeOptionsT())
    model = unpack(pack(convert(writer.pack(source, flat))))
    assert [(layer.kind, layer.output.shape) for layer in model.layers] == [(Kind.RESHAPE, (32,))]


def small_network(data_type: np.dtype = INT8) -> Model:
    """A picture of 6x5x2, a convolution, a sum, a dense layer."""
    network = cnn_models.Network(20, (6, 5, 2))
    first = network.convolution(2, (3, 3), padding="same")
    network.convolution(2, (1, 1), activation=Activation.RELU)
    network.addition(first)
    network.dense(3)
    network.softmax()
    if data_type == FLOAT32:
        network.to_float()
    return Model(network.layers, data_type)


def test_unsupported_are_listed_at_once() -> None:
    """The error names every layer that is in the way, not just the first."""
    writer = Writer(INT8)
    tensors = [
        writer.activation(f"layer {number}", Tensor((4, 4, 1), 0.1, 3)) for number in range(5)
    ]
    pool = schema.Pool2DOptionsT(filterWidth=1, filterHeight=1, strideW=1, strideH=1)
    writer.operator("MAX_POOL_2D", tensors[:1], tensors[1], pool)
    writer.operator("ADD", [tensors[1], tensors[1]], tensors[2], schema.AddOptionsT())
    writer.operator("LOGISTIC", [tensors[2]], tensors[3])
    writer.operator("SOFTMAX", [tensors[3]], tensors[4], schema.SoftmaxOptionsT(2.0))
    with pytest.raises(ModelError) as caught:
        convert(writer.pack(tensors[0], tensors[4]))
    assert str(caught.value).splitlines() == [
        "cannot convert 3 layers",
        "  layer 0, MAX_POOL_2D 'layer 1': not supported",
        "  layer 2, LOGISTIC 'layer 3': not supported",
        "  layer 3, SOFTMAX 'layer 4': beta must be 1, not 2.0",
    ]


def edited(change: Callable[[schema.ModelT], None], data_type: np.dtype = INT8) -> bytes:
    """Return small_network as a .tflite file that was changed."""
    import flatbuffers

    model = schema.ModelT.InitFromPackedBuf(write(small_network(data_type)))
    change(model)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


# Operators of small_network's .tflite: 0 conv, 1 conv, 2 add, 3 dense, 4 softmax.
def options(model: schema.ModelT, operator: int):
    """Return an operator's options."""
    return model.subgraphs[0].operators[operator].builtinOptions


def operand(model: schema.ModelT, operator: int, number: int):
    """Return a tensor that an operator takes, or with number -1 gives."""
    chosen = model.subgraphs[0].operators[operator]
    index = chosen.outputs[0] if number < 0 else chosen.inputs[number]
    return model.subgraphs[0].tensors[index]


def put(thing, name: str, value) -> None:
    """Set an attribute, in a lambda."""
    assert hasattr(thing, name)
    setattr(thing, name, value)


BAD_NETWORKS = {
    "dilation must be 1": lambda m: put(options(m, 0), "dilationHFactor", 2),
    "activation must be none, relu, relu6 or relu limited": lambda m: put(
        options(m, 1), "fusedActivationFunction", schema.ActivationFunctionType.TANH
    ),
    "strides must be positive": lambda m: put(options(m, 0), "strideW", 0),
    "output must have the shape": lambda m: put(options(m, 0), "strideW", 2),
    "kernel and strides must be from 1 to 255": lambda m: put(options(m, 0), "strideW", 256),
    "activation must be none, not RELU6": lambda m: put(
        options(m, 2), "fusedActivationFunction", schema.ActivationFunctionType.RELU6
    ),
    "weights must not be shuffled": lambda m: put(options(m, 3), "weightsFormat", 1),
    "weights must not be sparse": lambda m: put(
        operand(m, 0, 1), "sparsity", schema.SparsityParametersT([0])
    ),
    "groups are not supported": lambda m: put(operand(m, 0, 1), "shape", [4, 3, 3, 1]),
    "weights must have the zero point 0": lambda m: put(
        operand(m, 0, 1).quantization, "zeroPoint", [0, 1]
    ),
    "weight scales must be 2^-60 to 2^60": lambda m: put(
        operand(m, 0, 1).quantization, "scale", [0.0, 1.0]
    ),
    "int8 tensors must have scales": lambda m: put(operand(m, 0, -1), "quantization", None),
    "a tensor between layers must have one scale": lambda m: put(
        operand(m, 0, -1), "quantization", operand(m, 0, 1).quantization
    ),
    "'conv2d_0': scales must be 2^-60 to 2^60": lambda m: put(
        operand(m, 0, 0).quantization, "scale", [float("inf")]
    ),
    "zero points must be -128 to 127": lambda m: put(
        operand(m, 0, 0).quantization, "zeroPoint", [128]
    ),
    "all tensors must be int8, or all float32": lambda m: put(
        operand(m, 0, 0), "type", schema.TensorType.UINT8
    ),
    "shape must be 1, ...": lambda m: put(operand(m, 0, 0), "shape", [2, 6, 5, 2]),
    "a shape must be 1 to 3 numbers from 1 to 65535": lambda m: put(
        operand(m, 0, 0), "shape", [1, 0, 5, 2]
    ),
    "input must have height, width and channels": lambda m: put(
        operand(m, 0, 0), "shape", [1, 30, 2]
    ),
    "constants must be int8, int32 or float32": lambda m: put(
        operand(m, 0, 1), "type", schema.TensorType.INT4
    ),
    "biases must be one an output channel, of int32": lambda m: put(
        operand(m, 0, 2), "type", schema.TensorType.FLOAT32
    ),
    "weights, shapes and axes must be constants": lambda m: put(operand(m, 0, 1), "buffer", 0),
    "weights must be int8": lambda m: (
        put(operand(m, 0, 1), "type", schema.TensorType.INT32),
        put(operand(m, 0, 1), "shape", [2, 3, 3, 2]),
        put(m.buffers[operand(m, 0, 1).buffer], "data", np.zeros(144, np.uint8)),
    ),
    "it must run once a network": lambda m: put(operand(m, 3, -1), "shape", [1, 2, 3]),
    "inputs and output must have the same shape": lambda m: put(
        operand(m, 2, -1), "shape", [1, 6, 10, 1]
    ),
    "file must have one graph": lambda m: put(m, "subgraphs", m.subgraphs * 2),
    "network must have one input and one output": lambda m: put(
        m.subgraphs[0], "outputs", [0, *m.subgraphs[0].outputs]
    ),
    "network must have one input": lambda m: put(m.subgraphs[0], "inputs", [0, 0]),
    "last one give its output": lambda m: put(
        m.subgraphs[0], "outputs", m.subgraphs[0].operators[0].outputs
    ),
    "network must have a layer": lambda m: put(m.subgraphs[0], "operators", []),
    "first layer must take the network's input": lambda m: put(m.subgraphs[0], "inputs", [1]),
    "its input must be an earlier layer's output": lambda m: m.subgraphs[0].operators.pop(1),
    "file is damaged": lambda m: put(m.subgraphs[0].operators[0], "inputs", [999]),
    "operator 1234": lambda m: put(m.operatorCodes[0], "builtinCode", 1234),
    "CUSTOM 'conv2d_0': not supported": lambda m: put(
        m.operatorCodes[0], "deprecatedBuiltinCode", schema.BuiltinOperator.CUSTOM
    ),
    "warp 'conv2d_0': not supported": lambda m: (
        put(m.operatorCodes[0], "deprecatedBuiltinCode", schema.BuiltinOperator.CUSTOM),
        put(m.operatorCodes[0], "customCode", "warp"),
    ),
}


@pytest.mark.parametrize("reason", BAD_NETWORKS)
def test_bad_network(reason: str) -> None:
    """What a .tmdl file cannot hold is refused with the reason."""
    file = edited(BAD_NETWORKS[reason])
    with pytest.raises(ModelError) as caught:
        pack(convert(file))
    assert reason in str(caught.value)


def test_float_sum_with_activation() -> None:
    """Only saturation to int8 can stand for the activation of a sum."""
    relu = schema.ActivationFunctionType.RELU
    file = edited(lambda m: put(options(m, 2), "fusedActivationFunction", relu), FLOAT32)
    with pytest.raises(ModelError, match="activation must be none, not RELU"):
        convert(file)


@pytest.mark.parametrize("data_type", [INT8, FLOAT32])
@pytest.mark.parametrize("activation", list(Activation)[1:])
def test_dense_with_activation(activation: Activation, data_type: np.dtype) -> None:
    """It becomes a convolution, as a dense layer of a .tmdl file has no activation."""

    def change(model: schema.ModelT) -> None:
        put(options(model, 3), "fusedActivationFunction", activation)
        # Without softmax.
        model.subgraphs[0].outputs = model.subgraphs[0].operators.pop().inputs

    file = edited(change, data_type)
    converted = pack(convert(file))
    assert unpack(converted).layers[-1].activation is activation
    inputs = cnn_models.inputs(file, 20)
    found = np.array([compute(converted, row) for row in inputs], float)
    expected = cnn_models.litert(file, inputs)
    assert len(np.unique(expected)) > 10
    tolerance = 2 if data_type == INT8 else 1e-4
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_activation_of_which_saturation_does_half() -> None:
    """From 0 on is what int8 can hold, and it holds more than 6."""

    def change(model: schema.ModelT) -> None:
        put(options(model, 3), "fusedActivationFunction", Activation.RELU6)
        put(operand(model, 3, -1).quantization, "zeroPoint", [-128])
        put(operand(model, 3, -1).quantization, "scale", [0.1])

    layers = unpack(pack(convert(edited(change)))).layers
    assert Activation.RELU6 in [layer.activation for layer in layers]


def test_activation_that_saturation_does() -> None:
    """A relu whose 0 is -128 changes nothing, and falls away."""

    def change(model: schema.ModelT) -> None:
        for number in (2, 3):
            put(options(model, number), "fusedActivationFunction", 1)
            operand(model, number, -1).quantization.zeroPoint = [-128]

    file = edited(change)
    converted = pack(convert(file))
    kinds = [layer.kind for layer in unpack(converted).layers]
    assert Kind.FULLY_CONNECTED in kinds
    inputs = cnn_models.inputs(file, 20)
    found = np.array([compute(converted, row) for row in inputs], int)
    assert np.abs(found - cnn_models.litert(file, inputs)).max() <= 2


@pytest.mark.parametrize(
    ("paddings", "reason"),
    [
        ([[0, 0], [1, 1], [1, 1], [0, 1]], "only height and width can be padded"),
        ([[1, 0], [1, 1], [1, 1], [0, 0]], "only height and width can be padded"),
        ([[0, 0], [1, 1], [1, 1], [0, 0]], "PAD must have a convolution behind it"),
    ],
)
def test_bad_padding(paddings: list, reason: str) -> None:
    """PAD that is no part of a convolution."""
    writer = Writer(INT8)
    source = writer.activation("in", Tensor((4, 4, 1), 0.1, 3))
    padded = writer.activation("padded", Tensor((6, 6, 1), 0.1, 3))
    result = writer.activation("out", Tensor((6, 6, 1), 0.1, 3))
    amounts = writer.constant("amounts", np.array(paddings, np.int32))
    writer.operator("PAD", [source, amounts], padded, schema.PadOptionsT())
    writer.operator("ADD", [padded, padded], result, schema.AddOptionsT())
    with pytest.raises(ModelError, match=reason):
        convert(writer.pack(source, result))


@pytest.mark.parametrize(
    ("kind", "source", "result", "reason"),
    [
        ("RESHAPE", (INT8, 0.1, 3), (INT8, 0.1, 4), "the same scale and zero point"),
        ("RESHAPE", (INT8, 0.1, 3), (INT8, 0.2, 3), "the same scale and zero point"),
        ("PAD", (INT8, 0.1, 3), (INT8, 0.1, 4), "the same scale and zero point"),
        ("PAD", (INT8, 0.1, 3), (FLOAT32, 0.1, 3), "the same type"),
        ("QUANTIZE", (np.dtype("uint8"), 0.1, 131), (INT8, 0.1, 3), "not supported"),
        ("DEQUANTIZE", (INT8, 0.1, 3), (FLOAT32, 0.1, 3), "not supported"),
    ],
)
def test_bad_moves(kind: str, source: tuple, result: tuple, reason: str) -> None:
    """Operators that move values must not change what these stand for."""
    writer = Writer(INT8)
    tensors = [
        writer.tensor(name, (1, 2, 2, 1), data_type, [scale], [zero_point])
        for name, (data_type, scale, zero_point) in (("in", source), ("moved", result))
    ]
    end = writer.activation("end", Tensor((2, 2, 1), 0.1, 3))
    if kind == "PAD":
        operands = [tensors[0], writer.constant("amounts", np.zeros((4, 2), np.int32))]
    else:
        operands = tensors[:1]
    writer.operator(kind, operands, tensors[1])
    writer.operator("ADD", [tensors[1]] * 2, end, schema.AddOptionsT())
    with pytest.raises(ModelError, match=f"layer 0, {kind} 'moved': .*{reason}"):
        convert(writer.pack(tensors[0], end))


@pytest.mark.parametrize("axes", [[1], [2, 3], [0, 1, 2], [1, 2, 3]])
def test_bad_mean(axes: list[int]) -> None:
    """A mean over other axes is no global average."""
    writer = Writer(INT8)
    source = writer.activation("in", Tensor((4, 4, 3), 0.1, 3))
    result = writer.activation("out", Tensor((3,), 0.1, 3))
    index = writer.constant("axes", np.array(axes, np.int32))
    writer.operator("MEAN", [source, index], result, schema.ReducerOptionsT())
    with pytest.raises(ModelError, match="axes must be height and width alone"):
        convert(writer.pack(source, result))


@pytest.mark.parametrize(
    "file", [b"", b"TFL3", b"PK\3\4" * 99, pack(convert(write(small_network())))]
)
def test_other_files(file: bytes) -> None:
    """What is no .tflite file is refused for that."""
    with pytest.raises(ModelError, match=r"file must be a \.tflite file of version 3"):
        convert(file)


def refused_or_sound(read: Callable[[bytes], object], file: bytes) -> bool:
    """Return whether a file is refused; no other exception may come of it."""
    try:
        read(file)
    except ModelError as error:
        assert str(error)
        return True
    return False


@pytest.mark.parametrize("mask", [0xFF, 0x01])
def test_damaged_tflite(mask: int) -> None:
    """A changed byte, or a cut, gives ModelError or a network that a .tmdl file can hold."""
    good = write(small_network())

    def read(file: bytes) -> None:
        pack(convert(file))

    for position in range(len(good)):
        file = bytearray(good)
        file[position] ^= mask
        refused_or_sound(read, bytes(file))
    cuts = [refused_or_sound(read, good[:size]) for size in range(0, len(good), 3)]
    assert sum(cuts) > len(cuts) / 2


@pytest.mark.parametrize("data_type", [INT8, FLOAT32])
def test_damaged_tmdl(data_type: np.dtype) -> None:
    """Reading a changed .tmdl file gives ModelError or a network; a cut one always ModelError."""
    good = pack(convert(write(small_network(data_type))))
    for position in range(len(good)):
        file = bytearray(good)
        file[position] ^= 0xFF
        refused_or_sound(unpack, bytes(file))
        assert refused_or_sound(unpack, good[:position])
    assert refused_or_sound(unpack, good + b"\0")


def first(model: Model) -> Layer:
    """Return a network's first layer, a convolution."""
    return model.layers[0]


BAD_MODELS = {
    "a model must have a layer": lambda m: m.layers.clear(),
    "layer 0, CONV2D: weights must have the shape": lambda m: put(
        first(m), "weights", first(m).weights[:1]
    ),
    "weights must be int8": lambda m: put(first(m), "weights", first(m).weights.astype(int)),
    "biases must be one": lambda m: put(first(m), "biases", first(m).biases[:1]),
    "of int32": lambda m: put(first(m), "biases", first(m).biases.astype(np.int64)),
    "weight scales must be one an output channel": lambda m: put(
        first(m), "scales", np.float32([1])
    ),
    "biases and weights times the input's zero point must fit": lambda m: put(
        first(m), "biases", np.full(2, -(2**31), np.int32)
    ),
    "layer 2: its input must be an earlier layer's output": lambda m: m.layers.pop(2),
    "its output must be a tensor of its own": lambda m: put(m.layers[1], "output", first(m).output),
    "weights must be -127 to 127": lambda m: first(m).weights.fill(-128),
    "arena must be smaller than 256 MiB": lambda m: put(
        m,
        "layers",
        [Layer(Kind.GLOBAL_AVERAGE_POOL, [Tensor((16384, 16384, 1))], Tensor((1,)))],
    ),
    "weights must be 65535 an output channel at most": lambda m: (
        put(first(m).inputs[0], "shape", (6, 5, 8000)),
        put(first(m), "weights", np.zeros((2, 8000, 3, 3), np.int8)),
    ),
    "ADD must have two inputs": lambda m: m.layers[2].inputs.pop(),
    "only a convolution can have an activation": lambda m: put(
        m.layers[2], "activation", Activation.RELU
    ),
    "padding from 0 to 255": lambda m: put(first(m), "padding", (0, 0, 0, 256)),
    "a shape must be 1 to 3 numbers": lambda m: put(first(m).inputs[0], "shape", (1, 1, 1, 1)),
}


@pytest.mark.parametrize("reason", BAD_MODELS)
def test_bad_model(reason: str) -> None:
    """What was built wrong is not written."""
    model = unconnected = convert(write(small_network()))
    BAD_MODELS[reason](unconnected)
    with pytest.raises(ModelError) as caught:
        pack(model)
    assert reason in str(caught.value)


def command(*arguments: Path) -> None:
    """Run `emlmpy tmdl`."""
    parser = argparse.ArgumentParser()
    tmdl_command.add_arguments(parser)
    tmdl_command.run(parser.parse_args([str(argument) for argument in arguments]))


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The command writes the file and prints layers, MACs and bytes, by hand here."""
    source, output = tmp_path / "model.tflite", tmp_path / "model.tmdl"
    source.write_bytes(write(small_network()))
    command(source, output)
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[1:4] for line in table[1:7]] == [
        ["conv2d", "6x5x2", str(6 * 5 * 2 * 3 * 3 * 2)],
        ["conv2d", "6x5x2", str(6 * 5 * 2 * 2)],
        ["add", "6x5x2", "0"],
        ["reshape", "60", "0"],
        ["fully_connected", "3", "180"],
        ["softmax", "3", "0"],
    ]
    size = output.stat().st_size
    # Two tensors of 60 bytes, and the one that the sum needs behind them; all in steps of 8.
    assert table[7:] == [f"int8: 1380 MACs, {size} bytes of flash, 192 bytes of arena"]
    command(output)
    assert capsys.readouterr().out.splitlines()[-1] == table[-1]


def test_command_leaves_nothing_behind(tmp_path: Path) -> None:
    """A network that cannot be converted leaves what was there."""
    source, output = tmp_path / "model.tflite", tmp_path / "model.tmdl"
    with pytest.raises(SystemExit, match="No such file"):
        command(source, output)
    source.write_bytes(edited(lambda m: put(options(m, 0), "dilationHFactor", 2)))
    output.write_bytes(b"before")
    with pytest.raises(SystemExit, match="dilation must be 1"):
        command(source, output)
    assert output.read_bytes() == b"before"


def test_command_describes(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """With one argument nothing is written, whichever kind of file it is."""
    source, output = tmp_path / "model.tflite", tmp_path / "model.tmdl"
    source.write_bytes(write(small_network()))
    command(source)
    table = capsys.readouterr().out
    assert [*tmp_path.iterdir()] == [source]
    save(convert(source.read_bytes()), output)
    command(output)
    # Names are not in the file.
    found = capsys.readouterr().out
    assert [line.split()[:4] for line in found.splitlines()[1:]] == [
        line.split()[:4] for line in table.splitlines()[1:]
    ]


def test_command_refuses(tmp_path: Path) -> None:
    """What makes no sense is refused with a sentence that names the file, and changes nothing."""
    source, output = tmp_path / "model.tflite", tmp_path / "model.tmdl"
    link = tmp_path / "link.tflite"
    source.write_bytes(write(small_network()))
    link.symlink_to(source)
    command(source, output)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    same = "the output must be another file than the input"
    with pytest.raises(SystemExit, match=f"^{source}: {same}$"):
        command(source, source)
    with pytest.raises(SystemExit, match=f"^{source}: {same}$"):
        command(source, link)
    with pytest.raises(SystemExit, match=f"^{output}: {same}$"):
        command(output, output)
    with pytest.raises(
        SystemExit, match=rf"^{output}: this is a \.tmdl file already: give no output"
    ):
        command(output, tmp_path / "out.tmdl")
    with pytest.raises(SystemExit, match=r"^/dev/full: No space left on device$"):
        command(source, Path("/dev/full"))
    with pytest.raises(SystemExit, match=f"^{tmp_path}: Is a directory$"):
        command(source, tmp_path)
    with pytest.raises(SystemExit, match=f"^{tmp_path}: Is a directory$"):
        command(tmp_path)
    with pytest.raises(SystemExit, match=f"^{tmp_path}/no/out.tmdl: No such file or directory$"):
        command(source, tmp_path / "no" / "out.tmdl")
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


def test_command_says_what_the_device_says(tmp_path: Path) -> None:
    """A damaged .tmdl file, and a network that only the device refuses."""
    source, output = tmp_path / "model.tflite", tmp_path / "model.tmdl"
    file = bytearray(pack(convert(write(small_network()))))
    file[-60] ^= 1
    output.write_bytes(file)
    with pytest.raises(SystemExit, match=f"^{output}: checksum differs: edited by hand"):
        command(output)
    layer = Layer(Kind.GLOBAL_AVERAGE_POOL, [Tensor((1025, 1024, 1))], Tensor((1,)))
    source.write_bytes(write(Model([layer])))
    output.unlink()
    with pytest.raises(SystemExit, match=rf"^{source}: layer 0 \(kind 1, gap\): shapes must fit"):
        command(source, output)
    assert [*tmp_path.iterdir()] == [source]
