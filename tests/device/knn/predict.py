# For each case: loads its model, predicts its rows; prints the answer, the novelty and all
# neighbours, floats as their bits.
import gc
import struct

import emlknn


def bits(value):
    return struct.pack("<f", value).hex()


with open("cases.txt") as cases:
    for case in cases:
        name, n_neighbors, regression = case.split()
        model = row = None  # a small board has no room for two
        gc.collect()
        model = emlknn.load(name + ".csv")
        row = model.row()  # of floats, if the model has a scale
        with open(name + ".bin", "rb") as rows:
            while rows.readinto(row):
                if regression == "1":
                    words = [bits(model.regress(row))]
                else:
                    words = [str(model.predict(row))]
                for i in range(int(n_neighbors)):
                    index, distance, label = model.getresult(i)
                    label = bits(label) if regression == "1" else str(label)
                    words += [str(index), bits(distance), label]
                print(name, *words, bits(model.novelty(row)))
