// The loops of eml_biquad_i16.h for a Cortex-M0.
#ifndef EML_BIQUAD_I16_ARMV6M_H
#define EML_BIQUAD_I16_ARMV6M_H

// The same as the C of eml_biquad_i16.h, to the bit. Its states change places with each sample, and
// coefficients are on the stack, where they take no register.
static EML_BIQUAD_FAST void eml_biquad_i16_section(const EmlBiquadI16 *section,
                                                   EmlBiquadI16State *state, int32_t *samples,
                                                   size_t n) {
    // x1, x2, y1, y2 are r4 to r7; section and n are multiplied, and summed up in state. On the
    // stack are shift, high[3], high[4], quarters, low[4], high[0 to 2], low[0 to 3], a limit.
    __asm volatile(
        ".syntax unified\n"
        ".macro multiply coefficient, value\n" // and add
        "ldr %[section], [sp, #\\coefficient]\n"
        "muls %[section], \\value\n"
        "adds %[state], %[section]\n"
        ".endm\n"
        ".macro step x1, x2, y1, y2\n" // with y1 >> 8 in n
        "ldr %[state], [sp, #52]\n"
        "muls %[state], %[n]\n"
        "asrs %[n], \\y2, #8\n"
        "multiply 24, %[n]\n"
        "asrs %[state], #11\n"
        "multiply 12, %[n]\n"
        "asrs %[n], \\y1, #8\n"
        "multiply 8, %[n]\n"
        "ldr %[section], [sp, #4]\n"
        "asrs %[state], %[section]\n"
        "ldr %[section], [sp, #20]\n"
        "muls \\y2, %[section]\n"
        "multiply 16, \\y1\n"
        "adds \\y2, %[state]\n"
        "asrs %[n], \\x1, #5\n"
        "ldr %[state], [sp, #44]\n"
        "muls %[state], %[n]\n"
        "asrs %[n], \\x2, #5\n"
        "multiply 48, %[n]\n"
        "ldr %[n], [%[sample]]\n"
        "asrs %[n], #5\n"
        "multiply 40, %[n]\n"
        "asrs %[state], #10\n"
        "multiply 36, \\x2\n"
        "multiply 32, \\x1\n"
        "ldr \\x2, [%[sample]]\n"
        "multiply 28, \\x2\n"
        "ldr %[section], [sp]\n"
        "asrs %[state], %[section]\n"
        "adcs \\y2, %[state]\n" // with the last bit shifted out
        "adds \\y2, #2\n"
        "adds %[section], \\y2, \\y2\n" // overflows where y is beyond its limit
        "bvc 3f\n"
        "asrs \\y2, #31\n"
        "ldr %[section], [sp, #56]\n"
        "eors \\y2, %[section]\n"
        "3:\n"
        "asrs \\y2, #2\n"
        "asrs %[n], \\y2, #8\n"
        "stmia %[sample]!, {%[n]}\n"
        ".endm\n"
        "lsls r4, %[n], #2\n"
        "adds r4, %[sample]\n"
        "mov ip, r4\n" // the end
        "movs r4, #1\n"
        "lsls r4, #30\n"
        "subs r4, #1\n" // the limit
        "push {r4}\n"
        "ldmia %[section]!, {r4-r7}\n"
        "push {r4-r7}\n"
        "ldmia %[section]!, {r4-r7}\n"
        "push {r4-r7}\n"
        "ldmia %[section]!, {r4-r7}\n"
        "push {r4-r7}\n"
        "ldmia %[section]!, {r4-r5}\n"
        "push {r4-r5}\n"
        "mov lr, %[state]\n"
        "ldmia %[state]!, {r4-r7}\n"
        "lsls %[state], %[n], #31\n"
        "asrs %[n], r6, #8\n"
        "cmp %[state], #0\n"
        "beq 1f\n"
        // Start with the second half of the loop.
        "mov %[state], r4\n"
        "mov r4, r5\n"
        "mov r5, %[state]\n"
        "mov %[state], r6\n"
        "mov r6, r7\n"
        "mov r7, %[state]\n"
        "b 2f\n"
        "1:\n"
        "step r4, r5, r6, r7\n"
        "2:\n"
        "step r5, r4, r7, r6\n"
        "cmp %[sample], ip\n"
        "bne 1b\n"
        "add sp, #60\n"
        "mov %[state], lr\n"
        "stmia %[state]!, {r4-r7}\n"
        ".purgem multiply\n"
        ".purgem step\n"
        : [section] "+l"(section), [state] "+l"(state), [sample] "+l"(samples), [n] "+l"(n)
        :
        : "r4", "r5", "r6", "r7", "ip", "lr", "memory", "cc");
}

// Samples of one channel into a block, shifted left. end is where the channel goes on after them,
// and step from one to the next, in bytes; offset counts up to 0.
static EML_BIQUAD_FAST void eml_biquad_i16_in(const char *end, int32_t offset, int32_t step,
                                              int32_t *samples, int32_t shift) {
    int32_t x;
    __asm volatile(".syntax unified\n"
                   "1:\n"
                   "ldrsh %[x], [%[end], %[offset]]\n"
                   "lsls %[x], %[shift]\n"
                   "stmia %[samples]!, {%[x]}\n"
                   "adds %[offset], %[step]\n"
                   "bne 1b\n"
                   : [x] "=&l"(x), [offset] "+l"(offset), [samples] "+l"(samples)
                   : [end] "l"(end), [step] "l"(step), [shift] "l"(shift)
                   : "memory", "cc");
}

// Shifts and rounds a block's samples and puts them where they belong. On a Cortex-M0 it takes all
// low registers, and so cannot be compiled at -O0.
static EML_BIQUAD_FAST void eml_biquad_i16_out(char *end, int32_t offset, int32_t step,
                                               const int32_t *samples, int32_t shift) {
    int32_t y, low;
    __asm volatile(".syntax unified\n"
                   "1:\n"
                   "ldmia %[samples]!, {%[y]}\n"
                   "add %[y], %[half]\n"
                   "asrs %[y], %[shift]\n"
                   "sxth %[low], %[y]\n"
                   "cmp %[low], %[y]\n"
                   "beq 2f\n"
                   "asrs %[y], #31\n"
                   "eors %[y], %[limit]\n"
                   "2:\n"
                   "strh %[y], [%[end], %[offset]]\n"
                   "adds %[offset], %[step]\n"
                   "bne 1b\n"
                   : [y] "=&l"(y), [low] "=&l"(low), [offset] "+l"(offset), [samples] "+l"(samples)
                   : [end] "l"(end), [step] "l"(step), [shift] "l"(shift), [limit] "l"(0x7fff),
                     [half] "h"(1 << (shift - 1))
                   : "memory", "cc");
}

#endif // EML_BIQUAD_I16_ARMV6M_H
