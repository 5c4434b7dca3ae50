QEMU_MACHINE = mps2-an385

CFLAGS += -mcpu=cortex-m3 -mfloat-abi=soft
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M3"'

include $(BOARD_DIR)/../common/mps2/mps2.mk
