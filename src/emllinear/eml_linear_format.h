/** The numbers of formats/linear.toml, from which `make formats` writes this file. */
#ifndef EML_LINEAR_FORMAT_H
#define EML_LINEAR_FORMAT_H

// features; one at least
#define EML_LINEAR_MAX_FEATURES 4096
#define EML_LINEAR_MAX_FEATURES_TEXT "4096"
// scores; one at least
#define EML_LINEAR_MAX_ROWS 255
#define EML_LINEAR_MAX_ROWS_TEXT "255"
// the least e of an int16 model
#define EML_LINEAR_MIN_EXPONENT -160
// the largest e
#define EML_LINEAR_MAX_EXPONENT 60
// bits of b of an int16 model: from -2^52 to below 2^52
#define EML_LINEAR_BIAS_BITS 52
// weights of type 2 lie between -2^22 and 2^22
#define EML_LINEAR_NARROW_BITS 22

/** Types of features and weights. */
enum {
    // float32
    EML_LINEAR_FLOAT32 = 0,
    // int16
    EML_LINEAR_INT16 = 1,
    // int16, with weights that a Cortex-M0 multiplies faster
    EML_LINEAR_NARROW = 2,
};

/** What a model makes of its scores. */
enum {
    // the score, if there is one
    EML_LINEAR_VALUE = 0,
    // e^score, if there is one
    EML_LINEAR_EXP = 1,
    // of one score, class 1 if it is above 0, else class 0; of several, the class of the largest,
    // the first of equals
    EML_LINEAR_CLASS = 2,
    // the class, as kind 2
    EML_LINEAR_SIGMOID = 3,
    // the class, as kind 2; there are several scores
    EML_LINEAR_SOFTMAX = 4,
    // the class, as kind 2
    EML_LINEAR_HUBER = 5,
};

#endif // EML_LINEAR_FORMAT_H
