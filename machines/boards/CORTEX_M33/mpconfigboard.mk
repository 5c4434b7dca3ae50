# The firmware of a Pico 2: it has an FPU, and passes floats in core registers.
QEMU_MACHINE = mps2-an505

CFLAGS += -mcpu=cortex-m33 -mfpu=fpv5-sp-d16 -mfloat-abi=softfp
AFLAGS += -mcpu=cortex-m33
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M33"'

LDFLAGS += -L$(BOARD_DIR)

include $(BOARD_DIR)/../common/mps2/mps2.mk

SRC_C += $(BOARD_DIR)/uart.c
LDFLAGS += -Wl,--wrap=uart_init,--wrap=uart_rx_chr,--wrap=uart_tx_strn
