// MicroPython for Linux user mode on Xtensa: `micropython [-X heapsize=N[k|M]] (script | -c code)`.
#include <string.h>
#include <unistd.h>

#include "extmod/vfs.h"
#include "extmod/vfs_posix.h"
#include "py/compile.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/persistentcode.h"
#include "py/runtime.h"
#include "syscalls.h"

enum { STACK_SIZE = 512 * 1024, DEFAULT_HEAP_SIZE = 1024 * 1024, EXIT_USAGE = 2 };

static char *stack_top;

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t size) {
    ssize_t written = write(STDOUT_FILENO, text, size);
    return written < 0 ? 0 : (mp_uint_t)written;
}

void mp_hal_stdout_tx_strn_cooked(const char *text, size_t size) {
    mp_hal_stdout_tx_strn(text, size);
}

void mp_hal_stdout_tx_str(const char *text) { mp_hal_stdout_tx_strn(text, strlen(text)); }

mp_uint_t mp_hal_ticks_ms(void) { return monotonic_ns() / 1000000; }
mp_uint_t mp_hal_ticks_us(void) { return monotonic_ns() / 1000; }
mp_uint_t mp_hal_ticks_cpu(void) { return monotonic_ns(); }

void mp_hal_delay_us(mp_uint_t us) {
    mp_uint_t start = mp_hal_ticks_us();
    while (mp_hal_ticks_us() - start < us) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) { mp_hal_delay_us(ms * 1000); }

static void stderr_write(void *env, const char *text, size_t size) {
    (void)env;
    write(STDERR_FILENO, text, size);
}

const mp_print_t stderr_print = {NULL, stderr_write};

void nlr_jump_fail(void *value) {
    (void)value;
    fatal_error("exception outside of any handler");
}

void gc_collect(void) {
    gc_collect_start();
    // The registers of all callers are on the stack then, the lowest of them right below this
    // frame.
    spill_windows();
    char *bottom = (char *)__builtin_frame_address(0) - 16;
    gc_collect_root((void **)bottom, (stack_top - bottom) / sizeof(void *));
    gc_collect_end();
}

void *commit_code(const void *code, size_t size, void *relocation) {
    void *home = map_memory(size, true);
    if (home == NULL) {
        m_malloc_fail(size);
    }
    if (relocation != NULL) {
        mp_native_relocate(relocation, (uint8_t *)code, (uintptr_t)home);
    }
    return memcpy(home, code, size);
}

// Returns the exit status.
static int run(const char *script, const char *code) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_lexer_t *lexer = script != NULL ? mp_lexer_new_from_file(qstr_from_str(script))
                                           : mp_lexer_new_from_str_len(MP_QSTR__lt_stdin_gt_, code,
                                                                       strlen(code), 0);
        qstr name = lexer->source_name;
        mp_parse_tree_t tree = mp_parse(lexer, MP_PARSE_FILE_INPUT);
        if (script != NULL) {
            mp_store_global(MP_QSTR___file__, MP_OBJ_NEW_QSTR(name));
        }
        mp_call_function_0(mp_compile(&tree, name, false));
        nlr_pop();
        return 0;
    }
    mp_obj_t error = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (!mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(error)),
                                 MP_OBJ_FROM_PTR(&mp_type_SystemExit))) {
        mp_obj_print_exception(&stderr_print, error);
        return 1;
    }
    mp_obj_t status_obj = mp_obj_exception_get_value(error);
    mp_int_t status = 0;
    if (status_obj != mp_const_none && !mp_obj_get_int_maybe(status_obj, &status)) {
        mp_obj_print_helper(&stderr_print, status_obj, PRINT_STR);
        mp_print_str(&stderr_print, "\n");
        status = 1;
    }
    return status & 0xff;
}

static void mount_host_files(void) {
    mp_obj_t args[2] = {
        MP_OBJ_TYPE_GET_SLOT(&mp_type_vfs_posix, make_new)(&mp_type_vfs_posix, 0, 0, NULL),
        MP_OBJ_NEW_QSTR(MP_QSTR__slash_),
    };
    mp_vfs_mount(2, args, (mp_map_t *)&mp_const_empty_map);
    MP_STATE_VM(vfs_cur) = MP_STATE_VM(vfs_mount_table);
}

static void append_to_path(const char *folder, size_t length) {
    mp_obj_list_append(mp_sys_path, mp_obj_new_str(folder, length));
}

// sys.path: the script's folder, then those of MICROPYPATH.
static void set_path(const char *script, char **environment) {
    size_t length = script == NULL ? 0 : strlen(script);
    while (length > 0 && script[length - 1] != '/') {
        length--;
    }
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_path), 0);
    append_to_path(script, length > 1 ? length - 1 : length);
    for (; *environment != NULL; environment++) {
        const char name[] = "MICROPYPATH=";
        if (strncmp(*environment, name, sizeof(name) - 1) == 0) {
            const char *folder = *environment + sizeof(name) - 1;
            for (const char *end; (end = strchr(folder, ':')) != NULL; folder = end + 1) {
                append_to_path(folder, end - folder);
            }
            append_to_path(folder, strlen(folder));
        }
    }
}

// "heapsize=" with an optional k or M after the number; 0 if it is anything else.
static size_t parse_heap_size(const char *option) {
    const char name[] = "heapsize=";
    if (strncmp(option, name, sizeof(name) - 1) != 0) {
        return 0;
    }
    size_t size = 0;
    for (option += sizeof(name) - 1; *option >= '0' && *option <= '9'; option++) {
        size = size * 10 + (*option - '0');
    }
    int unit = *option | 0x20;
    if (unit == 'k' || unit == 'm') {
        size *= unit == 'k' ? 1024 : 1024 * 1024;
        option++;
    }
    return *option == '\0' ? size : 0;
}

static void usage(void) {
    mp_print_str(&stderr_print, "usage: micropython [-X heapsize=N[k|M]] (script | -c code) ...\n");
    exit(EXIT_USAGE);
}

// Called by start.S with the stack that the kernel has prepared: argc, argv, NULL, environment,
// NULL.
void main_linux(long *stack) {
    stack_top = (char *)stack;
    int argc = stack[0];
    char **argv = (char **)(stack + 1);
    char **environment = argv + argc + 1;
    sigill_init();

    size_t heap_size = DEFAULT_HEAP_SIZE;
    const char *script = NULL;
    const char *code = NULL;
    int i = 1;
    if (i + 1 < argc && strcmp(argv[i], "-X") == 0) {
        heap_size = parse_heap_size(argv[i + 1]);
        i += 2;
    }
    if (i + 1 < argc && strcmp(argv[i], "-c") == 0) {
        code = argv[i + 1];
        i++;
    } else if (i < argc && argv[i][0] != '-') {
        script = argv[i];
    }
    if ((script == NULL && code == NULL) || heap_size == 0) {
        usage();
    }
    void *heap = map_memory(heap_size, false);
    if (heap == NULL) {
        fatal_error("no memory for the heap");
    }

    mp_cstack_init_with_top(stack_top, STACK_SIZE);
    gc_init(heap, (char *)heap + heap_size);
    mp_init();
    mount_host_files();
    set_path(script, environment);
    if (code != NULL) {
        argv[i] = "-c";
    }
    for (; i < argc; i++) {
        mp_obj_list_append(mp_sys_argv, mp_obj_new_str(argv[i], strlen(argv[i])));
    }
    int status = run(script, code);
    gc_sweep_all();
    mp_deinit();
    exit(status);
}
