"""The features of bench_emlfeatures.py's hop_42, written in MicroPython beside emlfft."""

import math
from array import array

import emlfft

WINDOW, HOP = 256, 128
EDGES = (1, 3, 6, 12, 24, 48, 128)  # of bands, in bins


class Front:
    """Takes samples x, y, z, ... and fills a row for each window."""

    def __init__(self):
        """Begin with no samples."""
        self.channels = [array("h", bytes(2 * WINDOW)) for _ in range(4)]
        self.filled = 0
        self.fft = emlfft.new(WINDOW, "hann")
        self.centred = array("h", bytes(2 * WINDOW))
        self.power = array("I", bytes(4 * (WINDOW // 2 + 1)))

    def push(self, chunk, row):
        """Take samples that divide a hop; return whether a window is complete and row filled."""
        xs, ys, zs, lengths = self.channels
        at = self.filled
        for i in range(0, len(chunk), 3):
            x, y, z = chunk[i], chunk[i + 1], chunk[i + 2]
            xs[at] = x
            ys[at] = y
            zs[at] = z
            lengths[at] = round(math.sqrt(x * x + y * y + z * z))
            at += 1
        self.filled = at
        if at < WINDOW:
            return False
        for number, values in enumerate(self.channels):
            self.statistics(values, row, 9 * number)
        self.bands(lengths, row, 36)
        for values in self.channels:
            values[: WINDOW - HOP] = values[HOP:]
        self.filled = WINDOW - HOP
        return True

    def statistics(self, values, row, at):
        """Nine statistics of a channel."""
        mean = sum(values) / WINDOW
        squares = deviations = jerk = 0
        last = values[0]
        for value in values:
            deviation = value - mean
            squares += deviation * deviation
            deviations += abs(deviation)
            jerk += abs(value - last)
            last = value
        ranked = sorted(values)
        row[at] = math.floor(mean + 0.5)
        row[at + 1] = round(math.sqrt(squares / WINDOW))
        row[at + 2] = round(deviations / WINDOW)
        row[at + 3] = round(jerk / (WINDOW - 1))
        row[at + 4] = ranked[0]
        row[at + 5] = ranked[-1]
        for i, quarter in enumerate((1, 2, 3)):
            place, rest = divmod(quarter * (WINDOW - 1), 4)
            low, high = ranked[place], ranked[place + 1]
            row[at + 6 + i] = (4 * low + rest * (high - low) + 2) // 4

    def bands(self, values, row, at):
        """The logarithms of the band powers of a channel, in 1/256."""
        mean = (sum(values) + WINDOW // 2) // WINDOW
        for i in range(WINDOW):
            self.centred[i] = values[i] - mean
        exponent = self.fft.power(self.centred, self.power)
        for i in range(len(EDGES) - 1):
            total = sum(self.power[EDGES[i] : EDGES[i + 1]])
            level = math.log(total, 2) + exponent if total else 0
            row[at + i] = round(256 * max(level, 0))
