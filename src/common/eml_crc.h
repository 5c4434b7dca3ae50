/** CRC-32 as zip and zlib compute it (polynomial 0xedb88320, reflected), four bits at a time.

    EmlCrc crc;
    eml_crc_begin(&crc);
    eml_crc_add(&crc, data, length);        // any number of times
    uint32_t value = eml_crc_value(&crc);

The table of 16 numbers is part of the struct and made by eml_crc_begin, in 300 instructions: native
modules for ESP32 must not hold tables. Cost: 10 instructions a byte on a Cortex-M4.
*/
#ifndef EML_CRC_H
#define EML_CRC_H

#include <stddef.h>
#include <stdint.h>

#include "eml_attributes.h"

typedef struct EmlCrc {
    uint32_t inverted; // the CRC of what was added, all bits inverted
    uint32_t table[16];
} EmlCrc;

static inline void eml_crc_begin(EmlCrc *self) {
    self->inverted = 0xffffffffu;
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t crc = i;
        for (uint32_t bit = 0; bit < 4; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
        }
        self->table[i] = crc;
    }
}

// EML_FAST: 10 instructions a byte on a Cortex-M4, not 15.
EML_FAST static EML_UNUSED void eml_crc_add(EmlCrc *self, const void *data, size_t length) {
    const uint32_t *const table = self->table;
    const uint8_t *byte = (const uint8_t *)data;
    uint32_t crc = self->inverted;
    for (const uint8_t *const end = byte + length; byte != end; byte++) {
        crc ^= *byte;
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    self->inverted = crc;
}

static inline uint32_t eml_crc_value(const EmlCrc *self) { return ~self->inverted; }

/** The CRC-32 of data but for its bytes at `at` to at + 3, which are where a file keeps it. */
static EML_COLD EML_NOINLINE EML_UNUSED uint32_t eml_crc_around(const void *data, size_t length,
                                                                size_t at) {
    const uint8_t *bytes = (const uint8_t *)data;
    EmlCrc crc;
    eml_crc_begin(&crc);
    eml_crc_add(&crc, bytes, at);
    eml_crc_add(&crc, bytes + at + 4, length - at - 4);
    return eml_crc_value(&crc);
}

#endif // EML_CRC_H
