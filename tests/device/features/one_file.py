# A front end and the model behind it from one file: predictions for a recording that comes in hops.
import gc
from array import array

import emlfeatures
import setting

model_module = __import__(setting.MODULE)
FILE = setting.FILE


front = emlfeatures.load(FILE)
sources = [model_module.load(FILE)]
if FILE.endswith(".bin"):
    # As a file in ROMFS: bytes that lie in memory, where the forest is used in place.
    with open(FILE, "rb") as file:
        content = memoryview(file.read())
    front = emlfeatures.load(content)
    gc.collect()
    before = gc.mem_alloc()
    sources.append(model_module.load(content))
    gc.collect()
    assert gc.mem_alloc() - before <= 300, gc.mem_alloc() - before
with open("samples.bin", "rb") as file:
    samples = memoryview(array("h", file.read()))
row = front.row()
step = front.hop * front.channels
for model in sources:
    front.reset()
    for at in range(0, len(samples), step):
        if front.push(samples[at : at + step], row):
            print("row", *row)
            print("predicted", model.predict(row))
