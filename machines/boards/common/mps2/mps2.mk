# What QEMU's MPS2 boards share: Cortex-M of ARMv7-M and ARMv8-M. A board has set the flags of its
# CPU; one whose memory is elsewhere has put the folder of its memory.ld into LDFLAGS.
QEMU_ARCH = arm

CFLAGS += -mthumb
CFLAGS += -DQEMU_SOC_MPS2
# reset.c makes unaligned access a fault.
CFLAGS += -mno-unaligned-access

MICROPY_HEAP_SIZE = 384*1024
RAMDISK_SIZE = 512*1024

LDSCRIPT = $(BOARD_DIR)/../common/arm.ld
LDFLAGS += -L$(BOARD_DIR)/../common/mps2 -Wl,--wrap=mp_semihosting_init

SRC_C += $(BOARD_DIR)/../common/mps2/reset.c
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o

include $(BOARD_DIR)/../common/board.mk
