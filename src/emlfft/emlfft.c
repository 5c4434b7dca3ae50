// emlfft: Fourier transforms and spectra of float and int16 samples.
//
// >>> import emlfft, array
// >>> fft = emlfft.new(256, "hann")
// >>> fft.power(samples, out)

#include "eml_fft_i16.h"
#include "natmod.h"
#include "soft_float.h"

#define N_TEXT "n must be a power of two from 8 to 4096"

// The tables: work has n floats, or n complex int16.
enum { WORK, HALF_WINDOW, WINDOW_I16, TWIDDLE, TWIDDLE_I16 };

typedef struct {
    mp_obj_base_t base;
    uint32_t log2_n;
    int32_t window_exponent;
    int32_t cosine_window; // a of eml_fft_f32_window; 0: no such window
    // Made by the first call with samples of their kind, all but the half of a window that is given
    // as an array; NULL until then, and where there is no window.
    void *table[5];
} mp_obj_fft_t;

NATMOD_TYPE(fft, 3);

static void fft_set_window(mp_obj_fft_t *self, mp_obj_t window, size_t n) {
    if (window == MP_OBJ_NEW_QSTR(MP_QSTR_hann)) {
        self->cosine_window = EML_FFT_ONE / 2;
    } else if (window == MP_OBJ_NEW_QSTR(MP_QSTR_hamming)) {
        self->cosine_window = EML_FFT_0_54;
    } else if (mp_obj_get_type(window) == &mp_type_str) {
        natmod_value_error("window must be 'hann', 'hamming' or an array");
    } else {
        const float *values = natmod_items(window, "window", 'f', n, MP_BUFFER_READ);
        self->table[HALF_WINDOW] = natmod_malloc(n * sizeof(float));
        eml_fft_f32_halve(self->table[HALF_WINDOW], values, n);
        if (eml_fft_i16_exponent(self->table[HALF_WINDOW], n) >= EML_FFT_NOT_FINITE) {
            natmod_value_error("window must be finite");
        }
    }
}

// Makes what samples of a kind need. The object changes when nothing can fail any more.
static void fft_prepare(mp_obj_fft_t *self, bool is_float) {
    if (is_float ? self->table[TWIDDLE] != NULL : self->table[TWIDDLE_I16] != NULL) {
        return;
    }
    const uint32_t log2_n = self->log2_n;
    const size_t n = (size_t)1 << log2_n;
    float *const work =
        self->table[WORK] != NULL ? self->table[WORK] : natmod_malloc(n * sizeof(float));
    void *const twiddle =
        natmod_malloc(is_float ? n / 2 * 3 * sizeof(float) : n / 4 * 3 * sizeof(uint32_t));
    float *half_window = self->table[HALF_WINDOW];
    if (half_window == NULL && self->cosine_window != 0) {
        half_window = is_float ? natmod_malloc(n * sizeof(float)) : work;
        eml_fft_f32_window(half_window, log2_n, self->cosine_window);
    }
    if (is_float) {
        eml_fft_f32_fill(log2_n, twiddle);
        self->table[HALF_WINDOW] = half_window;
        self->table[TWIDDLE] = twiddle;
    } else {
        if (half_window != NULL) {
            self->table[WINDOW_I16] = natmod_malloc(n * sizeof(int16_t));
            const int32_t exponent = eml_fft_i16_exponent(half_window, n);
            eml_fft_i16_window(half_window, n, exponent, self->table[WINDOW_I16]);
            self->window_exponent = exponent + 1;
        }
        eml_fft_i16_fill(log2_n, twiddle);
        self->table[TWIDDLE_I16] = twiddle;
    }
    self->table[WORK] = work;
}

// Bytes of the object and of the tables that it has so far.
static size_t fft_bytes(const mp_obj_fft_t *self) {
    size_t bytes = sizeof(*self);
    // A digit each: the bytes that a table takes for a sample, that of WORK is the last.
    uint32_t sample_bytes = 0x36244;
    for (void *const *table = self->table; sample_bytes != 0; table++, sample_bytes >>= 4) {
        if (*table != NULL) {
            bytes += (sample_bytes & 15) << self->log2_n;
        }
    }
    return bytes;
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
    mp_obj_fft_t *self = natmod_malloc(sizeof(mp_obj_fft_t));
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
    const bool is_run = method == FFT_RUN, is_power = method == FFT_POWER;
    mp_buffer_info_t in;
    if (!mp_get_buffer(in_in, &in, is_run ? MP_BUFFER_RW : MP_BUFFER_READ)) {
        natmod_no_array();
    }
    const bool is_float = in.typecode != 'h';
    if (!natmod_is_array(&in, is_float ? 'f' : 'h', n)) {
        natmod_array_error(is_run ? "real" : "samples", "f' or 'h", n, &in);
    }
    const char typecode = is_float ? 'f' : is_power ? 'I' : 'h';
    const size_t out_length = is_run ? n : is_power ? n / 2 + 1 : n + 2;
    void *out = natmod_items(out_in, is_run ? "imag" : "out", typecode, out_length, MP_BUFFER_RW);
    if (natmod_overlap(out, out_length << natmod_item_shift(typecode), in.buf, in.len)) {
        natmod_value_error("arrays must not overlap");
    }
    fft_prepare(self, is_float);
    if (is_float) {
        if (is_run) {
            eml_fft_f32_run(in.buf, out, self->log2_n, self->table[TWIDDLE]);
        } else {
            eml_fft_f32_real(in.buf, is_power ? self->table[HALF_WINDOW] : NULL, self->log2_n,
                             self->table[TWIDDLE], is_power, is_power ? self->table[WORK] : out,
                             out);
        }
        return mp_const_none;
    }
    uint32_t *const work = is_power ? out : self->table[WORK];
    int32_t exponent;
    if (is_run) {
        exponent = eml_fft_i16_run(in.buf, out, self->log2_n, self->table[TWIDDLE_I16], work);
    } else {
        exponent = eml_fft_i16_real(in.buf, is_power ? self->table[WINDOW_I16] : NULL, self->log2_n,
                                    self->table[TWIDDLE_I16], is_power, work);
        if (is_power) {
            exponent = 2 * (exponent + self->window_exponent);
        } else {
            eml_fft_i16_copy(work, n / 2 + 1, out);
        }
    }
    return MP_OBJ_NEW_SMALL_INT(exponent);
}

#define FFT_DEFINE(name, method) \
    static mp_obj_t fft_##name(mp_obj_t self, mp_obj_t in, mp_obj_t out) { \
        return fft_transform(self, in, out, method); \
    } \
    static MP_DEFINE_CONST_FUN_OBJ_3(fft_##name##_obj, fft_##name)

// run(real, imag): complex samples, in place.
FFT_DEFINE(run, FFT_RUN);
// rfft(samples, out): complex bins 0 to n / 2, real and imaginary parts in turn.
FFT_DEFINE(rfft, FFT_RFFT);
// power(samples, out): squared magnitudes of the windowed samples' bins 0 to n / 2.
FFT_DEFINE(power, FFT_POWER);

static void fft_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const mp_obj_fft_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<FFT: n %d>", 1 << self->log2_n);
}

static void fft_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const mp_obj_fft_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t value = MP_OBJ_NULL;
    if (name == MP_QSTR_n) {
        value = MP_OBJ_NEW_SMALL_INT(1 << self->log2_n);
    } else if (name == MP_QSTR_nbytes) {
        value = MP_OBJ_NEW_SMALL_INT(fft_bytes(self));
    }
    natmod_attr(dest, value);
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    NATMOD_MAKE_TYPE(fft, MP_QSTR_FFT);
    natmod_method(&fft_methods[0], MP_QSTR_power, &fft_power_obj);
    natmod_method(&fft_methods[1], MP_QSTR_run, &fft_run_obj);
    natmod_method(&fft_methods[2], MP_QSTR_rfft, &fft_rfft_obj);

    natmod_global(MP_QSTR_new, &fft_new_obj);
    natmod_global(MP_QSTR_FFT, &fft_new_obj);
    natmod_version();

    MP_DYNRUNTIME_INIT_EXIT
}
