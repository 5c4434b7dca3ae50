// emltrees: tree ensembles from scikit-learn.
//
// >>> import emltrees, array
// >>> model = emltrees.load("digits.csv")
// >>> model.predict(array.array("h", pixels))
// 7

#include "eml_forest_csv.h"
#include "natmod.h"

#define NAN_TEXT "features must not be nan"

typedef struct {
    mp_obj_base_t base;
    uint16_t trees_used;
    uint16_t max_trees;
    uint16_t max_nodes;
    uint16_t max_leaves;
    uint16_t loads;       // begun so far: a source may call Python, which may load again
    const void *image;    // object or memory of a binary model that forest points into, or NULL
    EmlForestCsv *reader; // of the load in progress
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
            limit[i] =
                natmod_int(args[i], 1, EML_FOREST_MAX_COUNT,
                           "trees, nodes and leaves must be 1 to " EML_FOREST_MAX_COUNT_TEXT);
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
        const mp_obj_t items[] = {MP_OBJ_NEW_SMALL_INT(line),
                                  natmod_str(eml_forest_error_text(error))};
        natmod_raise(&mp_type_ValueError, "line %d: %s", 2, items);
    }
    return mp_const_none;
}

// Empties the model.
static void trees_clear(mp_obj_trees_t *self) {
    self->reader = NULL;
    if (self->image != NULL) {
        // The arrays are parts of the image, and must not be resized.
        self->image = NULL;
        memset(&self->forest, 0, sizeof(self->forest));
    }
    self->forest.n_trees = 0;
}

// _image(model, data): takes over a binary file and returns True, or returns False if it is none.
static mp_obj_t trees_image(mp_obj_t self_in, mp_obj_t source) {
    mp_obj_trees_t *self = natmod_self(self_in, &trees_type, "self must be a Trees object");
    mp_buffer_info_t info;
    mp_get_buffer_raise(source, &info, MP_BUFFER_READ);
    if (!eml_forest_is_bin(info.buf, info.len)) {
        return mp_const_false;
    }
    // The object, not its memory: the garbage collector does not see pointers into the middle.
    const void *image = MP_OBJ_TO_PTR(source);
    const void *data = info.buf;
    if (mp_get_buffer(source, &info, MP_BUFFER_WRITE)) {
        // Somebody may change or move it.
        void *copy = m_malloc(info.len);
        mp_fun_table.memmove_(copy, data, info.len);
        data = image = copy;
    }
    trees_clear(self);
    memset(&self->forest, 0, sizeof(self->forest));
    self->image = image;
    self->loads++;
    EmlForest *forest = &self->forest;
    trees_check(self, 0, eml_forest_bin(forest, data, info.len));
#if EML_FOREST_VALUES
    if (forest->has_scale) {
        const uint16_t n_trees = forest->n_trees;
        forest->n_trees = 0; // there may be no memory
        forest->array[EML_FOREST_ROW] = m_malloc(eml_forest_array_bytes(forest, EML_FOREST_ROW));
        forest->n_trees = n_trees;
    }
#endif
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_2(trees_image_obj, trees_image);

// _begin(model, bytes): empties the model for a CSV file of so many bytes, 0 if that is unknown.
// Returns what _read and _end want, to tell this load from another.
static mp_obj_t trees_begin(mp_obj_t self_in, mp_obj_t bytes) {
    mp_obj_trees_t *self = natmod_self(self_in, &trees_type, "self must be a Trees object");
    const mp_int_t file_bytes = natmod_int(bytes, 0, 0x3fffffff, "bytes must be an int");
    EmlForestCsv *reader = m_malloc(sizeof(EmlForestCsv));
    trees_clear(self);
    eml_forest_csv_begin(reader, &self->forest, trees_resize, file_bytes, self->max_trees,
                         self->max_nodes, self->max_leaves);
    self->reader = reader;
    self->loads++;
    return MP_OBJ_NEW_SMALL_INT(self->loads);
}
static MP_DEFINE_CONST_FUN_OBJ_2(trees_begin_obj, trees_begin);

// The model of a load that no other has taken over.
static mp_obj_trees_t *trees_loading(mp_obj_t self_in, mp_obj_t load) {
    mp_obj_trees_t *self = natmod_self(self_in, &trees_type, "self must be a Trees object");
    if (self->reader == NULL || load != MP_OBJ_NEW_SMALL_INT(self->loads)) {
        trees_clear(self);
        natmod_value_error("model was loaded while being loaded");
    }
    return self;
}

// _read(model, load, piece): the next piece of a CSV file.
static mp_obj_t trees_read(mp_obj_t self_in, mp_obj_t load, mp_obj_t piece) {
    mp_obj_trees_t *self = trees_loading(self_in, load);
    mp_buffer_info_t info;
    mp_get_buffer_raise(piece, &info, MP_BUFFER_READ);
    EmlForestCsv *reader = self->reader;
    const EmlForestError error = eml_forest_csv_read(reader, info.buf, info.len);
    return trees_check(self, reader->line, error);
}
static MP_DEFINE_CONST_FUN_OBJ_3(trees_read_obj, trees_read);

// _end(model, load, last): a line ends here, and with last the file, too.
static mp_obj_t trees_end(mp_obj_t self_in, mp_obj_t load, mp_obj_t last) {
    mp_obj_trees_t *self = trees_loading(self_in, load);
    EmlForestCsv *reader = self->reader;
    EmlForestError error;
    if (mp_obj_is_true(last)) {
        error = eml_forest_csv_end(reader);
        self->reader = NULL;
    } else {
        error = eml_forest_csv_end_line(reader);
    }
    return trees_check(self, reader->line, error);
}
static MP_DEFINE_CONST_FUN_OBJ_3(trees_end_obj, trees_end);

// The typecode of the arrays that the model compares with: that of its feature type.
static char trees_typecode(const EmlForest *forest) {
#if EML_FOREST_VALUES
    if (forest->feature_type == EML_FOREST_FLOAT32) {
        return 'f';
    }
#endif
    return forest->feature_type == EML_FOREST_UINT8 ? 'B' : 'h';
}

// The typecode of the arrays that row() makes: raw units, if the model has a scale.
static char trees_row_typecode(const EmlForest *forest) {
    return forest->has_scale ? 'f' : trees_typecode(forest);
}

// Of an array that is not of the feature type: quantises floats, if the model has a scale.
static __attribute__((noinline)) const void *trees_quantized(const EmlForest *forest,
                                                             mp_buffer_info_t *info) {
    if (natmod_is_array(info, 'f', forest->n_features)) {
#if EML_FOREST_VALUES
        if (forest->has_scale) {
            void *row = (void *)forest->array[EML_FOREST_ROW];
            if (!eml_forest_quantize(forest, info->buf, row)) {
                natmod_value_error(NAN_TEXT);
            }
            return row;
        }
#endif
        natmod_value_error("floats need a model with a scale, or features='float32' in convert");
    }
    natmod_array_error("features", trees_row_typecode(forest), forest->n_features, info);
}

// The features argument of a model, as its nodes compare with them.
static const void *trees_features(const EmlForest *forest, mp_obj_t arg) {
    mp_buffer_info_t info;
    natmod_buffer(arg, &info, MP_BUFFER_READ, "features must be an array: model.row() makes one");
    const char typecode = trees_typecode(forest);
    const uint32_t shift = typecode == 'h' ? 1 : typecode == 'f' ? 2 : 0;
    if (info.typecode == typecode && info.len == (size_t)forest->n_features << shift) {
        return info.buf;
    }
    return trees_quantized(forest, &info);
}

// predict(features) or predict(features, out): the class index, +1 or -1, or a regressor's value.
static mp_obj_t trees_predict(size_t n_args, const mp_obj_t *args) {
    mp_obj_trees_t *self = trees_loaded(args[0]);
    const EmlForest *forest = &self->forest;
    const uint32_t n_outputs = eml_forest_outputs(forest);
    int32_t *out = NULL;
    if (n_args > 2) {
        out = natmod_items(args[2], "out", 'f', n_outputs, MP_BUFFER_WRITE);
    }
    const void *features = trees_features(forest, args[1]);
    if (eml_forest_has_nan(forest, features)) {
        natmod_value_error(NAN_TEXT);
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
    const uint32_t n = forest->n_features;
    const int32_t *raw = natmod_items(raw_in, "features", 'f', n, MP_BUFFER_READ);
    void *out = natmod_items(out_in, "out", trees_typecode(forest), n, MP_BUFFER_WRITE);
    if (!eml_forest_quantize(forest, raw, out)) {
        natmod_value_error(NAN_TEXT);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(trees_quantize_obj, trees_quantize);
#endif

// row(): an array for one row of features, of the type and length that predict takes.
static mp_obj_t trees_row(mp_obj_t self_in) {
    const EmlForest *forest = &trees_loaded(self_in)->forest;
    return natmod_new_array(trees_row_typecode(forest), forest->n_features);
}
static MP_DEFINE_CONST_FUN_OBJ_1(trees_row_obj, trees_row);

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
    } else if (name == MP_QSTR_scaled) {
        value = -2;
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
        return;
    }
    if (dest[0] == MP_OBJ_NULL) {
        if (value == -1) {
            dest[0] = forest->n_trees == 0 ? mp_const_none : trees_classes(forest);
        } else if (value == -2) {
            dest[0] = mp_obj_new_bool(forest->n_trees != 0 && forest->has_scale);
        } else {
            dest[0] = MP_OBJ_NEW_SMALL_INT(forest->n_trees == 0 ? 0 : value);
        }
    }
}

static void trees_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const EmlForest *forest = &((const mp_obj_trees_t *)MP_OBJ_TO_PTR(self_in))->forest;
    const char typecode = trees_typecode(forest);
    mp_printf(print, "<Trees: %d trees, %d nodes, %d %s features%s, %d classes>", forest->n_trees,
              forest->n_nodes, forest->n_features,
              typecode == 'h'   ? "int16"
              : typecode == 'B' ? "uint8"
                                : "float32",
              forest->has_scale ? " scaled from floats" : "", forest->n_classes);
}

mp_map_elem_t trees_methods[3 + EML_FOREST_VALUES];
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
    trees_methods[2] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_row), MP_OBJ_FROM_PTR(&trees_row_obj)};
#if EML_FOREST_VALUES
    trees_methods[3] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_quantize), MP_OBJ_FROM_PTR(&trees_quantize_obj)};
#endif
    MP_OBJ_TYPE_SET_SLOT(&trees_type, attr, trees_attr, 0);
    MP_OBJ_TYPE_SET_SLOT(&trees_type, print, trees_print, 1);
    MP_OBJ_TYPE_SET_SLOT(&trees_type, locals_dict, (void *)&trees_methods_dict, 2);

    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&trees_new_obj));
    // What load.py needs.
    mp_store_global(MP_QSTR__image, MP_OBJ_FROM_PTR(&trees_image_obj));
    mp_store_global(MP_QSTR__begin, MP_OBJ_FROM_PTR(&trees_begin_obj));
    mp_store_global(MP_QSTR__read, MP_OBJ_FROM_PTR(&trees_read_obj));
    mp_store_global(MP_QSTR__end, MP_OBJ_FROM_PTR(&trees_end_obj));
    mp_store_global(MP_QSTR___version__,
                    mp_obj_new_str(EMLMPY_VERSION, sizeof(EMLMPY_VERSION) - 1));

    MP_DYNRUNTIME_INIT_EXIT
}
