# make demo    train on scikit-learn's digits, run on this PC's MicroPython and on an emulated board
# make quick   run the tests of this computer alone, without emulated CPUs: about two minutes
# make test    build everything and run every test
# make fuzz    search for inputs that break the kernels, a minute each; or make fuzz SECONDS=3600
# make dist    build all modules for all architectures into dist/
# make bench   measure everything and write benchmarks/results.csv
# make kernels build the kernels for this computer, which emlmpy runs
# make lint    check the style of the C and Python sources
# make clean   remove all that was built; make help shows this
#
# The first use on Debian 12, as root, installs what is missing (tools/setup).

PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
C_SOURCES = $(shell git ls-files '*.c' '*.h')

.PHONY: help demo quick test fuzz dist bench lint clean setup kernels machines

help:
	@sed -n 's/^# \{0,1\}//p' Makefile

setup:
	@$(PYTHON) tools/setup

kernels: setup
	@python tools/kernels.py

machines: kernels
	@python -m machines.build

demo: kernels
	@python -m machines.build unix-x64 cortex-m0
	@python examples/digits/demo.py

quick: kernels
	@python -m machines.build unix-x64
	@python -m pytest --numprocesses auto --dist worksteal -m "not slow" --machine unix-x64

test: machines
	@python -m pytest --numprocesses auto --dist worksteal

SECONDS ?= 60
fuzz: kernels
	@python -m tests.fuzz --seconds $(SECONDS)

dist: setup
	@python tools/dist.py

bench: machines
	@python -m benchmarks
	@python -m benchmarks.draw_comparison
	@python tools/figures.py

lint: setup
	@ruff check .
	@ruff format --check .
	@clang-format --dry-run --Werror $(C_SOURCES)

clean:
	rm -rf build
