# Loads each of the files in cases.txt, in hex one a line; prints what is wrong with it, or what the
# filter makes of an impulse.
import array

import emliir

with open("cases.txt") as cases:
    for case in cases:
        with open("case.csv", "wb") as file:
            file.write(bytes.fromhex(case.strip()))
        try:
            filter = emliir.load("case.csv")
        except ValueError as error:
            print(error)
            continue
        samples = array.array("f", [1] + [0] * 15)
        filter.run(samples)
        print("loaded", bytes(samples).hex())
