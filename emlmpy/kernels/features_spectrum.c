// What tests of emlfeatures call: its spectrum and its high-pass, each by itself.

#include <stdlib.h>

#include "eml_highpass.h"
#include "eml_spectrum.h"

int32_t features_spectrum_log2(uint64_t x) { return eml_log2_u64(x); }

// Rows of 2^log2_n samples become rows of as many features as are wanted. Returns how many these
// are, or 0 if memory is short.
uint32_t features_spectrum_rows(uint32_t log2_n, int32_t taper, const int16_t *in, size_t rows,
                                const uint16_t *edges, uint32_t n_bands, uint32_t wanted,
                                int16_t *out) {
    EmlSpectrum self;
    void *memory = malloc(eml_spectrum_bytes(log2_n, taper != 0));
    int16_t *scratch = calloc(EML_SPECTRUM_SCRATCH(log2_n), sizeof(int16_t));
    uint32_t written = 0;
    if (memory != NULL && scratch != NULL) {
        eml_spectrum_begin(&self, log2_n, taper != 0, memory);
        for (; rows > 0; rows--, in += (size_t)1 << log2_n, out += written) {
            written = eml_spectrum(&self, in, edges, n_bands, wanted, scratch, out);
        }
    }
    free(memory);
    free(scratch);
    return written;
}

int32_t features_spectrum_is_stable(const int32_t *coefficients) {
    const EmlHighpassCoefficients self = {coefficients[0], coefficients[1]};
    return eml_highpass_is_stable(&self);
}

// Filters a stream in place, `chunk` samples at a time.
void features_spectrum_highpass(const int32_t *coefficients, int16_t *x, size_t n, size_t chunk) {
    const EmlHighpassCoefficients self = {coefficients[0], coefficients[1]};
    EmlHighpass state;
    eml_highpass_reset(&state);
    for (; n > 0; n -= chunk, x += chunk) {
        chunk = chunk < n ? chunk : n;
        eml_highpass_run(&self, &state, x, (uint32_t)chunk);
    }
}
