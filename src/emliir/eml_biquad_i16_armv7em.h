// The loops of eml_biquad_i16.h for CPUs with DSP instructions, such as a Cortex-M4.
#ifndef EML_BIQUAD_I16_ARMV7EM_H
#define EML_BIQUAD_I16_ARMV7EM_H

// One section over n samples, 1 or more. Its states change places with each sample; compilers move
// them instead, and the 64-bit sum with them, which doubles the cost.
static EML_BIQUAD_FAST void eml_biquad_i16_section(const EmlBiquadI16 *section,
                                                   EmlBiquadI16State *state, int32_t *samples,
                                                   size_t n) {
    // b0, b1, b2, a1, a2 are r4 to r8; x1, x2, y1, y2, rest are r9 to r12 and lr.
#define EML_BIQUAD_STEP(x1, x2, y1, y2) \
    "movs %[high], #0\n" \
    "smlal lr, %[high], r6, " x2 "\n" \
    "ldr " x2 ", [%[sample]]\n" \
    "smlal lr, %[high], r8, " y2 "\n" \
    "smlal lr, %[high], r4, " x2 "\n" \
    "smlal lr, %[high], r5, " x1 "\n" \
    "smlal lr, %[high], r7, " y1 "\n" \
    "ssat " y2 ", %[bits], %[high], lsl #3\n" \
    "str " y2 ", [%[sample]], #4\n"
    __asm volatile("ldm %[section], {r4-r8}\n"
                   "ldm %[state], {r9-r12, lr}\n"
                   "add %[section], %[sample], %[high], lsl #2\n" // the end
                   "lsls %[high], %[high], #31\n"
                   "beq 1f\n"
                   // Start with the second half of the loop.
                   "mov %[high], r9\n"
                   "mov r9, r10\n"
                   "mov r10, %[high]\n"
                   "mov %[high], r11\n"
                   "mov r11, r12\n"
                   "mov r12, %[high]\n"
                   "b 2f\n"
                   "1:\n" EML_BIQUAD_STEP("r9", "r10", "r11", "r12") "2:\n" EML_BIQUAD_STEP(
                       "r10", "r9", "r12", "r11") "cmp %[sample], %[section]\n"
                                                  "bne 1b\n"
                                                  "stm %[state], {r9-r12, lr}\n"
                   : [section] "+r"(section), [sample] "+r"(samples), [high] "+r"(n)
                   : [state] "r"(state), [bits] "I"(16 + EML_BIQUAD_EXTRA_BITS)
                   : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "memory", "cc");
#undef EML_BIQUAD_STEP
}

// Shifts and rounds a block's samples and puts them where they belong.
static EML_BIQUAD_FAST void eml_biquad_i16_out(char *end, int32_t offset, int32_t step,
                                               const int32_t *samples, int32_t shift) {
    const int32_t scale = 1 << (32 - shift);
    do {
        int32_t y;
        __asm("smmulr %0, %1, %2" : "=r"(y) : "r"(*samples++), "r"(scale));
        y = __ssat(y, 16);
        *(int16_t *)(end + offset) = (int16_t)y;
        offset += step;
    } while (offset != 0);
}

#endif // EML_BIQUAD_I16_ARMV7EM_H
