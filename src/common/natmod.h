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

// Raises an exception whose text is format % (number, text), which the firmware puts together.
#define natmod_raise(type, format, number, text) \
    natmod_raise_text(type, mp_obj_new_str(format, sizeof(format) - 1), number, text)
NATMOD_FUNCTION void natmod_raise_text(const mp_obj_type_t *type, mp_obj_t format, mp_int_t number,
                                       const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    const mp_obj_t items[] = {MP_OBJ_NEW_SMALL_INT(number), mp_obj_new_str(text, length)};
    mp_raise_type_arg(type, mp_binary_op(MP_BINARY_OP_MODULO, format, mp_obj_new_tuple(2, items)));
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
