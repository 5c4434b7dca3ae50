#define CNN(name) cnn_int8_##name
#include "cnn.inc"
