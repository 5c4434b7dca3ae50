// emlearn's eml_iir.h as a module: new(sos), run(samples).
#include "py/dynruntime.h"

#include <eml_iir.h>

void *memset(void *memory, int value, size_t bytes) {
    return mp_fun_table.memset_(memory, value, bytes);
}

void *memcpy(void *to, const void *from, size_t bytes) {
    return mp_fun_table.memmove_(to, from, bytes);
}

typedef struct {
    mp_obj_base_t base;
    EmlIIR iir;
} mp_obj_filter_t;

mp_obj_full_type_t filter_type;

static mp_obj_t filter_new(mp_obj_t sos_in) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(sos_in, &info, MP_BUFFER_READ);
    mp_obj_filter_t *self = mp_obj_malloc(mp_obj_filter_t, (mp_obj_type_t *)&filter_type);
    EmlIIR *iir = &self->iir;
    iir->coefficients_length = info.len / sizeof(float);
    iir->n_stages = iir->coefficients_length / 6;
    float *coefficients = m_malloc(info.len);
    memcpy(coefficients, info.buf, info.len);
    iir->coefficients = coefficients;
    iir->states_length = iir->n_stages * 4;
    iir->states = m_malloc(iir->states_length * sizeof(float));
    memset(iir->states, 0, iir->states_length * sizeof(float));
    if (eml_iir_check(*iir) != EmlOk) {
        mp_raise_ValueError("sos must have 6 values a section");
    }
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(filter_new_obj, filter_new);

static mp_obj_t filter_run(mp_obj_t self_in, mp_obj_t samples_in) {
    mp_obj_filter_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t info;
    mp_get_buffer_raise(samples_in, &info, MP_BUFFER_RW);
    float *samples = info.buf;
    for (size_t i = 0; i < info.len / sizeof(float); i++) {
        samples[i] = eml_iir_filter(self->iir, samples[i]);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(filter_run_obj, filter_run);

mp_map_elem_t filter_methods[1];
static MP_DEFINE_CONST_DICT(filter_methods_dict, filter_methods);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    filter_type.base.type = (void *)&mp_type_type;
    filter_type.flags = MP_TYPE_FLAG_NONE;
    filter_type.name = MP_QSTR_Filter;
    filter_methods[0] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_run), MP_OBJ_FROM_PTR(&filter_run_obj)};
    MP_OBJ_TYPE_SET_SLOT(&filter_type, locals_dict, (void *)&filter_methods_dict, 0);
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&filter_new_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
