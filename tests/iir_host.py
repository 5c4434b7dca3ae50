"""emliir's int16 kernel on this computer, in the arithmetic of any CPU."""

import ctypes

import numpy as np

from emlmpy.twin import compile_kernel
from tests.machines.machine import ROOT

SOURCE = """
#include <stdlib.h>
#include "eml_biquad_i16.h"

void run(const float *sos, int n_sections, int16_t *samples, int n) {
    EmlBiquadF32 *sections = malloc(n_sections * sizeof(EmlBiquadF32));
    EmlBiquadI16 *fixed = malloc(n_sections * sizeof(EmlBiquadI16));
    EmlBiquadI16State *state = calloc(n_sections, sizeof(EmlBiquadI16State));
    for (int i = 0; i < n_sections; i++, sos += 6) {
        sections[i] = (EmlBiquadF32){sos[0], sos[1], sos[2], -sos[4], -sos[5]};
    }
    const int32_t shift = eml_biquad_i16_convert(sections, n_sections, fixed);
    eml_biquad_i16_run(fixed, n_sections, shift, state, samples, samples, n, 1);
    free(sections);
    free(fixed);
    free(state);
}
"""


def run(sos: np.ndarray, samples: np.ndarray, machine: str) -> np.ndarray:
    """What a filter whose a0 is 1 makes of int16 samples on a machine."""
    cpu = "#define __ARM_ARCH_6M__ 1\n" if machine == "cortex-m0" else ""
    kernel = compile_kernel("iir_i16", cpu + SOURCE, [ROOT / "src" / "emliir"])
    rows = np.ascontiguousarray(sos, np.float32)
    out = samples.copy()
    pointer = ctypes.c_void_p
    kernel.run(pointer(rows.ctypes.data), len(rows), pointer(out.ctypes.data), len(out))
    return out
