// What the bindings share: checks of arguments. Each raises with a text that states the
// requirement.
#ifndef EMLMPY_NATMOD_H
#define EMLMPY_NATMOD_H

#include "py/dynruntime.h"

// The compiler calls this one on its own accord; the firmware's is used.
void *memset(void *memory, int value, size_t bytes);
void *memset(void *memory, int value, size_t bytes) {
    return mp_fun_table.memset_(memory, value, bytes);
}

// A binding need not use all of these.
#define NATMOD_FUNCTION static __attribute__((unused))

// Raises a ValueError or a TypeError: in one place, which saves 12 bytes for each that calls it.
NATMOD_FUNCTION __attribute__((noinline, noreturn)) void natmod_value_error(const char *text) {
    mp_raise_ValueError(text);
}
NATMOD_FUNCTION __attribute__((noinline, noreturn)) void natmod_type_error(const char *text) {
    mp_raise_TypeError(text);
}

NATMOD_FUNCTION __attribute__((noinline)) mp_obj_t natmod_str(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return mp_obj_new_str(text, length);
}

// Raises an exception whose text is format % items, which the firmware puts together.
NATMOD_FUNCTION __attribute__((noinline, noreturn)) void
natmod_raise(const mp_obj_type_t *type, const char *format, size_t n, const mp_obj_t *items) {
    mp_raise_type_arg(
        type, mp_binary_op(MP_BINARY_OP_MODULO, natmod_str(format), mp_obj_new_tuple(n, items)));
    for (;;) { // not reached
    }
}

// The value of an int argument between low and high. mp_obj_get_int alone would cut larger ints
// off.
NATMOD_FUNCTION mp_int_t natmod_int(mp_obj_t arg, mp_int_t low, mp_int_t high,
                                    const char *requirement) {
    if (!mp_obj_is_small_int(arg)) {
        if (mp_obj_get_type(arg) != &mp_type_int) {
            natmod_type_error(requirement);
        }
        natmod_value_error(requirement);
    }
    const mp_int_t value = MP_OBJ_SMALL_INT_VALUE(arg);
    if (value < low || value > high) {
        natmod_value_error(requirement);
    }
    return value;
}

// The buffer of an argument; flags say whether it is written to.
NATMOD_FUNCTION void natmod_buffer(mp_obj_t arg, mp_buffer_info_t *info, mp_uint_t flags,
                                   const char *requirement) {
    if (!mp_get_buffer(arg, info, flags)) {
        natmod_type_error(requirement);
    }
    if (info->typecode == BYTEARRAY_TYPECODE) {
        info->typecode = 'B';
    }
}

// Bytes of an item of the arrays that the modules take.
NATMOD_FUNCTION size_t natmod_item_bytes(char typecode) {
    return typecode == 'f' ? 4 : typecode == 'h' ? 2 : 1;
}

// Whether a buffer is an array with this typecode and length.
NATMOD_FUNCTION bool natmod_is_array(const mp_buffer_info_t *info, char typecode, size_t length) {
    return info->typecode == typecode && info->len == length * natmod_item_bytes(typecode);
}

// Raises "name must be array('h') of 64, not array('f') of 63".
#define NATMOD_ARRAY_TEXT "%s must be array('%s') of %d, not array('%s') of %d"
NATMOD_FUNCTION __attribute__((noinline, noreturn)) void
natmod_array_error(const char *name, char typecode, size_t length, const mp_buffer_info_t *info) {
    size_t found = info->len;
    for (size_t bytes = mp_binary_get_size('@', (char)info->typecode, NULL); bytes > 1;
         bytes >>= 1) {
        found >>= 1;
    }
    const char typecodes[] = {typecode, '\0', (char)info->typecode, '\0'};
    const mp_obj_t items[] = {natmod_str(name), natmod_str(typecodes), MP_OBJ_NEW_SMALL_INT(length),
                              natmod_str(typecodes + 2), MP_OBJ_NEW_SMALL_INT(found)};
    natmod_raise(&mp_type_ValueError, NATMOD_ARRAY_TEXT, 5, items);
}

// The items of an array argument with this typecode and length; of 'B', bytes and bytearrays, too.
NATMOD_FUNCTION void *natmod_items(mp_obj_t arg, const char *name, char typecode, size_t length,
                                   mp_uint_t flags) {
    mp_buffer_info_t info;
    natmod_buffer(arg, &info, flags,
                  "an array is required, one that can be written to if it is out");
    if (!natmod_is_array(&info, typecode, length)) {
        natmod_array_error(name, typecode, length, &info);
    }
    return info.buf;
}

// A new array of zeros.
NATMOD_FUNCTION mp_obj_t natmod_new_array(char typecode, size_t length) {
    const size_t bytes = length * natmod_item_bytes(typecode);
    void *zeros = m_malloc(bytes);
    memset(zeros, 0, bytes);
    const mp_obj_t array = mp_load_attr(
        mp_import_name(MP_QSTR_array, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), MP_QSTR_array);
    const mp_obj_t arguments[] = {mp_obj_new_str(&typecode, 1),
                                  mp_obj_new_bytearray_by_ref(bytes, zeros)};
    return mp_call_function_n_kw(array, 2, 0, arguments);
}

// The items of an array argument with this typecode and length; flags say whether it is written to.
NATMOD_FUNCTION void *natmod_array(mp_obj_t arg, char typecode, size_t length, size_t item_bytes,
                                   mp_uint_t flags, const char *requirement) {
    mp_buffer_info_t info;
    if (!mp_get_buffer(arg, &info, flags)) {
        natmod_type_error(requirement);
    }
    if (info.typecode != typecode || info.len != length * item_bytes) {
        natmod_value_error(requirement);
    }
    return info.buf;
}

// The float object of a float32's bits, and the float32's bits of a number. These two are the only
// way by which floats cross to the firmware, and they go through memory: the entries of
// mp_fun_table that take or return a float use the registers of the firmware's float ABI, which a
// .mpy cannot know (softfp and hard float load the same armv7emsp, ilp32 and ilp32f the same
// rv32imc).
NATMOD_FUNCTION mp_obj_t natmod_float(uint32_t bits) {
    return mp_binary_get_val_array('f', &bits, 0);
}
NATMOD_FUNCTION uint32_t natmod_float_bits(mp_obj_t number) {
    uint32_t bits;
    mp_binary_set_val_array('f', &bits, 0, number);
    return bits;
}

// The object itself, if it has this type. MicroPython does not check: Model.predict(1, 2) gets
// here.
NATMOD_FUNCTION void *natmod_self(mp_obj_t self, const mp_obj_full_type_t *type,
                                  const char *requirement) {
    // Not mp_obj_get_type, which takes 25 instructions more.
    if (!mp_obj_is_obj(self) ||
        ((mp_obj_base_t *)MP_OBJ_TO_PTR(self))->type != (const mp_obj_type_t *)type) {
        natmod_type_error(requirement);
    }
    return MP_OBJ_TO_PTR(self);
}

#endif // EMLMPY_NATMOD_H
