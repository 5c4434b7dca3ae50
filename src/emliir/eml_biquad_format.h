/** The numbers of formats/iir.toml, from which `make formats` writes this file. */
#ifndef EML_BIQUAD_FORMAT_H
#define EML_BIQUAD_FORMAT_H

// sections; one at least
#define EML_BIQUAD_MAX_SECTIONS 255
#define EML_BIQUAD_MAX_SECTIONS_TEXT "255"
// channels, each with a state of its own; not in the file, but an argument of load
#define EML_BIQUAD_MAX_CHANNELS 255
#define EML_BIQUAD_MAX_CHANNELS_TEXT "255"
// numbers of a section
#define EML_BIQUAD_ROW 6
#define EML_BIQUAD_ROW_TEXT "6"

#endif // EML_BIQUAD_FORMAT_H
