# Loads each of the filters in jobs.txt and runs it on samples of both types; prints the output, in
# hex, or why the filter takes no int16 samples.
import array
import gc

import emliir

with open("jobs.txt") as jobs:
    for job in jobs:
        csv, data = job.split()
        gc.collect()
        filter = emliir.load(csv)
        samples = array.array("h", [0] * 64)
        with open(data, "rb") as file:
            file.readinto(samples)
        floats = array.array("f", samples)
        filter.run(floats)
        try:
            filter.run(samples)
            print(bytes(floats).hex(), bytes(samples).hex())
        except ValueError as error:
            print(bytes(floats).hex(), error)
