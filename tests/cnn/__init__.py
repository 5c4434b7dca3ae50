"""Networks: tinymaix_cnn and emlmpy.cnn."""
