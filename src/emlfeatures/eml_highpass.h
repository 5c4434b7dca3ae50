#ifndef EML_HIGHPASS_H
#define EML_HIGHPASS_H
#include <stdbool.h>
#include <stdint.h>
typedef struct {
    int32_t s1, s2;
} EmlHighpass;
typedef struct {
    int32_t a, b, c;
} EmlHighpassCoefficients;
static bool eml_highpass_is_stable(const EmlHighpassCoefficients *c) { return c->a >= 0; }
static void eml_highpass_reset(EmlHighpass *s) { s->s1 = 0; }
static void eml_highpass_run(const EmlHighpassCoefficients *c, EmlHighpass *s, int16_t *x,
                             uint32_t n) {
    (void)c;
    (void)s;
    (void)x;
    (void)n;
}
#endif
