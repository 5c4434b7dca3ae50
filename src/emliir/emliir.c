// emliir: filters of second-order sections, for float and int16 samples.
//
// >>> import emliir, array
// >>> filter = emliir.new(array.array("f", sos))
// >>> filter.run(samples)

#include "eml_biquad_f32.h"
#include "eml_biquad_i16.h"
#include "natmod.h"
#include "natmod_crc.h"
#include "soft_float.h"

typedef struct {
    mp_obj_base_t base;
    uint8_t n_sections;
    uint8_t channels;
    EmlBiquadI16Shifts shifts;
    // All within the object's own memory, in this order.
    EmlBiquadF32 *sections;
    EmlBiquadI16 *sections_i16;
    EmlBiquadI16State *state_i16;
    float *state;
} mp_obj_filter_t;

#define STATE_BYTES (sizeof(EmlBiquadI16State) + 2 * sizeof(float))

NATMOD_TYPE(filter, 3);

static mp_obj_filter_t *filter_self(mp_obj_t self_in) {
    return natmod_self(self_in, &filter_type, "self must be a Filter object");
}

// Bytes of the object with its sections and states.
static size_t filter_bytes(size_t n_sections, size_t channels) {
    return sizeof(mp_obj_filter_t) +
           n_sections * (sizeof(EmlBiquadF32) + sizeof(EmlBiquadI16) + channels * STATE_BYTES);
}

static void filter_clear(mp_obj_filter_t *self) {
    memset(self->state_i16, 0, (size_t)self->n_sections * self->channels * STATE_BYTES);
}

// Raises what the kernel found wrong with a row, if it found anything.
static void filter_raise(const char *error, size_t row) {
    if (error != NULL) {
        const mp_obj_t items[] = {MP_OBJ_NEW_SMALL_INT(row + 1), natmod_str(error)};
        natmod_raise("row %d: %s", 2, items);
    }
}

// Copies a row of sos. The firmware divides: a division of ours would cost 700 bytes where there is
// no FPU.
static void filter_set_section(EmlBiquadF32 *section, const float *sos, size_t row) {
    sos += EML_BIQUAD_ROW * row;
    filter_raise(eml_biquad_check_row(sos), row);
    const uint32_t a0 = ((const EmlBiquadBits *)sos)[3].bits;
    const EmlBiquadBits inverse = {
        .bits = natmod_float_bits(
            mp_binary_op(MP_BINARY_OP_TRUE_DIVIDE, MP_OBJ_NEW_SMALL_INT(1), natmod_float(a0)))};
    filter_raise(eml_biquad_set(section, sos, inverse.value), row);
}

// _new(sos, channels); part.py gives channels its default.
static mp_obj_t filter_new(mp_obj_t sos, mp_obj_t channels_obj) {
    mp_buffer_info_t info;
    if (!mp_get_buffer(sos, &info, MP_BUFFER_READ)) {
        natmod_no_array();
    }
    // Counting rows needs no division.
    size_t n_sections = 0;
    size_t bytes = info.len;
    for (; bytes >= EML_BIQUAD_ROW * sizeof(float) && n_sections < EML_BIQUAD_MAX_SECTIONS;
         n_sections++) {
        bytes -= EML_BIQUAD_ROW * sizeof(float);
    }
    if (info.typecode != 'f' || n_sections == 0 || bytes != 0) {
        natmod_value_error("sos must be array('f') of 1 to " EML_BIQUAD_MAX_SECTIONS_TEXT
                           " rows of " EML_BIQUAD_ROW_TEXT);
    }
    const mp_int_t channels = natmod_int(channels_obj, 1, EML_BIQUAD_MAX_CHANNELS,
                                         "channels must be 1 to " EML_BIQUAD_MAX_CHANNELS_TEXT);
    mp_obj_filter_t *self = natmod_malloc(filter_bytes(n_sections, channels));
    self->base.type = (mp_obj_type_t *)&filter_type;
    self->n_sections = n_sections;
    self->channels = channels;
    self->sections = (EmlBiquadF32 *)(self + 1);
    self->sections_i16 = (EmlBiquadI16 *)(self->sections + n_sections);
    self->state_i16 = (EmlBiquadI16State *)(self->sections_i16 + n_sections);
    self->state = (float *)(self->state_i16 + n_sections * channels);
    filter_clear(self);
    for (size_t row = 0; row < n_sections; row++) {
        filter_set_section(&self->sections[row], info.buf, row);
    }
    eml_biquad_i16_convert(self->sections, n_sections, self->sections_i16, &self->shifts);
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_2(filter_new_obj, filter_new);

// run(samples) filters in place, run(samples, out) leaves samples alone.
static mp_obj_t filter_run(size_t n_args, const mp_obj_t *args) {
    mp_obj_filter_t *self = filter_self(args[0]);
    mp_buffer_info_t info;
    if (!mp_get_buffer(args[1], &info, n_args == 2 ? MP_BUFFER_RW : MP_BUFFER_READ)) {
        natmod_no_array();
    }
    const bool is_float = info.typecode == 'f';
    if (!is_float && info.typecode != 'h') {
        natmod_value_error("samples must be array('f') or array('h')");
    }
    const size_t count = info.len >> natmod_item_shift((char)info.typecode);
    void *out = info.buf;
    if (n_args == 3) {
        out = natmod_items(args[2], "out", (char)info.typecode, count, MP_BUFFER_WRITE);
        if (out != info.buf && natmod_overlap(out, info.len, info.buf, info.len)) {
            natmod_value_error("out must be samples, or apart from it");
        }
    }
    size_t frames = count;
    if (self->channels > 1) {
        // The firmware divides: a division of ours would cost 300 bytes where the CPU has none.
        frames = MP_OBJ_SMALL_INT_VALUE(mp_binary_op(MP_BINARY_OP_FLOOR_DIVIDE,
                                                     MP_OBJ_NEW_SMALL_INT(count),
                                                     MP_OBJ_NEW_SMALL_INT(self->channels)));
        if (frames * self->channels != count) {
            natmod_value_error("samples must be a multiple of channels");
        }
    }
    if (is_float) {
        eml_biquad_f32_run(self->sections, self->n_sections, self->state, info.buf, out, frames,
                           self->channels);
    } else {
        if (self->shifts.out < 0) {
            natmod_value_error("gain must be below 8 for array('h')");
        }
        eml_biquad_i16_run(self->sections_i16, self->n_sections, &self->shifts, self->state_i16,
                           info.buf, out, frames, self->channels);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(filter_run_obj, 2, 3, filter_run);

// reset(): as if nothing had been filtered yet.
static mp_obj_t filter_reset(mp_obj_t self_in) {
    filter_clear(filter_self(self_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(filter_reset_obj, filter_reset);

// state() returns scipy's zi of the float path as an array; state(values) sets it.
static mp_obj_t filter_state(size_t n_args, const mp_obj_t *args) {
    mp_obj_filter_t *self = filter_self(args[0]);
    const size_t count = 2 * (size_t)self->n_sections * self->channels;
    if (n_args == 1) {
        return natmod_new_array('f', self->state, count);
    }
    const float *values = natmod_items(args[1], "state", 'f', count, MP_BUFFER_READ);
    for (size_t i = 0; i < count; i++) {
        if (!eml_biquad_is_finite(&values[i])) {
            natmod_value_error("state must be finite");
        }
    }
    mp_fun_table.memmove_(self->state, values, count * sizeof(float));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(filter_state_obj, 1, 2, filter_state);

static void filter_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const mp_obj_filter_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<Filter: %d sections, %d channels>", self->n_sections, self->channels);
}

static void filter_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const mp_obj_filter_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t value = MP_OBJ_NULL;
    if (name == MP_QSTR_n_sections) {
        value = MP_OBJ_NEW_SMALL_INT(self->n_sections);
    } else if (name == MP_QSTR_channels) {
        value = MP_OBJ_NEW_SMALL_INT(self->channels);
    } else if (name == MP_QSTR_nbytes) {
        value = MP_OBJ_NEW_SMALL_INT(filter_bytes(self->n_sections, self->channels));
    }
    natmod_attr(dest, value);
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    NATMOD_MAKE_TYPE(filter, MP_QSTR_Filter);
    natmod_method(&filter_methods[0], MP_QSTR_run, &filter_run_obj);
    natmod_method(&filter_methods[1], MP_QSTR_reset, &filter_reset_obj);
    natmod_method(&filter_methods[2], MP_QSTR_state, &filter_state_obj);

    natmod_global(MP_QSTR__new, &filter_new_obj);
    natmod_global(MP_QSTR__crc, &natmod_crc_obj);
    natmod_version();

    MP_DYNRUNTIME_INIT_EXIT
}
