// The board's file system: a littlefs in an array that soft resets leave alone, mounted at '/'
// each time a REPL starts with nothing mounted. The linker's --wrap puts these two functions in
// front of MicroPython's own.

#include "py/mphal.h"
#include "py/objarray.h"
#include "py/runtime.h"
#include "shared/runtime/pyexec.h"

static uint8_t ramdisk[RAMDISK_SIZE];

static void mount_ramdisk(void) {
    if (MP_STATE_VM(vfs_mount_table) == NULL) {
        mp_obj_t memory = mp_obj_new_bytearray_by_ref(sizeof(ramdisk), ramdisk);
        mp_store_name(MP_QSTR_ramdisk, memory);
        pyexec_frozen_module("mount_ramdisk.py", false);
    }
}

int __real_pyexec_raw_repl(void);
int __wrap_pyexec_raw_repl(void);
int __wrap_pyexec_raw_repl(void) {
    mount_ramdisk();
    return __real_pyexec_raw_repl();
}

int __real_pyexec_friendly_repl(void);
int __wrap_pyexec_friendly_repl(void);
int __wrap_pyexec_friendly_repl(void) {
    mount_ramdisk();
    return __real_pyexec_friendly_repl();
}

// littlefs stamps files with the time; a board without a clock stays at the epoch.
uint64_t mp_hal_time_ns(void) { return 0; }
