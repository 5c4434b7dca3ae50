// emlarray: sums, extremes and scaling of arrays of samples, without a loop in Python.
//
// >>> import emlarray
// >>> emlarray.sumsq(samples)

#include "eml_arrays.h"
#define NATMOD_SMALL
#define NATMOD_NO_MEMSET
#include "natmod.h"
#define SOFT_FLOAT_SMALL
#include "soft_float.h"

#define INTS "b', 'B' or 'h"
#define INTS_OR_FLOATS "b', 'B', 'h' or 'f"

enum { ANY_INT, ANY_TYPE };
#define ANY_LENGTH ((size_t)-1)

typedef mp_buffer_info_t array_t;

// Checks an argument, which must be an array of `wanted` items of this type, ANY_INT or ANY_TYPE;
// returns how many there are.
static EML_NOINLINE size_t array_get(array_t *array, mp_obj_t arg, const char *name,
                                     mp_uint_t flags, mp_uint_t type, size_t wanted) {
    if (!natmod_buffer(arg, array, flags)) {
        natmod_no_array();
    }
    const mp_uint_t found = (mp_uint_t)array->typecode;
    const uint32_t sign = eml_array_sign((char)found);
    const size_t n = array->len >> eml_array_shift(sign);
    const bool any = type <= ANY_TYPE;
    if ((any ? sign == 0 && (type == ANY_INT || found != 'f') : type != found) ||
        (wanted != ANY_LENGTH && n != wanted)) {
        if (sign == 0 && wanted == ANY_LENGTH) {
            wanted = (size_t)MP_OBJ_SMALL_INT_VALUE(mp_unary_op(MP_UNARY_OP_LEN, arg));
        }
        const char *const types = type == ANY_TYPE ? INTS_OR_FLOATS : INTS;
        natmod_array_error(name, any ? types : (const char *)&type,
                           wanted == ANY_LENGTH ? n : wanted, array);
    }
    return n;
}

static EML_NOINLINE void array_check_apart(const array_t *a, const array_t *b) {
    if (natmod_overlap(a->buf, a->len, b->buf, b->len)) {
        natmod_value_error("arrays must not overlap");
    }
}

// An int object; only one beyond the small ints of the firmware is allocated.
static EML_NOINLINE mp_obj_t array_int(int64_t value) {
    const mp_int_t word = (mp_int_t)value;
    if (word == value && (mp_int_t)((mp_uint_t)word << 1) >> 1 == word) {
        return MP_OBJ_NEW_SMALL_INT(word);
    }
    return mp_binary_get_val_array('q', &value, 0);
}

#define ARRAY_MEAN (EML_ARRAY_ARGMAX + 1)

static EML_NOINLINE mp_obj_t array_call(mp_obj_t arg, int call, mp_obj_t other) {
    array_t x, y;
    y.buf = NULL;
    const size_t n = array_get(&x, arg, "array", MP_BUFFER_READ, ANY_INT, ANY_LENGTH);
    if (call == EML_ARRAY_DOT) {
        array_get(&y, other, "other", MP_BUFFER_READ, (mp_uint_t)x.typecode, n);
    }
    if (n == 0 && call >= EML_ARRAY_MAX) {
        natmod_value_error("array must not be empty");
    }
    const eml_array_operation_t operation =
        call == ARRAY_MEAN ? EML_ARRAY_SUM : (eml_array_operation_t)call;
    const mp_obj_t number =
        array_int(eml_array_reduce(operation, x.buf, y.buf, (char)x.typecode, n));
    return call == ARRAY_MEAN
               ? mp_binary_op(MP_BINARY_OP_TRUE_DIVIDE, number, MP_OBJ_NEW_SMALL_INT(n))
               : number;
}

#define ARRAY_DEFINE(name, call) \
    static mp_obj_t array_##name(mp_obj_t x) { return array_call(x, call, x); } \
    static MP_DEFINE_CONST_FUN_OBJ_1(array_##name##_obj, array_##name)

ARRAY_DEFINE(sum, EML_ARRAY_SUM);
ARRAY_DEFINE(mean, ARRAY_MEAN);
ARRAY_DEFINE(sumsq, EML_ARRAY_SUMSQ);
ARRAY_DEFINE(sum_abs_diff, EML_ARRAY_DIFFERENCES);
ARRAY_DEFINE(max, EML_ARRAY_MAX);
ARRAY_DEFINE(min, EML_ARRAY_MIN);
ARRAY_DEFINE(argmax, EML_ARRAY_ARGMAX);

// dot(array, other)
static mp_obj_t array_dot(mp_obj_t x, mp_obj_t y) { return array_call(x, EML_ARRAY_DOT, y); }
static MP_DEFINE_CONST_FUN_OBJ_2(array_dot_obj, array_dot);

// linear_map(in, out, in_min, in_max, out_min, out_max)
static mp_obj_t array_linear_map(size_t n_args, const mp_obj_t *args) {
    array_t in, out;
    const size_t n = array_get(&in, args[0], "in", MP_BUFFER_READ, ANY_TYPE, ANY_LENGTH);
    array_get(&out, args[1], "out", MP_BUFFER_RW, ANY_TYPE, n);
    if (in.buf != out.buf || out.len > in.len) {
        array_check_apart(&in, &out);
    }
    // The limits, and the slope.
    const mp_obj_t numbers[] = {
        args[2], args[3], args[4], args[5],
        mp_binary_op(MP_BINARY_OP_TRUE_DIVIDE,
                     mp_binary_op(MP_BINARY_OP_SUBTRACT, args[5], args[4]),
                     mp_binary_op(MP_BINARY_OP_SUBTRACT, args[3], args[2]))};
    union {
        uint32_t bits[5];
        eml_array_map_t map;
    } u;
    for (size_t i = 0; i < 5; i++) {
        u.bits[i] = natmod_float_bits(numbers[i]);
        if (!eml_array_is_finite(u.bits[i])) {
            natmod_value_error("limits must be finite");
        }
    }
    u.bits[0] ^= 0x80000000u;
    eml_array_map(&u.map, in.buf, (char)in.typecode, out.buf, (char)out.typecode, n);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(array_linear_map_obj, 6, 6, array_linear_map);

// deinterleave(samples, out, channel, channels)
static mp_obj_t array_deinterleave(size_t n_args, const mp_obj_t *args) {
    array_t in, out;
    const size_t n = array_get(&out, args[1], "out", MP_BUFFER_RW, ANY_TYPE, ANY_LENGTH);
    const size_t channels = (size_t)natmod_int(args[3], 1, 255, "channels must be 1 to 255");
    const size_t channel =
        (size_t)natmod_int(args[2], 0, (mp_int_t)channels - 1, "channel must be 0 to channels - 1");
    array_get(&in, args[0], "samples", MP_BUFFER_READ, (mp_uint_t)out.typecode, n * channels);
    array_check_apart(&in, &out);
    eml_array_deinterleave(in.buf, (char)in.typecode, channel, channels, out.buf, n);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(array_deinterleave_obj, 4, 4, array_deinterleave);

// push(window, chunk): the window's last items, then those of the chunk.
static mp_obj_t array_push(mp_obj_t window_in, mp_obj_t chunk_in) {
    array_t window, chunk;
    array_get(&window, window_in, "window", MP_BUFFER_RW, ANY_TYPE, ANY_LENGTH);
    array_get(&chunk, chunk_in, "chunk", MP_BUFFER_READ, (mp_uint_t)window.typecode, ANY_LENGTH);
    array_check_apart(&window, &chunk);
    const size_t added = chunk.len < window.len ? chunk.len : window.len;
    const size_t kept = window.len - added;
    char *const start = window.buf;
    mp_fun_table.memmove_(start, start + added, kept);
    mp_fun_table.memmove_(start + kept, (char *)chunk.buf + chunk.len - added, added);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(array_push_obj, array_push);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    natmod_global(MP_QSTR_sum, &array_sum_obj);
    natmod_global(MP_QSTR_mean, &array_mean_obj);
    natmod_global(MP_QSTR_sumsq, &array_sumsq_obj);
    natmod_global(MP_QSTR_sum_abs_diff, &array_sum_abs_diff_obj);
    natmod_global(MP_QSTR_max, &array_max_obj);
    natmod_global(MP_QSTR_min, &array_min_obj);
    natmod_global(MP_QSTR_argmax, &array_argmax_obj);
    natmod_global(MP_QSTR_dot, &array_dot_obj);
    natmod_global(MP_QSTR_linear_map, &array_linear_map_obj);
    natmod_global(MP_QSTR_deinterleave, &array_deinterleave_obj);
    natmod_global(MP_QSTR_push, &array_push_obj);
    natmod_version();

    MP_DYNRUNTIME_INIT_EXIT
}
