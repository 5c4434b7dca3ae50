// What start.S, sigill.c and syscalls.c have for the others.
#ifndef EMLMPY_XTENSA_SYSCALLS_H
#define EMLMPY_XTENSA_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The kernel's answer: negative errno on failure.
long linux_syscall(long number, long a, long b, long c, long d, long e, long f);

// Write the registers of every caller to its place on the stack.
void spill_windows(void);

// Make MULUH and MULSH work.
void sigill_init(void);

// Fresh zeroed memory, or NULL.
void *map_memory(size_t size, bool executable);

// Nanoseconds since an arbitrary start.
uint64_t monotonic_ns(void);

// End the program with a message on stderr.
void fatal_error(const char *message) __attribute__((noreturn));
void exit(int status) __attribute__((noreturn));

#endif
