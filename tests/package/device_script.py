"""A script for a board that calls all modules in the ways that they allow; it is type-checked, not
run. What must be refused is in device_mistakes.py.
"""

from array import array
from io import BytesIO

import emlarray
import emlfeatures
import emlfft
import emliir
import emlknn
import emltrees
import tinymaix_cnn
import tinymaix_cnn_fp32

floats = array("f", [0.0] * 64)
ints = array("h", [0] * 64)
content = bytes(64)


class Source:
    """An object of the user's own to load from."""

    def read(self, size: int, /) -> bytes:
        """Return nothing: the end."""
        return b""


def trees() -> None:
    """README's loop, and what else predict takes."""
    model = emltrees.load("model.csv")
    row = model.row()
    row[0] = 3
    label = model.classes[model.predict(row)]
    print(label)
    out = array("f", [0.0] * model.outputs())
    for features in (ints, floats, content, bytearray(4), memoryview(ints), memoryview(floats)):
        print(model.predict(features), model.predict(features, memoryview(out)))
    value: float = model.predict(floats, out)
    print(value, model.n_features, model.n_classes, model.nbytes, emltrees.__version__)
    model.quantize(floats, ints)
    model.quantize(memoryview(floats), bytearray(4))
    other = emltrees.new(1, 2, 3)
    emltrees.load_model(other, content)
    emltrees.load_model(other, bytearray(content))
    emltrees.load_model(other, memoryview(content))
    emltrees.load_model(other, ["v,2"])
    emltrees.load_model(other, Source())
    with open("model.bin", "rb") as file:
        emltrees.load_model(other, file)
    with open("model.csv") as text:
        emltrees.load_model(other, text)


def neighbours() -> None:
    """Learn, predict, save."""
    model = emlknn.new(10, 4, 3, ring=True, weights="distance")
    row = model.row()
    row[1] = 5
    model.additem(row, 1)
    model.additem(memoryview(ints)[:4], 2)
    model.additem(floats, 2.5)
    print(model.classes[model.predict(memoryview(ints))])
    if model.classes is not None:
        print(model.classes[0])
    print(model.regress(floats), model.novelty(ints), len(model))
    model.threshold = -50
    limit = model.threshold
    print(limit)
    index, distance, target = model.getresult(0)
    print(index, distance, target, model.getitem(0, ints))
    model.removeitem(0)
    model.clear()
    with open("items.csv", "w") as file:
        model.save(file)
    model.save("items.csv")
    print(emlknn.load("items.csv"), emlknn.load(["knn1"]))


def filters() -> None:
    """Filter in place and into another array."""
    lowpass = emliir.new(floats, channels=2)
    lowpass.run(ints)
    lowpass.run(memoryview(ints), out=memoryview(ints))
    lowpass.run(floats, floats)
    zi = lowpass.state()
    lowpass.state(zi)
    lowpass.state(memoryview(floats))
    lowpass.reset()
    print(emliir.load("filter.csv", 2), emliir.new(memoryview(floats)))


def transforms() -> None:
    """By new, and by the name that emlearn has."""
    for fft in (emlfft.new(64, "hann"), emlfft.FFT(64), emlfft.new(64, floats)):
        exponent = fft.run(ints, memoryview(ints))
        fft.rfft(floats, memoryview(floats))
        fft.power(memoryview(ints), array("I", [0] * 33))
        print(exponent)


def loops() -> None:
    """Ints of all kinds; floats where they are moved or scaled."""
    for samples in (ints, memoryview(ints), content, bytearray(content), array("B", content)):
        total: int = emlarray.sum(samples) + emlarray.sumsq(samples) + emlarray.max(samples)
        total += emlarray.min(samples) + emlarray.argmax(samples) + emlarray.sum_abs_diff(samples)
        print(total, emlarray.mean(samples), emlarray.dot(samples, samples))
        emlarray.linear_map(samples, floats, 0, 255, -1.0, 1.0)
    emlarray.linear_map(floats, memoryview(ints), -1, 1, -100, 100)
    emlarray.deinterleave(ints, array("h", [0] * 16), 3, 4)
    emlarray.push(memoryview(floats), floats)


def front_ends() -> None:
    """From a file, and from keywords."""
    for front in (
        emlfeatures.load("har.csv"),
        emlfeatures.load(content),
        emlfeatures.load(memoryview(content)),
        emlfeatures.load(["?front,version,1"]),
        emlfeatures.new([1, 256, 128, 3, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]),
        emlfeatures.new(array("H", content)),
    ):
        row = front.row()
        if front.push(ints, row) or front.push(memoryview(ints), memoryview(row)):
            print(row[0], front.n_features, front.window, front.hop, front.channels, front.nbytes)
        front.transform(ints, row)
        front.reset()


def use(fft: emlfft.FFT, network: tinymaix_cnn.Model) -> int:
    """Objects of the modules as arguments."""
    fft.run(floats, floats)
    return network.predict(content)


def networks() -> None:
    """Images of any kind."""
    for model in (
        tinymaix_cnn.load("digits.tmdl"),
        tinymaix_cnn.load(Source()),
        tinymaix_cnn.load(BytesIO(content)),
        tinymaix_cnn.new(memoryview(content)),
        tinymaix_cnn_fp32.new(bytearray(content)),
    ):
        out = array("f", [0.0] * model.output_dimensions()[0])
        for image in (content, bytearray(content), memoryview(content), array("B", content)):
            model.run(image, out)
        model.run(floats, memoryview(out))
        print(model.predict(floats), model.input_dimensions(), model.nbytes)
        print(use(emlfft.new(64), model))
