/** The numbers of formats/image.toml, from which `make formats` writes this file. */
#ifndef EML_IMAGE_FORMAT_H
#define EML_IMAGE_FORMAT_H

// bytes before an image's body
#define EML_IMAGE_HEAD 32

// a tree ensemble: forest.md
#define EML_IMAGE_FOREST 'T'
// names of features: forest.md
#define EML_IMAGE_NAMES 'N'
// a front end: front.md
#define EML_IMAGE_FRONT 'F'

// Offsets. An image's first bytes; its body comes behind them.
#define EML_IMAGE_AT_MAGIC 0
#define EML_IMAGE_AT_LETTER 3
#define EML_IMAGE_AT_FIELDS 4
#define EML_IMAGE_AT_BYTES 24
#define EML_IMAGE_AT_CRC 28

#endif // EML_IMAGE_FORMAT_H
