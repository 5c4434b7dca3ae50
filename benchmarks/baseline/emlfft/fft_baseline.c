// emlearn's eml_fft.h as a module: new(n), run(real, imag). Its table is not filled, for its cost
// does not depend on what is in it, and sinf would have to be linked.
#include "py/dynruntime.h"

#include <math.h>
#define sinf(x) (x)
#define cosf(x) (x)
#include <eml_fft.h>

void *memset(void *memory, int value, size_t bytes) {
    return mp_fun_table.memset_(memory, value, bytes);
}

typedef struct {
    mp_obj_base_t base;
    EmlFFT fft;
} mp_obj_fft_t;

mp_obj_full_type_t fft_type;

static mp_obj_t fft_new(mp_obj_t n_in) {
    const size_t n = mp_obj_get_int(n_in);
    mp_obj_fft_t *self = mp_obj_malloc(mp_obj_fft_t, (mp_obj_type_t *)&fft_type);
    self->fft.length = n / 2;
    self->fft.sin = m_malloc(n / 2 * sizeof(float));
    self->fft.cos = m_malloc(n / 2 * sizeof(float));
    for (size_t i = 0; i < n / 2; i++) {
        self->fft.sin[i] = 0.6f;
        self->fft.cos[i] = 0.8f;
    }
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fft_new_obj, fft_new);

static mp_obj_t fft_run(mp_obj_t self_in, mp_obj_t real_in, mp_obj_t imag_in) {
    mp_obj_fft_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t real, imag;
    mp_get_buffer_raise(real_in, &real, MP_BUFFER_RW);
    mp_get_buffer_raise(imag_in, &imag, MP_BUFFER_RW);
    if (eml_fft_forward(self->fft, real.buf, imag.buf, real.len / sizeof(float)) != EmlOk) {
        mp_raise_ValueError("real must have n items");
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(fft_run_obj, fft_run);

mp_map_elem_t fft_methods[1];
static MP_DEFINE_CONST_DICT(fft_methods_dict, fft_methods);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    fft_type.base.type = (void *)&mp_type_type;
    fft_type.flags = MP_TYPE_FLAG_NONE;
    fft_type.name = MP_QSTR_FFT;
    fft_methods[0] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_run), MP_OBJ_FROM_PTR(&fft_run_obj)};
    MP_OBJ_TYPE_SET_SLOT(&fft_type, locals_dict, (void *)&fft_methods_dict, 0);
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&fft_new_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
