"""Sums of int8 layers, as LiteRT requantises them, and biases that keep them within 31 bits.

layer.biases = fitting_biases(layer)
"""

import math

import numpy as np

from emlmpy.cnn.format import MAX_SUM
from emlmpy.cnn.tmdl import Activation, Kind, Layer, folded_biases
from emlmpy.errors import ModelError


def fitting_biases(layer: Layer) -> np.ndarray:
    """Return a layer's biases, those that the device could not add cut to what it can.

    For each output channel the device wants |bias| + 128 * sum(|weights|) < 2^30 / 2^shift, with
    the shift that follows from the scales. TensorFlow gives a channel whose weights are all 0, and
    there are many, a tiny scale and a bias of 2^30 or -2^30. To cut a bias is exact where the
    channel's output is the same for all inputs, and remains so: the smallest and the largest sum
    tell, before and after.

    Raises ModelError, which names the channel, where an output would change.
    """
    assert layer.weights is not None and layer.biases is not None
    weights = layer.weights.reshape(len(layer.weights), -1).astype(np.int64)
    folded = folded_biases(layer)
    products = 128 * np.abs(weights).sum(axis=1)
    # What the weights add to the bias at most, inputs being -128 to 127.
    least = np.where(weights > 0, -128, 127)
    lowest, highest = (weights * least).sum(axis=1), (weights * (-1 - least)).sum(axis=1)
    fitting = layer.biases.astype(np.int64)
    for channel, bias in enumerate(folded.tolist()):
        multiplier, shift = _factor(layer, channel)
        limit = (MAX_SUM >> max(shift, 0)) - 1 - int(products[channel])
        if abs(bias) <= limit:
            continue
        cut = max(-limit, min(bias, limit))
        reached = [
            _output(layer, start + int(most), multiplier, shift)
            for start in (bias, cut)
            for most in (lowest[channel], highest[channel])
        ]
        if limit < 0 or None in reached or len(set(reached)) > 1:
            factor = f" and a factor of 2^{shift}" if shift > 0 else ""
            raise ModelError(
                f"sums must fit 31 bits: output channel {channel} has a bias of {bias}{factor}"
            )
        fitting[channel] += cut - bias
    return fitting.astype(np.int32)


def _factor(layer: Layer, channel: int) -> tuple[int, int]:
    """Return what a sum is multiplied by, as m / 2^31 * 2^shift: LiteRT's QuantizeMultiplier."""
    assert layer.scales is not None
    source, weight = (
        np.float32(layer.inputs[0].scale),
        np.float32(layer.scales[channel % len(layer.scales)]),
    )
    if layer.kind is Kind.FULLY_CONNECTED and len(layer.scales) == 1:
        product = float(source * weight)
    else:
        product = float(source) * float(weight)
    fraction, shift = math.frexp(product / float(np.float32(layer.output.scale)))
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def _output(layer: Layer, total: int, multiplier: int, shift: int) -> int | None:
    """Return the output that LiteRT gives for a sum; None if that overflows there."""
    if layer.kind is Kind.FULLY_CONNECTED:
        right = 31 - shift
        value = (total * multiplier + (1 << (right - 1))) >> right if right > 0 else None
    else:
        shifted = total << max(shift, 0)
        high = (shifted * multiplier + (1 << 30)) >> 31
        right = max(-shift, 0)
        # To nearest, ties away from 0.
        value = (high + ((1 << right) >> 1) - (1 if high < 0 and right else 0)) >> right
        total = shifted
    if value is None or not -(2**31) <= total < 2**31:
        return None
    low, high = _limits(layer)
    return max(low, min(value + layer.output.zero_point, high))


def _limits(layer: Layer) -> tuple[int, int]:
    """Return the smallest and the largest output, as the activation has them."""
    scale, zero_point = layer.output.scale, layer.output.zero_point

    def quantised(value: float) -> int:
        return zero_point + math.floor(value / scale + 0.5)

    low, high = -128, 127
    if layer.activation in (Activation.RELU, Activation.RELU6):
        low = max(low, zero_point)
    if layer.activation is Activation.RELU6:
        high = min(high, quantised(6))
    if layer.activation is Activation.RELU_N1_TO_1:
        low, high = max(low, quantised(-1)), min(high, quantised(1))
    return low, high
