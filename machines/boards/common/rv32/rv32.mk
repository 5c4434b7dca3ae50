# What the RISC-V boards share: QEMU's virt machine.
QEMU_ARCH = riscv32
QEMU_MACHINE = virt

CFLAGS += -DQEMU_SOC_VIRT

MICROPY_HEAP_SIZE = 1024*1024
RAMDISK_SIZE = 512*1024

LDSCRIPT = $(BOARD_DIR)/../common/rv32/rv32.ld
LDFLAGS += -nostdlib

SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_rv32i.o

include $(BOARD_DIR)/../common/board.mk
