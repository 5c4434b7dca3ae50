"""What tinymaix_cnn costs: instructions a multiply-accumulate of whole networks, and bytes; what it
takes to load a model: instructions, and how much of the heap must be free.

The networks have the layers of well-known ones and random weights; those take as many instructions.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from mpremote.romfs import VfsRomWriter

from benchmarks.load_peak import load_peak
from benchmarks.modules import shipped, sizes
from emlmpy.cnn.tmdl import Activation, Model, pack
from machines.machine import MACHINES
from tests.cnn.models import Network

# Where no board has anything else; a model is used there in place.
ADDRESSES = {"cortex-m0": 0x000A_0000, "cortex-m4f": 0x0028_0000}
MOUNT = """
import array, instructions, uctypes, vfs
import tinymaix_cnn

vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "/rom")
"""
LOAD = """
with open("/rom/model.tmdl", "rb") as file:
    content = memoryview(file)
print(instructions.count(tinymaix_cnn.new, content))
"""
RUN = """
model = tinymaix_cnn.load("/rom/model.tmdl")
n = 1
for side in model.input_dimensions():
    n *= side
image = array.array("b", bytes(n))
with open("image.bin", "rb") as file:
    file.readinto(image)
out = array.array("f", model.output_dimensions()[0] * b"\\0\\0\\0\\0")
run = model.run
empty = instructions.bound
instructions.count(run, image, out)
count = instructions.count
print(count(run, image, out) - count(empty, image, out), model.nbytes)
"""


def mnist_shape() -> Network:
    """The layers of mnist_cnn_int8."""
    network = Network(1, (28, 28, 1))
    for channels in (8, 12, 18):
        network.convolution(channels, (3, 3), (2, 2), activation=Activation.RELU)
    network.average()
    network.dense(10)
    network.softmax()
    return network


def cifar10_shape() -> Network:
    """The layers of cifar10_q."""
    network = Network(2, (32, 32, 3))
    for channels in (32, 32, 64):
        network.convolution(channels, (5, 5), (2, 2), "same", Activation.RELU)
    network.reshape(1024)
    network.dense(10)
    network.softmax()
    return network


def mobilenet_96() -> Network:
    """MobileNet v1, a quarter of its width, on 96x96 pixels, with two classes."""
    network = Network(3, (96, 96, 3))
    network.convolution(8, (3, 3), (2, 2), "same", Activation.RELU6)
    channels = 8
    for wider, stride in (
        *((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)),
        *((128, 1) for _ in range(5)),
        *((256, 2), (256, 1)),
    ):
        strides = (stride, stride)
        network.convolution(channels, (3, 3), strides, "same", Activation.RELU6, 1)
        network.convolution(wider, (1, 1), activation=Activation.RELU6)
        channels = wider
    network.average()
    network.dense(2)
    network.softmax()
    return network


def softmax(n: int) -> Network:
    """Nothing but a softmax over n classes."""
    network = Network(4, (n,))
    network.softmax()
    return network


def rom_of(model: bytes) -> bytes:
    """A ROMFS image with one file, model.tmdl, that lies at a multiple of 4."""
    for padding in range(4):
        writer = VfsRomWriter()
        # As long whatever the padding is, so that nothing else moves.
        start = writer.mkdata(bytes(padding) + model + bytes(3 - padding))
        writer.mkfile("model.tmdl", (len(model), start + padding))
        image = bytes(writer.finalise())
        if image.index(model) % 4 == 0:
            return image
    raise AssertionError("no padding puts the model at a multiple of 4")


def run(machine_name: str, network: Network, script: str = RUN) -> list[int]:
    """What the script prints: instructions of one inference, and the model's bytes of memory."""
    machine = MACHINES[machine_name]
    image = rom_of(pack(Model(network.layers)))
    n_inputs = network.layers[0].inputs[0].size
    pixels = np.random.default_rng(5).integers(-128, 128, n_inputs, dtype=np.int8)
    module = shipped("tinymaix_cnn", machine.arch)
    address = ADDRESSES[machine_name]
    with tempfile.TemporaryDirectory() as folder:
        rom = Path(folder) / "rom"
        rom.write_bytes(image)
        loader = ("-device", f"loader,file={rom},addr={address},force-raw=on")
        output = replace(machine, qemu=(*machine.qemu, *loader)).run(
            MOUNT.format(address=address, size=len(image)) + script,
            {module.name: module, "image.bin": pixels.tobytes()},
            shift=4,
        )
    return [int(number) for number in output.split()]


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Yield the rows of results.csv."""
    for name in ADDRESSES:
        for build in (mnist_shape, cifar10_shape, mobilenet_96):
            network = build()
            macs = sum(layer.macs for layer in network.layers)
            instructions, nbytes = run(name, network)
            each = round(instructions / macs, 2)
            yield "tinymaix_cnn", build.__name__, name, "instructions_per_mac", each
            yield "tinymaix_cnn", build.__name__, name, "heap_bytes", nbytes
            yield "tinymaix_cnn", build.__name__, "all", "macs", macs
        few, many = (run(name, softmax(n))[0] for n in (10, 100))
        yield "tinymaix_cnn", "softmax_class", name, "instructions", round((many - few) / 90, 1)
        (count,) = run(name, cifar10_shape(), LOAD)
        yield "tinymaix_cnn", "load_cifar10_shape", name, "instructions", count
        length = len(pack(Model(cifar10_shape().layers)))
        yield "tinymaix_cnn", "load_cifar10_shape", "all", "file_bytes", length
    for build in (mnist_shape, cifar10_shape):
        peak, _ = load_peak("cortex-m0", "tinymaix_cnn", pack(Model(build().layers)))
        yield "tinymaix_cnn", f"load_peak_{build.__name__}", "cortex-m0", "heap_bytes", peak
    for case, module in (("mpy_int8", "tinymaix_cnn"), ("mpy_fp32", "tinymaix_cnn_fp32")):
        for arch, size in sizes(module):
            yield "tinymaix_cnn", case, arch, "bytes", size


if __name__ == "__main__":
    for row in measure():
        print(*row, sep=",", flush=True)
