// 64-bit multiplication, for code built without MULUH (mul32high): that with it needs no call.
#include <stdint.h>

int64_t __muldi3(int64_t a, int64_t b);

// From halves of 16 bits. The compiler must not see that this is a 64-bit multiplication, or it
// would call __muldi3.
static uint64_t multiply_words(uint32_t a, uint32_t b) {
    uint32_t a_low = a & 0xffff, a_high = a >> 16;
    uint32_t b_low = b & 0xffff, b_high = b >> 16;
    uint32_t middle1 = a_low * b_high;
    uint32_t middle2 = a_high * b_low;
    __asm__("" : "+r"(middle1), "+r"(middle2));
    uint32_t low = a_low * b_low;
    uint32_t carry = (low >> 16) + (middle1 & 0xffff) + (middle2 & 0xffff);
    uint32_t high = a_high * b_high + (middle1 >> 16) + (middle2 >> 16) + (carry >> 16);
    return (uint64_t)high << 32 | (carry << 16 | (low & 0xffff));
}

int64_t __muldi3(int64_t a, int64_t b) {
    uint32_t a_low = (uint32_t)a, a_high = (uint32_t)((uint64_t)a >> 32);
    uint32_t b_low = (uint32_t)b, b_high = (uint32_t)((uint64_t)b >> 32);
    uint32_t cross = a_low * b_high + a_high * b_low;
    return (int64_t)(multiply_words(a_low, b_low) + ((uint64_t)cross << 32));
}
