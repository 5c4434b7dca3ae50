# Loads each model that the file "models" names, one a line with the typecode of its features and
# the number of its rows, and predicts these, which follow one another in "rows". Prints the labels,
# text as its UTF-8 in hex, and for each row the index and the outputs as bits.
import array
import gc

import emltrees


def shown(label):
    return label.encode().hex() if isinstance(label, str) else label


with open("models") as models, open("rows", "rb") as rows:
    for line in models:
        name, typecode, count = line.split()
        model = emltrees.load(name)
        print(name, model.classes and [shown(label) for label in model.classes])
        features = array.array(typecode, [0] * model.n_features)
        out = array.array("f", [0.0] * model.outputs())
        for _ in range(int(count)):
            rows.readinto(features)
            result = model.predict(features, out)
            print(0 if isinstance(result, float) else result, bytes(out).hex())
        del model
        gc.collect()
