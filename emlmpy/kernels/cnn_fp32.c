#define EML_CNN_FP32
#define CNN(name) cnn_fp32_##name
#include "cnn.inc"
