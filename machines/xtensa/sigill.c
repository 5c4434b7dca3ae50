// MULUH and MULSH, which an ESP32 has and QEMU's de233_fpu core lacks, so that the very modules
// that ship can run: the kernel's signal for an illegal instruction ends up here.
#include <stdint.h>

#include "syscalls.h"

enum { SIGILL = 4, SA_SIGINFO = 4, SA_NODEFER = 0x40000000, SYS_rt_sigaction = 226 };
enum { OPCODE_MULUH = 0xa2, OPCODE_MULSH = 0xb2 };

// Linux's, up to what is used here.
struct context {
    uint32_t flags, link, stack[3];
    uint32_t pc, ps, loop_begin, loop_end, loop_count, shift, accumulator[2];
    uint32_t a[16];
};

static void emulate(int signal, void *info, struct context *context) {
    (void)signal;
    (void)info;
    const uint8_t *instruction = (const uint8_t *)context->pc;
    uint32_t opcode = instruction[2];
    if ((instruction[0] & 15) != 0 || (opcode != OPCODE_MULUH && opcode != OPCODE_MULSH)) {
        fatal_error("illegal instruction");
    }
    uint32_t s = context->a[instruction[1] & 15];
    uint32_t t = context->a[instruction[0] >> 4];
    uint64_t product =
        opcode == OPCODE_MULUH ? (uint64_t)s * t : (uint64_t)((int64_t)(int32_t)s * (int32_t)t);
    context->a[instruction[1] >> 4] = product >> 32;
    context->pc += 3;
    if (context->loop_count != 0 && context->pc == context->loop_end) { // it ended a hardware loop
        context->loop_count--;
        context->pc = context->loop_begin;
    }
}

void sigill_init(void) {
    struct {
        void (*handler)(int, void *, struct context *);
        uint32_t flags, restorer, mask[2];
    } action = {emulate, SA_SIGINFO | SA_NODEFER, 0, {0, 0}};
    linux_syscall(SYS_rt_sigaction, SIGILL, (long)&action, 0, sizeof(action.mask), 0, 0);
}
