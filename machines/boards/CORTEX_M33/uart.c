// MicroPython's port knows the serial port of the other MPS2 boards. This board's is of the same
// kind at another address, and the linker's --wrap puts these functions in front of the port's.
#include <stddef.h>
#include <stdint.h>

#include "uart.h"

#define UART_DATA (*(volatile uint32_t *)0x50200000)
#define UART_STATE (*(volatile uint32_t *)0x50200004)
#define UART_STATE_TX_FULL (1u << 0)
#define UART_STATE_RX_FULL (1u << 1)
#define UART_CTRL (*(volatile uint32_t *)0x50200008)
#define UART_CTRL_TX_AND_RX 3
#define UART_BAUDDIV (*(volatile uint32_t *)0x50200010)

void __wrap_uart_init(void);
void __wrap_uart_init(void) {
    UART_BAUDDIV = 16; // the least that QEMU takes for a working port
    UART_CTRL = UART_CTRL_TX_AND_RX;
}

int __wrap_uart_rx_chr(void);
int __wrap_uart_rx_chr(void) {
    return UART_STATE & UART_STATE_RX_FULL ? (int)UART_DATA : UART_RX_NO_CHAR;
}

void __wrap_uart_tx_strn(const char *text, size_t length);
void __wrap_uart_tx_strn(const char *text, size_t length) {
    for (const char *end = text + length; text < end; text++) {
        while (UART_STATE & UART_STATE_TX_FULL) {
        }
        UART_DATA = (unsigned char)*text;
    }
}
