# Prints how much free heap it takes to load model.tmdl, and the model's nbytes.
import heap

try:
    import tinymaix_cnn as cnn
except ImportError:
    import tinymaix_cnn_fp32 as cnn

peak = heap.enough(lambda: cnn.load("model.tmdl"))
# Not before: the stack might keep this model from being collected until one is loaded above.
print(peak, cnn.load("model.tmdl").nbytes)
