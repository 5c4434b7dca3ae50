# For each bit in flips.txt: model.csv with this bit inverted does not load.
import emlknn

with open("model.csv", "rb") as file:
    data = bytearray(file.read())
emlknn.load("model.csv")
with open("flips.txt") as flips:
    for line in flips:
        bit = int(line)
        data[bit // 8] ^= 1 << bit % 8
        with open("flipped.csv", "wb") as file:
            file.write(data)
        try:
            emlknn.load("flipped.csv")
        except ValueError:  # UnicodeError is one
            pass
        else:
            raise AssertionError((bit, bytes(data)))
        data[bit // 8] ^= 1 << bit % 8
print("ok")
