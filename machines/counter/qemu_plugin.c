// For QEMU's user mode: tells the guest how many instructions it has executed.
//
//     qemu-xtensa -B BASE -plugin plugin.so,base=BASE,handler=ADDRESS
//
// The guest asks by writing 8 bytes to file -1, which fails; before, the bytes become the count.
// What a signal's handler at ADDRESS executes, until it returns from the signal, does not count: it
// stands in for an instruction that the emulated core lacks. BASE is where the guest's address 0 is
// here. Both numbers are hexadecimal.
//
// Debian's QEMU 7.2 has no qemu-plugin.h: what is used of its version 1 is declared here.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
// On Xtensa.
#define SYS_WRITE 13
#define SYS_RT_SIGRETURN 225
#define NO_FILE 0xFFFFFFFFu

typedef uint64_t Id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD = 0, NO_REGISTERS = 0 };
typedef void (*OnBlock)(Id, struct qemu_plugin_tb *);
typedef void (*OnInstruction)(unsigned, void *);
typedef void (*OnSyscall)(Id, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                          uint64_t, uint64_t, uint64_t);
void qemu_plugin_register_vcpu_tb_trans_cb(Id, OnBlock);
void qemu_plugin_register_vcpu_syscall_cb(Id, OnSyscall);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, OnInstruction, int, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);

EXPORTED int qemu_plugin_version = 1;
static uint64_t count, before, skipped, base, handler;

static void on_handler(unsigned cpu, void *data) {
    (void)cpu, (void)data;
    before = count;
}

static void on_block(Id id, struct qemu_plugin_tb *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        if (qemu_plugin_insn_vaddr(instruction) == handler) {
            // Not counted itself, whichever of the two would come first.
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_handler, NO_REGISTERS, NULL);
        } else {
            qemu_plugin_register_vcpu_insn_exec_inline(instruction, INLINE_ADD, &count, 1);
        }
    }
}

static void on_syscall(Id id, unsigned cpu, int64_t number, uint64_t file, uint64_t bytes,
                       uint64_t size, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) {
    (void)id, (void)cpu, (void)a, (void)b, (void)c, (void)d, (void)e;
    if (number == SYS_WRITE && (uint32_t)file == NO_FILE && size == sizeof(count)) {
        const uint64_t now = count - skipped;
        memcpy((void *)(uintptr_t)(base + bytes), &now, sizeof(now));
    } else if (number == SYS_RT_SIGRETURN) {
        skipped += count - before;
    }
}

EXPORTED int qemu_plugin_install(Id id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        if (value == NULL) {
            return 1;
        }
        const uint64_t number = strtoull(value + 1, NULL, 16);
        *(strncmp(argv[i], "base=", 5) == 0 ? &base : &handler) = number;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    return 0;
}
