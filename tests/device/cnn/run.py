# Runs model.tmdl on the rows of rows.bin, whose typecode is the first byte; prints outputs in hex.
import array
import binascii
import gc

try:
    import tinymaix_cnn as cnn
except ImportError:
    import tinymaix_cnn_fp32 as cnn

model = cnn.load("model.tmdl")
n = 1
for side in model.input_dimensions():
    n *= side
n_out = 1
for side in model.output_dimensions():
    n_out *= side
out = array.array("f", bytes(4 * n_out))
with open("rows.bin", "rb") as file:
    row = array.array(file.read(1).decode(), bytes(4 * n))
    row = array.array("f", bytes(4 * n)) if type(row[0]) is float else row[:n]
    gc.collect()
    while file.readinto(row):
        model.run(row, out)
        best = model.predict(row)
        assert all(out[best] > x for x in out[:best]) and all(out[best] >= x for x in out[best:])
        print(binascii.hexlify(bytes(out)).decode())
