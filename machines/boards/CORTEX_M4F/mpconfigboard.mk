QEMU_MACHINE = mps2-an386

CFLAGS += -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M4F"'

include $(BOARD_DIR)/../common/mps2/mps2.mk
