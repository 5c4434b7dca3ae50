/** The class of a row of int16 features for Thumb-1, at 7.5 instructions for a feature and class.
 */
#ifndef EML_LINEAR_ARMV6M_H
#define EML_LINEAR_ARMV6M_H

#include "eml_attributes.h"
#include <stdbool.h>
#include <stdint.h>

// So many products have a sum that two 32-bit sums can tell, if no weight exceeds 2^22.
#define EML_LINEAR_BLOCK 30

// What eml_linear_search reads and writes, in the order that it knows.
typedef struct EmlLinearSearch {
    int64_t best;         // so far
    const int32_t *found; // behind the row that it is of
    const int16_t *features_end;
    const int32_t *rows_end;
} EmlLinearSearch;

/** Finds the largest sum above best of rows of int16 models: e, b in two words, weights of at most
2^22.

block_end: behind the features of the first block, of 1 to 30; others of 30 follow. offset: from
there to the first feature, in bytes.

A product takes 38 bits. Of each the low 32 are summed up. A second sum, of (weight >> 11) *
feature, fits 32 bits in a block, and so does what 2^11 of it lacks to the whole sum. */
static __attribute__((naked)) EML_NOINLINE const int32_t *
eml_linear_search(const int32_t *rows, const int16_t *block_end, int32_t offset,
                  const EmlLinearSearch *search) {
    // r8 to r11: block_end, offset, features_end, rows_end. ip, lr: the low and the high sum.
    __asm volatile(".syntax unified\n"
                   "push {r4-r7, lr}\n"
                   "mov r4, r8\n"
                   "mov r5, r9\n"
                   "mov r6, r10\n"
                   "mov r7, r11\n"
                   "push {r4-r7}\n"
                   "ldmia r3!, {r4-r7}\n"
                   "push {r4-r6}\n" // best, found
                   "mov r8, r1\n"
                   "mov r9, r2\n"
                   "mov r10, r7\n"
                   "ldr r7, [r3]\n"
                   "mov r11, r7\n"
                   "1:\n" // a row
                   "ldmia r0!, {r3-r5}\n"
                   "mov r1, r8\n"
                   "mov r3, r9\n"
                   "2:\n" // a block: the sum so far is r4, r5
                   "push {r4, r5}\n"
                   "movs r2, #0\n"
                   "mov ip, r2\n"
                   "mov lr, r2\n"
                   "adds r2, r1, #2\n"
                   "lsls r4, r3, #30\n"
                   "bpl 3f\n"
                   "subs r3, #2\n" // an odd number: start with the second half of the loop
                   "ldmia r0!, {r5}\n"
                   "b 4f\n"
                   "3:\n"
                   "ldmia r0!, {r4, r5}\n"
                   "ldrsh r6, [r1, r3]\n"
                   "asrs r7, r4, #11\n"
                   "muls r4, r6\n"
                   "muls r7, r6\n"
                   "add ip, r4\n"
                   "add lr, r7\n"
                   "4:\n"
                   "ldrsh r6, [r2, r3]\n"
                   "asrs r7, r5, #11\n"
                   "muls r5, r6\n"
                   "muls r7, r6\n"
                   "add ip, r5\n"
                   "add lr, r7\n"
                   "adds r3, #4\n"
                   "bne 3b\n"
                   "mov r2, ip\n"
                   "mov r3, lr\n"
                   "lsls r6, r3, #11\n"
                   "subs r6, r2, r6\n" // what is lacking
                   "asrs r6, r6, #11\n"
                   "adds r3, r3, r6\n"
                   "asrs r3, r3, #21\n" // the high word; r2 is the low one
                   "pop {r4, r5}\n"
                   "adds r4, r4, r2\n"
                   "adcs r5, r3\n"
                   "cmp r1, r10\n"
                   "beq 5f\n"
                   "movs r3, #60\n"
                   "adds r1, r1, r3\n"
                   "negs r3, r3\n"
                   "b 2b\n"
                   "5:\n"
                   "ldr r2, [sp]\n"
                   "ldr r3, [sp, #4]\n"
                   "subs r2, r2, r4\n"
                   "sbcs r3, r5\n"
                   "bge 6f\n"
                   "mov r2, sp\n"
                   "stmia r2!, {r4, r5}\n"
                   "str r0, [r2]\n"
                   "6:\n"
                   "cmp r0, r11\n"
                   "bne 1b\n"
                   "pop {r1-r3}\n"
                   "movs r0, r3\n"
                   "pop {r4-r7}\n"
                   "mov r8, r4\n"
                   "mov r9, r5\n"
                   "mov r10, r6\n"
                   "mov r11, r7\n"
                   "pop {r4-r7, pc}\n");
}

/** The class of a row of features, as eml_linear_run finds it, of the words of a model of type
EML_LINEAR_NARROW. */
static inline int32_t eml_linear_narrow_class(const int32_t *model, const int16_t *features) {
    const int32_t n_features = model[2], n_rows = model[3], stride = n_features + 3;
    const int32_t *rows = model + 4;
    int32_t block = n_features;
    while (block > EML_LINEAR_BLOCK) {
        block -= EML_LINEAR_BLOCK;
    }
    const bool is_one = n_rows == 1; // it is compared with 0
    const EmlLinearSearch search = {is_one ? 0 : INT64_MIN, rows, features + n_features,
                                    rows + stride * n_rows};
    const int32_t *const found = eml_linear_search(rows, features + block, -2 * block, &search);
    int32_t class_index = is_one;
    while ((rows += stride) < found) {
        class_index++;
    }
    return rows == found ? class_index : 0;
}

#endif // EML_LINEAR_ARMV6M_H
