/** Images: the binary parts of a file, one behind the other.

    0   'E', 'M', 'L' and a letter for what the image is
    4   20 bytes of the image's own
    24  bytes of the whole image, a multiple of 4 unless it is the last; 4 bytes, little-endian
    28  CRC-32 of bytes 0 to 27 and of all from 32 on; 4 bytes, little-endian

A reader passes over images that are whole and not its own: a file may hold what is in front of a
model, or names, before the model itself.
*/
#ifndef EML_IMAGE_H
#define EML_IMAGE_H

#include <stdbool.h>

#include "eml_attributes.h"
#include "eml_crc.h"

#define EML_IMAGE_HEAD 32
#define EML_IMAGE_DAMAGED SIZE_MAX

static inline uint32_t eml_image_number(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/** The length that an image says it has; 0 if here is none. */
static EML_NOINLINE uint32_t eml_image_bytes(const uint8_t *data, size_t bytes) {
    const bool is_image =
        bytes >= EML_IMAGE_HEAD && data[0] == 'E' && data[1] == 'M' && data[2] == 'L';
    return is_image ? eml_image_number(data + 24) : 0;
}

/** Whether the image of so many bytes has the CRC that it should. */
static EML_NOINLINE bool eml_image_is_whole(const uint8_t *data, size_t bytes) {
    return eml_crc_around(data, bytes, 28) == eml_image_number(data + 28);
}

/** How many bytes the images take that come before one with this letter, or before what is no
image; EML_IMAGE_DAMAGED if one of them is cut or has another CRC. */
static inline size_t eml_image_skip(const uint8_t *data, size_t bytes, char letter) {
    size_t at = 0;
    for (;;) {
        const size_t left = bytes - at;
        const uint32_t length = eml_image_bytes(data + at, left);
        if (length == 0 || data[at + 3] == (uint8_t)letter) {
            return at;
        }
        if (length < EML_IMAGE_HEAD || length > left || length % 4 != 0 ||
            !eml_image_is_whole(data + at, length)) {
            return EML_IMAGE_DAMAGED;
        }
        at += length;
    }
}

#endif // EML_IMAGE_H
