# A sound-level meter and a mel spectrogram: of sound.wav, else of a microphone, else of noise.
#
# Prints the A-weighted level twice a second, and a line "mel ..." for each spectrum.
import math
import os
import struct
from array import array

import emlfft
import emliir

RATE = 32000  # a_weighting.csv must be made for this rate
BLOCK = 1024  # samples of a spectrum
BLOCKS = 16  # in each line of levels
BANDS = 32
FULL_SCALE = 120  # dB of the loudest sine; an INMP441 gives -26 dB of full scale at 94 dB


# A source of samples is a function that fills an array, as I2S.readinto does: it returns how many
# bytes it has written, 0 at the end.
def microphone():
    from machine import I2S, Pin

    pins = {"sck": Pin(32), "ws": Pin(25), "sd": Pin(33)}
    i2s = I2S(0, mode=I2S.RX, bits=16, format=I2S.MONO, rate=RATE, ibuf=16 * BLOCK, **pins)
    return i2s.readinto


def wav(path):
    file = open(path, "rb")
    end = file.seek(0, 2)
    file.seek(0)
    header = file.read(12)
    if header[:4] != b"RIFF" or header[8:] != b"WAVE":
        raise ValueError("file must be a WAV file")
    name, start, size, form = b"", 12, 0, b""
    while name != b"data":
        if start + 8 > end:
            raise ValueError("WAV file must have a data chunk")
        file.seek(start)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"fmt ":
            form = file.read(16)
        start += 8 + size + size % 2
    if form != struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16):
        raise ValueError("WAV file must be 16-bit PCM, mono, %d Hz" % RATE)
    if file.tell() + size > end:
        raise ValueError("WAV file must not be cut short")
    if size < 2 * BLOCK:
        raise ValueError("WAV file must have %d samples or more" % BLOCK)

    def readinto(block):
        nonlocal size
        size -= 2 * len(block)
        return file.readinto(block) if size >= 0 else 0

    return readinto


def noise(blocks):
    # White; 20 dB less from the middle on.
    state = 1
    count = 0

    def readinto(block):
        nonlocal state, count
        count += 1
        if count > blocks:
            return 0
        divisor = 4 if 2 * count <= blocks else 40
        for i in range(len(block)):
            state ^= state << 7 & 0xFFFF
            state ^= state >> 9
            state ^= state << 8 & 0xFFFF
            block[i] = (state - 32768) // divisor
        return 2 * len(block)

    return readinto


def source():
    if "sound.wav" in os.listdir():
        return wav("sound.wav")
    try:
        return microphone()
    except ImportError:
        return noise(64)


def decibels(power, full):
    return 10 * math.log10(max(power / full, 1e-12)) + FULL_SCALE


class Meter:
    FULL = 32768**2 / 2  # mean square of the loudest sine

    def __init__(self):
        self.weighting = emliir.load("a_weighting.csv")
        self.fast = self.averager(0.125)
        self.slow = self.averager(1.0)
        self.averages = array("f", [0] * BLOCK)
        self.total = 0.0
        self.blocks = 0

    def averager(self, seconds):
        # The exponential time weighting is a filter of the squares.
        keep = math.exp(-1 / (seconds * RATE))
        return emliir.new(array("f", [1 - keep, 0, 0, 1, -keep, 0]))

    def add(self, samples):
        # Leaves nothing of the samples.
        self.weighting.run(samples)
        for i in range(BLOCK):
            sample = samples[i]
            samples[i] = sample * sample
        self.total += sum(samples) / BLOCK
        self.blocks += 1
        self.fast.run(samples, self.averages)
        self.slow.run(samples)
        if self.blocks % BLOCKS == 0:
            levels = (self.total / self.blocks, self.averages[-1], samples[-1])
            levels = tuple(decibels(level, self.FULL) for level in levels)
            print("%7.3f s" % (self.blocks * BLOCK / RATE), end=" ")
            print("  Leq %6.2f  fast %6.2f  slow %6.2f dB(A)" % levels)


class Spectrum:
    FULL = 32768**2 * BLOCK**2 * 3 / 32  # power of the loudest sine in a Hann window

    def __init__(self):
        self.fft = emlfft.new(BLOCK, "hann")
        self.power = array("f", [0] * (BLOCK // 2 + 1))
        top = math.log(1 + RATE / 2 / 700)  # of the mel scale, but for a factor
        hertz = [700 * (math.exp(top * i / BANDS) - 1) for i in range(BANDS + 1)]
        self.edges = [round(edge * BLOCK / RATE) for edge in hertz]

    def add(self, samples):
        self.fft.power(samples, self.power)
        bins = memoryview(self.power)
        print("mel", end="")
        for i in range(BANDS):
            band = sum(bins[self.edges[i] : self.edges[i + 1]])
            print(" %.1f" % decibels(band, self.FULL), end="")
        print()


def run(readinto):
    meter = Meter()
    spectrum = Spectrum()
    block = array("h", [0] * BLOCK)
    while readinto(block) == 2 * BLOCK:
        samples = array("f", block)
        spectrum.add(samples)
        meter.add(samples)


run(source())
