// tinymaix_cnn and tinymaix_cnn_fp32: convolutional networks from .tmdl files.
//
// >>> import tinymaix_cnn
// >>> model = tinymaix_cnn.load("digits.tmdl")
// >>> model.predict(image)
// 7

#include "eml_cnn_message.h"
#include "natmod.h"
#ifdef EML_CNN_FP32
#include "eml_cnn_fp32.h"
#include "soft_float.h"
#define INPUT_TYPECODES "B' or 'f"
#else
#include "eml_cnn_int8.h"
#define INPUT_TYPECODES "B', 'b' or 'f"
#endif

typedef struct {
    mp_obj_base_t base;
    void *file; // the object that has the file's content, or a copy of that
    EmlCnn cnn;
    uint32_t copied_bytes; // of the copy, if there is one
} mp_obj_cnn_t;

NATMOD_TYPE(cnn, 4);

static mp_obj_cnn_t *cnn_self(mp_obj_t self_in) {
    return natmod_self(self_in, &cnn_type, "self must be a Model object");
}

static EML_COLD void cnn_raise(const EmlCnn *cnn, EmlCnnError error) {
    char text[EML_CNN_MESSAGE_MAX];
    const size_t length = eml_cnn_message(cnn, error, text);
    mp_raise_type_arg(&mp_type_ValueError, mp_obj_new_str(text, length));
}

// Makes a model of a file's content, 4-aligned, that self->file keeps from being collected.
static EML_COLD mp_obj_t cnn_make(mp_obj_cnn_t *self, const void *content, size_t length) {
    EmlCnn *cnn = &self->cnn;
    const EmlCnnError error = eml_cnn_check(cnn, content, length);
    if (error != EML_CNN_OK) {
        cnn_raise(cnn, error);
    }
    void *memory = natmod_malloc(cnn->memory_bytes);
    memset(memory, 0, cnn->memory_bytes);
    eml_cnn_prepare(cnn, memory);
    return MP_OBJ_FROM_PTR(self);
}

// A Model whose file is not there yet.
static EML_COLD mp_obj_cnn_t *cnn_allocate(size_t copied_bytes) {
    mp_obj_cnn_t *self = natmod_malloc(sizeof(mp_obj_cnn_t));
    self->base.type = (mp_obj_type_t *)&cnn_type;
    self->copied_bytes = (uint32_t)copied_bytes;
    return self;
}

// new(model): model is the content of a .tmdl file.
static EML_COLD mp_obj_t cnn_new(mp_obj_t model) {
    mp_buffer_info_t info;
    if (!natmod_buffer(model, &info, MP_BUFFER_READ)) {
        natmod_type_error("model must be bytes, bytearray or memoryview");
    }
    mp_obj_cnn_t *self = cnn_allocate(0);
    self->file = natmod_hold(model, &info, 4);
    if (self->file == info.buf) {
        self->copied_bytes = info.len;
    }
    return cnn_make(self, info.buf, info.len);
}
static MP_DEFINE_CONST_FUN_OBJ_1(cnn_new_obj, cnn_new);

// _read(size, readinto, piece): the model of a file of so many bytes, which readinto(piece) reads
// piece by piece. The copy is allocated before and the tensors after, with nothing in between that
// stays: a heap with room for both is enough.
static EML_COLD mp_obj_t cnn_read(mp_obj_t size_in, mp_obj_t readinto, mp_obj_t piece) {
    const size_t size = mp_obj_get_int(size_in) & INT32_MAX;
    mp_obj_cnn_t *self = cnn_allocate(size);
    self->file = natmod_malloc(size);
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

static uint32_t cnn_outputs(const EmlCnn *cnn) { return eml_cnn_elements(cnn->last->out_shape); }

// Runs a model; its outputs go to the array out_in as real values, unless that is NULL.
static const EmlCnn *cnn_run_on(mp_obj_t self_in, mp_obj_t input, mp_obj_t out_in) {
    const EmlCnn *cnn = &cnn_self(self_in)->cnn;
    uint32_t *out = NULL;
    if (out_in != MP_OBJ_NULL) {
        out = natmod_items(out_in, "out", 'f', cnn_outputs(cnn), MP_BUFFER_WRITE);
    }
    mp_buffer_info_t info;
    if (!natmod_buffer(input, &info, MP_BUFFER_READ)) {
        natmod_no_array();
    }
    const uint32_t n = eml_cnn_elements(cnn->header->in_shape);
    if (info.typecode == 'B' && info.len == n) {
        eml_cnn_read_bytes(cnn, info.buf);
    } else if (info.typecode == 'f' && info.len == n * sizeof(float)) {
        eml_cnn_read_floats(cnn, info.buf);
#ifndef EML_CNN_FP32
    } else if (info.typecode == 'b' && info.len == n) {
        mp_fun_table.memmove_(eml_cnn_input(cnn), info.buf, n);
#endif
    } else {
        natmod_array_error("input", INPUT_TYPECODES, n, &info);
    }
    eml_cnn_run(cnn);
    if (out != NULL) {
        eml_cnn_write(cnn, out);
    }
    return cnn;
}

// predict(input) or predict(input, out): the index of the largest output.
static mp_obj_t cnn_predict(size_t n_args, const mp_obj_t *args) {
    const mp_obj_t out = n_args > 2 ? args[2] : MP_OBJ_NULL;
    return MP_OBJ_NEW_SMALL_INT(eml_cnn_best(cnn_run_on(args[0], args[1], out)));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(cnn_predict_obj, 2, 3, cnn_predict);

// run(input, out)
static mp_obj_t cnn_run(mp_obj_t self, mp_obj_t input, mp_obj_t out) {
    cnn_run_on(self, input, out);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(cnn_run_obj, cnn_run);

static EML_COLD mp_obj_t cnn_dimensions(const uint16_t *shape) {
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

static EML_COLD void cnn_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const EmlCnn *cnn = &((const mp_obj_cnn_t *)MP_OBJ_TO_PTR(self_in))->cnn;
    mp_printf(print, "<Model: %d features, %d outputs>", eml_cnn_elements(cnn->header->in_shape),
              cnn_outputs(cnn));
}

static EML_COLD void cnn_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const mp_obj_cnn_t *self = MP_OBJ_TO_PTR(self_in);
    const EmlCnn *cnn = &self->cnn;
    mp_obj_t value = MP_OBJ_NULL;
    if (name == MP_QSTR_n_features) {
        value = MP_OBJ_NEW_SMALL_INT(eml_cnn_elements(cnn->header->in_shape));
    } else if (name == MP_QSTR_n_outputs) {
        value = MP_OBJ_NEW_SMALL_INT(cnn_outputs(cnn));
    } else if (name == MP_QSTR_nbytes) {
        value = MP_OBJ_NEW_SMALL_INT(sizeof(*self) + cnn->memory_bytes + self->copied_bytes);
    }
    natmod_attr(dest, value);
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    NATMOD_MAKE_TYPE(cnn, MP_QSTR_Model);
    natmod_method(&cnn_methods[0], MP_QSTR_predict, &cnn_predict_obj);
    natmod_method(&cnn_methods[1], MP_QSTR_run, &cnn_run_obj);
    natmod_method(&cnn_methods[2], MP_QSTR_input_dimensions, &cnn_input_dimensions_obj);
    natmod_method(&cnn_methods[3], MP_QSTR_output_dimensions, &cnn_output_dimensions_obj);

    natmod_global(MP_QSTR_new, &cnn_new_obj);
    natmod_global(MP_QSTR__read, &cnn_read_obj);
    natmod_version();

    MP_DYNRUNTIME_INIT_EXIT
}
