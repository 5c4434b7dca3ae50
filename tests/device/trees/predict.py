# Predicts rows.bin with model.csv, both ways of calling; prints a class and its proportions a row.
import array

import emltrees

model = emltrees.load("model.csv")
print(model.n_features, model.n_classes, model.n_trees, model.n_nodes, model.outputs())
features = array.array("h", [0] * model.n_features)
out = array.array("f", [0.0] * model.n_classes)
with open("rows.bin", "rb") as rows:
    while rows.readinto(features):
        index = model.predict(features)
        assert model.predict(features, out) == index
        print(index, bytes(out).hex())
