CFLAGS += -DMICROPY_HW_MCU_NAME='"rv32imc"'
# With the port's -march=rv32imac_zicsr, gcc 12 links its 64-bit libgcc.
LIBS = $(shell $(CC) -march=rv32imac -mabi=ilp32 -print-libgcc-file-name)

include $(BOARD_DIR)/../common/rv32/rv32.mk
