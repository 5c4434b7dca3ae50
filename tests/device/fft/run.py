# Transforms as each line of jobs.txt says; prints what each call returns and wrote, in hex.
import array
import gc

import emlfft


def transform(data, n, kind, typecode, window):
    samples = array.array(typecode, [0] * n)
    if window == "none":
        fft = emlfft.new(n)
    elif window.endswith(".win"):
        values = array.array("f", [0] * n)
        with open(window, "rb") as file:
            file.readinto(values)
        fft = emlfft.FFT(n, values)
    else:
        fft = emlfft.new(n, window=window)
    with open(data, "rb") as file:
        while file.readinto(samples):
            if kind == "run":
                out = array.array(typecode, [0] * n)
                file.readinto(out)
                exponent = fft.run(samples, out)
                print(exponent, bytes(samples).hex(), bytes(out).hex())
                continue
            before = bytes(samples)
            if kind == "rfft":
                out = array.array(typecode, [0] * (n + 2))
                exponent = fft.rfft(samples, out)
            else:
                out = array.array("f" if typecode == "f" else "I", [0] * (n // 2 + 1))
                exponent = fft.power(samples, out)
            assert bytes(samples) == before
            print(exponent, bytes(out).hex())


with open("jobs.txt") as jobs:
    for job in jobs:
        data, n, kind, typecode, window = job.split()
        transform(data, int(n), kind, typecode, window)
        gc.collect()
        print("end")
