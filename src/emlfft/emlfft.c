// emlfft: Fourier transforms and spectra of float and int16 samples.
//
// >>> import emlfft, array
// >>> fft = emlfft.new(256, "hann")
// >>> fft.power(samples, out)

#include "eml_fft_i16.h"
#include "natmod.h"

#define N_TEXT "n must be a power of two from 8 to 4096"
#define WINDOW_TEXT "window must be 'hann', 'hamming' or an array of type 'f' with n items"
#define RUN_TEXT "real and imag must be arrays of type 'f' or 'h' with n items"
#define SAMPLES_TEXT "samples must be an array of type 'f' or 'h' with n items"
#define RFFT_TEXT "out must be an array of the samples' type with n + 2 items"
#define POWER_TEXT "out must be an array of type 'f', or 'I' for 'h', with n / 2 + 1 items"

typedef struct {
    mp_obj_base_t base;
    uint32_t log2_n;
    int32_t window_exponent;
    float *twiddle;
    uint32_t *twiddle_i16;
    float *half_window; // NULL: none
    int16_t *window_i16;
    float *work; // n items; the same bytes are n complex int16
} mp_obj_fft_t;

mp_obj_full_type_t fft_type;

static mp_obj_fft_t *fft_self(mp_obj_t self_in) {
    return natmod_self(self_in, &fft_type, "self must be an FFT object");
}

// An array of type 'f' or 'h' with n items.
static void *fft_samples(mp_obj_t arg, size_t n, mp_uint_t flags, const char *requirement,
                         char *typecode) {
    mp_buffer_info_t info;
    if (!mp_get_buffer(arg, &info, flags)) {
        mp_raise_TypeError(requirement);
    }
    *typecode = info.typecode;
    if ((info.typecode != 'f' || info.len != n * sizeof(float)) &&
        (info.typecode != 'h' || info.len != n * sizeof(int16_t))) {
        mp_raise_ValueError(requirement);
    }
    return info.buf;
}

static void fft_check_apart(const void *a, size_t a_bytes, const void *b, size_t b_bytes) {
    if ((const char *)a < (const char *)b + b_bytes &&
        (const char *)b < (const char *)a + a_bytes) {
        mp_raise_ValueError("arrays must not overlap");
    }
}

static void fft_set_window(mp_obj_fft_t *self, mp_obj_t window_in) {
    const uint32_t n = 1u << self->log2_n;
    mp_buffer_info_t info;
    if (!mp_get_buffer(window_in, &info, MP_BUFFER_READ)) {
        mp_raise_TypeError(WINDOW_TEXT);
    }
    float *half_window = m_malloc(n * sizeof(float));
    if (window_in == MP_OBJ_NEW_QSTR(MP_QSTR_hann)) {
        eml_fft_f32_window(half_window, self->log2_n, EML_FFT_ONE / 2, EML_FFT_ONE / 2);
    } else if (window_in == MP_OBJ_NEW_QSTR(MP_QSTR_hamming)) {
        eml_fft_f32_window(half_window, self->log2_n, 579820585, 493921239); // 0.54, 0.46
    } else {
        if (info.typecode != 'f' || info.len != n * sizeof(float)) {
            mp_raise_ValueError(WINDOW_TEXT);
        }
        const float *window = info.buf;
        for (size_t k = 0; k < n; k++) {
            if ((((const uint32_t *)info.buf)[k] >> 23 & 0xff) == 0xff) {
                mp_raise_ValueError("window must be finite");
            }
            half_window[k] = 0.5f * window[k];
        }
    }
    self->half_window = half_window;
    self->window_i16 = m_malloc(n * sizeof(int16_t));
    self->window_exponent = eml_fft_i16_window(half_window, n, self->window_i16) + 1;
}

// new(n, window=None)
static mp_obj_t fft_new(size_t n_args, const mp_obj_t *args, mp_map_t *keywords) {
    const mp_arg_t allowed[] = {
        {MP_QSTR_n, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_window, MP_ARG_OBJ, {.u_obj = mp_const_none}},
    };
    mp_arg_val_t parsed[2];
    mp_arg_parse_all(n_args, args, keywords, 2, allowed, parsed);
    const mp_int_t n = natmod_int(parsed[0].u_obj, 8, 4096, N_TEXT);
    if ((n & (n - 1)) != 0) {
        mp_raise_ValueError(N_TEXT);
    }
    mp_obj_fft_t *self = mp_obj_malloc(mp_obj_fft_t, (mp_obj_type_t *)&fft_type);
    self->log2_n = 3;
    while (n >> self->log2_n != 1) {
        self->log2_n++;
    }
    self->half_window = NULL;
    self->window_i16 = NULL;
    self->window_exponent = 0;
    if (parsed[1].u_obj != mp_const_none) {
        fft_set_window(self, parsed[1].u_obj);
    }
    self->twiddle = m_malloc(n / 2 * 3 * sizeof(float));
    self->twiddle_i16 = m_malloc(n / 4 * 3 * sizeof(uint32_t));
    self->work = m_malloc(n * sizeof(float));
    eml_fft_f32_fill(self->twiddle, self->log2_n);
    eml_fft_i16_fill(self->twiddle_i16, self->log2_n);
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(fft_new_obj, 1, fft_new);

// run(real, imag): in place; returns the exponent for int16.
static mp_obj_t fft_run(mp_obj_t self_in, mp_obj_t real_in, mp_obj_t imag_in) {
    mp_obj_fft_t *self = fft_self(self_in);
    const size_t n = (size_t)1 << self->log2_n;
    char typecode;
    void *real = fft_samples(real_in, n, MP_BUFFER_RW, RUN_TEXT, &typecode);
    const size_t item_bytes = typecode == 'f' ? sizeof(float) : sizeof(int16_t);
    void *imag = natmod_array(imag_in, typecode, n, item_bytes, MP_BUFFER_RW, RUN_TEXT);
    fft_check_apart(real, n * item_bytes, imag, n * item_bytes);
    if (typecode == 'f') {
        eml_fft_f32_run(real, imag, self->log2_n, self->twiddle);
        return mp_const_none;
    }
    return MP_OBJ_NEW_SMALL_INT(
        eml_fft_i16_run(real, imag, self->log2_n, self->twiddle_i16, (uint32_t *)self->work));
}
static MP_DEFINE_CONST_FUN_OBJ_3(fft_run_obj, fft_run);

// rfft(samples, out): complex bins 0 to n / 2, real and imaginary parts in turn.
static mp_obj_t fft_rfft(mp_obj_t self_in, mp_obj_t samples_in, mp_obj_t out_in) {
    mp_obj_fft_t *self = fft_self(self_in);
    const size_t n = (size_t)1 << self->log2_n;
    char typecode;
    const void *samples = fft_samples(samples_in, n, MP_BUFFER_READ, SAMPLES_TEXT, &typecode);
    const size_t item_bytes = typecode == 'f' ? sizeof(float) : sizeof(int16_t);
    void *out = natmod_array(out_in, typecode, n + 2, item_bytes, MP_BUFFER_WRITE, RFFT_TEXT);
    fft_check_apart(samples, n * item_bytes, out, (n + 2) * item_bytes);
    if (typecode == 'f') {
        eml_fft_f32_real(samples, self->log2_n, self->twiddle, out);
        return mp_const_none;
    }
    return MP_OBJ_NEW_SMALL_INT(
        eml_fft_i16_real(samples, self->log2_n, self->twiddle_i16, (uint32_t *)self->work, out));
}
static MP_DEFINE_CONST_FUN_OBJ_3(fft_rfft_obj, fft_rfft);

// power(samples, out): squared magnitudes of the windowed samples' bins 0 to n / 2.
static mp_obj_t fft_power(mp_obj_t self_in, mp_obj_t samples_in, mp_obj_t out_in) {
    mp_obj_fft_t *self = fft_self(self_in);
    const size_t n = (size_t)1 << self->log2_n;
    char typecode;
    const void *samples = fft_samples(samples_in, n, MP_BUFFER_READ, SAMPLES_TEXT, &typecode);
    const size_t item_bytes = typecode == 'f' ? sizeof(float) : sizeof(int16_t);
    void *out = natmod_array(out_in, typecode == 'f' ? 'f' : 'I', n / 2 + 1, sizeof(uint32_t),
                             MP_BUFFER_WRITE, POWER_TEXT);
    fft_check_apart(samples, n * item_bytes, out, (n / 2 + 1) * sizeof(uint32_t));
    if (typecode == 'f') {
        eml_fft_f32_power(samples, self->half_window, self->log2_n, self->twiddle, self->work, out);
        return mp_const_none;
    }
    const int32_t exponent =
        eml_fft_i16_power(samples, self->window_i16, self->log2_n, self->twiddle_i16, out);
    return MP_OBJ_NEW_SMALL_INT(exponent + 2 * self->window_exponent);
}
static MP_DEFINE_CONST_FUN_OBJ_3(fft_power_obj, fft_power);

mp_map_elem_t fft_methods[3];
static MP_DEFINE_CONST_DICT(fft_methods_dict, fft_methods);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    fft_type.base.type = (void *)&mp_type_type;
    fft_type.flags = MP_TYPE_FLAG_NONE;
    fft_type.name = MP_QSTR_FFT;
    fft_methods[0] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_power), MP_OBJ_FROM_PTR(&fft_power_obj)};
    fft_methods[1] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_run), MP_OBJ_FROM_PTR(&fft_run_obj)};
    fft_methods[2] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_rfft), MP_OBJ_FROM_PTR(&fft_rfft_obj)};
    MP_OBJ_TYPE_SET_SLOT(&fft_type, locals_dict, (void *)&fft_methods_dict, 0);

    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&fft_new_obj));
    mp_store_global(MP_QSTR_FFT, MP_OBJ_FROM_PTR(&fft_new_obj));
    mp_store_global(MP_QSTR___version__,
                    mp_obj_new_str(EMLMPY_VERSION, sizeof(EMLMPY_VERSION) - 1));

    MP_DYNRUNTIME_INIT_EXIT
}
