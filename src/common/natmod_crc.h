// _crc for modules that merge rows.py: adds a row of text and its line end to a CRC-32.
#ifndef EMLMPY_NATMOD_CRC_H
#define EMLMPY_NATMOD_CRC_H

#include "eml_crc.h"
#include "natmod.h"

// _crc(sum, row): sum is an array('I'), whose first item is the CRC-32 so far: 0 before any row.
static mp_obj_t natmod_crc(mp_obj_t sum_in, mp_obj_t row_in) {
    uint32_t *sum = natmod_items(sum_in, "sum", 'I', 1, MP_BUFFER_RW);
    mp_buffer_info_t row;
    mp_get_buffer_raise(row_in, &row, MP_BUFFER_READ);
    EmlCrc crc;
    eml_crc_begin(&crc);
    crc.inverted = ~*sum;
    eml_crc_add(&crc, row.buf, row.len);
    eml_crc_add(&crc, "\n", 1);
    *sum = eml_crc_value(&crc);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(natmod_crc_obj, natmod_crc);

#endif // EMLMPY_NATMOD_CRC_H
