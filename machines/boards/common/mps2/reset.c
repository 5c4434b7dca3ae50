// What the port's reset code lacks for ARMv7-M and ARMv8-M, with or without an FPU. It calls
// mp_semihosting_init first of all, before any floating-point instruction, and the linker's --wrap
// leads that call here.

#include <stdint.h>

#define CCR (*(volatile uint32_t *)0xE000ED14)
#define CCR_UNALIGN_TRP (1u << 3)
#define SHCSR (*(volatile uint32_t *)0xE000ED24)
#define SHCSR_USGFAULTENA (1u << 18)
#define CPACR (*(volatile uint32_t *)0xE000ED88)
#define CPACR_CP10_CP11 (0xFu << 20)

void __real_mp_semihosting_init(void);
void __wrap_mp_semihosting_init(void);
void __wrap_mp_semihosting_init(void) {
    CPACR |= CPACR_CP10_CP11;
    // An unaligned word faults as it does on stricter cores, so that it cannot go unnoticed here.
    SHCSR |= SHCSR_USGFAULTENA;
    CCR |= CCR_UNALIGN_TRP;
    __asm volatile("dsb\n isb" ::: "memory");
    __real_mp_semihosting_init();
}
