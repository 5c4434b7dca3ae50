"""Runs inside MicroPython, for demo.py: one engine predicts every digit of digits.bin.

The engine is the one whose .mpy is in this folder. Prints the RAM that its module and its model
take, then a class a line, then the microseconds of one prediction.
"""
# ruff: noqa: PTH123, PTH208

import array
import gc
import os
import sys

# What turns an imported module into predict(features) -> class.
ENGINES = {
    "emltrees": lambda module: module.load("digits_model.csv").predict,
    "m2cgen_digits": lambda module: lambda features: argmax(module.score(features)),
    "everywhereml_digits": lambda module: module.RandomForestClassifier().predict,
}
# On a PC, MicroPython keeps a native module's code outside its heap.
ON_PC = sys.platform == "linux"


def argmax(scores):
    """The index of the highest score."""
    return scores.index(max(scores))


def memory():
    """Bytes in use: the heap, and pages of memory for native code."""
    gc.collect()
    size = gc.mem_alloc()
    if ON_PC:
        with open("/proc/self/maps") as maps:
            for line in maps:
                addresses, rights = line.split()[:2]
                if rights == "rwxp":
                    start, end = addresses.split("-")
                    size += int(end, 16) - int(start, 16)
    return size


def digits():
    """Each digit of the file, a byte a pixel, as features of int16."""
    pixels = bytearray(64)
    with open("digits.bin", "rb") as file:
        while file.readinto(pixels):
            yield array.array("h", list(pixels))


def microseconds(predict):
    """Time of one prediction, from the fastest of ten runs through all digits."""
    import time  # not there on every board

    rows = list(digits())
    times = []
    for _ in range(10):
        start = time.ticks_us()
        for features in rows:
            predict(features)
        times.append(time.ticks_diff(time.ticks_us(), start))
    return min(times) / len(rows)


[name] = [file[:-4] for file in os.listdir() if file.endswith(".mpy")]
memory()  # the first call takes a little itself
before = memory()
module = __import__(name)
imported = memory()
predict = ENGINES[name](module)
loaded = memory()
print(imported - before, loaded - imported)

for features in digits():
    print(predict(features))
if ON_PC:  # the time that an emulated board takes means nothing
    print(microseconds(predict))
