QEMU_ARCH = riscv32
QEMU_MACHINE = virt

CFLAGS += -DQEMU_SOC_VIRT
CFLAGS += -DMICROPY_HW_MCU_NAME='"rv32imc"'

MICROPY_HEAP_SIZE = 1024*1024
RAMDISK_SIZE = 512*1024

LDSCRIPT = $(BOARD_DIR)/board.ld
# With the port's -march=rv32imac_zicsr, gcc 12 links its 64-bit libgcc.
LDFLAGS += -nostdlib
LIBS = $(shell $(CC) -march=rv32imac -mabi=ilp32 -print-libgcc-file-name)

SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_rv32i.o

include $(BOARD_DIR)/../common/board.mk
