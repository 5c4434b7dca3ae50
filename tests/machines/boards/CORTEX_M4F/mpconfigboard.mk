QEMU_ARCH = arm
QEMU_MACHINE = mps2-an386

CFLAGS += -mthumb -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard
CFLAGS += -DQEMU_SOC_MPS2
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M4F"'
# startup.c makes unaligned access a fault.
CFLAGS += -mno-unaligned-access

MICROPY_HEAP_SIZE = 1024*1024
RAMDISK_SIZE = 512*1024

LDSCRIPT = $(BOARD_DIR)/../common/arm.ld
LDFLAGS += -L$(BOARD_DIR) -Wl,--wrap=mp_semihosting_init

SRC_C += $(BOARD_DIR)/startup.c
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o

include $(BOARD_DIR)/../common/board.mk
