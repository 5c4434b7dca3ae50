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

// Every function is an object of one type, so that one function of C serves them all: that takes
// fewer bytes than the wrappers, the objects and the relocations of each.
typedef struct {
    mp_obj_base_t base;
    size_t call;
} function_t;

// The calls up to EML_ARRAY_DOT take two arrays; those from EML_ARRAY_MAX need an item.
enum { ARRAY_MAP, ARRAY_DEINTERLEAVE, ARRAY_PUSH };
#define N_CALLS (EML_ARRAY_MEAN + 1)

// How many arguments each takes.
#define ARGUMENTS "\6\4\2\2\1\1\1\1\1\1\1"

// The arrays, two for each call up to EML_ARRAY_DOT, of which the first is also that of the others:
// these bits, and a name. What is checked first is first.
enum { WRITABLE = MP_BUFFER_RW, INTS_ONLY = 4, SAME_TYPE = 8, SECOND_ARGUMENT = 16 };
#define ARRAY_TEXT 9 // bytes of each
#define ARRAYS \
    "\1samples\0" \
    "\23out\0    " \
    "\23out\0    " \
    "\11samples\0" \
    "\3window\0 " \
    "\31chunk\0  " \
    "\5samples\0" \
    "\31other"

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

// Checks an argument, which must be an array of `wanted` items, and of the type of the array before
// if it is described as SAME_TYPE.
static EML_NOINLINE void array_get(eml_array_t *array, const mp_obj_t *args, const char *described,
                                   size_t wanted) {
    const uint32_t flags = (uint8_t)*described++;
    const mp_obj_t arg = args[flags / SECOND_ARGUMENT];
    mp_buffer_info_t info;
    // The buffer of a str looks like that of bytes.
    if (!mp_get_buffer(arg, &info, flags & WRITABLE) || mp_obj_get_type(arg) == &mp_type_str) {
        natmod_error(MP_QSTR_TypeError, "an array is required, writable if it is out");
    }
    const uint32_t found = info.typecode == BYTEARRAY_TYPECODE ? 'B' : (uint32_t)info.typecode;
    eml_array_set(array, info.buf, found, info.len);
    size_t n = array->n;
    if (array->sign == 0) {
        n = (size_t)MP_OBJ_SMALL_INT_VALUE(mp_unary_op(MP_UNARY_OP_LEN, arg));
    }
    if (wanted == ANY_LENGTH) {
        wanted = n;
    }
    const bool same = flags & SAME_TYPE;
    if ((same ? array[-1].type != found
              : array->sign == 0 || ((flags & INTS_ONLY) && array->sign >> 31)) ||
        wanted != n) {
        char *const text = natmod_malloc(TEXT_BYTES);
        char *end = text;
        const mp_print_t print = {&end, array_append};
        const char *const types = flags & INTS_ONLY ? INTS : INTS_OR_FLOATS;
        mp_printf(&print, "%s must be array('%s') of %d, not array('%c') of %d", described,
                  same ? (const char *)&array[-1].type : types, (int)wanted, (int)found, (int)n);
        natmod_error(MP_QSTR_ValueError, text);
    }
}

// linear_map(samples, out, in_min, in_max, out_min, out_max)
static EML_NOINLINE void array_map(const eml_array_t *in, const eml_array_t *out,
                                   const mp_obj_t *limits) {
    mp_obj_t number = mp_binary_op(MP_BINARY_OP_TRUE_DIVIDE,
                                   mp_binary_op(MP_BINARY_OP_SUBTRACT, limits[3], limits[2]),
                                   mp_binary_op(MP_BINARY_OP_SUBTRACT, limits[1], limits[0]));
    union {
        uint32_t bits[5];
        eml_array_map_t map;
    } u;
    // At last this takes the argument before the limits, and leaves it.
    limits += 4;
    for (size_t i = 5; i-- != 0; number = *--limits) {
        mp_binary_set_val_array('f', u.bits, i, number);
        if (!eml_array_is_finite(u.bits[i])) {
            natmod_error(MP_QSTR_ValueError, "limits must be finite");
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

// An int argument of deinterleave, below this limit. Where channels is 0, no channel is.
static EML_NOINLINE size_t array_below(mp_obj_t arg, size_t limit) {
    qstr error = MP_QSTR_ValueError;
    if (mp_obj_is_small_int(arg)) {
        const size_t value = (size_t)MP_OBJ_SMALL_INT_VALUE(arg);
        if (value < limit) {
            return value;
        }
    } else if (mp_obj_get_type(arg) != &mp_type_int) {
        error = MP_QSTR_TypeError;
    }
    natmod_error(error, "channels must be 1 to 255, channel 0 to channels - 1");
}

// Any call: f(...) of a function of this module.
static mp_obj_t array_call(mp_obj_t self, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const size_t call = ((const function_t *)MP_OBJ_TO_PTR(self))->call;
    const size_t wanted = (size_t)ARGUMENTS[call];
    mp_arg_check_num(n_args, n_kw, wanted, wanted, false);
    const bool two = call <= EML_ARRAY_DOT;
    const char *const described = &ARRAYS[2 * ARRAY_TEXT * (two ? call : EML_ARRAY_DOT)];
    eml_array_t x[2];
    array_get(x, args, described, ANY_LENGTH);
    if (two) {
        size_t length = x->n, channel = 0, channels = 0;
        if (call == ARRAY_DEINTERLEAVE) {
            channels = array_below(args[3], 256);
            channel = array_below(args[2], channels);
            length *= channels;
        }
        if (call == ARRAY_PUSH) {
            length = ANY_LENGTH;
        }
        array_get(x + 1, args, described + ARRAY_TEXT, length);
        if (call < EML_ARRAY_DOT) {
            if (natmod_overlap(x->items, x->n << x->shift, x[1].items, x[1].n << x[1].shift) &&
                (call != ARRAY_MAP || x->items != x[1].items || x[1].shift > x->shift)) {
                natmod_error(MP_QSTR_ValueError, "arrays must not overlap");
            }
            if (call == ARRAY_MAP) {
                array_map(x, x + 1, args + 2);
            } else if (call == ARRAY_PUSH) {
                array_push(x, x + 1);
            } else {
                eml_array_deinterleave(x + 1, channel, channels, x);
            }
            return mp_const_none;
        }
    }
    if (x->n == 0 && call >= EML_ARRAY_MAX) {
        natmod_error(MP_QSTR_ValueError, "array must not be empty");
    }
    // An int; only one beyond the small ints of the firmware is allocated.
    int64_t value = eml_array_reduce((eml_array_operation_t)call, x, x + 1);
    const mp_obj_t number =
        mp_binary_get_val_array((mp_int_t)value == value ? 'l' : 'q', &value, 0);
    return call == EML_ARRAY_MEAN
               ? mp_binary_op(MP_BINARY_OP_TRUE_DIVIDE, number, MP_OBJ_NEW_SMALL_INT(x->n))
               : number;
}

struct {
    mp_obj_empty_type_t type;
    const void *slots[1];
    function_t functions[N_CALLS];
} array_module;

// Where the names of the functions are in the module's table, 4 bits each; 0 for sum, which all
// firmwares have. It takes a third of the bytes of a call for each.
#define PLACE(name, call) ((uint64_t)(&MP_QSTR_##name - mp_native_qstr_table) << 4 * (call))
#define PLACES \
    (PLACE(linear_map, ARRAY_MAP) | PLACE(deinterleave, ARRAY_DEINTERLEAVE) | \
     PLACE(push, ARRAY_PUSH) | PLACE(dot, EML_ARRAY_DOT) | PLACE(sumsq, EML_ARRAY_SUMSQ) | \
     PLACE(sum_abs_diff, EML_ARRAY_DIFFERENCES) | PLACE(max, EML_ARRAY_MAX) | \
     PLACE(min, EML_ARRAY_MIN) | PLACE(argmax, EML_ARRAY_ARGMAX) | PLACE(mean, EML_ARRAY_MEAN))
// The build looks for names as MP_QSTR_linear_map MP_QSTR_deinterleave MP_QSTR_push MP_QSTR_dot
// MP_QSTR_sumsq MP_QSTR_sum_abs_diff MP_QSTR_max MP_QSTR_min MP_QSTR_argmax MP_QSTR_mean

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    array_module.type.base.type = (void *)&mp_type_type;
    array_module.type.name = MP_QSTR_callable; // a name that all firmwares have
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
