// The loop of eml_biquad_f32.h for Arm CPUs that multiply and add floats in one instruction, such
// as a Cortex-M4F.
#ifndef EML_BIQUAD_F32_ARMV7EM_H
#define EML_BIQUAD_F32_ARMV7EM_H

// Two sections over 1 frame or more, one after the other: a load and a store less than one by one.
// A section's two states change places with each frame; compilers move them instead, which costs a
// third more.
static void eml_biquad_f32_two(const EmlBiquadF32 *section, float *state, const float *in,
                               float *out, size_t frames, size_t channels) {
    const size_t step = channels * sizeof(float);
    float *end = state;
    // The sections are s0 to s4 and s5 to s9, the states s10 to s13, the sample is s14, a sum s15.
#define EML_BIQUAD_STEP(s0, s1, t0, t1) \
    "vldr s14, [%[in]]\n" \
    "add %[in], %[step]\n" \
    "vfma.f32 " s0 ", s0, s14\n" \
    "vmul.f32 s15, s1, s14\n" \
    "vfma.f32 s15, s3, " s0 "\n" \
    "vadd.f32 " s1 ", " s1 ", s15\n" \
    "vfma.f32 " t0 ", s5, " s0 "\n" \
    "vmul.f32 s15, s6, " s0 "\n" \
    "vfma.f32 s15, s8, " t0 "\n" \
    "vadd.f32 " t1 ", " t1 ", s15\n" \
    "vstr " t0 ", [%[out]]\n" \
    "add %[out], %[step]\n" \
    "vmul.f32 " t0 ", s9, " t0 "\n" \
    "vfma.f32 " t0 ", s7, " s0 "\n" \
    "vmul.f32 " s0 ", s4, " s0 "\n" \
    "vfma.f32 " s0 ", s2, s14\n"
    __asm volatile("vldm %[section], {s0-s9}\n"
                   "vldr s10, [%[state]]\n"
                   "add %[state], %[step]\n"
                   "vldr s11, [%[state]]\n"
                   "add %[state], %[step]\n"
                   "vldr s12, [%[state]]\n"
                   "add %[state], %[step]\n"
                   "vldr s13, [%[state]]\n"
                   "lsls %[state], %[frames], #31\n"
                   "beq 1f\n"
                   // Start with the second half of the loop.
                   "vmov s14, s10\n"
                   "vmov s10, s11\n"
                   "vmov s11, s14\n"
                   "vmov s14, s12\n"
                   "vmov s12, s13\n"
                   "vmov s13, s14\n"
                   "adds %[frames], #1\n"
                   "b 2f\n"
                   "1:\n" EML_BIQUAD_STEP("s10", "s11", "s12", "s13") "2:\n" EML_BIQUAD_STEP(
                       "s11", "s10", "s13", "s12") "subs %[frames], #2\n"
                                                   "bne 1b\n"
                                                   "vstr s10, [%[end]]\n"
                                                   "add %[end], %[step]\n"
                                                   "vstr s11, [%[end]]\n"
                                                   "add %[end], %[step]\n"
                                                   "vstr s12, [%[end]]\n"
                                                   "add %[end], %[step]\n"
                                                   "vstr s13, [%[end]]\n"
                   : [state] "+r"(state), [in] "+r"(in), [out] "+r"(out), [frames] "+r"(frames),
                     [end] "+r"(end)
                   : [section] "r"(section), [step] "r"(step)
                   : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
                     "s12", "s13", "s14", "s15", "memory", "cc");
#undef EML_BIQUAD_STEP
}

#endif // EML_BIQUAD_F32_ARMV7EM_H
