# make demo    train on scikit-learn's digits, run on this PC's MicroPython and on an emulated board
# make quick   run the tests of this computer alone, without emulated CPUs: about two minutes
# make test    build everything and run every test
# make fuzz    search for inputs that break the kernels, a minute each; or make fuzz SECONDS=3600
# make dist    build all modules for all architectures into dist/
# make bench   measure everything and write benchmarks/results.csv
# make figures put the figures of dist/ and results.csv into the documents
# make kernels build the kernels for this computer, which emlmpy runs
# make wheel   build the package for pip into build/wheel, as wheel and as sources
# make lint    check the style of the C and Python sources, and their types
# make types   check the types alone
# make formats write what comes from formats/*.toml
# make requirements pin and hash the Python packages anew, after a change to requirements.in
# make clean   remove all that was built; make help shows this
#
# The first use on Debian 12, as root, installs what is missing (tools/setup).

PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
C_SOURCES = $(shell git ls-files '*.c' '*.h')

.PHONY: help demo quick test fuzz dist bench wheel lint types clean setup kernels machines \
	requirements formats figures

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
	@python tools/figures.py

bench: machines
	@python -m benchmarks
	@python -m benchmarks.fit_cost
	@python -m benchmarks.draw_comparison
	@python -m benchmarks.outputs
	@python tools/figures.py

figures: setup
	@python tools/figures.py

wheel: setup
	@python tools/wheel.py

types: setup
	@mypy
	@basedpyright

lint: types
	@ruff check .
	@ruff format --check .
	@clang-format --dry-run --Werror $(C_SOURCES)

formats: setup
	@python tools/formats.py

UV = build/uv/bin/uv
requirements:
	@test -x $(UV) || { $(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet uv; }
	@cd tools/setup && ../../$(UV) pip compile --quiet --universal --fork-strategy fewest \
		--generate-hashes --python-version 3.11 --no-annotate \
		--custom-compile-command 'make requirements' --output-file requirements.txt requirements.in

clean:
	rm -rf build
