/** Sums of products of int16 features and int32 weights for Thumb-1, 7.5 instructions a product. */
#ifndef EML_LINEAR_ARMV6M_H
#define EML_LINEAR_ARMV6M_H

#include <stdint.h>

// So many pairs of products have a sum that two 32-bit sums can tell, if no weight exceeds 2^22.
#define EML_LINEAR_PAIRS 15

/** The sum of 2 * pairs products, pairs being 1 to 15 and weights at most 2^22.

A product takes 39 bits. Of each the low 32 are summed up, and a second sum has weight >> 11 in
place of the weight: that one fits 32 bits, and what it lacks to the whole sum, too. */
static __attribute__((noinline)) int64_t eml_linear_pairs(const int16_t *features,
                                                          const int32_t *weights, uint32_t pairs) {
    register const int16_t *end __asm("r0") = features + 2 * pairs;
    register const int32_t *weight __asm("r1") = weights;
    register int32_t offset __asm("r2") = -(int32_t)(4 * pairs);
    register int32_t high __asm("r3");
    int32_t low;
    __asm volatile(".syntax unified\n"
                   "movs r3, #0\n"
                   "mov r8, r3\n"
                   "mov r9, r3\n"
                   "adds r3, r0, #2\n"
                   "1:\n"
                   "ldmia r1!, {r4, r5}\n"
                   "ldrsh r6, [r0, r2]\n"
                   "asrs r7, r4, #11\n"
                   "muls r4, r6\n"
                   "muls r7, r6\n"
                   "add r8, r4\n"
                   "add r9, r7\n"
                   "ldrsh r6, [r3, r2]\n"
                   "asrs r7, r5, #11\n"
                   "muls r5, r6\n"
                   "muls r7, r6\n"
                   "add r8, r5\n"
                   "add r9, r7\n"
                   "adds r2, #4\n"
                   "bne 1b\n"
                   "mov %[low], r8\n"
                   "mov r3, r9\n"
                   : [low] "=r"(low), "=r"(high), "+r"(end), "+r"(weight), "+r"(offset)
                   :
                   : "r4", "r5", "r6", "r7", "r8", "r9", "memory", "cc");
    const int32_t rest = (int32_t)((uint32_t)low - ((uint32_t)high << 11));
    return ((int64_t)high << 11) + rest;
}

#endif // EML_LINEAR_ARMV6M_H
