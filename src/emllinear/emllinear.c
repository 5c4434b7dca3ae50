// emllinear: linear models that predict and learn on the device.
//
// >>> import emllinear
// >>> model = emllinear.load("model.csv")
// >>> row = model.row()
// >>> model.predict(row)
// 2

#include "soft_float.h"

#include "eml_linear.h"
#include "natmod.h"
#include "natmod_crc.h"

typedef struct {
    mp_obj_base_t base;
    EmlLinear *linear; // the items of words
    mp_obj_t words;    // array('i')
    mp_obj_t classes;  // a tuple of labels, or None
} mp_obj_linear_t;

mp_obj_full_type_t linear_type;

static EmlLinear *linear_self(mp_obj_t self_in) {
    return ((mp_obj_linear_t *)natmod_self(self_in, &linear_type, "self must be a Linear object"))
        ->linear;
}

// _new(words, classes): takes over an array; classes may be empty. With None for classes the array
// is no longer than its sizes: returns how many words are to follow.
static mp_obj_t linear_new(mp_obj_t words, mp_obj_t classes) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(words, &info, MP_BUFFER_RW);
    EmlLinear *linear = info.buf;
    const bool is_new = classes == mp_const_none;
    const char *error =
        is_new ? eml_linear_check_sizes(linear) : eml_linear_check(linear, info.len);
    if (error != NULL) {
        natmod_value_error(error);
    }
    if (is_new) {
        return MP_OBJ_NEW_SMALL_INT(eml_linear_words(linear) - sizeof(EmlLinear) / 4);
    }
    if (!mp_obj_is_true(classes)) {
        classes = mp_const_none;
    } else if (!eml_linear_is_classifier(linear) ||
               mp_obj_len(classes) != MP_OBJ_NEW_SMALL_INT(eml_linear_outputs(linear))) {
        natmod_value_error("classes must be one for each class");
    }
    mp_obj_linear_t *self = mp_obj_malloc(mp_obj_linear_t, (mp_obj_type_t *)&linear_type);
    self->linear = linear;
    self->words = words;
    self->classes = classes;
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_2(linear_new_obj, linear_new);

static const void *linear_features(const EmlLinear *linear, mp_obj_t arg) {
    return natmod_items(arg, "features", linear->type == EML_LINEAR_FLOAT32 ? 'f' : 'h',
                        linear->n_features, MP_BUFFER_READ);
}

#define FINITE_TEXT "features and scores must be finite"

// The scores or the answer of a row in an array `out`, unless that is MP_OBJ_NULL; the class, or
// the value if there is one.
static mp_obj_t linear_run(const EmlLinear *linear, mp_obj_t features, mp_obj_t out_in,
                           bool answers) {
    const size_t n_out = answers ? eml_linear_outputs(linear) : linear->n_rows;
    int32_t scores[EML_LINEAR_MAX_ROWS + 1];
    int32_t *out = scores;
    if (out_in != MP_OBJ_NULL) {
        out = natmod_items(out_in, "out", 'f', n_out, MP_BUFFER_WRITE);
        if (answers && linear->kind == EML_LINEAR_CLASS) {
            natmod_value_error("model must have proportions: use scores");
        }
    } else if (n_out > 1) {
        natmod_value_error("several values need an array out");
    }
    const int32_t class_index = eml_linear_run(linear, linear_features(linear, features), scores);
    if (class_index == EML_LINEAR_NOT_FINITE) {
        natmod_value_error(FINITE_TEXT);
    }
    if (answers) {
        eml_linear_answer(linear, scores);
    }
    mp_fun_table.memmove_(out, scores, 4 * n_out);
    if (eml_linear_is_classifier(linear)) {
        return MP_OBJ_NEW_SMALL_INT(class_index);
    }
    if (n_out == 1) {
        return natmod_float(*scores);
    }
    return mp_const_none;
}

// predict(features) or predict(features, out)
static mp_obj_t linear_predict(size_t n_args, const mp_obj_t *args) {
    const EmlLinear *linear = linear_self(args[0]);
    if (n_args == 2 && eml_linear_is_classifier(linear)) {
        const int32_t class_index = eml_linear_run(linear, linear_features(linear, args[1]), NULL);
        if (class_index == EML_LINEAR_NOT_FINITE) {
            natmod_value_error(FINITE_TEXT);
        }
        return MP_OBJ_NEW_SMALL_INT(class_index);
    }
    return linear_run(linear, args[1], n_args == 3 ? args[2] : MP_OBJ_NULL, true);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(linear_predict_obj, 2, 3, linear_predict);

// scores(features, out)
static mp_obj_t linear_scores(mp_obj_t self_in, mp_obj_t features, mp_obj_t out) {
    return linear_run(linear_self(self_in), features, out, false);
}
static MP_DEFINE_CONST_FUN_OBJ_3(linear_scores_obj, linear_scores);

// The float32 of a number.
static int32_t linear_number(mp_obj_t arg) {
    const int32_t bits = natmod_float_bits(arg);
    if (!eml_linear_is_finite(bits)) {
        natmod_value_error("target and rate must be finite");
    }
    return bits;
}

// partial_fit(features, target, rate): learns one row.
static mp_obj_t linear_partial_fit(size_t n_args, const mp_obj_t *args) {
    EmlLinear *linear = linear_self(args[0]);
    if (!eml_linear_learns(linear)) {
        natmod_value_error("model must be a logistic or linear regression of floats");
    }
    EmlLinearBits steps[linear->n_rows];
    const void *features = linear_features(linear, args[1]);
    EmlLinearBits value;
    const void *target = &value;
    int32_t class_index = 0;
    if (eml_linear_is_classifier(linear)) {
        class_index = natmod_int(args[2], 0, eml_linear_outputs(linear) - 1,
                                 "target must be the number of a class");
        target = NULL;
    } else if (linear->n_rows > 1) {
        target = natmod_items(args[2], "target", 'f', linear->n_rows, MP_BUFFER_READ);
    } else {
        value.bits = linear_number(args[2]);
    }
    const EmlLinearBits rate = {.bits = linear_number(args[3])};
    if (!eml_linear_fit(linear, features, target, class_index, rate.value, steps)) {
        natmod_value_error("features and weights must stay finite");
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(linear_partial_fit_obj, 4, 4, linear_partial_fit);

static void linear_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const mp_obj_linear_t *self = MP_OBJ_TO_PTR(self_in);
    const EmlLinear *linear = self->linear;
    mp_obj_t found = self->classes;
    mp_int_t value = -1;
    if (name == MP_QSTR_n_features) {
        value = linear->n_features;
    } else if (name == MP_QSTR_n_classes) {
        value = eml_linear_is_classifier(linear) ? eml_linear_outputs(linear) : 0;
    } else if (name == MP_QSTR_n_outputs) {
        value = eml_linear_outputs(linear);
    } else if (name == MP_QSTR_nbytes) {
        value = 4 * eml_linear_words(linear);
    } else if (name == MP_QSTR__words) {
        found = self->words;
    } else if (name != MP_QSTR_classes) {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
        return;
    }
    if (dest[0] == MP_OBJ_NULL) {
        dest[0] = value < 0 ? found : MP_OBJ_NEW_SMALL_INT(value);
    }
}

static void linear_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const EmlLinear *linear = ((const mp_obj_linear_t *)MP_OBJ_TO_PTR(self_in))->linear;
    mp_printf(print, "<Linear: %d %s features, %d %s>", (int)linear->n_features,
              linear->type == EML_LINEAR_FLOAT32 ? "float32" : "int16",
              (int)eml_linear_outputs(linear),
              eml_linear_is_classifier(linear) ? "classes" : "values");
}

static void linear_add_method(mp_obj_t methods, qstr name, mp_const_obj_t function) {
    mp_obj_dict_store(methods, MP_OBJ_NEW_QSTR(name), (mp_obj_t)function);
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    // On the heap, because part.py adds two methods.
    mp_obj_t methods = mp_obj_new_dict(5);
    linear_add_method(methods, MP_QSTR_predict, &linear_predict_obj);
    linear_add_method(methods, MP_QSTR_scores, &linear_scores_obj);
    linear_add_method(methods, MP_QSTR_partial_fit, &linear_partial_fit_obj);

    linear_type.base.type = (void *)&mp_type_type;
    linear_type.flags = MP_TYPE_FLAG_NONE;
    linear_type.name = MP_QSTR_Linear;
    MP_OBJ_TYPE_SET_SLOT(&linear_type, attr, linear_attr, 0);
    MP_OBJ_TYPE_SET_SLOT(&linear_type, print, linear_print, 1);
    MP_OBJ_TYPE_SET_SLOT(&linear_type, locals_dict, MP_OBJ_TO_PTR(methods), 2);

    mp_store_global(MP_QSTR__methods, methods);
    mp_store_global(MP_QSTR__new, MP_OBJ_FROM_PTR(&linear_new_obj));
    mp_store_global(MP_QSTR__crc, MP_OBJ_FROM_PTR(&natmod_crc_obj));
    mp_store_global(MP_QSTR___version__,
                    mp_obj_new_str(EMLMPY_VERSION, sizeof(EMLMPY_VERSION) - 1));

    MP_DYNRUNTIME_INIT_EXIT
}
