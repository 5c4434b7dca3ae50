"""The numbers of formats/knn.toml, from which `make formats` writes this file."""

# items; there is room for one at least
MAX_ITEMS = 65535
# features; one at least
MAX_FEATURES = 4096
# classes with labels of their own: an item has the number of its class as an int16
MAX_CLASSES = 32768
# bytes of a class label in UTF-8, which the PC writes
MAX_LABEL_BYTES = 100
# version of the file; no 3, which is one flipped bit from the 1 that has no checksum
VERSION = 4
