"""The numbers of formats/image.toml, from which `make formats` writes this file."""

# bytes before an image's body
HEAD = 32
# bytes of them that are the image's own
FIELDS = 20
# all images but a file's last have a multiple of so many bytes
ALIGNMENT = 4
# a tree ensemble: forest.md
FOREST = "T"
# names of features: forest.md
NAMES = "N"
# a front end: front.md
FRONT = "F"
