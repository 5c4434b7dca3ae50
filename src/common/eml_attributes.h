// What kernels and bindings tell the compiler about a function or a type, by one name each.
#ifndef EML_ATTRIBUTES_H
#define EML_ATTRIBUTES_H

#define EML_UNUSED __attribute__((unused))
#define EML_NOINLINE __attribute__((noinline))
#define EML_ALWAYS_INLINE inline __attribute__((always_inline))
#define EML_NORETURN __attribute__((noreturn))
#define EML_PACKED __attribute__((packed))
#define EML_MAY_ALIAS __attribute__((may_alias))

// Functions that run seldom are compiled for size. Those that the time goes into are compiled for
// speed, and not inlined: GCC compiles a block of code for size if it calls a cold function, and
// would do so with what is inlined there too.
#define EML_COLD __attribute__((cold))
#define EML_HOT __attribute__((hot, noinline))

// GCC's optimisation for speed, whatever the rest of the program is optimised for. A module's
// Makefile may switch off for the rest what EML_O2_KEEPS names.
#if !defined(EML_O2_KEEPS)
#define EML_O2_KEEPS "O2"
#endif
#define EML_O2 __attribute__((optimize("O2", EML_O2_KEEPS), noinline))

// The same where the loops of these kernels gain by it.
#if defined(__arm__) && !defined(__clang__)
#define EML_FAST EML_O2
#else
#define EML_FAST
#endif

#endif // EML_ATTRIBUTES_H
