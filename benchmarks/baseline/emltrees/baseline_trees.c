// emlearn's tree kernel as it is, for comparison: predict(features, out) fills the proportions.

#include "natmod.h"

#define EML_LOG_ENABLE 0
#include <eml_trees.h>

mp_obj_full_type_t model_type;

typedef struct {
    mp_obj_base_t base;
    EmlTrees trees;
    mp_obj_t kept[3]; // the buffers that trees points into
} mp_obj_model_t;

// new(n_features, n_classes, leaf_bits, nodes, roots, leaves): nodes as bytes of EmlTreesNode, roots
// as array('i'), leaves as bytes: their classes, or with 8 leaf_bits the proportions of each.
static mp_obj_t model_new(size_t n_args, const mp_obj_t *args) {
    mp_obj_model_t *self = mp_obj_malloc(mp_obj_model_t, (mp_obj_type_t *)&model_type);
    mp_buffer_info_t info[3];
    for (size_t i = 0; i < 3; i++) {
        self->kept[i] = args[i + 3];
        mp_get_buffer_raise(args[i + 3], &info[i], MP_BUFFER_READ);
    }
    self->trees = (EmlTrees){.n_nodes = info[0].len / sizeof(EmlTreesNode),
                             .nodes = info[0].buf,
                             .n_trees = info[1].len / sizeof(int32_t),
                             .tree_roots = info[1].buf,
                             .n_leaves = info[2].len,
                             .leaves = info[2].buf,
                             .leaf_bits = mp_obj_get_int(args[2]),
                             .n_features = mp_obj_get_int(args[0]),
                             .n_classes = mp_obj_get_int(args[1])};
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(model_new_obj, 6, 6, model_new);

static mp_obj_t model_predict(mp_obj_t self_in, mp_obj_t features_in, mp_obj_t out_in) {
    mp_obj_model_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t features, out;
    mp_get_buffer_raise(features_in, &features, MP_BUFFER_READ);
    mp_get_buffer_raise(out_in, &out, MP_BUFFER_WRITE);
    if (features.typecode != 'h' || out.typecode != 'f') {
        mp_raise_ValueError("arrays of type 'h' and 'f' expected");
    }
    const EmlError error =
        eml_trees_predict_proba(&self->trees, features.buf, features.len / sizeof(int16_t), out.buf,
                                out.len / sizeof(float));
    if (error != EmlOk) {
        mp_raise_ValueError("prediction failed");
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(model_predict_obj, model_predict);

mp_map_elem_t model_methods[1];
static MP_DEFINE_CONST_DICT(model_methods_dict, model_methods);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    model_type.base.type = (void *)&mp_type_type;
    model_type.flags = MP_TYPE_FLAG_NONE;
    model_type.name = MP_QSTR_Model;
    model_methods[0] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_predict), MP_OBJ_FROM_PTR(&model_predict_obj)};
    MP_OBJ_TYPE_SET_SLOT(&model_type, locals_dict, (void *)&model_methods_dict, 0);
    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&model_new_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
