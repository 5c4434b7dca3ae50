// emlfeatures: features of windows of samples, as they come.
//
// >>> import emlfeatures
// >>> front = emlfeatures.load("har.csv")
// >>> row = front.row()
// >>> if front.push(chunk, row): print(model.predict(row))

#define EML_FFT_I16_SMALL
#include "eml_features.h"
#define NATMOD_SMALL
#define NATMOD_NO_MEMSET
#include "natmod.h"

typedef struct {
    mp_obj_base_t base;
    uint32_t n_features;
    size_t bytes; // of the memory
    // Where what the kernel uses lies.
    mp_obj_t words;
    void *memory;
    EmlFeatures features;
} mp_obj_front_t;

mp_obj_full_type_t front_type;

// The buffer of an argument.
static EML_NOINLINE void front_buffer(mp_obj_t arg, mp_buffer_info_t *info, mp_uint_t flags) {
    if (!mp_get_buffer(arg, info, flags)) {
        natmod_no_array();
    }
}

static EML_NOINLINE mp_obj_front_t *front_object(mp_obj_t self_in) {
    return natmod_self(self_in, &front_type, "self must be a Front object");
}

// _new(words): of an array('H') that nothing else holds, an EmlFront.
static mp_obj_t front_new(mp_obj_t words) {
    mp_buffer_info_t front;
    front_buffer(words, &front, MP_BUFFER_READ);
    const char *error = eml_front_check(front.buf, front.len / sizeof(uint16_t));
    if (error != NULL) {
        natmod_value_error(error);
    }
    mp_obj_front_t *self = natmod_malloc(sizeof(mp_obj_front_t));
    self->base.type = (mp_obj_type_t *)&front_type;
    self->words = words;
    self->n_features = eml_front_features(front.buf);
    self->bytes = eml_features_begin(&self->features, front.buf, NULL);
    self->memory = natmod_malloc(self->bytes);
    eml_features_begin(&self->features, front.buf, self->memory);
    return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(front_new_obj, front_new);

// How many samples there are in so many items of all channels; a division would take 300 bytes.
static uint32_t front_samples(uint32_t items, uint32_t channels) {
    uint32_t n = 0;
    for (; items >= channels && n <= EML_FRONT_MAX_WINDOW; items -= channels) {
        n++;
    }
    return items == 0 ? n : UINT32_MAX;
}

// Raises that a chunk has another type, no whole number of samples, or more than a hop.
NATMOD_APART EML_NORETURN void front_chunk_error(const EmlFront *front, mp_obj_t chunk) {
    const mp_obj_t items[] = {MP_OBJ_NEW_SMALL_INT(front->channels),
                              MP_OBJ_NEW_SMALL_INT(front->hop * front->channels),
                              mp_obj_len(chunk)};
    natmod_raise("chunk must be array('h') of a multiple of %d, at most %d, not of %d", 3, items);
}

static EML_NOINLINE mp_obj_t front_run(mp_obj_t self_in, mp_obj_t samples_in, mp_obj_t row_in,
                                       bool is_push) {
    mp_obj_front_t *self = front_object(self_in);
    EmlFeatures *const features = &self->features;
    const EmlFront *const front = features->front;
    mp_buffer_info_t in, out;
    front_buffer(samples_in, &in, MP_BUFFER_READ);
    const uint32_t n =
        in.typecode == 'h' ? front_samples(in.len / sizeof(int16_t), front->channels) : UINT32_MAX;
    if (!is_push && n != front->window) {
        natmod_array_error("window", "h", front->window * front->channels, &in);
    }
    if (n > front->window || (is_push && n > front->hop)) {
        front_chunk_error(front, samples_in);
    }
    front_buffer(row_in, &out, MP_BUFFER_RW);
    if (!natmod_is_array(&out, 'h', self->n_features)) {
        natmod_array_error("row", "h", self->n_features, &out);
    }
    if (natmod_overlap(out.buf, out.len, in.buf, in.len)) {
        natmod_value_error("arrays must not overlap");
    }
    if (is_push) {
        return mp_obj_new_bool(eml_features_push(features, in.buf, n, out.buf));
    }
    eml_features_transform(features, in.buf, out.buf);
    return mp_const_none;
}

// push(chunk, row): True if a window is complete, whose features are then in row.
static mp_obj_t front_push(mp_obj_t self, mp_obj_t chunk, mp_obj_t row) {
    return front_run(self, chunk, row, true);
}
static MP_DEFINE_CONST_FUN_OBJ_3(front_push_obj, front_push);

// transform(window, row): one window by itself. The stream is started anew.
static mp_obj_t front_transform(mp_obj_t self, mp_obj_t window, mp_obj_t row) {
    return front_run(self, window, row, false);
}
static MP_DEFINE_CONST_FUN_OBJ_3(front_transform_obj, front_transform);

// reset(): the next sample is the first of the stream.
static mp_obj_t front_reset(mp_obj_t self_in) {
    eml_features_reset(&front_object(self_in)->features);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(front_reset_obj, front_reset);

// _crc(sum, data): adds data to the CRC-32 that the first item of sum, an array('I'), holds.
static mp_obj_t front_crc(mp_obj_t sum_in, mp_obj_t data_in) {
    mp_buffer_info_t info, data;
    front_buffer(sum_in, &info, MP_BUFFER_RW);
    front_buffer(data_in, &data, MP_BUFFER_READ);
    if (info.typecode != 'I' || info.len == 0) {
        natmod_no_array();
    }
    uint32_t *const sum = info.buf;
    // A bit at a time: eml_crc.h takes a table, and 70 bytes more.
    uint32_t crc = ~*sum;
    const uint8_t *byte = data.buf;
    for (const uint8_t *const end = byte + data.len; byte != end;) {
        crc ^= *byte++;
        for (uint32_t bit = 8; bit != 0; bit--) {
            crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
        }
    }
    *sum = ~crc;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(front_crc_obj, front_crc);

static void front_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    const mp_obj_front_t *self = MP_OBJ_TO_PTR(self_in);
    const EmlFront *front = self->features.front;
    mp_printf(print, "<Front: %d features, window %d, hop %d, %d channels>", (int)self->n_features,
              front->window, front->hop, front->channels);
}

static void front_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    const mp_obj_front_t *self = MP_OBJ_TO_PTR(self_in);
    const EmlFront *front = self->features.front;
    mp_int_t value = -1;
    if (name == MP_QSTR_n_features) {
        value = self->n_features;
    } else if (name == MP_QSTR_window) {
        value = front->window;
    } else if (name == MP_QSTR_hop) {
        value = front->hop;
    } else if (name == MP_QSTR_channels) {
        value = front->channels;
    } else if (name == MP_QSTR_nbytes) {
        value = sizeof(*self) + self->bytes;
    }
    natmod_attr(dest, value < 0 ? MP_OBJ_NULL : MP_OBJ_NEW_SMALL_INT(value));
}

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    // On the heap, because part.py adds a method.
    mp_obj_t methods = mp_obj_new_dict(4);
    natmod_type(&front_type, MP_QSTR_Front, front_print, front_attr, MP_OBJ_TO_PTR(methods));
    natmod_add_method(methods, MP_QSTR_push, &front_push_obj);
    natmod_add_method(methods, MP_QSTR_transform, &front_transform_obj);
    natmod_add_method(methods, MP_QSTR_reset, &front_reset_obj);

    natmod_global(MP_QSTR__methods, methods);
    natmod_global(MP_QSTR__new, &front_new_obj);
    natmod_global(MP_QSTR__crc, &front_crc_obj);
    natmod_version();

    MP_DYNRUNTIME_INIT_EXIT
}
