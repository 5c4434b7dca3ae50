QEMU_MACHINE = mps2-an500

CFLAGS += -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M7"'

include $(BOARD_DIR)/../common/mps2/mps2.mk
