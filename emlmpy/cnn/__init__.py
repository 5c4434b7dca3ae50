"""Networks for tinymaix_cnn; emlmpy.cnn.tflite makes them of TensorFlow Lite models."""

from emlmpy.cnn.model import CnnModel, describe, is_file, sign

__all__ = ["CnnModel", "describe", "is_file", "sign"]
