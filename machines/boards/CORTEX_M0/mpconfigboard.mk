QEMU_ARCH = arm
QEMU_MACHINE = microbit

CFLAGS += -mthumb -mcpu=cortex-m0 -mfloat-abi=soft
CFLAGS += -DQEMU_SOC_NRF51
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M0"'
# The port leaves Thumb off on this chip; loading armv6m modules needs it.
CFLAGS += -DMICROPY_EMIT_THUMB=1 -DMICROPY_EMIT_THUMB_ARMV7M=0 -DMICROPY_EMIT_INLINE_THUMB=0

MICROPY_HEAP_SIZE = 152000
RAMDISK_SIZE = 88*1024

LDSCRIPT = $(BOARD_DIR)/../common/arm.ld
LDFLAGS += -L$(BOARD_DIR)

SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb1.o

include $(BOARD_DIR)/../common/board.mk

SRC_C += $(BOARD_DIR)/uart.c
LDFLAGS += -Wl,--wrap=uart_tx_strn
