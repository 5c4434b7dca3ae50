# Rows of a recording: pushed by hops, pushed in pieces of all lengths, and by single windows.
from array import array

import emlfeatures

front = emlfeatures.load("front.csv")
with open("samples.bin", "rb") as file:
    samples = array("h", file.read())
channels = front.channels
row = front.row()
view = memoryview(samples)


def stream(name, lengths):
    front.reset()
    at = i = 0
    while at < len(samples):
        n = lengths[i % len(lengths)] * channels
        if front.push(view[at : at + n], row):
            print(name, *row)
        at += n
        i += 1


stream("stream", [front.hop])
stream("cut", [1, front.hop, 0, front.hop // 2, 3])
for at in range(0, 200, 50):
    front.transform(view[at * channels : (at + front.window) * channels], row)
    print("window", *row)
