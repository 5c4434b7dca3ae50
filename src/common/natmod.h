// What the bindings share, so that they hold nothing but their calls: types and methods, checks of
// arguments, content held or copied, floats, and the version.
//
// Every text says what is required, and of arrays also what was found:
//
//     channels must be 1 to 255
//     features must be array('h') of 64, not array('h') of 63
#ifndef EMLMPY_NATMOD_H
#define EMLMPY_NATMOD_H

#include "eml_attributes.h"
#include "py/dynruntime.h"

// The firmware's functions. To find them takes 16 bytes; a module that defines NATMOD_SMALL before
// it includes this file does so in one place, and pays 7 instructions for each call that needs
// them.
#if defined(NATMOD_SMALL)
static EML_NOINLINE __attribute__((const)) const mp_fun_table_t *natmod_functions(void) {
    return &mp_fun_table;
}
#define mp_fun_table (*natmod_functions())
#endif

// The compiler calls this one on its own accord; the firmware's is used. A module where it does not
// defines NATMOD_NO_MEMSET.
#if !defined(NATMOD_NO_MEMSET)
void *memset(void *memory, int value, size_t bytes);
void *memset(void *memory, int value, size_t bytes) {
    return mp_fun_table.memset_(memory, value, bytes);
}
#endif

// A binding need not use all of these.
#define NATMOD_FUNCTION static EML_UNUSED
// Code that runs once, or on failure: apart, which saves bytes for each that calls it.
#define NATMOD_APART static EML_UNUSED EML_NOINLINE EML_COLD

// ---------------------------------------------------------------------------------------- errors

// Raises an exception of this name, a ValueError or a TypeError, with this text.
NATMOD_APART EML_NORETURN void natmod_error(qstr name, const char *text) {
    mp_raise_msg(mp_load_global(name), text);
}
NATMOD_APART EML_NORETURN void natmod_value_error(const char *text) {
    natmod_error(MP_QSTR_ValueError, text);
}
NATMOD_APART EML_NORETURN void natmod_type_error(const char *text) {
    natmod_error(MP_QSTR_TypeError, text);
}

NATMOD_APART mp_obj_t natmod_str(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return mp_obj_new_str(text, length);
}

// Raises a ValueError with the text format % items, which the firmware puts together.
NATMOD_APART EML_NORETURN void natmod_raise(const char *format, size_t n, const mp_obj_t *items) {
    mp_raise_type_arg(&mp_type_ValueError, mp_binary_op(MP_BINARY_OP_MODULO, natmod_str(format),
                                                        mp_obj_new_tuple(n, items)));
    for (;;) { // not reached
    }
}

// ------------------------------------------------------------------------------------- arguments

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

// The buffer of an argument, which says 'B' of a bytearray, too; flags say whether it is written
// to. False if there is none, and for a str, whose buffer looks like that of bytes.
NATMOD_FUNCTION bool natmod_buffer(mp_obj_t arg, mp_buffer_info_t *info, mp_uint_t flags) {
    if (!mp_get_buffer(arg, info, flags)) {
        return false;
    }
    if (info->typecode == BYTEARRAY_TYPECODE) {
        info->typecode = 'B';
        return true;
    }
    return info->typecode != 'B' || mp_obj_get_type(arg) != &mp_type_str;
}

// Raises that an argument has no buffer, or none that can be written to.
NATMOD_APART EML_NORETURN void natmod_no_array(void) {
    natmod_type_error("an array is required, writable if it is out");
}

// Raises "name must be array('h') of 64, not array('h') of 63". Where several typecodes would do,
// typecodes is a text as "f' or 'h".
NATMOD_APART EML_NORETURN void natmod_array_error(const char *name, const char *typecodes,
                                                  size_t length, const mp_buffer_info_t *info) {
    char typecode = (char)info->typecode;
    size_t found = info->len;
    for (size_t bytes = mp_binary_get_size('@', typecode, NULL); bytes > 1; bytes >>= 1) {
        found >>= 1;
    }
    if (typecode == BYTEARRAY_TYPECODE) {
        typecode = 'B';
    }
    const mp_obj_t items[] = {natmod_str(name), natmod_str(typecodes), MP_OBJ_NEW_SMALL_INT(length),
                              MP_OBJ_NEW_SMALL_INT(typecode), MP_OBJ_NEW_SMALL_INT(found)};
    natmod_raise("%s must be array('%s') of %d, not array('%c') of %d", 5, items);
}

// Bytes of an item of the arrays that the modules take, as a power of two.
NATMOD_FUNCTION uint32_t natmod_item_shift(char typecode) {
    return typecode == 'h' ? 1 : typecode == 'B' ? 0 : 2;
}

// Whether a buffer is an array with this typecode and length.
NATMOD_FUNCTION bool natmod_is_array(const mp_buffer_info_t *info, char typecode, size_t length) {
    return info->typecode == typecode && info->len == length << natmod_item_shift(typecode);
}

// The items of an array argument with this typecode, not that of bytes, and this length.
NATMOD_FUNCTION void *natmod_items(mp_obj_t arg, const char *name, char typecode, size_t length,
                                   mp_uint_t flags) {
    mp_buffer_info_t info;
    if (!mp_get_buffer(arg, &info, flags)) {
        natmod_no_array();
    }
    if (!natmod_is_array(&info, typecode, length)) {
        // The bytes of a number are a text of one character.
        const uint32_t typecodes = (uint8_t)typecode;
        natmod_array_error(name, (const char *)&typecodes, length, &info);
    }
    return info.buf;
}

// Whether two arrays share a byte.
NATMOD_FUNCTION bool natmod_overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes) {
    return (const char *)b < (const char *)a + a_bytes &&
           (const char *)a < (const char *)b + b_bytes;
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

// ---------------------------------------------------------------------------------------- memory

// A new array with a copy of these items.
NATMOD_FUNCTION mp_obj_t natmod_new_array(char typecode, void *items, size_t length) {
    const mp_obj_t array = mp_load_attr(
        mp_import_name(MP_QSTR_array, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), MP_QSTR_array);
    const mp_obj_t arguments[] = {
        mp_obj_new_str(&typecode, 1),
        mp_obj_new_bytearray_by_ref(length << natmod_item_shift(typecode), items)};
    return mp_call_function_n_kw(array, 2, 0, arguments);
}

// Memory, less than 2 GB, as the items of a list: if there is none, the firmware's MemoryError says
// how many bytes were asked for. m_malloc of native modules does not, and takes more code.
NATMOD_FUNCTION void *natmod_malloc(size_t bytes) {
    const size_t count = (bytes + sizeof(mp_obj_t) - 1) / sizeof(mp_obj_t);
    mp_obj_list_t *list = MP_OBJ_TO_PTR(mp_obj_new_list(count, NULL));
    return list->items;
}

// Holds the content of a buffer for as long as the caller keeps what this returns, which is the
// object, or a copy if the content can be written to, so may change or move, or does not start at a
// multiple of alignment. info->buf is where the content is from now on: the result, if it is a
// copy.
//
// The object, not its memory: the garbage collector does not see pointers into the middle.
NATMOD_FUNCTION void *natmod_hold(mp_obj_t source, mp_buffer_info_t *info, size_t alignment) {
    mp_buffer_info_t writable;
    if ((uintptr_t)info->buf % alignment == 0 &&
        !mp_get_buffer(source, &writable, MP_BUFFER_WRITE)) {
        return MP_OBJ_TO_PTR(source);
    }
    void *copy = natmod_malloc(info->len);
    mp_fun_table.memmove_(copy, info->buf, info->len);
    info->buf = copy;
    return copy;
}

// ---------------------------------------------------------------------------------------- floats

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

// ----------------------------------------------------------------------------------------- types

// Declares prefix_type, a type with room for n methods in prefix_methods; mpy_init makes it with
// NATMOD_MAKE_TYPE.
#define NATMOD_TYPE(prefix, n) \
    mp_obj_full_type_t prefix##_type; \
    mp_map_elem_t prefix##_methods[n]; \
    static MP_DEFINE_CONST_DICT(prefix##_methods_dict, prefix##_methods)

// Makes the type that has this name in Python, of functions prefix_print and prefix_attr. The
// binding writes the qstr out: the build finds only those that stand in the .c file.
#define NATMOD_MAKE_TYPE(prefix, name) \
    natmod_type(&prefix##_type, name, prefix##_print, prefix##_attr, &prefix##_methods_dict)
NATMOD_FUNCTION void natmod_type(mp_obj_full_type_t *type, qstr name,
                                 void (*print)(const mp_print_t *, mp_obj_t, mp_print_kind_t),
                                 void (*attr)(mp_obj_t, qstr, mp_obj_t *),
                                 const mp_obj_dict_t *methods) {
    type->base.type = (void *)&mp_type_type;
    type->name = name;
    MP_OBJ_TYPE_SET_SLOT(type, print, print, 0);
    MP_OBJ_TYPE_SET_SLOT(type, attr, attr, 1);
    MP_OBJ_TYPE_SET_SLOT(type, locals_dict, methods, 2);
}

// Fills in a method. They are searched in order: what is called most comes first.
NATMOD_FUNCTION void natmod_method(mp_map_elem_t *method, qstr name, mp_const_obj_t function) {
    method->key = MP_OBJ_NEW_QSTR(name);
    method->value = (mp_obj_t)function;
}

// Adds a method to a dict on the heap, for a type to which part.py adds some, too: each call of a
// method takes longer, as such a dict is searched by hash.
NATMOD_APART void natmod_add_method(mp_obj_t methods, qstr name, mp_const_obj_t function) {
    mp_obj_dict_store(methods, MP_OBJ_NEW_QSTR(name), (mp_obj_t)function);
}

// Ends an attr function: value is that of the attribute, or NULL if the name is none.
NATMOD_FUNCTION void natmod_attr(mp_obj_t *dest, mp_obj_t value) {
    if (value == MP_OBJ_NULL) {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
    } else if (dest[0] == MP_OBJ_NULL) {
        dest[0] = value; // else an assignment, which raises AttributeError if nothing is done
    }
}

// Adds a function, or another object, to the module.
#define natmod_global(name, object) mp_store_global((name), (mp_obj_t)(object))

NATMOD_FUNCTION void natmod_version(void) {
    natmod_global(MP_QSTR___version__, mp_obj_new_str(EMLMPY_VERSION, sizeof(EMLMPY_VERSION) - 1));
}

#endif // EMLMPY_NATMOD_H
