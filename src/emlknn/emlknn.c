// emlknn: k nearest neighbours that learn on the device.
//
// >>> import emlknn, array
// >>> model = emlknn.new(100, 3, 1)
// >>> model.additem(array.array("h", [0, 0, 980]), 7)
// 0
// >>> model.predict(array.array("h", [10, -5, 970]))
// 7

#ifdef __arm__
#define NATMOD_SMALL // on other CPUs larger
#endif
#include "eml_knn.h"
#include "natmod.h"
#include "natmod_crc.h"

typedef struct {
    mp_obj_base_t base;
    mp_obj_t classes;   // a tuple of labels, or None
    uint16_t n_classes; // 0 without
    bool raw;           // array('h') is in raw units, too; only with a scale
    EmlKnn knn;
} mp_obj_knn_t;

mp_obj_full_type_t knn_type;

static mp_obj_knn_t *knn_object(mp_obj_t self_in) {
    return natmod_self(self_in, &knn_type, "self must be a Knn object");
}

static EmlKnn *knn_self(mp_obj_t self_in) { return &knn_object(self_in)->knn; }

// Features of a model: quantised ones as they are; raw ones, if there is a scale, in memory of the
// model.
static const int16_t *knn_features(mp_obj_knn_t *self, mp_obj_t arg) {
    EmlKnn *knn = &self->knn;
    mp_buffer_info_t info;
    if (!mp_get_buffer(arg, &info, MP_BUFFER_READ)) {
        natmod_no_array();
    }
    const bool scaled = knn->scale != NULL;
    const bool floats = scaled && info.typecode == 'f';
    const size_t n = knn->header.n_features;
    if ((!floats && info.typecode != 'h') || info.len != n << (floats ? 2 : 1)) {
        natmod_array_error("features", scaled ? "f' or 'h" : "h", n, &info);
    }
    const int16_t *features =
        floats || self->raw ? eml_knn_quantize(knn, info.buf, floats) : info.buf;
    if (features == NULL) {
        natmod_value_error("features must not be nan");
    }
    return features;
}

static mp_int_t knn_index(const EmlKnn *knn, mp_obj_t arg) {
    return natmod_int(arg, 0, knn->header.n_items - 1, "index must be that of an item");
}

// A label or a value, from the kernel and for it.
static mp_obj_t knn_from_target(const EmlKnn *knn, int32_t target) {
    return knn->header.regression ? natmod_float(target) : MP_OBJ_NEW_SMALL_INT(target);
}

static int32_t knn_to_target(const mp_obj_knn_t *self, mp_obj_t arg) {
    if (!self->knn.header.regression) {
        const char *requirement = "label must be -32768 to 32767";
        mp_int_t low = INT16_MIN, high = INT16_MAX;
        if (self->n_classes != 0) {
            requirement = "label must be 0 to len(classes) - 1";
            low = 0;
            high = self->n_classes - 1;
        }
        return natmod_int(arg, low, high, requirement);
    }
    const int32_t bits = natmod_float_bits(arg);
    if ((bits >> 23 & 0xff) == 0xff) {
        natmod_value_error("value must be finite");
    }
    return bits;
}

// _new(max_items, n_features, n_neighbors, ring, regression, weighted)
static mp_obj_t knn_new(size_t n_args, const mp_obj_t *args) {
    mp_obj_knn_t *self = mp_obj_malloc(mp_obj_knn_t, (mp_obj_type_t *)&knn_type);
    self->classes = mp_const_none;
    self->n_classes = 0;
    self->raw = false;
    EmlKnn *knn = &self->knn;
    EmlKnnHeader *header = &knn->header;
    header->max_items =
        natmod_int(args[0], 1, EML_KNN_MAX_ITEMS, "max_items must be 1 to " EML_KNN_MAX_ITEMS_TEXT);
    header->n_features = natmod_int(args[1], 1, EML_KNN_MAX_FEATURES,
                                    "n_features must be 1 to " EML_KNN_MAX_FEATURES_TEXT);
    header->n_neighbors =
        natmod_int(args[2], 1, header->max_items, "n_neighbors must be 1 to max_items");
    header->ring = mp_obj_is_true(args[3]);
    header->regression = mp_obj_is_true(args[4]);
    header->weighted = mp_obj_is_true(args[5]);
    eml_knn_begin(knn, natmod_malloc(eml_knn_bytes(header)));
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(knn_new_obj, 6, 6, knn_new);

// _attach(model, classes, scale, k_distances, raw): gives an empty model a tuple of class labels;
// an array('f') of scale and offset of each feature, then the unit; and an array('i') of
// k-distances, which the model keeps: they are filled in as items are added. Each may be empty.
// Then says whether array('h') is in raw units from now on, which the items of a file are not.
static mp_obj_t knn_attach(size_t n_args, const mp_obj_t *args) {
    mp_obj_knn_t *self = knn_object(args[0]);
    const EmlKnnHeader *header = &self->knn.header;
    if (mp_obj_is_true(args[2])) {
        const int32_t *scale =
            natmod_items(args[2], "scale", 'f', 2u * header->n_features + 1, MP_BUFFER_READ);
        eml_knn_set_scale(&self->knn, natmod_malloc(eml_knn_scale_bytes(header)), scale);
    }
    if (mp_obj_is_true(args[1])) {
        // A label is an int16, so that no more than 32768 classes have items.
        const mp_uint_t n_classes = MP_OBJ_SMALL_INT_VALUE(mp_obj_len(args[1]));
        self->n_classes = n_classes < EML_KNN_MAX_CLASSES ? n_classes : EML_KNN_MAX_CLASSES;
        self->classes = args[1];
    }
    if (mp_obj_is_true(args[3])) {
        eml_knn_set_k_distances(
            &self->knn, natmod_items(args[3], "items", 'i', header->max_items, MP_BUFFER_READ));
    }
    self->raw = self->knn.scale != NULL && mp_obj_is_true(args[4]);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(knn_attach_obj, 5, 5, knn_attach);

// additem(features, label): the index of the new item.
static mp_obj_t knn_additem(mp_obj_t self_in, mp_obj_t features_in, mp_obj_t target_in) {
    mp_obj_knn_t *self = knn_object(self_in);
    EmlKnn *knn = &self->knn;
    const int32_t target = knn_to_target(self, target_in);
    const int32_t index = eml_knn_add(knn, knn_features(self, features_in), target);
    if (index < 0) {
        natmod_value_error("model must not be full");
    }
    return MP_OBJ_NEW_SMALL_INT(index);
}
static MP_DEFINE_CONST_FUN_OBJ_3(knn_additem_obj, knn_additem);

static EmlKnn *knn_search(mp_obj_t self_in, mp_obj_t features_in) {
    mp_obj_knn_t *self = knn_object(self_in);
    EmlKnn *knn = &self->knn;
    if (!eml_knn_search(knn, knn_features(self, features_in))) {
        natmod_value_error("n_neighbors items must be added first");
    }
    return knn;
}

// predict(features): the label, of a regression the mean of the neighbours' values, with a
// threshold 1 or -1.
static mp_obj_t knn_predict(mp_obj_t self_in, mp_obj_t features_in) {
    EmlKnn *knn = knn_search(self_in, features_in);
    int32_t answer;
    if (knn->limit != EML_KNN_NO_LIMIT) {
        answer = eml_knn_judge(knn);
    } else if (knn->header.regression) {
        return natmod_float(eml_knn_regress(knn));
    } else {
        answer = eml_knn_vote(knn);
    }
    return MP_OBJ_NEW_SMALL_INT(answer);
}
static MP_DEFINE_CONST_FUN_OBJ_2(knn_predict_obj, knn_predict);

// regress(features): the mean of the neighbours' values.
static mp_obj_t knn_regress(mp_obj_t self_in, mp_obj_t features_in) {
    if (!knn_self(self_in)->header.regression) {
        natmod_value_error("model must be a regression");
    }
    return natmod_float(eml_knn_regress(knn_search(self_in, features_in)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(knn_regress_obj, knn_regress);

// novelty(features): the mean distance to the neighbours, or the local outlier factor.
static mp_obj_t knn_novelty(mp_obj_t self_in, mp_obj_t features_in) {
    return natmod_float(eml_knn_novelty(knn_search(self_in, features_in)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(knn_novelty_obj, knn_novelty);

// getresult(i): (index, distance, label) of the i-th nearest of the last search.
static mp_obj_t knn_getresult(mp_obj_t self_in, mp_obj_t i_in) {
    const EmlKnn *knn = knn_self(self_in);
    const mp_int_t i = natmod_int(i_in, 0, knn->n_found - 1, "i must be that of a result");
    const uint32_t index = eml_knn_found(knn, i);
    mp_obj_t result[3];
    result[0] = MP_OBJ_NEW_SMALL_INT(index);
    result[1] = natmod_float(eml_knn_distance(knn, i));
    result[2] = knn_from_target(knn, eml_knn_target(knn, index));
    return mp_obj_new_tuple(3, result);
}
static MP_DEFINE_CONST_FUN_OBJ_2(knn_getresult_obj, knn_getresult);

// getitem(index, out): the label; out takes the features.
static mp_obj_t knn_getitem(mp_obj_t self_in, mp_obj_t index_in, mp_obj_t out_in) {
    const EmlKnn *knn = knn_self(self_in);
    const mp_int_t index = knn_index(knn, index_in);
    const uint32_t n_features = knn->header.n_features;
    eml_knn_copy(natmod_items(out_in, "out", 'h', n_features, MP_BUFFER_WRITE),
                 eml_knn_item(knn, index), n_features);
    return knn_from_target(knn, eml_knn_target(knn, index));
}
static MP_DEFINE_CONST_FUN_OBJ_3(knn_getitem_obj, knn_getitem);

// The model, unless what its items hold depends on the other items.
static EML_NOINLINE EmlKnn *knn_self_that_forgets(mp_obj_t self_in) {
    EmlKnn *knn = knn_self(self_in);
    if (knn->k_distances != NULL) {
        natmod_value_error("model must be one that learns");
    }
    return knn;
}

// removeitem(index): the later items move down by one.
static mp_obj_t knn_removeitem(mp_obj_t self_in, mp_obj_t index_in) {
    EmlKnn *knn = knn_self_that_forgets(self_in);
    eml_knn_remove(knn, knn_index(knn, index_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(knn_removeitem_obj, knn_removeitem);

static mp_obj_t knn_clear(mp_obj_t self_in) {
    eml_knn_clear(knn_self_that_forgets(self_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(knn_clear_obj, knn_clear);

// _header(model): as bytes the settings and the number of items, as saved; the scale and the unit;
// the k-distances; then whether array('h') is in raw units.
static mp_obj_t knn_header(mp_obj_t self_in) {
    const mp_obj_knn_t *self = knn_object(self_in);
    const EmlKnn *knn = &self->knn;
    const EmlKnnHeader *header = &knn->header;
    mp_obj_t parts[4];
    parts[0] = mp_obj_new_bytes((const byte *)header, sizeof(EmlKnnHeader));
    parts[1] = mp_obj_new_bytes((const byte *)knn->scale,
                                knn->scale == NULL ? 0 : 8u * header->n_features + 4);
    parts[2] = mp_obj_new_bytes((const byte *)knn->k_distances,
                                knn->k_distances == NULL ? 0 : 4u * header->n_items);
    parts[3] = mp_obj_new_bool(self->raw);
    return mp_obj_new_tuple(4, parts);
}
static MP_DEFINE_CONST_FUN_OBJ_1(knn_header_obj, knn_header);

// len(model)
static mp_obj_t knn_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    const mp_obj_knn_t *self = MP_OBJ_TO_PTR(self_in);
    return op == MP_UNARY_OP_LEN ? MP_OBJ_NEW_SMALL_INT(self->knn.header.n_items) : MP_OBJ_NULL;
}

static void knn_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const EmlKnnHeader *header = &((const mp_obj_knn_t *)MP_OBJ_TO_PTR(self_in))->knn.header;
    mp_printf(print, "<Knn: %d of %d items, %d features, %d neighbors>", header->n_items,
              header->max_items, header->n_features, header->n_neighbors);
}

static void knn_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    mp_obj_knn_t *self = MP_OBJ_TO_PTR(self_in);
    EmlKnn *knn = &self->knn;
    const EmlKnnHeader *header = &knn->header;
    const bool scaled = knn->scale != NULL;
    mp_obj_t value = MP_OBJ_NULL;
    if (name == MP_QSTR_n_features) {
        value = MP_OBJ_NEW_SMALL_INT(header->n_features);
    } else if (name == MP_QSTR_n_classes) {
        value = MP_OBJ_NEW_SMALL_INT(self->n_classes);
    } else if (name == MP_QSTR_nbytes) {
        value = MP_OBJ_NEW_SMALL_INT(sizeof(*self) + eml_knn_all_bytes(knn));
    } else if (name == MP_QSTR_classes) {
        value = self->classes;
    } else if (name == MP_QSTR_scaled) {
        value = mp_obj_new_bool(scaled);
    } else if (name == MP_QSTR_threshold) {
        if (dest[0] != MP_OBJ_NULL && dest[1] != MP_OBJ_NULL) {
            if (!eml_knn_set_threshold(knn, natmod_float_bits(dest[1]))) {
                natmod_value_error("threshold must be at most 0, and finite");
            }
            dest[0] = MP_OBJ_NULL; // done
            return;
        }
        value = knn->limit == EML_KNN_NO_LIMIT ? mp_const_none
                                               : natmod_float(knn->limit | (uint32_t)1 << 31);
    }
    natmod_attr(dest, value);
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    // On the heap, because part.py adds two methods.
    mp_obj_t methods = mp_obj_new_dict(10);
    natmod_type(&knn_type, MP_QSTR_Knn, knn_print, knn_attr, MP_OBJ_TO_PTR(methods));
    MP_OBJ_TYPE_SET_SLOT(&knn_type, unary_op, knn_unary_op, 3);
    natmod_add_method(methods, MP_QSTR_predict, &knn_predict_obj);
    natmod_add_method(methods, MP_QSTR_regress, &knn_regress_obj);
    natmod_add_method(methods, MP_QSTR_novelty, &knn_novelty_obj);
    natmod_add_method(methods, MP_QSTR_additem, &knn_additem_obj);
    natmod_add_method(methods, MP_QSTR_getresult, &knn_getresult_obj);
    natmod_add_method(methods, MP_QSTR_getitem, &knn_getitem_obj);
    natmod_add_method(methods, MP_QSTR_removeitem, &knn_removeitem_obj);
    natmod_add_method(methods, MP_QSTR_clear, &knn_clear_obj);

    natmod_global(MP_QSTR__methods, methods);
    natmod_global(MP_QSTR__new, &knn_new_obj);
    natmod_global(MP_QSTR__attach, &knn_attach_obj);
    natmod_global(MP_QSTR__header, &knn_header_obj);
    natmod_global(MP_QSTR__crc, &natmod_crc_obj);
    natmod_version();

    MP_DYNRUNTIME_INIT_EXIT
}
