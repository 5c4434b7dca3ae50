// Counts the instructions of a call, exactly, in QEMU.
//
//     instructions.count(function, *args)  ->  instructions of function(*args)
//     instructions.empty(*args)                does nothing; its count is the cost of a call
//     instructions.bound(*args)                the same as a bound method, as model.predict is one
//     instructions.loop(n)                     2 n instructions, and those of the call
//
// The board must run with -icount shift=S: then an instruction takes 2**S nanoseconds of the
// board's time, which a Cortex-M's SysTick and a RISC-V's minstret show. The import finds out S,
// and fails without -icount. In QEMU's user mode, for Xtensa, qemu_plugin.c counts.

#include "py/dynruntime.h"

#ifdef __riscv

// A nanosecond of the board's time, in half nanoseconds.
static uint32_t tick_length(void) { return 2; }

static void run_loop(uint32_t n) { __asm volatile("1: addi %0, %0, -1\n bnez %0, 1b\n" : "+r"(n)); }

static void begin(void) {}

// minstret and its upper half, by the numbers of these registers.
static uint64_t restart(void) {
    uint32_t low, high, again;
    do {
        __asm volatile(".insn i 0x73, 2, %0, x0, -0x47e" : "=r"(high));
        __asm volatile(".insn i 0x73, 2, %0, x0, -0x4fe" : "=r"(low));
        __asm volatile(".insn i 0x73, 2, %0, x0, -0x47e" : "=r"(again));
    } while (again != high);
    return (uint64_t)high << 32 | low;
}

// The ticks since restart(), or 0 if they do not fit.
static uint32_t passed(uint64_t start) {
    const uint64_t ticks = restart() - start;
    return ticks >> 31 == 0 ? (uint32_t)ticks : 0;
}

#elif defined(__XTENSA__)

// An instruction counts as 2 nanoseconds: the shift is 1.
static uint32_t tick_length(void) { return 4; }

static void run_loop(uint32_t n) { __asm volatile("1: addi %0, %0, -1\n bnez %0, 1b\n" : "+r"(n)); }

static void begin(void) {}

// What qemu_plugin.c writes where Linux would write from.
static uint64_t restart(void) {
    uint64_t count = 0;
    register long number __asm("a2") = 13;
    register long file __asm("a6") = -1;
    register void *bytes __asm("a3") = &count;
    register long size __asm("a4") = sizeof(count);
    // syscall, which this compiler knows for other cores only.
    __asm volatile(".byte 0x00, 0x50, 0x00"
                   : "+r"(number)
                   : "r"(file), "r"(bytes), "r"(size)
                   : "memory");
    return count;
}

static uint32_t passed(uint64_t start) {
    const uint64_t ticks = restart() - start;
    return ticks >> 29 == 0 ? (uint32_t)ticks : 0;
}

#else

#define SYST_CSR (*(volatile uint32_t *)0xE000E010)
#define SYST_CSR_ON 5
#define SYST_CSR_COUNTFLAG (1u << 16)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018)
#define SYST_MAX 0xFFFFFFu

#define CPUID_PART (*(volatile uint32_t *)0xE000ED00 >> 4 & 0xFFF)
#define CPUID_PART_M0 0xC20
#define CPUID_PART_M33 0xD21

// Half nanoseconds a tick: 16 MHz on the microbit, 20 MHz on the mps2 with a Cortex-M33, 25 MHz on
// the others.
static uint32_t tick_length(void) {
    const uint32_t part = CPUID_PART;
    return part == CPUID_PART_M0 ? 125 : part == CPUID_PART_M33 ? 100 : 80;
}

static void run_loop(uint32_t n) {
    __asm volatile(".syntax unified\n1: subs %0, %0, #1\n bne 1b\n" : "+l"(n) : : "cc");
}

static void begin(void) {
    SYST_RVR = SYST_MAX;
    SYST_CSR = SYST_CSR_ON;
}

// Sets the counter to its greatest value, from where it counts down.
static uint32_t restart(void) {
    SYST_CVR = 0;
    while (SYST_CVR == 0) {
    }
    (void)SYST_CSR; // reading it clears COUNTFLAG
    return SYST_CVR;
}

// The ticks since restart(), or 0 if they do not fit.
static uint32_t passed(uint32_t start) {
    const uint32_t end = SYST_CVR;
    return SYST_CSR & SYST_CSR_COUNTFLAG ? 0 : start - end;
}

#endif

uint32_t shift;

// The S for which 2**16 instructions took this many ticks, or 0.
static uint32_t find_shift(uint32_t ticks) {
    for (uint32_t s = 1; s <= 10; s++) {
        uint32_t instructions = ticks * tick_length() >> (s + 1);
        if (instructions >= 65536 - 64 && instructions <= 65536 + 64) {
            return s;
        }
    }
    return 0;
}

static mp_obj_t count(size_t n_args, const mp_obj_t *args) {
    const __auto_type start = restart();
    mp_call_function_n_kw(args[0], n_args - 1, 0, args + 1);
    const uint32_t ticks = passed(start);
    if (ticks == 0) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("call too long: use a smaller shift"));
    }
    const uint32_t half_nanoseconds = ticks * tick_length();
    return mp_obj_new_int_from_uint((half_nanoseconds + (1u << shift)) >> (shift + 1));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(count_obj, 1, 8, count);

static mp_obj_t empty(size_t n_args, const mp_obj_t *args) { return mp_const_none; }
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(empty_obj, 0, 8, empty);

static mp_obj_t empty_method(size_t n_args, const mp_obj_t *args) { return mp_const_none; }
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(empty_method_obj, 1, 8, empty_method);
mp_obj_full_type_t empty_type;
mp_map_elem_t empty_methods[1];
static MP_DEFINE_CONST_DICT(empty_methods_dict, empty_methods);

static mp_obj_t new_bound(void) {
    empty_type.base.type = (void *)&mp_type_type;
    empty_type.flags = MP_TYPE_FLAG_NONE;
    empty_type.name = MP_QSTR_Empty;
    empty_methods[0] =
        (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_method), MP_OBJ_FROM_PTR(&empty_method_obj)};
    MP_OBJ_TYPE_SET_SLOT(&empty_type, locals_dict, (void *)&empty_methods_dict, 0);
    mp_obj_base_t *self = mp_obj_malloc(mp_obj_base_t, (mp_obj_type_t *)&empty_type);
    return mp_load_attr(MP_OBJ_FROM_PTR(self), MP_QSTR_method);
}

static mp_obj_t loop(mp_obj_t n_in) {
    mp_int_t n = mp_obj_get_int(n_in);
    if (n < 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("n must be at least 1"));
    }
    run_loop(n);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(loop_obj, loop);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY
    begin();
    const __auto_type start = restart();
    run_loop(32768);
    shift = find_shift(passed(start));
    if (shift == 0) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("QEMU must run with -icount"));
    }
    mp_store_global(MP_QSTR_count, MP_OBJ_FROM_PTR(&count_obj));
    mp_store_global(MP_QSTR_empty, MP_OBJ_FROM_PTR(&empty_obj));
    mp_store_global(MP_QSTR_bound, new_bound());
    mp_store_global(MP_QSTR_loop, MP_OBJ_FROM_PTR(&loop_obj));
    MP_DYNRUNTIME_INIT_EXIT
}
