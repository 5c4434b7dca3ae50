// Unsigned 64-bit division. Division by 0 gives what the loop happens to leave.
#include <stdint.h>

uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *remainder);
uint64_t __udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t __umoddi3(uint64_t dividend, uint64_t divisor);

uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *remainder) {
    if (dividend >> 32 == 0 && divisor >> 32 == 0) { // the hardware can
        *remainder = (uint32_t)dividend % (uint32_t)divisor;
        return (uint32_t)dividend / (uint32_t)divisor;
    }
    // The quotient moves in from the right as the dividend moves out to the left. The rest cannot
    // overflow: it is at most the bits of the dividend that have moved out, 63 before the last
    // step.
    uint64_t rest = 0;
    for (int bit = 0; bit < 64; bit++) {
        rest = rest << 1 | dividend >> 63;
        dividend <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            dividend |= 1;
        }
    }
    *remainder = rest;
    return dividend;
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor) {
    uint64_t remainder;
    return __udivmoddi4(dividend, divisor, &remainder);
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor) {
    uint64_t remainder;
    __udivmoddi4(dividend, divisor, &remainder);
    return remainder;
}
