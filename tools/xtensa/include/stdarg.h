// <stdarg.h> for clang-22 on windowed Xtensa, in GCC's layout and walk.
//
// clang's own va_start saves the register arguments rightly, but its va_arg forgets that
// `registers` must lie `offset` bytes below them, and loses count where the arguments go over to
// the stack.
#ifndef EMLMPY_XTENSA_STDARG_H
#define EMLMPY_XTENSA_STDARG_H

typedef struct {
    char *stack;     // 32 bytes below the arguments passed on the stack
    char *registers; // where the six argument registers are saved, as if all of them were
    int offset;      // of the next argument: up to 24 in `registers`, from 32 on in `stack`
} va_list[1];

// Some C libraries ask for the type by this name.
typedef va_list __gnuc_va_list;

static inline __attribute__((unused)) void *__xtensa_va_next(va_list list, int size, int align) {
    int start = list->offset;
    if (align > 4) {
        start = (start + align - 1) & -align;
    }
    size = (size + 3) & ~3;
    if (start <= 24 && start + size > 24) {
        start = 32;
    }
    list->offset = start + size;
    return (start < 24 ? list->registers : list->stack) + start;
}

#define va_start(list, last) \
    do { \
        __builtin_va_list builtin; \
        __builtin_va_start(builtin, last); \
        __builtin_memcpy((list), &builtin, sizeof(va_list)); \
        (list)->registers -= (list)->offset; \
    } while (0)
#define va_arg(list, type) (*(type *)__xtensa_va_next((list), sizeof(type), _Alignof(type)))
#define va_copy(to, from) (*(to) = *(from))
#define va_end(list) ((void)(list))

#endif
