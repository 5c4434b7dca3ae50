"""The .tmdl file: networks that tinymaix_cnn runs, built from numpy arrays or read back.

    image = Tensor((8, 8, 1), 1 / 255, -128)
    scores = Tensor((10,), 0.1, 0)
    layers = [
        Layer(Kind.FULLY_CONNECTED, [image], scores, weights=w, scales=s, biases=b),
        Layer(Kind.SOFTMAX, [scores], Tensor((10,), 1 / 256, -128)),
    ]
    tflite.save(Model(layers), "model.tmdl")

formats/tmdl.md describes the file. `pack` checks a network and gives its bytes; `save`
of tflite.py, which writes them, has the device's own reader check them too.
"""

import math
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

from emlmpy.cnn.format import (
    ADD,
    CONVOLUTION,
    FULLY_CONNECTED,
    HEADER,
    HEADS,
    LAYER_HEAD,
    MAX_ARENA,
    MAX_WEIGHTS,
    SCALE_POWER,
    DataType,
)
from emlmpy.cnn.format import Activation as Activation
from emlmpy.cnn.format import Kind as Kind
from emlmpy.errors import ModelError as ModelError

MAGIC = b"MAIX"
# The last 4 bytes of the header.
CHECKSUM = slice(HEADER.size - 4, HEADER.size)
# Of all scales, as the device takes them.
SCALES = (2.0**-SCALE_POWER, 2.0**SCALE_POWER)
DATA_TYPES: dict[int, np.dtype] = {kind: np.dtype(kind.name.lower()) for kind in DataType}
CONVOLUTIONS = (Kind.CONV2D, Kind.DEPTHWISE_CONV2D)


@dataclass(eq=False)
class Tensor:
    """What flows between layers: up to (height, width, channels), channels fastest.

    Layers are connected by using the same Tensor object. Scale and zero point are those of int8
    models; `offset` is its place in the arena, set by `plan`.
    """

    shape: tuple[int, ...]
    scale: float = 1.0
    zero_point: int = 0
    offset: int = 0

    @property
    def size(self) -> int:
        """How many values."""
        return math.prod(self.shape)

    @property
    def height_width_channels(self) -> tuple[int, int, int]:
        """The shape, with 1 for the dimensions that it lacks."""
        height, width, channels = (1, 1, 1, *self.shape)[-3:]
        return height, width, channels


@dataclass
class Layer:
    """One step of the network.

    inputs          one Tensor; two of the same shape for ADD
    weights         int8 or float32: (out, in, height, width) for CONV2D, (out, height, width) for
                    DEPTHWISE_CONV2D, (out, in) for FULLY_CONNECTED; zero point 0
    scales          float32 weight scales of int8 models, one an output channel; FULLY_CONNECTED
                    may have a single one for all
    biases          int32 or float32, one an output channel
    strides         height, width
    padding         top, bottom, left, right; its cells count as real 0
    depth_multiplier  output channels an input channel, of DEPTHWISE_CONV2D
    """

    kind: Kind
    inputs: list[Tensor]
    output: Tensor
    name: str = ""
    weights: np.ndarray | None = None
    scales: np.ndarray | None = None
    biases: np.ndarray | None = None
    strides: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    activation: Activation = Activation.NONE
    depth_multiplier: int = 1

    @property
    def macs(self) -> int:
        """Multiplications of a weight and an input."""
        if self.weights is None:
            return 0
        height, width, _ = self.output.height_width_channels
        return height * width * self.weights.size


@dataclass
class Model:
    """A network: layers in the order they run. The last one's output is the network's.

    `arena` is the memory for what flows between the layers, in bytes; `plan` sets it.
    """

    layers: list[Layer]
    data_type: np.dtype = field(default_factory=lambda: DATA_TYPES[0])
    arena: int = 0

    @property
    def input(self) -> Tensor:
        """What the first layer takes."""
        return self.layers[0].inputs[0]

    @property
    def output(self) -> Tensor:
        """What the last layer gives."""
        return self.layers[-1].output


def same_padding(
    shape: tuple[int, ...], kernel: tuple[int, ...], strides: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Padding with which the output's height and width are the input's, divided by the strides.

    Where the padding is odd, bottom and right have more of it.
    """
    before_and_after: list[int] = []
    for size, window, stride in zip(shape, kernel, strides, strict=False):
        last = (size - 1) // stride * stride
        missing = max(last + window - size, 0)
        before_and_after += [missing // 2, missing - missing // 2]
    top, bottom, left, right = before_and_after
    return top, bottom, left, right


def pack(model: Model) -> bytes:
    """Check and plan a network, and return it as the bytes of a .tmdl file, with its checksum."""
    _require(bool(model.layers), "a model must have a layer")
    _require(len(model.layers) <= 65535, "a model must have 65535 layers at most")
    for number, layer in enumerate(model.layers):
        try:
            check(layer, model.data_type)
        except ModelError as error:
            raise ModelError(f"layer {number}, {layer.kind.name}: {error}") from None
    plan(model)
    is_int8 = model.data_type == np.int8
    header = HEADER.pack(
        *(MAGIC, 0 if is_int8 else 2, is_int8, 1, 1, len(model.layers), model.arena, 0),
        *(*_dimensions(model.input), *_dimensions(model.output)),
    )
    records = [_record(layer, model.data_type, layer is model.layers[-1]) for layer in model.layers]
    return signed(header + b"".join(records))


def signed(image: bytes) -> bytes:
    """Return a model's image with its checksum: the CRC-32 of all bytes but the checksum's own.

    A checksum of 0 says that there is none. Where it would be 0, another number in the reserved
    bytes before it makes it another one.
    """
    crc = zlib.crc32(image[CHECKSUM.stop :], zlib.crc32(image[: CHECKSUM.start]))
    if crc == 0:
        reserved = slice(CHECKSUM.start - 4, CHECKSUM.start)
        number = int.from_bytes(image[reserved], "little") ^ 1
        return signed(image[: reserved.start] + struct.pack("<I", number) + image[reserved.stop :])
    return image[: CHECKSUM.start] + struct.pack("<I", crc) + image[CHECKSUM.stop :]


def checksum(data: bytes) -> int:
    """Return the checksum that a file tells, 0 for none."""
    return int.from_bytes(data[start_of_model(data) :][CHECKSUM], "little")


def start_of_model(data: bytes) -> int:
    """Return where the model begins: behind other images (src/common/eml_image.h), if any."""
    start = 0
    while data[start : start + 3] == b"EML" and len(data) - start >= 32:
        size = int.from_bytes(data[start + 24 : start + 28], "little")
        if data[start + 3] == 0 or size < 32:
            break
        start += size
    return start


def unpack(data: bytes) -> Model:
    """Read a .tmdl file. Its tensors are not connected: each layer has its own.

    It is not checked as a device checks it: CnnModel of cnn.py does.
    """
    data = data[start_of_model(data) :]
    try:
        magic, data_type, _, _, _, n_layers, arena, *_ = HEADER.unpack_from(data)
    except struct.error:
        raise ModelError("file must be 64 bytes at least") from None
    if magic != MAGIC:
        raise ModelError("file must start with MAIX")
    if data_type not in DATA_TYPES:
        raise ModelError(f"values must be int8 or float32, not type {data_type}")
    model = Model([], DATA_TYPES[data_type], arena)
    start = HEADER.size
    for number in range(n_layers):
        try:
            size = struct.unpack_from("<4xI", data, start)[0]
            model.layers.append(_layer(data[start : start + size], model.data_type))
        except (struct.error, ValueError) as error:
            raise ModelError(f"layer {number} is damaged: {error}") from None
        start += size
    _require(start == len(data), "file must end with its last layer")
    return model


def table(model: Model, size: int) -> str:
    """Layers, multiply-accumulates, and the bytes of flash and RAM, as a table."""
    lines = [f"{'layer':<26}{'output':>12}{'MACs':>12}  activation    name"]
    for number, layer in enumerate(model.layers):
        kind = layer.kind.name.lower()
        shape = "x".join(map(str, layer.output.shape))
        activation = layer.activation.name.lower()
        line = f"{number:>3} {kind:<22}{shape:>12}{layer.macs:>12}  {activation:<14}{layer.name}"
        lines.append(line.rstrip())
    macs = sum(layer.macs for layer in model.layers)
    lines.append(
        f"{model.data_type}: {macs} MACs, {size} bytes of flash, {model.arena} bytes of arena"
    )
    return "\n".join(lines)


def check_tensor(tensor: Tensor) -> None:
    """Raise ModelError if a file, or what runs it, cannot take what flows between layers."""
    _require(
        1 <= len(tensor.shape) <= 3 and all(1 <= n <= 65535 for n in tensor.shape),
        f"a shape must be 1 to 3 numbers from 1 to 65535, not {tensor.shape}",
    )
    _require(SCALES[0] <= tensor.scale < SCALES[1], "scales must be 2^-60 to 2^60")
    _require(-128 <= tensor.zero_point <= 127, "zero points must be -128 to 127")


def check(layer: Layer, data_type: np.dtype) -> None:
    """Raise ModelError if a file, or what runs it, cannot take this layer."""
    for tensor in (*layer.inputs, layer.output):
        check_tensor(tensor)
    channels = layer.inputs[0].height_width_channels[2]
    _require(
        len(layer.inputs) == (2 if layer.kind is Kind.ADD else 1),
        "ADD must have two inputs and any other layer one",
    )
    _require(
        layer.activation is Activation.NONE or layer.kind in CONVOLUTIONS,
        "only a convolution can have an activation",
    )
    match layer.kind:
        case Kind.ADD | Kind.SOFTMAX:
            _require(
                all(tensor.shape == layer.output.shape for tensor in layer.inputs),
                "inputs and output must have the same shape",
            )
            _require(
                layer.kind is Kind.ADD or layer.inputs[0].size == channels,
                "height and width must be 1",
            )
        case Kind.RESHAPE:
            same = layer.inputs[0].size == layer.output.size
            _require(same, "input and output must have as many values")
        case Kind.GLOBAL_AVERAGE_POOL:
            same = layer.output.height_width_channels == (1, 1, channels)
            _require(same, "output must be one value a channel")
        case _:
            _check_weights(layer, data_type)


def _check_weights(layer: Layer, data_type: np.dtype) -> None:
    """Check a layer that has weights."""
    assert layer.weights is not None and layer.biases is not None
    height, width, channels = layer.inputs[0].height_width_channels
    kernel = layer.weights.shape[-2:]
    expected: tuple[int, ...]
    if layer.kind is Kind.CONV2D:
        expected = (layer.output.height_width_channels[2], channels, *kernel)
    elif layer.kind is Kind.DEPTHWISE_CONV2D:
        _require(1 <= layer.depth_multiplier <= 65535, "depth multiplier must be from 1 to 65535")
        expected = (channels * layer.depth_multiplier, *kernel)
    else:
        _require(layer.inputs[0].size == channels, "height and width of the input must be 1")
        expected = (layer.output.height_width_channels[2], channels)
        kernel = (1, 1)
    shape = layer.weights.shape
    _require(shape == expected, f"weights must have the shape {expected}, not {shape}")
    _require(layer.weights.dtype == data_type, f"weights must be {data_type}")
    _require(
        layer.weights[0].size <= MAX_WEIGHTS,
        f"weights must be {MAX_WEIGHTS} an output channel at most",
    )
    bias_type = np.dtype("int32" if data_type == np.int8 else "float32")
    _require(
        layer.biases.shape == expected[:1] and layer.biases.dtype == bias_type,
        f"biases must be one an output channel, of {bias_type}",
    )
    if data_type == np.int8:
        assert layer.scales is not None
        single = layer.kind is Kind.FULLY_CONNECTED and layer.scales.shape == (1,)
        _require(
            single or layer.scales.shape == expected[:1],
            "weight scales must be one an output channel",
        )
        _require(
            bool(np.all((layer.scales >= SCALES[0]) & (layer.scales < SCALES[1]))),
            "weight scales must be 2^-60 to 2^60",
        )
        _require(bool(np.all(layer.weights != -128)), "weights must be -127 to 127")
        _require(
            bool(np.all(np.abs(folded_biases(layer)) < 2**31)),
            "biases and weights times the input's zero point must fit into 32 bits",
        )
    else:
        numbers = (layer.weights, layer.biases)
        _require(all(bool(np.isfinite(n).all()) for n in numbers), "weights must be finite")
    _require(
        all(1 <= n <= 255 for n in (*kernel, *layer.strides))
        and all(0 <= n <= 255 for n in layer.padding),
        "kernel and strides must be from 1 to 255, padding from 0 to 255",
    )
    top, bottom, left, right = layer.padding
    expected = (
        (height + top + bottom - kernel[0]) // layer.strides[0] + 1,
        (width + left + right - kernel[1]) // layer.strides[1] + 1,
        expected[0],
    )
    shape = layer.output.height_width_channels
    _require(shape == expected, f"output must have the shape {expected}, not {shape}")


def _require(condition: bool, requirement: str) -> None:
    if not condition:
        raise ModelError(requirement)


def plan(model: Model) -> None:
    """Give every tensor its place in the arena, and the model its arena's size.

    The arena is as large as the largest layer's input and output together. Tensors lie at its
    start and at its end by turns; one that is needed later again lies behind all that, and what
    finds no room so goes behind what is still needed.
    """
    memories = _memories(model)
    steps = [layer for layer in model.layers if layer.kind is not Kind.RESHAPE]
    pairs = [memories[step.inputs[0]].size + memories[step.output].size for step in steps]
    end = max([memory.size for memory in memories.values()] + pairs)
    placed = [memories[model.input]]
    at_start = True
    for number, step in enumerate(steps):
        at_start = not at_start
        needed = [memory for memory in placed if memory.last_use >= number]
        behind = sorted(memory.offset + memory.size for memory in needed)
        output = memories[step.output]
        if output.last_use > number + 1:
            places = [end, *(place for place in behind if place > end)]
        else:
            places = [0, end - output.size] if at_start else [end - output.size, 0]
            places += behind
        output.offset = next(
            place
            for place in places
            if all(
                place + output.size <= memory.offset or memory.offset + memory.size <= place
                for memory in needed
            )
        )
        placed.append(output)
    for tensor, memory in memories.items():
        tensor.offset = memory.offset
    model.arena = max(end, *(memory.offset + memory.size for memory in placed))
    _require(model.arena < MAX_ARENA, "arena must be smaller than 256 MiB")


@dataclass(eq=False)
class _Memory:
    """A part of the arena: a tensor's, and that of what it becomes when it is reshaped."""

    size: int
    last_use: int  # the number of a layer, reshapes not counted
    offset: int = 0


def _memories(model: Model) -> dict[Tensor, _Memory]:
    """Return what memory each tensor needs, and how long."""
    memory = _Memory(_bytes_needed(model.input, model.data_type, None, False), -1)
    memories = {model.input: memory}
    step = -1
    for number, layer in enumerate(model.layers):
        _require(
            all(tensor in memories for tensor in layer.inputs),
            f"layer {number}: its input must be an earlier layer's output",
        )
        _require(
            layer.output not in memories, f"layer {number}: its output must be a tensor of its own"
        )
        size = _bytes_needed(layer.output, model.data_type, layer.kind, layer is model.layers[-1])
        if layer.kind is Kind.RESHAPE:
            memory = memories[layer.inputs[0]]
            memory.size = max(memory.size, size)
        else:
            step += 1
            memory = _Memory(size, step)
            for tensor in layer.inputs:
                memories[tensor].last_use = step
        memories[layer.output] = memory
    memory.last_use = step + 1
    return memories


def _bytes_needed(tensor: Tensor, data_type: np.dtype, kind: Kind | None, is_output: bool) -> int:
    """What a layer needs for its output: softmax works in floats there, results become floats."""
    native = _aligned(tensor.size * data_type.itemsize)
    floats = _aligned(4 * tensor.size)
    if is_output and data_type == np.int8:
        return native + floats
    return floats if kind is Kind.SOFTMAX else native


def _record(layer: Layer, data_type: np.dtype, is_output: bool) -> bytes:
    """Return a layer as the bytes of its record."""
    source, output = layer.inputs[0], layer.output
    parameters, blobs = b"", b""
    if layer.kind is Kind.ADD:
        other = layer.inputs[1]
        parameters = ADD[data_type.name].pack(other.offset, other.scale, other.zero_point)
    elif layer.kind in CONVOLUTIONS:
        assert layer.weights is not None
        offsets, blobs = _blobs(layer, data_type, LAYER_HEAD + CONVOLUTION.size)
        height, width = layer.weights.shape[-2:]
        parameters = CONVOLUTION.pack(
            *(width, height, *layer.strides[::-1], 1, 1, layer.activation, *layer.padding),
            *(layer.depth_multiplier if layer.kind is Kind.DEPTHWISE_CONV2D else 0, *offsets),
        )
    elif layer.kind is Kind.FULLY_CONNECTED:
        offsets, blobs = _blobs(layer, data_type, LAYER_HEAD + FULLY_CONNECTED.size)
        parameters = FULLY_CONNECTED.pack(*offsets)
    head = HEADS[data_type.name].pack(
        *(layer.kind, is_output, LAYER_HEAD + len(parameters) + len(blobs)),
        *(source.offset, output.offset, *_dimensions(source), *_dimensions(output)),
        *(source.scale, source.zero_point, output.scale, output.zero_point),
    )
    return head + parameters + blobs


def _blobs(layer: Layer, data_type: np.dtype, start: int) -> tuple[list[int], bytes]:
    """Return weight scales, weights and biases as bytes, and where each starts in the record."""
    assert layer.weights is not None and layer.biases is not None
    arrays = [np.zeros(0), layer.weights, layer.biases.astype("<f4")]
    if data_type == np.int8:
        assert layer.scales is not None
        # A single scale takes as much room as if each channel had its own: the others are 0.
        scales = np.zeros(len(layer.weights), "<f4")
        scales[: len(layer.scales)] = layer.scales
        arrays = [scales, layer.weights, folded_biases(layer).astype("<i4")]
    offsets: list[int] = []
    blobs = b""
    for array in arrays:
        offsets.append(start + len(blobs))
        blobs += array.tobytes().ljust(_aligned(array.nbytes), b"\0")
    return offsets, blobs


def _layer(record: bytes, data_type: np.dtype) -> Layer:
    """Read a layer from the bytes of its record."""
    kind, _, _, in_offset, out_offset, *numbers = HEADS[data_type.name].unpack_from(record)
    source = Tensor(_shape(*numbers[:4]), numbers[8], numbers[9], in_offset)
    output = Tensor(_shape(*numbers[4:8]), numbers[10], numbers[11], out_offset)
    layer = Layer(Kind(kind), [source], output)
    channels, out_channels = source.height_width_channels[2], output.height_width_channels[2]
    match layer.kind:
        case Kind.ADD:
            offset, scale, zero_point = ADD[data_type.name].unpack_from(record, LAYER_HEAD)
            layer.inputs.append(Tensor(source.shape, scale, zero_point, offset))
        case Kind.CONV2D | Kind.DEPTHWISE_CONV2D:
            values = CONVOLUTION.unpack_from(record, LAYER_HEAD)
            layer.strides = (values[3], values[2])
            layer.activation = Activation(values[6])
            layer.padding = values[7:11]
            shape: tuple[int, ...] = (out_channels, channels, values[1], values[0])
            if layer.kind is Kind.DEPTHWISE_CONV2D:
                layer.depth_multiplier = values[11]
                shape = (out_channels, values[1], values[0])
            _read_blobs(layer, data_type, record, values[12:], shape)
        case Kind.FULLY_CONNECTED:
            offsets = FULLY_CONNECTED.unpack_from(record, LAYER_HEAD)
            _read_blobs(layer, data_type, record, offsets, (out_channels, source.size))
    return layer


def _read_blobs(
    layer: Layer,
    data_type: np.dtype,
    record: bytes,
    offsets: tuple[int, ...],
    shape: tuple[int, ...],
) -> None:
    """Give a layer its weights, which have this shape, its scales and its biases."""

    def array(offset: int, data_type: np.dtype | str, shape: tuple[int, ...]) -> np.ndarray:
        return np.frombuffer(record, data_type, math.prod(shape), offset).reshape(shape)

    layer.weights = array(offsets[1], data_type, shape)
    if data_type == np.int8:
        layer.scales = array(offsets[0], "<f4", shape[:1])
        if layer.kind is Kind.FULLY_CONNECTED and not layer.scales[1:].any():
            layer.scales = layer.scales[:1]
        layer.biases = array(offsets[2], "<i4", shape[:1])
        layer.biases = (2 * layer.biases.astype(np.int64) - folded_biases(layer)).astype(np.int32)
    else:
        layer.biases = array(offsets[2], "<f4", shape[:1])


def folded_biases(layer: Layer) -> np.ndarray:
    """Biases of an int8 layer from which the input's zero point is taken off, as in the file."""
    assert layer.weights is not None and layer.biases is not None
    sums = layer.weights.reshape(len(layer.weights), -1).sum(axis=1, dtype=np.int64)
    folded: np.ndarray = layer.biases - layer.inputs[0].zero_point * sums
    return folded


def _dimensions(tensor: Tensor) -> tuple[int, int, int, int]:
    """Return a shape as the file has it."""
    return (len(tensor.shape), *tensor.height_width_channels)


def _shape(rank: int, *height_width_channels: int) -> tuple[int, ...]:
    """Undo _dimensions."""
    _require(1 <= rank <= 3, "a shape must have 1 to 3 dimensions")
    return height_width_channels[3 - rank :]


def _aligned(size: int) -> int:
    return -(-size // 8) * 8
