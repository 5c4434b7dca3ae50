// emlfft: Fourier transforms and spectra of float and int16 samples.
//
// >>> import emlfft, array
// >>> fft = emlfft.new(256, "hann")
// >>> fft.power(samples, out)

#include "eml_fft_i16.h"
#include "natmod.h"
#include "soft_float.h"

#define N_TEXT "n must be a power of two from 8 to 4096"
#define WINDOW_TEXT "window must be 'hann', 'hamming' or array('f') of n"
#define RUN_TEXT "real and imag must be array('f') or array('h') of n"
#define SAMPLES_TEXT "samples must be array('f') or array('h') of n"
#define RFFT_TEXT "out must be an array like samples of n + 2"
#define POWER_TEXT "out must be array('f'), or array('I') for 'h', of n / 2 + 1"

typedef struct {
    mp_obj_base_t base;
    uint32_t log2_n;
    int32_t window_exponent;
    int32_t cosine_window; // a of eml_fft_f32_window; 0: no such window
    // Made by the first call with samples of their kind, all but the half of a window that is given
    // as an array; NULL until then, and where there is no window.
    float *twiddle;
    float *half_window;
    uint32_t *twiddle_i16;
    int16_t *window_i16;
    float *work; // n items; the same bytes are n complex int16
} mp_obj_fft_t;

mp_obj_full_type_t fft_type;

static void fft_set_window(mp_obj_fft_t *self, mp_obj_t window_in, size_t n) {
    mp_buffer_info_t info;
    if (!mp_get_buffer(window_in, &info, MP_BUFFER_READ)) {
        natmod_type_error(WINDOW_TEXT);
    }
    if (window_in == MP_OBJ_NEW_QSTR(MP_QSTR_hann)) {
        self->cosine_window = EML_FFT_ONE / 2;
    } else if (window_in == MP_OBJ_NEW_QSTR(MP_QSTR_hamming)) {
        self->cosine_window = EML_FFT_0_54;
    } else {
        if (info.typecode != 'f' || info.len != n * sizeof(float)) {
            natmod_value_error(WINDOW_TEXT);
        }
        self->half_window = m_malloc(n * sizeof(float));
        eml_fft_f32_halve(self->half_window, info.buf, n);
        if (eml_fft_i16_exponent(self->half_window, n) >= EML_FFT_NOT_FINITE) {
            natmod_value_error("window must be finite");
        }
    }
}

// Makes what samples of a kind need. The object changes when nothing can fail any more.
static void fft_prepare(mp_obj_fft_t *self, bool is_float) {
    if (is_float ? self->twiddle != NULL : self->twiddle_i16 != NULL) {
        return;
    }
    const uint32_t log2_n = self->log2_n;
    const size_t n = (size_t)1 << log2_n;
    float *const work = self->work != NULL ? self->work : m_malloc(n * sizeof(float));
    void *const twiddle =
        m_malloc(is_float ? n / 2 * 3 * sizeof(float) : n / 4 * 3 * sizeof(uint32_t));
    float *half_window = self->half_window;
    if (half_window == NULL && self->cosine_window != 0) {
        half_window = is_float ? m_malloc(n * sizeof(float)) : work;
        eml_fft_f32_window(half_window, log2_n, self->cosine_window);
    }
    if (is_float) {
        eml_fft_f32_fill(log2_n, twiddle);
        self->half_window = half_window;
        self->twiddle = twiddle;
    } else {
        if (half_window != NULL) {
            self->window_i16 = m_malloc(n * sizeof(int16_t));
            const int32_t exponent = eml_fft_i16_exponent(half_window, n);
            eml_fft_i16_window(half_window, n, exponent, self->window_i16);
            self->window_exponent = exponent + 1;
        }
        eml_fft_i16_fill(log2_n, twiddle);
        self->twiddle_i16 = twiddle;
    }
    self->work = work;
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
    uint32_t log2_n = 3;
    while (n >> log2_n != 1) {
        log2_n++;
    }
    if (n != 1 << log2_n) {
        natmod_value_error(N_TEXT);
    }
    mp_obj_fft_t *self = m_malloc(sizeof(mp_obj_fft_t));
    memset(self, 0, sizeof(mp_obj_fft_t));
    self->base.type = (mp_obj_type_t *)&fft_type;
    self->log2_n = log2_n;
    if (parsed[1].u_obj != mp_const_none) {
        fft_set_window(self, parsed[1].u_obj, n);
    }
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(fft_new_obj, 1, fft_new);

enum { FFT_RUN, FFT_RFFT, FFT_POWER };

// Returns the exponent for int16.
static mp_obj_t fft_transform(mp_obj_t self_in, mp_obj_t in_in, mp_obj_t out_in, int method) {
    mp_obj_fft_t *self = natmod_self(self_in, &fft_type, "self must be an FFT object");
    const size_t n = (size_t)1 << self->log2_n;
    const char *in_text = SAMPLES_TEXT, *out_text = POWER_TEXT;
    size_t out_length = n / 2 + 1;
    if (method == FFT_RUN) {
        in_text = out_text = RUN_TEXT;
        out_length = n;
    } else if (method == FFT_RFFT) {
        out_text = RFFT_TEXT;
        out_length = n + 2;
    }
    mp_buffer_info_t in;
    if (!mp_get_buffer(in_in, &in, method == FFT_RUN ? MP_BUFFER_RW : MP_BUFFER_READ)) {
        natmod_type_error(in_text);
    }
    char typecode = in.typecode;
    size_t item_bytes = typecode == 'f' ? sizeof(float) : sizeof(int16_t);
    if ((typecode != 'f' && typecode != 'h') || in.len != n * item_bytes) {
        natmod_value_error(in_text);
    }
    if (method == FFT_POWER) {
        typecode = typecode == 'f' ? 'f' : 'I';
        item_bytes = sizeof(uint32_t);
    }
    void *out = natmod_array(out_in, typecode, out_length, item_bytes, MP_BUFFER_RW, out_text);
    const char *const start = out, *const end = start + out_length * item_bytes;
    if ((const char *)in.buf < end && start < (const char *)in.buf + in.len) {
        natmod_value_error("arrays must not overlap");
    }
    fft_prepare(self, typecode == 'f');
    const int is_power = method == FFT_POWER;
    if (typecode == 'f') {
        if (method == FFT_RUN) {
            eml_fft_f32_run(in.buf, out, self->log2_n, self->twiddle);
        } else {
            eml_fft_f32_real(in.buf, is_power ? self->half_window : NULL, self->log2_n,
                             self->twiddle, is_power, is_power ? self->work : out, out);
        }
        return mp_const_none;
    }
    uint32_t *const work = is_power ? out : (uint32_t *)self->work;
    int32_t exponent;
    if (method == FFT_RUN) {
        exponent = eml_fft_i16_run(in.buf, out, self->log2_n, self->twiddle_i16, work);
    } else {
        exponent = eml_fft_i16_real(in.buf, is_power ? self->window_i16 : NULL, self->log2_n,
                                    self->twiddle_i16, is_power, work);
        if (is_power) {
            exponent = 2 * (exponent + self->window_exponent);
        } else {
            eml_fft_i16_copy(work, n / 2 + 1, out);
        }
    }
    return MP_OBJ_NEW_SMALL_INT(exponent);
}

// run(real, imag): complex samples, in place.
static mp_obj_t fft_run(mp_obj_t self_in, mp_obj_t real_in, mp_obj_t imag_in) {
    return fft_transform(self_in, real_in, imag_in, FFT_RUN);
}
static MP_DEFINE_CONST_FUN_OBJ_3(fft_run_obj, fft_run);

// rfft(samples, out): complex bins 0 to n / 2, real and imaginary parts in turn.
static mp_obj_t fft_rfft(mp_obj_t self_in, mp_obj_t samples_in, mp_obj_t out_in) {
    return fft_transform(self_in, samples_in, out_in, FFT_RFFT);
}
static MP_DEFINE_CONST_FUN_OBJ_3(fft_rfft_obj, fft_rfft);

// power(samples, out): squared magnitudes of the windowed samples' bins 0 to n / 2.
static mp_obj_t fft_power(mp_obj_t self_in, mp_obj_t samples_in, mp_obj_t out_in) {
    return fft_transform(self_in, samples_in, out_in, FFT_POWER);
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
