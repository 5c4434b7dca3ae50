# For each case: makes a model that knows nothing, teaches it the rows of a file, and prints what it
# saves.
import io
from array import array

import emllinear

with open("cases.txt") as cases:
    for case in cases:
        name, n_features, n_outputs, regression = case.split()
        n_features, n_outputs = int(n_features), int(n_outputs)
        model = emllinear.new(n_features, n_outputs, regression=regression == "1")
        row = model.row()
        target = array("f", [0] * (n_outputs if regression == "1" else 1))
        rate = array("f", [0])
        with open(name + ".bin", "rb") as rows:
            while rows.readinto(row):
                rows.readinto(target)
                rows.readinto(rate)
                wanted = target
                if regression == "0":
                    wanted = int(target[0])
                elif n_outputs == 1:
                    wanted = target[0]
                assert model.partial_fit(row, wanted, rate[0]) is None
        text = io.StringIO()
        model.save(text)
        for line in text.getvalue().split("\n")[:-1]:
            print(name, line)
