// What kernels and bindings tell the compiler about a function, by one name each.
#ifndef EML_ATTRIBUTES_H
#define EML_ATTRIBUTES_H

#define EML_UNUSED __attribute__((unused))
#define EML_NOINLINE __attribute__((noinline))
#define EML_ALWAYS_INLINE __attribute__((always_inline))
#define EML_NORETURN __attribute__((noreturn))
#define EML_COLD __attribute__((cold))
#define EML_HOT __attribute__((hot))
#define EML_PACKED __attribute__((packed))
#define EML_MAY_ALIAS __attribute__((may_alias))

// Optimised for speed, in modules that are built for size.
#define EML_FAST __attribute__((optimize("O2"), noinline))

#endif // EML_ATTRIBUTES_H
