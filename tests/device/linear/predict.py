# For each case: loads its model, and for each of its rows prints the class or the value, the scores
# and the answers, floats as their bits.
import gc
import struct
from array import array

import emllinear


def bits(value):
    return struct.pack("<f", value).hex()


with open("cases.txt") as cases:
    for case in cases:
        name, n_scores = case.split()
        model = row = None  # a small board has no room for two
        gc.collect()
        model = emllinear.load(name + ".csv")
        row = model.row()
        scores = array("f", [0] * int(n_scores))
        out = array("f", [0] * model.n_outputs)
        with open(name + ".bin", "rb") as rows:
            while rows.readinto(row):
                index = model.scores(row, scores)
                try:
                    found = model.predict(row, out)
                except ValueError as error:
                    assert str(error) == "model must have proportions"
                    found = index
                if model.n_classes:
                    assert index == found == model.predict(row)
                elif model.n_outputs == 1:
                    assert model.predict(row) == found == out[0]
                    found = bits(found)
                print(name, found, *[bits(x) for x in scores], *[bits(x) for x in out])
