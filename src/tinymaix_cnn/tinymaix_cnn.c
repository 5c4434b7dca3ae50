// tinymaix_cnn and tinymaix_cnn_fp32: convolutional networks from .tmdl files.
//
// >>> import tinymaix_cnn
// >>> model = tinymaix_cnn.load("digits.tmdl")
// >>> model.predict(image)
// 7

#include "natmod.h"

#include "eml_cnn_message.h"
#ifdef EML_CNN_FP32
#include "eml_cnn_fp32.h"
#include "soft_float.h"
#define INPUT_TEXT "input must be an array of type 'B' or 'f' of the input's size"
#else
#include "eml_cnn_int8.h"
#define INPUT_TEXT "input must be an array of type 'B', 'b' or 'f' of the input's size"
#endif

#define MODEL_TEXT "model must be bytes, bytearray or memoryview"
#define OUT_TEXT "out must be an array of type 'f' of the output's size"

typedef struct {
    mp_obj_base_t base;
    void *file; // the object that has the file's content, or a copy of that
    EmlCnn cnn;
    uint32_t copied_bytes; // of the copy, if there is one
} mp_obj_cnn_t;

mp_obj_full_type_t cnn_type;

static mp_obj_cnn_t *cnn_self(mp_obj_t self_in) {
    return natmod_self(self_in, &cnn_type, "self must be a Model object");
}

static EML_CNN_COLD void cnn_raise(const EmlCnn *cnn, EmlCnnError error) {
    char text[EML_CNN_MESSAGE_MAX];
    const size_t length = eml_cnn_message(cnn, error, text);
    mp_raise_type_arg(&mp_type_ValueError, mp_obj_new_str(text, length));
}

// Makes a model of a file's content, 4-aligned, that self->file keeps from being collected.
static EML_CNN_COLD mp_obj_t cnn_make(mp_obj_cnn_t *self, const void *content, size_t length) {
    EmlCnn *cnn = &self->cnn;
    const EmlCnnError error = eml_cnn_check(cnn, content, length);
    if (error != EML_CNN_OK) {
        cnn_raise(cnn, error);
    }
    void *memory = m_malloc(cnn->memory_bytes);
    memset(memory, 0, cnn->memory_bytes);
    eml_cnn_prepare(cnn, memory);
    return MP_OBJ_FROM_PTR(self);
}

// A Model with room for so many bytes of a file.
static EML_CNN_COLD mp_obj_cnn_t *cnn_allocate(size_t copied_bytes) {
    mp_obj_cnn_t *self = mp_obj_malloc(mp_obj_cnn_t, (mp_obj_type_t *)&cnn_type);
    self->copied_bytes = (uint32_t)copied_bytes;
    self->file = m_malloc(copied_bytes);
    return self;
}

// new(model): model is the content of a .tmdl file.
static EML_CNN_COLD mp_obj_t cnn_new(mp_obj_t model) {
    mp_buffer_info_t info;
    if (mp_obj_get_type(model) == &mp_type_str || !mp_get_buffer(model, &info, MP_BUFFER_READ)) {
        natmod_type_error(MODEL_TEXT);
    }
    const void *content = info.buf;
    const size_t length = info.len;
    // What can be written to can also move or change.
    const bool is_copied =
        (uintptr_t)content % 4 != 0 || mp_get_buffer(model, &info, MP_BUFFER_WRITE);
    mp_obj_cnn_t *self = cnn_allocate(is_copied ? length : 0);
    if (is_copied) {
        mp_fun_table.memmove_(self->file, content, length);
        content = self->file;
    } else {
        self->file = MP_OBJ_TO_PTR(model);
    }
    return cnn_make(self, content, length);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_new_obj, cnn_new);

// _read(size, readinto, piece): the model of a file of so many bytes, which readinto(piece) reads
// piece by piece. The copy is allocated before and the tensors after, with nothing in between that
// stays: a heap with room for both is enough.
static EML_CNN_COLD mp_obj_t cnn_read(mp_obj_t size_in, mp_obj_t readinto, mp_obj_t piece) {
    const size_t size = mp_obj_get_int(size_in);
    mp_obj_cnn_t *self = cnn_allocate(size);
    size_t length = 0;
    while (length < size) {
        size_t bytes = mp_obj_get_int(mp_call_function_n_kw(readinto, 1, 0, &piece));
        mp_buffer_info_t info;
        mp_get_buffer_raise(piece, &info, MP_BUFFER_READ);
        if (bytes == 0 || bytes > info.len) {
            break;
        }
        if (bytes > size - length) {
            bytes = size - length;
        }
        mp_fun_table.memmove_((uint8_t *)self->file + length, info.buf, bytes);
        length += bytes;
    }
    return cnn_make(self, self->file, length);
}
static MP_DEFINE_CONST_FUN_OBJ_3(cnn_read_obj, cnn_read);

static void cnn_run_on(const EmlCnn *cnn, mp_obj_t input) {
    mp_buffer_info_t info;
    if (mp_obj_get_type(input) == &mp_type_str || !mp_get_buffer(input, &info, MP_BUFFER_READ)) {
        natmod_type_error(INPUT_TEXT);
    }
    const uint32_t n = eml_cnn_elements(cnn->header->in_shape);
    if ((info.typecode == 'B' || info.typecode == BYTEARRAY_TYPECODE) && info.len == n) {
        eml_cnn_read_bytes(cnn, info.buf);
    } else if (info.typecode == 'f' && info.len == n * sizeof(float)) {
        eml_cnn_read_floats(cnn, info.buf);
#ifndef EML_CNN_FP32
    } else if (info.typecode == 'b' && info.len == n) {
        mp_fun_table.memmove_(eml_cnn_input(cnn), info.buf, n);
#endif
    } else {
        natmod_value_error(INPUT_TEXT);
    }
    eml_cnn_run(cnn);
}

// run(input, out): out takes the output as real values.
static mp_obj_t cnn_run(mp_obj_t self_in, mp_obj_t input, mp_obj_t out_in) {
    const EmlCnn *cnn = &cnn_self(self_in)->cnn;
    const uint32_t n = eml_cnn_elements(cnn->last->out_shape);
    uint32_t *out = natmod_array(out_in, 'f', n, sizeof(float), MP_BUFFER_WRITE, OUT_TEXT);
    cnn_run_on(cnn, input);
    eml_cnn_write(cnn, out);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(cnn_run_obj, cnn_run);

// predict(input): the index of the largest output.
static mp_obj_t cnn_predict(mp_obj_t self_in, mp_obj_t input) {
    const EmlCnn *cnn = &cnn_self(self_in)->cnn;
    cnn_run_on(cnn, input);
    return MP_OBJ_NEW_SMALL_INT(eml_cnn_best(cnn));
}
static MP_DEFINE_CONST_FUN_OBJ_2(cnn_predict_obj, cnn_predict);

static EML_CNN_COLD mp_obj_t cnn_dimensions(const uint16_t *shape) {
    mp_obj_t sides[3];
    const uint32_t rank = shape[EML_CNN_RANK];
    for (uint32_t i = 0; i < rank; i++) {
        sides[i] = MP_OBJ_NEW_SMALL_INT(shape[4 - rank + i]);
    }
    return mp_obj_new_tuple(rank, sides);
}

// input_dimensions(): height, width and channels, or fewer.
static mp_obj_t cnn_input_dimensions(mp_obj_t self_in) {
    return cnn_dimensions(cnn_self(self_in)->cnn.header->in_shape);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_input_dimensions_obj, cnn_input_dimensions);

// output_dimensions(): usually one, the number of classes.
static mp_obj_t cnn_output_dimensions(mp_obj_t self_in) {
    return cnn_dimensions(cnn_self(self_in)->cnn.last->out_shape);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_output_dimensions_obj, cnn_output_dimensions);

static void cnn_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const mp_obj_cnn_t *self = MP_OBJ_TO_PTR(self_in);
    if (name != MP_QSTR_nbytes) {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
    } else if (dest[0] == MP_OBJ_NULL) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(sizeof(*self) + self->cnn.memory_bytes + self->copied_bytes);
    }
}

mp_map_elem_t cnn_methods[4];
static MP_DEFINE_CONST_DICT(cnn_methods_dict, cnn_methods);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    cnn_type.base.type = (void *)&mp_type_type;
    cnn_type.flags = MP_TYPE_FLAG_NONE;
    cnn_type.name = MP_QSTR_Model;
    cnn_methods[0] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_run), MP_OBJ_FROM_PTR(&cnn_run_obj)};
    cnn_methods[1] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_predict), MP_OBJ_FROM_PTR(&cnn_predict_obj)};
    cnn_methods[2] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_input_dimensions),
                                     MP_OBJ_FROM_PTR(&cnn_input_dimensions_obj)};
    cnn_methods[3] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_output_dimensions),
                                     MP_OBJ_FROM_PTR(&cnn_output_dimensions_obj)};
    MP_OBJ_TYPE_SET_SLOT(&cnn_type, attr, cnn_attr, 0);
    MP_OBJ_TYPE_SET_SLOT(&cnn_type, locals_dict, (void *)&cnn_methods_dict, 1);

    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&cnn_new_obj));
    mp_store_global(MP_QSTR__read, MP_OBJ_FROM_PTR(&cnn_read_obj));
    mp_store_global(MP_QSTR___version__,
                    mp_obj_new_str(EMLMPY_VERSION, sizeof(EMLMPY_VERSION) - 1));

    MP_DYNRUNTIME_INIT_EXIT
}
