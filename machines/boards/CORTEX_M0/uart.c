// MicroPython's port writes to this chip's serial port without asking whether the last character
// has left, and QEMU drops those that come too early: whenever nobody reads fast enough.
#include <stddef.h>
#include <stdint.h>

#define UART_TXDRDY (*(volatile uint32_t *)0x4000211c)
#define UART_TXD (*(volatile uint32_t *)0x4000251c)

void __wrap_uart_tx_strn(const char *text, size_t length);
void __wrap_uart_tx_strn(const char *text, size_t length) {
    for (const char *end = text + length; text < end; text++) {
        UART_TXDRDY = 0;
        UART_TXD = (unsigned char)*text;
        while (!UART_TXDRDY) {
        }
    }
}
