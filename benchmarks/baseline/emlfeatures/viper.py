"""The features of bench_emlfeatures.py's hop_42 with all loops in viper, and emlfft."""
# ruff: noqa: F821

import math
from array import array

import emlfft

WINDOW, HOP = 256, 128
EDGES = array("H", (1, 3, 6, 12, 24, 48, 128))  # of bands, in bins


@micropython.viper
def take(chunk: ptr16, count: int, window: ptr16, at: int):
    """Put samples and their magnitudes into the window, a channel behind the other."""
    size = int(WINDOW)
    for i in range(count):
        total = 0
        for channel in range(3):
            value = chunk[3 * i + channel]
            window[channel * size + at + i] = value
            signed = (value ^ 0x8000) - 0x8000
            total += signed * signed
        rest = uint(total)
        root = uint(0)
        bit = uint(1 << 30)
        while bit > rest:
            bit >>= 2
        while bit:
            if rest >= root + bit:
                rest -= root + bit
                root = (root >> 1) + bit
            else:
                root >>= 1
            bit >>= 2
        if rest > root:
            root += 1
        window[3 * size + at + i] = int(root)


@micropython.viper
def slide(window: ptr16):
    """Keep what the next window has, too."""
    size = int(WINDOW)
    hop = int(HOP)
    for channel in range(4):
        start = channel * size
        for i in range(size - hop):
            window[start + i] = window[start + i + hop]


@micropython.viper
def rank(values: ptr16, start: int, ranked: ptr32):
    """Sort a channel into ranked, as Shell did."""
    size = int(WINDOW)
    for i in range(size):
        ranked[i] = (values[start + i] ^ 0x8000) - 0x8000
    gap = 121
    while gap:
        for i in range(gap, size):
            value = ranked[i]
            at = i - gap
            while at >= 0:
                other = ranked[at]
                if other <= value:
                    break
                ranked[at + gap] = other
                at -= gap
            ranked[at + gap] = value
        gap //= 3


@micropython.viper
def sums(values: ptr16, start: int, out: ptr32):
    """Sum, squared deviations / 256, deviations and steps, about the rounded mean."""
    size = int(WINDOW)
    total = 0
    jerk = 0
    # MicroPython 1.26 changes an argument that is by itself an index: hence + 0.
    last = (values[start + 0] ^ 0x8000) - 0x8000
    for i in range(size):
        value = (values[start + i] ^ 0x8000) - 0x8000
        total += value
        step = value - last
        jerk += step if step >= 0 else 0 - step
        last = value
    mean = (total + 128) >> 8
    squares = 0
    deviations = 0
    for i in range(size):
        deviation = (values[start + i] ^ 0x8000) - 0x8000 - mean
        if deviation < 0:
            deviation = 0 - deviation
        deviations += deviation
        squares += int(uint(deviation * deviation) >> 8)
    out[0] = total
    out[1] = squares
    out[2] = deviations
    out[3] = jerk


@micropython.viper
def centre(values: ptr16, start: int, mean: int, out: ptr16):
    """Take the mean off."""
    for i in range(int(WINDOW)):
        out[i] = values[start + i] - mean


@micropython.viper
def add_bins(power: ptr32, edges: ptr16, bands: int, out: ptr32):
    """Sums of bands: the upper and the lower halves of the bins."""
    for band in range(bands):
        high = 0
        low = 0
        for i in range(edges[band], edges[band + 1]):
            value = power[i]
            high += int(uint(value) >> 16)
            low += value & 0xFFFF
        out[2 * band] = high
        out[2 * band + 1] = low


class Front:
    """Takes samples x, y, z, ... and fills a row for each window."""

    def __init__(self):
        """Begin with no samples."""
        self.window = array("h", bytes(2 * 4 * WINDOW))
        self.filled = 0
        self.ranked = array("i", bytes(4 * WINDOW))
        self.sums = array("i", bytes(16))
        self.fft = emlfft.new(WINDOW, "hann")
        self.centred = array("h", bytes(2 * WINDOW))
        self.power = array("I", bytes(4 * (WINDOW // 2 + 1)))
        self.bands = array("I", bytes(8 * (len(EDGES) - 1)))

    def push(self, chunk, row):
        """Take samples that divide a hop; return whether a window is complete and row filled."""
        count = len(chunk) // 3
        take(chunk, count, self.window, self.filled)
        self.filled += count
        if self.filled < WINDOW:
            return False
        for channel in range(4):
            self.statistics(channel * WINDOW, row, 9 * channel)
        self.spectrum(3 * WINDOW, row, 36)
        slide(self.window)
        self.filled = WINDOW - HOP
        return True

    def statistics(self, start, row, at):
        """Nine statistics of a channel."""
        ranked = self.ranked
        sums(self.window, start, self.sums)
        total, squares, deviations, jerk = self.sums
        rank(self.window, start, ranked)
        mean = (total + WINDOW // 2) // WINDOW
        error = total / WINDOW - mean
        row[at] = mean
        row[at + 1] = round(math.sqrt(squares * 256 / WINDOW - error * error))
        row[at + 2] = round(deviations / WINDOW)
        row[at + 3] = round(jerk / (WINDOW - 1))
        row[at + 4] = ranked[0]
        row[at + 5] = ranked[WINDOW - 1]
        for quarter in (1, 2, 3):
            place, rest = divmod(quarter * (WINDOW - 1), 4)
            low, high = ranked[place], ranked[place + 1]
            row[at + 5 + quarter] = (4 * low + rest * (high - low) + 2) // 4

    def spectrum(self, start, row, at):
        """The logarithms of the band powers of a channel, in 1/256."""
        mean = row[at - 9]
        centre(self.window, start, mean, self.centred)
        exponent = self.fft.power(self.centred, self.power)
        add_bins(self.power, EDGES, len(EDGES) - 1, self.bands)
        for band in range(len(EDGES) - 1):
            total = self.bands[2 * band] * 65536.0 + self.bands[2 * band + 1]
            level = math.log(total, 2) + exponent if total else 0
            row[at + band] = round(256 * max(level, 0))
