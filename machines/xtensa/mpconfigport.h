// MicroPython as an ESP32 has it (extra features, float32, native xtensawin modules, code outside
// of the heap), on Linux's files.
#include <alloca.h>
#include <stddef.h>
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

#define MICROPY_EMIT_XTENSAWIN (1)
#define MICROPY_PERSISTENT_CODE_LOAD (1)
#define MICROPY_NLR_SETJMP (1)

#define MICROPY_ENABLE_GC (1)
#define MICROPY_STACK_CHECK (1)
#define MICROPY_STACK_CHECK_MARGIN (4096)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#define MP_NEED_LOG2 (1)
#define MICROPY_WARNINGS (1)
#define MICROPY_ERROR_PRINTER (&stderr_print)
#define MICROPY_KBD_EXCEPTION (0)
#define MICROPY_HELPER_REPL (0)
#define MICROPY_USE_INTERNAL_ERRNO (1)

#define MICROPY_VFS (1)
#define MICROPY_VFS_POSIX (1)
#define MICROPY_READER_VFS (1)
#define MICROPY_READER_POSIX (0)
#define MICROPY_PY_OS_STATVFS (0)
#define MICROPY_PY_OS_SYNC (0)
#define MICROPY_PY_OS_DUPTERM (0)

#define MICROPY_PY_SYS_PLATFORM "linux"
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (0)
#define MICROPY_PY_TIME_TIME_TIME_NS (0)
#define MICROPY_PY_MACHINE (0)
#define MICROPY_PY_SELECT (0)
#define MICROPY_PY_ASYNCIO (0)
#define MICROPY_PY_BUILTINS_HELP (0)
#define MICROPY_PY_BUILTINS_INPUT (0)

typedef long mp_int_t;
typedef unsigned long mp_uint_t;
typedef long mp_off_t;
#define INT_FMT "%ld"
#define UINT_FMT "%lu"
#define MP_SSIZE_MAX (0x7fffffff)

#define MICROPY_HW_BOARD_NAME "qemu"
#define MICROPY_HW_MCU_NAME "xtensa"
#define MP_STATE_PORT MP_STATE_VM

// Machine code is copied out of the heap, which cannot be executed.
void *commit_code(const void *code, size_t size, void *relocation);
#define MP_PLAT_COMMIT_EXEC(code, size, relocation) commit_code(code, size, relocation)

struct _mp_print_t;
extern const struct _mp_print_t stderr_print;
