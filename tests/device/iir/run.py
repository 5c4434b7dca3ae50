# Filters as each line of jobs.txt says; prints the output of each job, in hex, and then the state.
import array

import emliir

with open("jobs.txt") as jobs:
    for job in jobs:
        csv, data, typecode, channels, chunk = job.split()
        filter = emliir.load(csv, int(channels))
        samples = array.array(typecode, [0] * int(chunk))
        out = array.array(typecode, [0] * int(chunk))
        with open(data, "rb") as file:
            while file.readinto(samples):
                before = bytes(samples)
                filter.run(samples, out)
                assert bytes(samples) == before
                print(bytes(out).hex(), end="")
        print("", bytes(filter.state()).hex())
