// emltrees: tree ensembles from scikit-learn.
//
// >>> import emltrees, array
// >>> model = emltrees.load("digits.csv")
// >>> model.predict(array.array("h", pixels))
// 7

#include "eml_forest_csv.h"
#include "natmod.h"

typedef struct {
    mp_obj_base_t base;
    uint16_t trees_used;
    uint16_t max_trees;
    uint16_t max_nodes;
    uint16_t max_leaves;
    const void *image;    // object or memory of a binary model that forest points into, or NULL
    EmlForestCsv *reader; // the load in progress; a source may call Python, which may load again
    EmlForest forest;
} mp_obj_trees_t;

mp_obj_full_type_t trees_type;

static mp_obj_trees_t *trees_loaded(mp_obj_t self_in) {
    mp_obj_trees_t *self = natmod_self(self_in, &trees_type, "self must be a Trees object");
    if (self->forest.n_trees == 0) {
        natmod_value_error("model must be loaded first");
    }
    return self;
}

static void *trees_resize(void *memory, size_t bytes) { return m_realloc(memory, bytes); }

// new(trees, nodes, leaves): an empty model that takes files of up to that size; new(): any file.
static mp_obj_t trees_new(size_t n_args, const mp_obj_t *args) {
    mp_int_t limit[3] = {EML_FOREST_MAX_COUNT, EML_FOREST_MAX_COUNT, EML_FOREST_MAX_COUNT};
    if (n_args != 0) {
        mp_arg_check_num(n_args, 0, 3, 3, false);
        for (size_t i = 0; i < 3; i++) {
            limit[i] = natmod_int(args[i], 1, EML_FOREST_MAX_COUNT,
                                  "trees, nodes and leaves must be 1 to 65000");
        }
    }
    mp_obj_trees_t *self = mp_obj_malloc(mp_obj_trees_t, (mp_obj_type_t *)&trees_type);
    memset(&self->trees_used, 0, sizeof(*self) - offsetof(mp_obj_trees_t, trees_used));
    self->max_trees = limit[0];
    self->max_nodes = limit[1];
    self->max_leaves = limit[2];
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(trees_new_obj, 0, 3, trees_new);

static mp_obj_t trees_check(mp_obj_trees_t *self, uint32_t line, EmlForestError error) {
    if (error != EML_FOREST_OK) {
        self->reader = NULL;
        if (line == 0) {
            natmod_value_error(eml_forest_error_text(error));
        }
        natmod_raise(&mp_type_ValueError, "line %d: %s", line, eml_forest_error_text(error));
    }
    return mp_const_none;
}

static EmlForestCsv *trees_reader(mp_obj_trees_t *self) {
    if (self->reader == NULL) {
        self->forest.n_trees = 0;
        natmod_value_error("model was loaded while being loaded");
    }
    return self->reader;
}

// _begin(model, source): empties the model. A binary model is taken over, and True returned; else a
// CSV file may follow through _read.
static mp_obj_t trees_begin(mp_obj_t self_in, mp_obj_t source) {
    mp_obj_trees_t *self = natmod_self(self_in, &trees_type, "self must be a Trees object");
    if (self->image != NULL) {
        // The arrays are parts of the image, and must not be resized.
        self->image = NULL;
        memset(&self->forest, 0, sizeof(self->forest));
    }
    EmlForestCsv *reader = m_malloc(sizeof(EmlForestCsv));
    eml_forest_csv_begin(reader, &self->forest, trees_resize, self->max_trees, self->max_nodes,
                         self->max_leaves);
    self->reader = reader;
    mp_buffer_info_t info;
    if (!mp_get_buffer(source, &info, MP_BUFFER_READ) ||
        eml_forest_bin_bytes(info.buf, info.len) == 0) {
        return mp_const_false;
    }
    self->reader = NULL;
    // The object, not its memory: the garbage collector does not see pointers into the middle.
    self->image = MP_OBJ_TO_PTR(source);
    const void *image = info.buf;
    if (mp_get_buffer(source, &info, MP_BUFFER_WRITE)) {
        // Somebody may change or move it.
        void *copy = m_malloc(info.len);
        mp_fun_table.memmove_(copy, image, info.len);
        image = self->image = copy;
    }
    trees_check(self, 0, eml_forest_bin(&self->forest, image, info.len));
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_2(trees_begin_obj, trees_begin);

// _read(model, piece): the next piece of a CSV file.
static mp_obj_t trees_read(mp_obj_t self_in, mp_obj_t piece) {
    mp_obj_trees_t *self = natmod_self(self_in, &trees_type, "self must be a Trees object");
    EmlForestCsv *reader = trees_reader(self);
    mp_buffer_info_t info;
    mp_get_buffer_raise(piece, &info, MP_BUFFER_READ);
    const EmlForestError error = eml_forest_csv_read(reader, info.buf, info.len);
    return trees_check(self, reader->line, error);
}
static MP_DEFINE_CONST_FUN_OBJ_2(trees_read_obj, trees_read);

// _end(model, last): a line ends here, and with last the file, too.
static mp_obj_t trees_end(mp_obj_t self_in, mp_obj_t last) {
    mp_obj_trees_t *self = natmod_self(self_in, &trees_type, "self must be a Trees object");
    EmlForestCsv *reader = trees_reader(self);
    const bool is_last = mp_obj_is_true(last);
    const EmlForestError error =
        is_last ? eml_forest_csv_end(reader) : eml_forest_csv_end_line(reader);
    if (is_last) {
        self->reader = NULL;
    }
    return trees_check(self, reader->line, error);
}
static MP_DEFINE_CONST_FUN_OBJ_2(trees_end_obj, trees_end);

// The features argument of a model: an array of its type and number.
static const void *trees_features(const EmlForest *forest, mp_obj_t arg, mp_uint_t flags) {
    const char *requirement = "features must be array('h') of n_features items";
    char typecode = 'h';
    size_t bytes = 2u * forest->n_features;
    if (forest->feature_type == EML_FOREST_UINT8) {
        requirement = "features must be n_features bytes";
        typecode = 'B';
        bytes = forest->n_features;
    }
#if EML_FOREST_VALUES
    if (forest->feature_type == EML_FOREST_FLOAT32) {
        requirement = "features must be array('f') of n_features items";
        typecode = 'f';
        bytes = 4u * forest->n_features;
    }
#endif
    mp_buffer_info_t info;
    if (!mp_get_buffer(arg, &info, flags)) {
        natmod_type_error(requirement);
    }
    const bool is_type =
        info.typecode == typecode || (info.typecode == BYTEARRAY_TYPECODE && typecode == 'B');
    if (!is_type || info.len != bytes) {
        natmod_value_error(requirement);
    }
    return info.buf;
}

// predict(features) or predict(features, out): the class index, +1 or -1, or a regressor's value.
static mp_obj_t trees_predict(size_t n_args, const mp_obj_t *args) {
    mp_obj_trees_t *self = trees_loaded(args[0]);
    const EmlForest *forest = &self->forest;
    const void *features = trees_features(forest, args[1], MP_BUFFER_READ);
    const uint32_t n_outputs = eml_forest_outputs(forest);
    int32_t *out = NULL;
    if (n_args > 2) {
        out = natmod_array(args[2], 'f', n_outputs, sizeof(float), MP_BUFFER_WRITE,
                           "out must be array('f') of outputs() items");
    }
    if (eml_forest_has_nan(forest, features)) {
        natmod_value_error("features must not be nan");
    }
    EmlForestSum sums[n_outputs];
    uint32_t trees_used;
    const int32_t result = eml_forest_predict(forest, features, sums, out != NULL, &trees_used);
    self->trees_used = trees_used;
    for (uint32_t i = 0; out != NULL && i < n_outputs; i++) {
        out[i] = eml_forest_output(forest, sums, i);
    }
#if EML_FOREST_VALUES
    if (eml_forest_is_regressor(forest)) {
        return natmod_float(eml_forest_output(forest, sums, 0));
    }
#endif
    return MP_OBJ_NEW_SMALL_INT(result);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(trees_predict_obj, 2, 3, trees_predict);

// outputs(): the number of values that predict(features, out) writes.
static mp_obj_t trees_outputs(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(eml_forest_outputs(&trees_loaded(self_in)->forest));
}
static MP_DEFINE_CONST_FUN_OBJ_1(trees_outputs_obj, trees_outputs);

#if EML_FOREST_VALUES
// quantize(floats, out): raw units to the model's units.
static mp_obj_t trees_quantize(mp_obj_t self_in, mp_obj_t raw_in, mp_obj_t out_in) {
    const EmlForest *forest = &trees_loaded(self_in)->forest;
    if (!forest->has_scale) {
        natmod_value_error("model must have a scale");
    }
    const int32_t *raw = natmod_array(raw_in, 'f', forest->n_features, 4, MP_BUFFER_READ,
                                      "floats must be array('f') of n_features items");
    void *out = (void *)trees_features(forest, out_in, MP_BUFFER_WRITE);
    if (!eml_forest_quantize(forest, raw, out)) {
        natmod_value_error("floats must not be nan");
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(trees_quantize_obj, trees_quantize);
#endif

// The class labels as a tuple, or None.
static mp_obj_t trees_classes(const EmlForest *forest) {
    if (forest->label_bytes == 0) {
        return mp_const_none;
    }
    mp_obj_t labels[EML_FOREST_MAX_CLASSES];
    const char *text = (const char *)forest->array[EML_FOREST_LABEL];
    for (size_t i = 0; i < forest->n_classes; i++) {
        const bool is_int = *text++ == 'i';
        size_t length = 0;
        while (text[length] != '\0') {
            length++;
        }
        labels[i] = mp_obj_new_str(text, length);
        if (is_int) {
            labels[i] = mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_type_int), 1, 0, &labels[i]);
        }
        text += length + 1;
    }
    return mp_obj_new_tuple(forest->n_classes, labels);
}

static void trees_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const mp_obj_trees_t *self = MP_OBJ_TO_PTR(self_in);
    const EmlForest *forest = &self->forest;
    mp_int_t value;
    if (name == MP_QSTR_n_features) {
        value = forest->n_features;
    } else if (name == MP_QSTR_n_classes) {
        value = forest->n_classes;
    } else if (name == MP_QSTR_n_trees) {
        value = forest->n_trees;
    } else if (name == MP_QSTR_n_nodes) {
        value = forest->n_nodes;
    } else if (name == MP_QSTR_nbytes) {
        value = eml_forest_bytes(forest);
    } else if (name == MP_QSTR_trees_used) {
        value = self->trees_used;
    } else if (name == MP_QSTR_classes) {
        value = -1;
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
        return;
    }
    if (dest[0] == MP_OBJ_NULL) {
        if (value < 0) {
            dest[0] = forest->n_trees == 0 ? mp_const_none : trees_classes(forest);
        } else {
            dest[0] = MP_OBJ_NEW_SMALL_INT(forest->n_trees == 0 ? 0 : value);
        }
    }
}

static void trees_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const EmlForest *forest = &((const mp_obj_trees_t *)MP_OBJ_TO_PTR(self_in))->forest;
    mp_printf(print, "<Trees: %d trees, %d nodes, %d features, %d classes>", forest->n_trees,
              forest->n_nodes, forest->n_features, forest->n_classes);
}

mp_map_elem_t trees_methods[2 + EML_FOREST_VALUES];
static MP_DEFINE_CONST_DICT(trees_methods_dict, trees_methods);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    trees_type.base.type = (void *)&mp_type_type;
    trees_type.flags = MP_TYPE_FLAG_NONE;
    trees_type.name = MP_QSTR_Trees;
    trees_methods[0] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_predict), MP_OBJ_FROM_PTR(&trees_predict_obj)};
    trees_methods[1] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_outputs), MP_OBJ_FROM_PTR(&trees_outputs_obj)};
#if EML_FOREST_VALUES
    trees_methods[2] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_quantize), MP_OBJ_FROM_PTR(&trees_quantize_obj)};
#endif
    MP_OBJ_TYPE_SET_SLOT(&trees_type, attr, trees_attr, 0);
    MP_OBJ_TYPE_SET_SLOT(&trees_type, print, trees_print, 1);
    MP_OBJ_TYPE_SET_SLOT(&trees_type, locals_dict, (void *)&trees_methods_dict, 2);

    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&trees_new_obj));
    // What load.py needs.
    mp_store_global(MP_QSTR__begin, MP_OBJ_FROM_PTR(&trees_begin_obj));
    mp_store_global(MP_QSTR__read, MP_OBJ_FROM_PTR(&trees_read_obj));
    mp_store_global(MP_QSTR__end, MP_OBJ_FROM_PTR(&trees_end_obj));
    mp_store_global(MP_QSTR___version__,
                    mp_obj_new_str(EMLMPY_VERSION, sizeof(EMLMPY_VERSION) - 1));

    MP_DYNRUNTIME_INIT_EXIT
}
