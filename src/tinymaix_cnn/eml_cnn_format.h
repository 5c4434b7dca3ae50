/** The numbers of formats/tmdl.toml, from which `make formats` writes this file. */
#ifndef EML_CNN_FORMAT_H
#define EML_CNN_FORMAT_H

#include <stdint.h>

// bytes, below which arena and file must be
#define EML_CNN_MAX_ARENA 268435456u
// weights of an output channel; more could overflow a sum of 32 bits
#define EML_CNN_MAX_WEIGHTS 65535u
// below which sums of a channel must be: rounding doubles them
#define EML_CNN_MAX_SUM 1073741824u
// pixels that a global average pool adds up
#define EML_CNN_MAX_POOL 1048576u
// bytes, below which a file is small
#define EML_CNN_SMALL_IMAGE 1024u
// bytes of memory that a small file may ask for, so that damage cannot make it take all
#define EML_CNN_SMALL_MEMORY 65536u
// bytes of a layer's record that all kinds have
#define EML_CNN_LAYER_HEAD 48
// a scale is 2 to the minus this power or more, and below 2 to this power
#define EML_CNN_SCALE_POWER 60

/** What a network computes with. */
enum {
    // int8
    EML_CNN_INT8 = 0,
    // float32
    EML_CNN_FLOAT32 = 2,
};

/** What a layer computes. */
enum {
    // conv2d
    EML_CNN_CONV = 0,
    // global average pool
    EML_CNN_POOL = 1,
    // fully connected
    EML_CNN_DENSE = 2,
    // softmax
    EML_CNN_SOFTMAX = 3,
    // reshape
    EML_CNN_RESHAPE = 4,
    // depthwise conv2d
    EML_CNN_DEPTHWISE = 5,
    // add
    EML_CNN_ADD = 6,
};

/** What a convolution ends with, by the numbers of TensorFlow Lite. */
enum {
    // none
    EML_CNN_NO_ACTIVATION = 0,
    // relu
    EML_CNN_RELU = 1,
    // relu limited to -1..1
    EML_CNN_RELU_1 = 2,
    // relu6
    EML_CNN_RELU_6 = 3,
};

/** What a model begins with. */
typedef struct EmlCnnHeader {
    // MAIX
    char magic[4];
    // the data type
    uint8_t type;
    // 1: TinyMaix gives the output as float32. Not read
    uint8_t dequantise;
    // number of inputs, 1. Not read
    uint16_t n_inputs;
    // number of outputs, 1. Not read
    uint16_t n_outputs;
    // number of layers
    uint16_t n_layers;
    // bytes of the arena, the memory for what flows between layers
    uint32_t arena_bytes;
    // 0. Not read
    uint32_t unused;
    // shape of the input
    uint16_t in_shape[4];
    // shape of the output. Not read: files of TinyMaix can have it wrong
    uint16_t out_shape[4];
    // 0. Not read
    uint8_t reserved[20];
    // 0, or what makes the checksum another number than 0. Not read
    uint32_t adjust;
    // checksum: the CRC-32 (that of zip) of all of the model but these 4 bytes; 0: there is none
    uint32_t crc;
} EmlCnnHeader;

/** Where a layer's arrays lie, counted from the start of its record. */
typedef struct EmlCnnBlobs {
    // where the weight scales lie, from the record's start; int8 only
    uint32_t scales;
    // where the weights lie
    uint32_t weights;
    // where the biases lie
    uint32_t biases;
} EmlCnnBlobs;

/** What a conv2d or a depthwise conv2d has behind the head of its record. */
typedef struct EmlCnnWindow {
    // width of the kernel
    uint8_t kernel_w;
    // height of the kernel
    uint8_t kernel_h;
    // stride across
    uint8_t stride_w;
    // stride down
    uint8_t stride_h;
    // dilation across, 1
    uint8_t dilation_w;
    // dilation down, 1
    uint8_t dilation_h;
    // the activation
    uint16_t activation;
    // rows of padding above; cells of padding count as real 0
    uint8_t pad_top;
    // rows of padding below
    uint8_t pad_bottom;
    // columns of padding on the left
    uint8_t pad_left;
    // columns of padding on the right
    uint8_t pad_right;
    // depthwise: output channels for each input channel; conv2d: 0
    uint32_t depth_multiplier;
    // 0. Not read
    uint32_t reserved;
    // where the arrays lie
    EmlCnnBlobs blobs;
} EmlCnnWindow;

/** What an add has there. */
typedef struct EmlCnnSecond {
    // where the second input lies in the arena
    uint32_t in;
    // its scale
    uint32_t in_scale;
    // its zero point
    int32_t in_zero;
    // 0. Not read
    uint32_t reserved;
} EmlCnnSecond;

/** What the record of every layer begins with. */
typedef struct EmlCnnLayer {
    // the kind
    uint16_t kind;
    // 1: the last layer, whose output is the network's; else 0
    uint16_t is_output;
    // bytes of this record
    uint32_t bytes;
    // where the input lies in the arena
    uint32_t in;
    // where the output lies in the arena
    uint32_t out;
    // shape of the input
    uint16_t in_shape[4];
    // shape of the output
    uint16_t out_shape[4];
    // scale of the input: a value v stands for scale * (v - zero point)
    uint32_t in_scale;
    // zero point of the input
    int32_t in_zero;
    // scale of the output
    uint32_t out_scale;
    // zero point of the output
    int32_t out_zero;
    union {
        EmlCnnWindow window; // of the convolutions
        EmlCnnBlobs dense;   // and 4 bytes that are not read
        EmlCnnSecond add;
    } of;
} EmlCnnLayer;

#endif // EML_CNN_FORMAT_H
