# The firmware of an ESP32-P4: it has an FPU, passes floats in its registers, and loads rv32imc.
RV32_ARCH = rv32imafc_zicsr
override RV32_ABI = ilp32f

CFLAGS += -DMICROPY_HW_MCU_NAME='"rv32imafc"'
# See RV32.
LIBS = $(shell $(CC) -march=rv32imafc -mabi=ilp32f -print-libgcc-file-name)

include $(BOARD_DIR)/../common/rv32/rv32.mk

SRC_C += $(BOARD_DIR)/fpu.c
LDFLAGS += -Wl,--wrap=set_interrupt_table
