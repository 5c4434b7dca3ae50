"""The numbers of formats/iir.toml, from which `make formats` writes this file."""

# sections; one at least
MAX_SECTIONS = 255
# channels, each with a state of its own; not in the file, but an argument of load
MAX_CHANNELS = 255
# numbers of a section
ROW = 6
# version of the file
VERSION = 2
