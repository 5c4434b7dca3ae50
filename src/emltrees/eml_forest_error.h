/** What can be wrong with a model file. */
#ifndef EML_FOREST_ERROR_H
#define EML_FOREST_ERROR_H

#include "eml_forest.h"

typedef enum EmlForestError {
    EML_FOREST_OK = 0,
    EML_FOREST_LINE_TOO_LONG,
    EML_FOREST_BAD_ROW,
    EML_FOREST_BAD_NUMBER,
    EML_FOREST_BAD_HEADER,
    EML_FOREST_BAD_LEAF,
    EML_FOREST_BAD_FEATURE,
    EML_FOREST_BAD_CHILD,
    EML_FOREST_TOO_MANY,
    EML_FOREST_TOO_FAR,
    EML_FOREST_BAD_LABEL,
    EML_FOREST_INCOMPLETE,
    EML_FOREST_BAD_FILE,
    EML_FOREST_BAD_VERSION,
    EML_FOREST_BAD_CHECKSUM,
    EML_FOREST_BAD_SUM,
} EmlForestError;

#if EML_FOREST_VALUES
#define EML_FOREST_KIND_TEXT "kind of model is not supported"
#else
#define EML_FOREST_KIND_TEXT "kind of model needs emltrees, not emltrees_votes"
#endif

/** The requirement that an error says was not met. */
static inline const char *eml_forest_error_text(EmlForestError error) {
    // One string in the order of the enum: a table of pointers would cost 4 bytes and a relocation
    // for each text, and xtensawin modules must not hold tables at all.
    const char *text = "ok\0"
                       "line is too long\0"
                       "unknown row, or out of order\0"
                       "number expected, or out of range\0" EML_FOREST_KIND_TEXT "\0"
                       "leaf must fit the number of classes\0"
                       "feature must exist\0"
                       "child must be a later node or a leaf\0"
                       "too many for this model\0"
                       "jumps and leaves must be below 65536\0"
                       "bad class label\0"
                       "file is incomplete\0"
                       "file is damaged\0"
                       "version of file must be 1 or 2\0"
                       "checksum differs: edited by hand? emlmpy check --sign FILE\0"
                       "values and their sums must lie within float32's range";
    for (uint32_t i = 0; i < (uint32_t)error; i++) {
        while (*text++ != '\0') {
        }
    }
    return text;
}

#endif // EML_FOREST_ERROR_H
