// emllinear: linear models that predict and learn on the device.
//
// >>> import emllinear
// >>> model = emllinear.load("model.csv")
// >>> row = model.row()
// >>> model.predict(row)
// 2

#define SOFT_FLOAT_SMALL
#include "soft_float.h"

#include "eml_linear.h"
#define NATMOD_SMALL
#define NATMOD_NO_MEMSET
#include "natmod.h"
#include "natmod_crc.h"

typedef struct {
    mp_obj_base_t base;
    EmlLinear *linear; // the items of words
    mp_obj_t words;    // array('i')
    mp_obj_t classes;  // a tuple of labels, or None
} mp_obj_linear_t;

mp_obj_full_type_t linear_type;

static EML_ALWAYS_INLINE EmlLinear *linear_get(mp_obj_t self_in) {
    const mp_obj_linear_t *self = natmod_self(self_in, &linear_type, "self must be a Linear");
    return self->linear;
}

static EML_NOINLINE EmlLinear *linear_self(mp_obj_t self_in) { return linear_get(self_in); }

// _new(words, classes): takes over an array, and a tuple or None. With 0 for classes the array is
// no longer than its sizes: returns how many words are to follow.
static mp_obj_t linear_new(mp_obj_t words, mp_obj_t classes) {
    const bool is_whole = classes != MP_OBJ_NEW_SMALL_INT(0);
    mp_buffer_info_t info;
    mp_get_buffer_raise(words, &info, MP_BUFFER_RW);
    EmlLinear *linear = info.buf;
    const char *const error =
        is_whole ? eml_linear_check(linear, info.len) : eml_linear_check_sizes(linear, info.len);
    if (error != NULL) {
        natmod_value_error(error);
    }
    if (!is_whole) {
        return MP_OBJ_NEW_SMALL_INT(eml_linear_words(linear) - sizeof(EmlLinear) / 4);
    }
    mp_obj_linear_t *self = natmod_malloc(sizeof(mp_obj_linear_t));
    self->base.type = (mp_obj_type_t *)&linear_type;
    self->linear = linear;
    self->words = words;
    self->classes = classes;
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_2(linear_new_obj, linear_new);

static char linear_typecode(const EmlLinear *linear) {
    return linear->type == EML_LINEAR_FLOAT32 ? 'f' : 'h';
}

static const void *linear_features(const EmlLinear *linear, mp_obj_t arg) {
    return natmod_items(arg, "features", linear_typecode(linear), linear->n_features,
                        MP_BUFFER_READ);
}

static EML_NORETURN EML_NOINLINE void linear_not_finite(void) {
    natmod_value_error("all numbers must be finite");
}

// Runs a model; the class.
static EML_NOINLINE int32_t linear_class(const EmlLinear *linear, const void *features,
                                         int32_t *scores) {
    const int32_t found = eml_linear_run(linear, features, scores);
    if (found == EML_LINEAR_NOT_FINITE) {
        linear_not_finite();
    }
    return found;
}

// Writes the scores or the answer of a row to an array out, if it is not NULL; the class, or the
// value if there is one.
static EML_NOINLINE mp_obj_t linear_run(const EmlLinear *linear, mp_obj_t features, mp_obj_t out,
                                        bool answers) {
    size_t n_out = linear->n_rows;
    int32_t scores[n_out + 1];
    const int32_t found = linear_class(linear, linear_features(linear, features), scores);
    const uint32_t n_classes = eml_linear_classes(linear);
    if (answers) {
        eml_linear_answer(linear, scores, found);
        n_out = eml_linear_outputs(linear);
    }
    if (out != NULL) {
        mp_fun_table.memmove_(natmod_items(out, "out", 'f', n_out, MP_BUFFER_WRITE), scores,
                              4 * n_out);
    }
    if (n_classes != 0) {
        return MP_OBJ_NEW_SMALL_INT(found);
    }
    return n_out == 1 ? natmod_float(*scores) : mp_const_none;
}

// predict(features) or predict(features, out)
static mp_obj_t linear_predict(size_t n_args, const mp_obj_t *args) {
    const EmlLinear *linear = linear_get(args[0]); // inline: the call that is made most
    mp_obj_t out = NULL;
    if (n_args == 3) {
        out = args[2];
        if (linear->kind == EML_LINEAR_CLASS) {
            natmod_value_error("model must have proportions");
        }
    } else if (linear->kind >= EML_LINEAR_CLASS) {
        return MP_OBJ_NEW_SMALL_INT(linear_class(linear, linear_features(linear, args[1]), NULL));
    } else if (linear->n_rows != 1) {
        natmod_value_error("out must be given");
    }
    return linear_run(linear, args[1], out, true);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(linear_predict_obj, 2, 3, linear_predict);

// scores(features, out)
static mp_obj_t linear_scores(mp_obj_t self_in, mp_obj_t features, mp_obj_t out) {
    return linear_run(linear_self(self_in), features, out, false);
}
static MP_DEFINE_CONST_FUN_OBJ_3(linear_scores_obj, linear_scores);

// partial_fit(features, target, rate): learns one row.
static mp_obj_t linear_partial_fit(size_t n_args, const mp_obj_t *args) {
    EmlLinear *linear = linear_self(args[0]);
    if (!eml_linear_learns(linear)) {
        natmod_value_error("model must be able to learn");
    }
    EmlLinearBits rate, value;
    rate.bits = natmod_float_bits(args[3]);
    const float *target = NULL;
    int32_t class_index = 0;
    const uint32_t n_classes = eml_linear_classes(linear);
    if (n_classes != 0) {
        class_index = natmod_int(args[2], 0, n_classes - 1, "target must be a class number");
    } else if (linear->n_rows > 1) {
        target = natmod_items(args[2], "target", 'f', linear->n_rows, MP_BUFFER_READ);
    } else {
        value.bits = natmod_float_bits(args[2]);
        target = &value.value;
    }
    EmlLinearBits scores[linear->n_rows];
    const float *features = linear_features(linear, args[1]);
    const int32_t found = linear_class(linear, features, &scores->bits);
    if (!eml_linear_fit(linear, features, scores, found, target, class_index, rate.value)) {
        linear_not_finite();
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(linear_partial_fit_obj, 4, 4, linear_partial_fit);

static void linear_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const mp_obj_linear_t *self = MP_OBJ_TO_PTR(self_in);
    const EmlLinear *linear = self->linear;
    mp_obj_t value = MP_OBJ_NULL;
    if (name == MP_QSTR_n_features) {
        value = MP_OBJ_NEW_SMALL_INT(linear->n_features);
    } else if (name == MP_QSTR_n_classes) {
        value = MP_OBJ_NEW_SMALL_INT(eml_linear_classes(linear));
    } else if (name == MP_QSTR_n_outputs) {
        value = MP_OBJ_NEW_SMALL_INT(eml_linear_outputs(linear));
    } else if (name == MP_QSTR_nbytes) {
        value = MP_OBJ_NEW_SMALL_INT(4 * eml_linear_words(linear));
    } else if (name == MP_QSTR__words) {
        value = self->words;
    } else if (name == MP_QSTR_classes) {
        value = self->classes;
    }
    natmod_attr(dest, value);
}

static void linear_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const EmlLinear *linear = ((const mp_obj_linear_t *)MP_OBJ_TO_PTR(self_in))->linear;
    mp_printf(print, "<Linear: array('%c') of %d, %d outputs>", linear_typecode(linear),
              (int)linear->n_features, (int)eml_linear_outputs(linear));
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    // On the heap, because part.py adds two methods.
    mp_obj_t methods = mp_obj_new_dict(5);
    natmod_type(&linear_type, MP_QSTR_Linear, linear_print, linear_attr, MP_OBJ_TO_PTR(methods));
    natmod_add_method(methods, MP_QSTR_predict, &linear_predict_obj);
    natmod_add_method(methods, MP_QSTR_scores, &linear_scores_obj);
    natmod_add_method(methods, MP_QSTR_partial_fit, &linear_partial_fit_obj);

    natmod_global(MP_QSTR__methods, methods);
    natmod_global(MP_QSTR__new, &linear_new_obj);
    natmod_global(MP_QSTR__crc, &natmod_crc_obj);
    natmod_version();

    MP_DYNRUNTIME_INIT_EXIT
}
