# What all boards share: the RAM disk. A board sets RAMDISK_SIZE.
COMMON = $(BOARD_DIR)/../common

MICROPY_VFS_LFS2 = 1
FROZEN_MANIFEST = $(COMMON)/manifest.py
# The sources come without micropython-lib, and nothing here needs it.
MPY_LIB_DIR = $(TOP)

SRC_C += $(COMMON)/ramdisk.c
CFLAGS += -DRAMDISK_SIZE=$(RAMDISK_SIZE)
LDFLAGS += -Wl,--wrap=pyexec_raw_repl,--wrap=pyexec_friendly_repl
