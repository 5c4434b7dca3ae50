// emlearn's eml_neighbors.h, wrapped the plain way: what emlknn is measured against.

#include <eml_neighbors.h>

#include "natmod.h"

void *memcpy(void *to, const void *from, size_t bytes) {
    return mp_fun_table.memmove_(to, from, bytes);
}

typedef struct {
    mp_obj_base_t base;
    EmlNeighborsModel model;
    EmlNeighborsDistanceItem *distances;
} mp_obj_neighbors_t;

mp_obj_full_type_t neighbors_type;

static mp_obj_neighbors_t *neighbors_self(mp_obj_t self_in) {
    return natmod_self(self_in, &neighbors_type, "self must be a Neighbors object");
}

static const int16_t *neighbors_features(const EmlNeighborsModel *model, mp_obj_t arg) {
    return natmod_items(arg, "features", 'h', model->n_features, MP_BUFFER_READ);
}

static mp_obj_t neighbors_new(mp_obj_t max_items, mp_obj_t n_features, mp_obj_t k_neighbors) {
    mp_obj_neighbors_t *self = mp_obj_malloc(mp_obj_neighbors_t, (mp_obj_type_t *)&neighbors_type);
    EmlNeighborsModel *model = &self->model;
    model->max_items = natmod_int(max_items, 1, 32767, "max_items must be 1 to 32767");
    model->n_features = natmod_int(n_features, 1, 4096, "n_features must be 1 to 4096");
    model->k_neighbors = natmod_int(k_neighbors, 1, model->max_items, "k must be 1 to max_items");
    model->n_items = 0;
    model->data = m_malloc(sizeof(int16_t) * model->max_items * model->n_features);
    model->labels = m_malloc(sizeof(int16_t) * model->max_items);
    self->distances = m_malloc(sizeof(EmlNeighborsDistanceItem) * model->max_items);
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_3(neighbors_new_obj, neighbors_new);

static mp_obj_t neighbors_additem(mp_obj_t self_in, mp_obj_t features_in, mp_obj_t label_in) {
    EmlNeighborsModel *model = &neighbors_self(self_in)->model;
    const mp_int_t label = natmod_int(label_in, 0, 9, "label must be 0 to 9");
    if (eml_neighbors_add_item(model, neighbors_features(model, features_in), model->n_features,
                               label) != EmlOk) {
        mp_raise_ValueError("model must not be full");
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(neighbors_additem_obj, neighbors_additem);

static mp_obj_t neighbors_predict(mp_obj_t self_in, mp_obj_t features_in) {
    mp_obj_neighbors_t *self = neighbors_self(self_in);
    EmlNeighborsModel *model = &self->model;
    int16_t label;
    if (eml_neighbors_predict(model, neighbors_features(model, features_in), model->n_features,
                              self->distances, model->max_items, &label) != EmlOk) {
        mp_raise_ValueError("items must be added first");
    }
    return MP_OBJ_NEW_SMALL_INT(label);
}
static MP_DEFINE_CONST_FUN_OBJ_2(neighbors_predict_obj, neighbors_predict);

mp_map_elem_t neighbors_methods[2];
static MP_DEFINE_CONST_DICT(neighbors_methods_dict, neighbors_methods);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    neighbors_type.base.type = (void *)&mp_type_type;
    neighbors_type.flags = MP_TYPE_FLAG_NONE;
    neighbors_type.name = MP_QSTR_Neighbors;
    neighbors_methods[0] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_predict), MP_OBJ_FROM_PTR(&neighbors_predict_obj)};
    neighbors_methods[1] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_additem), MP_OBJ_FROM_PTR(&neighbors_additem_obj)};
    MP_OBJ_TYPE_SET_SLOT(&neighbors_type, locals_dict, (void *)&neighbors_methods_dict, 0);

    mp_store_global(MP_QSTR_new, MP_OBJ_FROM_PTR(&neighbors_new_obj));

    MP_DYNRUNTIME_INIT_EXIT
}
