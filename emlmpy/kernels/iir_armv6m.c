// With the int16 arithmetic of the Cortex-M0, in C.
#define __ARM_ARCH_6M__ 1
#define IIR(name) iir_armv6m_##name
#include "iir.inc"
