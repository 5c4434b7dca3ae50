// emltrees: decision-tree ensembles from scikit-learn.
//
// >>> import emltrees, array
// >>> model = emltrees.load("digits.csv")
// >>> model.predict(array.array("h", pixels))
// 7

#include "eml_forest_csv.h"
#include "natmod.h"

#define FEATURES_TEXT "features must be an array of type 'h' with n_features items"
#define OUT_TEXT "out must be an array of type 'f' with n_classes items"

// A file is read in pieces of this many bytes.
#define PIECE_BYTES 128

typedef struct {
    mp_obj_base_t base;
    EmlForest forest;
    EmlForestCsv *reader; // the load in progress; a source may call Python, which may load again
    uint16_t max_trees;
    uint16_t max_nodes;
    uint16_t max_leaves;
} mp_obj_trees_t;

mp_obj_full_type_t trees_type;

static mp_obj_trees_t *trees_self(mp_obj_t self_in) {
    return natmod_self(self_in, &trees_type, "self must be a Trees object");
}

static mp_obj_trees_t *trees_loaded(mp_obj_t self_in) {
    mp_obj_trees_t *self = trees_self(self_in);
    if (self->forest.n_trees == 0) {
        mp_raise_ValueError("a model must be loaded first");
    }
    return self;
}

static void *trees_resize(void *memory, size_t bytes) { return m_realloc(memory, bytes); }

// Without capacities: a model that takes its size from the file.
static mp_obj_t trees_make(uint16_t max_trees, uint16_t max_nodes, uint16_t max_leaves) {
    mp_obj_trees_t *self = mp_obj_malloc(mp_obj_trees_t, (mp_obj_type_t *)&trees_type);
    memset(&self->forest, 0, sizeof(self->forest));
    self->forest.resize = trees_resize;
    self->reader = NULL;
    self->max_trees = max_trees;
    self->max_nodes = max_nodes;
    self->max_leaves = max_leaves;
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t trees_new_unsized(void) {
    return trees_make(EML_FOREST_MAX_TREES, EML_FOREST_MAX_NODES, EML_FOREST_MAX_LEAVES);
}
static MP_DEFINE_CONST_FUN_OBJ_0(trees_new_unsized_obj, trees_new_unsized);

// new(trees, nodes, leaves): an empty model with room for that many.
static mp_obj_t trees_new(mp_obj_t trees_in, mp_obj_t nodes_in, mp_obj_t leaves_in) {
    const mp_int_t trees =
        natmod_int(trees_in, 1, EML_FOREST_MAX_TREES, "trees must be 1 to 65000");
    const mp_int_t nodes =
        natmod_int(nodes_in, 1, EML_FOREST_MAX_NODES, "nodes must be 1 to 65000");
    const mp_int_t leaves =
        natmod_int(leaves_in, 1, EML_FOREST_MAX_LEAVES, "leaves must be 1 to 65000");
    mp_obj_t self_in = trees_make(trees, nodes, leaves);
    mp_obj_trees_t *self = MP_OBJ_TO_PTR(self_in);
    eml_forest_prepare(&self->forest, trees, nodes);
    return self_in;
}
static MP_DEFINE_CONST_FUN_OBJ_3(trees_new_obj, trees_new);

static void trees_raise(const EmlForestCsv *csv, EmlForestError error) {
    char text[EML_FOREST_MESSAGE_MAX];
    const size_t length = eml_forest_message(csv->line, error, text);
    mp_raise_type_arg(&mp_type_ValueError, mp_obj_new_str(text, length));
}

// Hands a piece of the file to the reader; is_line says that a line ends behind it.
static void trees_read(mp_obj_trees_t *self, EmlForestCsv *csv, const char *data, size_t length,
                       bool is_line) {
    if (self->reader != csv) {
        mp_raise_ValueError("model must not be loaded while it is being loaded");
    }
    EmlForestError error = eml_forest_csv_read(csv, data, length);
    if (error == EML_FOREST_OK && is_line) {
        error = eml_forest_csv_end_line(csv);
    }
    if (error != EML_FOREST_OK) {
        trees_raise(csv, error);
    }
}

// load_model(model, source): source is an open file, bytes, or an iterable of lines.
static mp_obj_t trees_load_model(mp_obj_t self_in, mp_obj_t source) {
    mp_obj_trees_t *self = trees_self(self_in);
    if (mp_obj_get_type(source) == &mp_type_str) {
        mp_raise_TypeError("source must be an open file, bytes or lines");
    }
    EmlForestCsv csv;
    eml_forest_csv_begin(&csv, &self->forest, self->max_trees, self->max_nodes, self->max_leaves);
    self->reader = &csv;
    mp_buffer_info_t info;
    mp_obj_t method[3];
    if (mp_get_buffer(source, &info, MP_BUFFER_READ)) {
        trees_read(self, &csv, info.buf, info.len, false);
    } else if (mp_load_method_maybe(source, MP_QSTR_readinto, method), method[0] != MP_OBJ_NULL) {
        // On the heap, since the source may keep a reference to it.
        char *piece = m_malloc(PIECE_BYTES);
        method[2] = mp_obj_new_bytearray_by_ref(PIECE_BYTES, piece);
        mp_int_t length;
        while ((length = natmod_int(mp_fun_table.call_method_n_kw(1, 0, method), 0, PIECE_BYTES,
                                    "readinto must return the number of bytes")) > 0) {
            trees_read(self, &csv, piece, length, false);
        }
    } else if (mp_load_method_maybe(source, MP_QSTR_read, method), method[0] != MP_OBJ_NULL) {
        method[2] = MP_OBJ_NEW_SMALL_INT(PIECE_BYTES);
        for (;;) {
            mp_get_buffer_raise(mp_fun_table.call_method_n_kw(1, 0, method), &info, MP_BUFFER_READ);
            if (info.len == 0) {
                break;
            }
            trees_read(self, &csv, info.buf, info.len, false);
        }
    } else {
        mp_obj_iter_buf_t lines;
        mp_obj_t line;
        mp_fun_table.getiter(source, &lines);
        while ((line = mp_fun_table.iternext(&lines)) != MP_OBJ_STOP_ITERATION) {
            mp_get_buffer_raise(line, &info, MP_BUFFER_READ);
            trees_read(self, &csv, info.buf, info.len, true);
        }
    }
    const EmlForestError error = eml_forest_csv_end(&csv);
    self->reader = NULL;
    if (error != EML_FOREST_OK) {
        trees_raise(&csv, error);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(trees_load_model_obj, trees_load_model);

// predict(features) or predict(features, out): the class index; out takes the proportions.
static mp_obj_t trees_predict(size_t n_args, const mp_obj_t *args) {
    mp_obj_trees_t *self = trees_loaded(args[0]);
    const EmlForest *forest = &self->forest;
    const int16_t *features = natmod_array(args[1], 'h', forest->n_features, sizeof(int16_t),
                                           MP_BUFFER_READ, FEATURES_TEXT);
    if (n_args == 2) {
        uint32_t votes[EML_FOREST_MAX_CLASSES];
        return MP_OBJ_NEW_SMALL_INT(eml_forest_vote(forest, features, votes));
    }
    // A float of the result takes as much room as the sum it is made of.
    uint32_t *votes =
        natmod_array(args[2], 'f', forest->n_classes, sizeof(float), MP_BUFFER_WRITE, OUT_TEXT);
    const uint32_t class_index = eml_forest_vote(forest, features, votes);
    eml_forest_proportions(forest, votes);
    return MP_OBJ_NEW_SMALL_INT(class_index);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(trees_predict_obj, 2, 3, trees_predict);

// outputs(): the number of values that predict(features, out) writes.
static mp_obj_t trees_outputs(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(trees_loaded(self_in)->forest.n_classes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(trees_outputs_obj, trees_outputs);

static void trees_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const EmlForest *forest = &((mp_obj_trees_t *)MP_OBJ_TO_PTR(self_in))->forest;
    mp_int_t value;
    if (name == MP_QSTR_n_features) {
        value = forest->n_features;
    } else if (name == MP_QSTR_n_classes) {
        value = forest->n_classes;
    } else if (name == MP_QSTR_n_trees) {
        value = forest->n_trees;
    } else if (name == MP_QSTR_n_nodes) {
        value = forest->n_nodes;
    } else {
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
        return;
    }
    if (dest[0] == MP_OBJ_NULL) {
        dest[0] = MP_OBJ_NEW_SMALL_INT(forest->n_trees == 0 ? 0 : value);
    }
}

mp_map_elem_t trees_methods[2];
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
    MP_OBJ_TYPE_SET_SLOT(&trees_type, attr, trees_attr, 0);
    MP_OBJ_TYPE_SET_SLOT(&trees_type, locals_dict, (void *)&trees_methods_dict, 1);

    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&trees_new_obj));
    mp_store_global(MP_QSTR__new, MP_OBJ_FROM_PTR(&trees_new_unsized_obj));
    mp_store_global(MP_QSTR_load_model, MP_OBJ_FROM_PTR(&trees_load_model_obj));
    mp_store_global(MP_QSTR___version__,
                    mp_obj_new_str(EMLMPY_VERSION, sizeof(EMLMPY_VERSION) - 1));

    MP_DYNRUNTIME_INIT_EXIT
}
