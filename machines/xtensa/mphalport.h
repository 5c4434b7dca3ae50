// What MicroPython asks of a port's header; main.c has the functions.
#include <errno.h>

#include "py/mphal.h"

static inline void mp_hal_set_interrupt_char(char c) { (void)c; }

// Nothing here is ever interrupted (EINTR).
#define MP_HAL_RETRY_SYSCALL(ret, syscall, raise) \
    do { \
        ret = syscall; \
        if (ret == -1) { \
            int err = errno; \
            raise; \
        } \
    } while (0)
