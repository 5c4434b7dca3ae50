// The port's reset code leaves the FPU off. It calls set_interrupt_table first of all, before any
// floating-point instruction, and the linker's --wrap leads that call here.

#define MSTATUS_FS "0x6000" // both bits

void __real_set_interrupt_table(void);
void __wrap_set_interrupt_table(void);
void __wrap_set_interrupt_table(void) {
    __asm volatile("li t0, " MSTATUS_FS "\n csrs mstatus, t0" ::: "t0", "memory");
    __real_set_interrupt_table();
}
