#define IIR(name) iir_##name
#include "iir.inc"
