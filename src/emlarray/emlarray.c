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

// Every function is an object of this type, so that one function of C serves them all: that takes
// less than the wrapper, the object and the relocations of each.
typedef struct {
    mp_obj_base_t base;
    size_t call;
} function_t;

// Calls, in an order that tells what they need: two arrays up to ARRAY_DOT, items from ARRAY_MAX.
enum { ARRAY_MAP, ARRAY_DEINTERLEAVE, ARRAY_PUSH, ARRAY_REDUCE };
#define ARRAY_CALL(operation) (ARRAY_REDUCE + EML_ARRAY_##operation)
#define ARRAY_MEAN (ARRAY_CALL(ARGMAX) + 1)
#define N_CALLS (ARRAY_MEAN + 1)

// How many arguments each takes, and the names of the arrays: 8 bytes each.
#define ARGUMENTS "\6\4\2\2\1\1\1\1\1\1\1"
#define NAMES \
    "samples\0out\0    " \
    "out\0    samples\0" \
    "window\0 chunk\0  " \
    "samples\0other"

enum { ANY_TYPE, ANY_INT };
#define TEXT_BYTES 128
#define ANY_LENGTH ((size_t)-1)

// Adds to a text, of which memory has the end, and ends it.
static void array_append(void *memory, const char *text, size_t length) {
    char *end = *(char **)memory;
    while (length-- != 0) {
        *end++ = *text++;
    }
    *end = '\0';
    *(char **)memory = end;
}

// Checks an argument, which must be an array of `wanted` items of this type, ANY_INT or ANY_TYPE.
static EML_NOINLINE void array_get(eml_array_t *array, mp_obj_t arg, const char *name,
                                   mp_uint_t flags, mp_uint_t type, size_t wanted) {
    mp_buffer_info_t info;
    // The buffer of a str looks like that of bytes.
    if (!mp_get_buffer(arg, &info, flags) || mp_obj_get_type(arg) == &mp_type_str) {
        natmod_no_array();
    }
    const mp_uint_t found = info.typecode == BYTEARRAY_TYPECODE ? 'B' : (mp_uint_t)info.typecode;
    eml_array_set(array, info.buf, (char)found, info.len);
    size_t n = array->n;
    if (array->sign == 0) {
        n = (size_t)MP_OBJ_SMALL_INT_VALUE(mp_unary_op(MP_UNARY_OP_LEN, arg));
    }
    if (wanted == ANY_LENGTH) {
        wanted = n;
    }
    const bool any = type <= ANY_INT;
    if ((any ? array->sign == 0 || (type == ANY_INT && array->sign >> 31) : type != found) ||
        wanted != n) {
        char *const text = natmod_malloc(TEXT_BYTES);
        char *end = text;
        const mp_print_t print = {&end, array_append};
        const char *const types = type == ANY_TYPE ? INTS_OR_FLOATS : INTS;
        mp_printf(&print, "%s must be array('%s') of %d, not array('%c') of %d", name,
                  any ? types : (const char *)&type, (int)wanted, (int)found, (int)n);
        natmod_value_error(text);
    }
}

// linear_map(samples, out, in_min, in_max, out_min, out_max)
static EML_NOINLINE void array_map(const eml_array_t *in, const eml_array_t *out,
                                   const mp_obj_t *limits) {
    const mp_obj_t slope = mp_binary_op(MP_BINARY_OP_TRUE_DIVIDE,
                                        mp_binary_op(MP_BINARY_OP_SUBTRACT, limits[3], limits[2]),
                                        mp_binary_op(MP_BINARY_OP_SUBTRACT, limits[1], limits[0]));
    union {
        uint32_t bits[5];
        eml_array_map_t map;
    } u;
    for (size_t i = 0; i < 5; i++) {
        mp_binary_set_val_array('f', u.bits, i, i < 4 ? limits[i] : slope);
        if (!eml_array_is_finite(u.bits[i])) {
            natmod_value_error("limits must be finite");
        }
    }
    eml_array_map(&u.map, in, out);
}

// push(window, chunk): the window's last items, then those of the chunk.
static EML_ALWAYS_INLINE void array_push(const eml_array_t *window, const eml_array_t *chunk) {
    const size_t added = (chunk->n < window->n ? chunk->n : window->n) << chunk->shift;
    const size_t kept = (window->n << window->shift) - added;
    char *const start = window->items;
    mp_fun_table.memmove_(start, start + added, kept);
    mp_fun_table.memmove_(start + kept, (char *)chunk->items + (chunk->n << chunk->shift) - added,
                          added);
}

// One of the two arguments of deinterleave that are ints.
static EML_NOINLINE size_t array_int(mp_obj_t arg, mp_int_t least, mp_int_t most) {
    qstr error = MP_QSTR_ValueError;
    if (mp_obj_is_small_int(arg)) {
        const mp_int_t value = MP_OBJ_SMALL_INT_VALUE(arg);
        if (value >= least && value <= most) {
            return (size_t)value;
        }
    } else if (mp_obj_get_type(arg) != &mp_type_int) {
        error = MP_QSTR_TypeError;
    }
    natmod_error(error, "channels must be 1 to 255, channel 0 to channels - 1");
}

static mp_obj_t array_call(mp_obj_t self, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const size_t call = ((const function_t *)MP_OBJ_TO_PTR(self))->call;
    const size_t wanted = (size_t)ARGUMENTS[call];
    mp_arg_check_num(n_args, n_kw, wanted, wanted, false);
    eml_array_t x, y;
    const bool two = call <= ARRAY_CALL(DOT), swapped = call == ARRAY_DEINTERLEAVE;
    const char *const names = &NAMES[16 * (two ? call : ARRAY_REDUCE)];
    array_get(&x, args[swapped], names, call - 1 < 2 ? MP_BUFFER_RW : MP_BUFFER_READ,
              call < ARRAY_REDUCE ? ANY_TYPE : ANY_INT, ANY_LENGTH);
    if (two) {
        size_t length = x.n, channel = 0, channels = 0;
        if (swapped) {
            channels = array_int(args[3], 1, 255);
            channel = array_int(args[2], 0, (mp_int_t)channels - 1);
            length *= channels;
        }
        array_get(&y, args[!swapped], names + 8, call == ARRAY_MAP ? MP_BUFFER_RW : MP_BUFFER_READ,
                  call == ARRAY_MAP ? ANY_TYPE : (mp_uint_t)x.type,
                  call == ARRAY_PUSH ? ANY_LENGTH : length);
        if (call < ARRAY_REDUCE) {
            if (natmod_overlap(x.items, x.n << x.shift, y.items, y.n << y.shift) &&
                (call != ARRAY_MAP || x.items != y.items || y.shift > x.shift)) {
                natmod_value_error("arrays must not overlap");
            }
            if (call == ARRAY_MAP) {
                array_map(&x, &y, args + 2);
            } else if (call == ARRAY_PUSH) {
                array_push(&x, &y);
            } else {
                eml_array_deinterleave(&y, channel, channels, &x);
            }
            return mp_const_none;
        }
    }
    if (x.n == 0 && call >= ARRAY_CALL(MAX)) {
        natmod_value_error("array must not be empty");
    }
    // An int; only one beyond the small ints of the firmware is allocated.
    int64_t value = eml_array_reduce(
        call == ARRAY_MEAN ? EML_ARRAY_SUM : (eml_array_operation_t)(call - ARRAY_REDUCE), &x, &y);
    const mp_obj_t number =
        mp_binary_get_val_array((mp_int_t)value == value ? 'l' : 'q', &value, 0);
    return call == ARRAY_MEAN
               ? mp_binary_op(MP_BINARY_OP_TRUE_DIVIDE, number, MP_OBJ_NEW_SMALL_INT(x.n))
               : number;
}

struct {
    mp_obj_empty_type_t type;
    const void *slots[1];
    function_t functions[N_CALLS];
} array_module;

// Where the names of the functions are in the module's table, 4 bits each. sum is not there, as all
// firmwares have that name.
#define PLACE(name, call) ((uint64_t)(&MP_QSTR_##name - mp_native_qstr_table) << 4 * (call))
#define PLACES \
    (PLACE(linear_map, ARRAY_MAP) | PLACE(deinterleave, ARRAY_DEINTERLEAVE) | \
     PLACE(push, ARRAY_PUSH) | PLACE(dot, ARRAY_CALL(DOT)) | PLACE(sumsq, ARRAY_CALL(SUMSQ)) | \
     PLACE(sum_abs_diff, ARRAY_CALL(DIFFERENCES)) | PLACE(max, ARRAY_CALL(MAX)) | \
     PLACE(min, ARRAY_CALL(MIN)) | PLACE(argmax, ARRAY_CALL(ARGMAX)) | PLACE(mean, ARRAY_MEAN))
// MP_QSTR_linear_map MP_QSTR_deinterleave MP_QSTR_push MP_QSTR_dot MP_QSTR_sumsq
// MP_QSTR_sum_abs_diff MP_QSTR_max MP_QSTR_min MP_QSTR_argmax MP_QSTR_mean

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    array_module.type.base.type = (void *)&mp_type_type;
    array_module.type.name = MP_QSTR_callable;
    array_module.type.slot_index_call = 1;
    array_module.slots[0] = array_call;
    uint64_t places = PLACES;
    for (size_t i = 0; i < N_CALLS; i++, places >>= 4) {
        function_t *const function = &array_module.functions[i];
        function->base.type = (void *)&array_module.type;
        function->call = i;
        natmod_global((places & 15) == 0 ? MP_QSTR_sum : mp_native_qstr_table[places & 15],
                      function);
    }
    natmod_version();

    MP_DYNRUNTIME_INIT_EXIT
}
