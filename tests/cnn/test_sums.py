"""Biases that are too large for the device's sums are cut where LiteRT's outputs stay the same."""

from collections.abc import Callable

import numpy as np
import pytest

from emlmpy.cnn import CnnModel
from emlmpy.cnn.sums import fitting_biases
from emlmpy.cnn.tflite import convert, encode
from emlmpy.cnn.tmdl import Activation, Kind, Layer, Model, ModelError, Tensor
from tests.cnn import models as cnn_models
from tools.tflite_writer import write

LARGE = 2**30
# What a channel without weights gives, in steps of its output from the zero point on: inside of
# what int8 can hold, at its ends, and beyond.
CONSTANTS = (3.0, -3.0, -40.4, 40.4, 60.0, -60.0, 250.0, -0.3, 90.49, -1e-6, -1e5, 1e5)


def convolution(network: cnn_models.Network, activation: Activation) -> None:
    """Of 3x3 pixels and 8 channels."""
    network.convolution(12, (3, 3), padding="same", activation=activation)


def pointwise(network: cnn_models.Network, activation: Activation) -> None:
    """Of one pixel."""
    network.convolution(12, (1, 1), activation=activation)


def depthwise(network: cnn_models.Network, activation: Activation) -> None:
    """With one and a half output channels for each input channel."""
    network.convolution(8, (1, 1))
    network.convolution(16, (3, 3), padding="same", activation=activation, depth_multiplier=2)


def dense(network: cnn_models.Network, activation: Activation) -> None:
    """With a scale for each output."""
    network.dense(12, per_channel=True, activation=activation)


def kill(layer: Layer, sign: int) -> None:
    """Take the weights off channels, and give these biases as TensorFlow's quantiser does."""
    for channel, constant in enumerate(CONSTANTS[: len(layer.weights)]):
        if channel % 2 == 0 or layer.kind is Kind.DEPTHWISE_CONV2D:
            layer.weights[channel] = 0
            layer.biases[channel] = LARGE if sign * constant > 0 else -LARGE
            real = abs(constant) * layer.output.scale
            layer.scales[channel] = real / (LARGE * layer.inputs[0].scale)


@pytest.mark.parametrize("activation", [Activation.NONE, Activation.RELU, Activation.RELU6])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("build", [convolution, pointwise, depthwise, dense])
def test_channels_without_weights(
    build: Callable[[cnn_models.Network, Activation], None], sign: int, activation: Activation
) -> None:
    """Biases of 2^30 and -2^30, as TensorFlow makes them, give LiteRT's outputs; most are cut."""
    network = cnn_models.Network(30, (5, 4, 8))
    build(network, activation)
    layer = network.layers[-1]
    kill(layer, sign)
    before = layer.biases.copy()
    tflite = write(Model(network.layers))
    model = convert(tflite)
    cut = model.layers[-1].biases != before
    assert cut.sum() >= 6
    assert (before[cut] % LARGE == 0).all()
    inputs = cnn_models.inputs(tflite, 100)
    expected = cnn_models.litert(tflite, inputs).astype(int)
    found = cnn_models.quantised(tflite, CnnModel(encode(model)).run(inputs)).astype(int)
    # A dense layer with an activation becomes a convolution, which may be 1 off.
    is_rounded = build is dense and activation is not Activation.NONE
    assert np.abs(found - expected).max() <= is_rounded
    if activation is Activation.NONE:
        assert expected.min() == -128
        assert expected.max() == 127


@pytest.mark.skipif(
    not cnn_models.EXTRA_MODELS.is_dir(), reason="EMLMPY_EXTRA_MODELS names no folder"
)
def test_mobilenet() -> None:
    """TensorFlow's MobileNet of 1000 classes has such channels: it converts, and LiteRT agrees."""
    tflite = (cnn_models.EXTRA_MODELS / "mbnet128_0.25_q.tflite").read_bytes()
    model = convert(tflite)
    assert sum(np.count_nonzero(np.abs(layer.biases) >= LARGE - 2) for layer in model.layers
               if layer.biases is not None) >= 9  # fmt: skip
    twin = CnnModel(encode(model))
    inputs = cnn_models.inputs(tflite, 20)
    difference = cnn_models.litert(tflite, inputs).astype(int)
    difference -= cnn_models.quantised(tflite, twin.run(inputs))
    assert np.abs(difference).max() <= 1  # softmax


def large_layer(kind: Kind, bias: int, weight: int, scale: float) -> Layer:
    """A layer of 1000 inputs with the same weight, and one output in steps of 1."""
    shape = (1, 1000, 1, 1) if kind is Kind.CONV2D else (1, 1000)
    return Layer(
        kind,
        [Tensor((1000,) if kind is Kind.FULLY_CONNECTED else (1, 1, 1000), 1.0, 0)],
        Tensor((1,) if kind is Kind.FULLY_CONNECTED else (1, 1, 1), 1.0, 0),
        weights=np.full(shape, weight, np.int8),
        scales=np.array([scale], np.float32),
        biases=np.array([bias], np.int32),
    )


@pytest.mark.parametrize("kind", [Kind.CONV2D, Kind.FULLY_CONNECTED])
@pytest.mark.parametrize(
    ("bias", "weight", "scale", "fits"),
    [
        # The output is 127 whatever the input is, with the bias and with what is left of it.
        (LARGE, 127, 1e-3, True),
        (LARGE, 127, 0.9, True),
        (2**31 - 20_000_000, 100, 0.9, True),
        (-LARGE, 127, 0.9, True),
        # It is 100 with some inputs and 99 or 101 with others.
        (LARGE, 127, 100 / LARGE, False),
        (-LARGE, 127, 100 / LARGE, False),
        # It is always 100, and would be 99 with a smaller bias.
        (LARGE, 20, 100.4 / LARGE, False),
        # It is always 100, and would remain so.
        (LARGE, 1, 100.4 / LARGE, True),
        (LARGE, 0, 100.0 / LARGE, True),
        (-LARGE, 1, 100.4 / LARGE, True),
        # The half between two outputs.
        (LARGE, 0, 100.5 / LARGE, False),
    ],
)
def test_limits(kind: Kind, bias: int, weight: int, scale: float, fits: bool) -> None:
    """A bias is cut only where no output changes; else the channel is named."""
    layer = large_layer(kind, bias, weight, scale)
    if not fits:
        with pytest.raises(ModelError, match="sums must fit 31 bits: output channel 0"):
            fitting_biases(layer)
        return
    tflite = write(Model([layer]))
    rows = cnn_models.inputs(tflite, 20)
    expected = cnn_models.litert(tflite, rows)
    file = encode(convert(tflite))
    np.testing.assert_array_equal(cnn_models.quantised(tflite, CnnModel(file).run(rows)), expected)


def test_overflow() -> None:
    """What overflows in LiteRT has no right answer: a factor above 1 doubles the sum first."""
    with pytest.raises(ModelError, match="sums must fit 31 bits"):
        fitting_biases(large_layer(Kind.CONV2D, LARGE, 127, 1.0))
    assert fitting_biases(large_layer(Kind.CONV2D, LARGE - 2**26, 127, 1.0)) < LARGE / 2
    # A dense layer's sums are multiplied in 64 bits.
    assert fitting_biases(large_layer(Kind.FULLY_CONNECTED, LARGE, 127, 1.0)) < LARGE / 2
