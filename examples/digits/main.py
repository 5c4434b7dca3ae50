# Runs on a board, beside emltrees.mpy and digits_model.csv: what digit is this?
import emltrees

# fmt: off
PIXELS = [
    0, 0,  0,  7, 12,  0,  0, 0,
    0, 0,  4, 16,  8,  0,  0, 0,
    0, 0, 12, 11,  0,  0,  0, 0,
    0, 0, 15, 10,  8,  6,  1, 0,
    0, 0, 15, 16,  8, 10,  8, 0,
    0, 0, 14,  7,  0,  0, 12, 0,
    0, 0,  8, 11,  0,  5, 16, 2,
    0, 0,  0,  9, 14, 14,  5, 0,
]
# fmt: on

model = emltrees.load("digits_model.csv")
features = model.row()  # an array of the type and length that the model takes
for i, pixel in enumerate(PIXELS):
    features[i] = pixel
print("This is a", model.classes[model.predict(features)])
