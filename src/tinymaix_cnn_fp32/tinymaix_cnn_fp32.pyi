"""Convolutional networks from .tmdl files, in float32: the calls of tinymaix_cnn."""

from tinymaix_cnn import Model as Model
from tinymaix_cnn import __version__ as __version__
from tinymaix_cnn import load as load
from tinymaix_cnn import new as new
