"""Train a small network on scikit-learn's digits, in numpy, and write it in int8.

Run on the PC: `python train.py`. It writes digits_cnn.tflite, which LiteRT runs, and
digits_cnn.tmdl, which main.py uses on a board.
"""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from emlmpy.cnn.tflite import convert, save
from emlmpy.cnn.tmdl import (
    Activation,
    Kind,
    Layer,
    Model,
    Tensor,
    same_padding,
    table,
)
from tools.tflite_writer import write

FOLDER = Path(__file__).parent
EPOCHS = 40
BATCH = 32


def load_data() -> list[np.ndarray]:
    """Images as bytes, (n, 8, 8, 1), to train on and to test on, and the classes of both."""
    pixels, classes = load_digits(return_X_y=True)
    # Pixels are 0 to 16. As bytes of 0 to 240 they stand for 0 to 0.94.
    images = (pixels * 15).astype(np.uint8).reshape(-1, 8, 8, 1)
    return train_test_split(images, classes, test_size=0.3, random_state=42)


class Convolution:
    """A convolution that learns. With a kernel as large as its input it is a dense layer."""

    def __init__(self, weights: np.ndarray, stride: int, activation: Activation) -> None:
        """Start with these weights, (kernel, kernel, in, out)."""
        self.parameters = [weights, np.zeros(weights.shape[-1])]
        self.means = [np.zeros(values.shape) for values in self.parameters]
        self.squares = [np.zeros(values.shape) for values in self.parameters]
        self.steps = 0
        self.stride = stride
        self.activation = activation

    def forward(self, source: np.ndarray) -> np.ndarray:
        """Return the layer's output for a batch of inputs, (n, height, width, channels)."""
        weights, biases = self.parameters
        kernel, shape = weights.shape[:2], source.shape[1:3]
        self.padding = (0, 0, 0, 0)
        if kernel != shape:
            self.padding = same_padding(shape, kernel, (self.stride, self.stride))
        top, bottom, left, right = self.padding
        self.inside = np.s_[:, top : top + shape[0], left : left + shape[1]]
        self.padded = np.pad(source, ((0, 0), (top, bottom), (left, right), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(self.padded, kernel, (1, 2))
        self.windows = windows[:, :: self.stride, :: self.stride]
        self.result = np.tensordot(self.windows, weights, ((4, 5, 3), (0, 1, 2))) + biases
        if self.activation is Activation.RELU:
            self.result = np.maximum(self.result, 0)
        return self.result

    def backward(self, gradient: np.ndarray) -> np.ndarray:
        """Learn from the loss' gradient by the output; return that by the input."""
        if self.activation is Activation.RELU:
            gradient = gradient * (self.result > 0)
        weights, _ = self.parameters
        by_source = np.zeros(self.padded.shape)
        height, width = (self.stride * size for size in gradient.shape[1:3])
        for y, x in np.ndindex(weights.shape[:2]):
            part = by_source[:, y : y + height : self.stride, x : x + width : self.stride]
            part += gradient @ weights[y, x].T
        by_weights = np.tensordot(self.windows, gradient, ((0, 1, 2), (0, 1, 2)))
        self.learn([by_weights.transpose(1, 2, 0, 3), gradient.sum(axis=(0, 1, 2))])
        return by_source[self.inside]

    def learn(self, gradients: list[np.ndarray]) -> None:
        """Take one step of the method Adam."""
        self.steps += 1
        for values, gradient, mean, square in zip(
            self.parameters, gradients, self.means, self.squares, strict=True
        ):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            step = 0.002 * mean / (1 - 0.9**self.steps)
            values -= step / (np.sqrt(square / (1 - 0.999**self.steps)) + 1e-8)


def train(images: np.ndarray, classes: np.ndarray) -> list[Convolution]:
    """Return layers that have learned."""
    random = np.random.default_rng(1)

    def convolution(
        kernel: int, n_in: int, n_out: int, stride: int, activation: Activation
    ) -> Convolution:
        deviation = np.sqrt(2 / (kernel * kernel * n_in))
        weights = random.normal(0, deviation, (kernel, kernel, n_in, n_out))
        return Convolution(weights, stride, activation)

    layers = [
        convolution(3, 1, 8, 1, Activation.RELU),
        convolution(3, 8, 16, 2, Activation.RELU),
        convolution(4, 16, 10, 1, Activation.NONE),
    ]
    for _ in range(EPOCHS):
        for batch in np.array_split(random.permutation(len(images)), len(images) // BATCH):
            scores = run(layers, images[batch] / 255)[-1][:, 0, 0]
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            gradient = powers / powers.sum(axis=1, keepdims=True)
            gradient[np.arange(len(batch)), classes[batch]] -= 1
            gradient = gradient[:, None, None] / len(batch)
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
    return layers


def run(layers: list[Convolution], source: np.ndarray) -> list[np.ndarray]:
    """Return the outputs of all layers."""
    results = []
    for layer in layers:
        source = layer.forward(source)
        results.append(source)
    return results


def quantise(layers: list[Convolution], images: np.ndarray) -> Model:
    """Return the network in int8; the images show how large its values become."""
    # A byte b stands for b / 255, and is b - 128 as int8.
    source = Tensor((8, 8, 1), 1 / 255, -128)
    model = Model([])
    for layer, results in zip(layers, run(layers, images / 255), strict=True):
        low, high = min(results.min(), 0), results.max()
        scale = (high - low) / 255
        output = Tensor(results.shape[1:], scale, round(-128 - low / scale))
        weights, biases = layer.parameters
        # A scale for each output channel.
        scales = (np.abs(weights).max(axis=(0, 1, 2)) / 127).astype(np.float32)
        model.layers.append(
            Layer(
                Kind.CONV2D,
                [source],
                output,
                weights=np.round(weights / scales).astype(np.int8).transpose(3, 2, 0, 1),
                scales=scales,
                biases=np.round(biases / (scales * source.scale)).astype(np.int32),
                strides=(layer.stride, layer.stride),
                padding=layer.padding,
                activation=layer.activation,
            )
        )
        source = output
    result = Tensor(source.shape, 1 / 256, -128)
    model.layers.append(Layer(Kind.SOFTMAX, [source], result))
    return model


def litert_classes(tflite: bytes, images: np.ndarray) -> np.ndarray:
    """Return the class of each image, as LiteRT finds it."""
    interpreter = Interpreter(model_content=tflite)
    interpreter.allocate_tensors()
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    classes = []
    for image in images:
        interpreter.set_tensor(source["index"], (image.astype(int) - 128).astype(np.int8)[None])
        interpreter.invoke()
        classes.append(interpreter.get_tensor(result["index"]).argmax())
    return np.array(classes)


def main() -> None:
    """Train, write, and say how good it is."""
    train_images, test_images, train_classes, test_classes = load_data()
    layers = train(train_images, train_classes)
    found = run(layers, test_images / 255)[-1].argmax(axis=3)[:, 0, 0]
    print(f"float: accuracy {np.mean(found == test_classes):.1%}")
    tflite = write(quantise(layers, train_images))
    found = litert_classes(tflite, test_images)
    print(f"int8 in LiteRT: accuracy {np.mean(found == test_classes):.1%}")
    model = convert(tflite)
    (FOLDER / "digits_cnn.tflite").write_bytes(tflite)
    file = FOLDER / "digits_cnn.tmdl"
    save(model, file)
    print(table(model, file.stat().st_size))


if __name__ == "__main__":
    main()
