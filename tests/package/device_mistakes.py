"""Calls that the modules refuse; a type checker has to refuse each line with a comment."""

from array import array

import emlarray
import emlfeatures
import emlfft
import emliir
import emlknn
import emltrees
import tinymaix_cnn

floats = array("f", [0.0] * 64)
ints = array("h", [0] * 64)

model = emltrees.load(3)  # wrong
trees = emltrees.load("model.csv")
trees.predict([1, 2, 3])  # wrong
trees.predict(ints, ints)  # wrong
trees.n_features = 3  # wrong
trees.fit(ints)  # wrong
neighbours = emlknn.new(10, 4)  # wrong
items = emlknn.new(10, 4, 3, weight="distance")  # wrong
items.additem(ints)  # wrong
emlknn.new(10, 4, 3).threshold = "50"  # wrong
items.predict([1, 2])  # wrong
emliir.new(ints)  # wrong
emliir.new([1.0] * 6)  # wrong
emliir.new(floats).run(3)  # wrong
emlarray.sum(floats)  # wrong
emlarray.dot(ints)  # wrong
emlarray.linear_map(ints, floats, 0, 1)  # wrong
emlfeatures.new(256, 128, 3)  # wrong
emlfeatures.new(["mean"])  # wrong
emlfeatures.load(3)  # wrong
emlfeatures.load("har.csv").push(ints)  # wrong
emlfeatures.load("har.csv").transform([1, 2], ints)  # wrong
emlfft.new("hann")  # wrong
emlfft.new(64).run(floats)  # wrong
emlfft.FFT()  # wrong
tinymaix_cnn.new("digits.tmdl")  # wrong
tinymaix_cnn.load("digits.tmdl").run(floats, ints)  # wrong
