"""tools/xtensa: each adaptation, the options and errors of the driver, and the compiler runtime."""

import importlib
import math
import os
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from ar import Archive
from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parents[2]
GCC = ROOT / "tools" / "xtensa" / "bin" / "xtensa-esp32-elf-gcc"
MACHINE = ROOT / "machines" / "xtensa"
R_XTENSA_32 = 1
R_XTENSA_SLOT0_OP = 20


def gcc(*arguments: object, cwd: Path | None = None, path: str = "") -> subprocess.CompletedProcess:
    """Run the driver as a natmod build does: with this Python first on PATH."""
    path = path or f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(word) for word in (GCC, *arguments)]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )


def compile_c(folder: Path, source: str, *options: str) -> ELFFile:
    """Compile C text without warnings, and return the object."""
    (folder / "source.c").write_text(source)
    result = gcc("-Os", "-Wall", "-Werror", *options, "-c", "source.c", "-o", "x.o", cwd=folder)
    assert result.returncode == 0, result.stderr
    return ELFFile(BytesIO((folder / "x.o").read_bytes()))


def sections(elf: ELFFile, start: str) -> list:
    """The sections that are not empty and whose name begins like this."""
    found = [section for section in elf.iter_sections() if section.name.startswith(start)]
    return [section for section in found if section.data_size]


def relocations(elf: ELFFile, start: str) -> list:
    """The relocations of the sections whose name begins like this."""
    tables = [section for section in elf.iter_sections("SHT_RELA")]
    tables = [table for table in tables if table.name.startswith(".rela" + start)]
    return [relocation for table in tables for relocation in table.iter_relocations()]


def symbol_type(elf: ELFFile, relocation) -> str:
    """What a relocation is against: STT_SECTION, STT_NOTYPE, ..."""
    symbol = elf.get_section_by_name(".symtab").get_symbol(relocation["r_info_sym"])
    return symbol["st_info"]["type"]


JUMP_TABLE = """
int call(int);
float scale(float);
int twice(int x) { return 2 * x; }
int jump(int x) {
    switch (x) {
    case 0: return call(1);
    case 1: return call(8);
    case 2: return call(33);
    case 3: return call(4) + 1;
    case 4: return call(2);
    case 5: return call(0);
    }
    return 0;
}
float after(float x) { return scale(x * 1.2345f); }
"""


def test_literals_form_one_section_ahead_of_the_code(tmp_path: Path) -> None:
    """Also those after a jump table, where clang's .literal_position would mislead."""
    elf = compile_c(tmp_path, JUMP_TABLE)
    names = [section.name for section in elf.iter_sections()]
    (literal,) = [section for section in elf.iter_sections() if "literal" in section.name][:1]
    assert [name for name in names if "literal" in name] == [".literal", ".rela.literal"]
    assert literal["sh_addralign"] == 4
    assert struct.pack("<f", 1.2345) in literal.data()
    (code,) = sections(elf, ".text")
    assert names.index(".literal") < names.index(code.name)


def test_sections_with_pointers_become_data_rel_ro(tmp_path: Path) -> None:
    """A section without any stays what it is."""
    source = """
        int first(int), second(int);
        int (*const table[])(int) = {first, second};
        const int numbers[] = {0xbeef, 2, 3, 4, 5};
    """
    elf = compile_c(tmp_path, source, "-fdata-sections")
    (pointers,) = sections(elf, ".data.rel.ro")
    (plain,) = sections(elf, ".rodata")
    assert (pointers.data_size, plain.data_size) == (8, 20)
    assert len(relocations(elf, ".data.rel.ro")) == 2
    assert relocations(elf, ".rodata") == []
    (jump_table,) = sections(compile_c(tmp_path, JUMP_TABLE), ".data.rel.ro")
    assert jump_table.data_size == 6 * 4


def test_objects_share_no_section_name(tmp_path: Path) -> None:
    """mpy_ld.py takes the same offset in sections of the same name for the same address."""
    source = """
        static const int table[] = {N, 2, 3, 4};
        const int *look(int i) { return &table[i]; }
        const char *text(void) { return "text"; }
    """
    first = compile_c(tmp_path, source, "-DN=1")
    second = compile_c(tmp_path, source, "-DN=2")
    for start, count in ((".text", 1), (".rodata", 2)):
        names = [{section.name for section in sections(elf, start)} for elf in (first, second)]
        assert len(names[0]) == len(names[1]) == count
        assert names[0].isdisjoint(names[1])


def test_addends_of_sections_lie_in_the_word(tmp_path: Path) -> None:
    """The relocations of the addresses of a table's two ends have no addend of their own."""
    source = """
        static const int table[] = {1, 2, 3, 4};
        static const int next[] = {5, 6, 7, 8};
        static const int *const ends[] = {table, next, next + 3};
        const int *const *get(int i) { return &ends[i]; }
    """
    elf = compile_c(tmp_path, source)
    for start, count in ((".literal", 1), (".data.rel.ro", 3)):
        (section,) = sections(elf, start)
        words = []
        for relocation in relocations(elf, start):
            assert relocation["r_info_type"] == R_XTENSA_32
            assert symbol_type(elf, relocation) == "STT_SECTION"
            assert relocation["r_addend"] == 0
            words.append(struct.unpack_from("<i", section.data(), relocation["r_offset"])[0])
        assert len(words) == count
    first, second, last = words
    assert [second - first, last - second] == [16, 12]


def test_offset_fields_of_l32r_are_zero(tmp_path: Path) -> None:
    """Wherever the instruction lies: llvm-mc differs for those not aligned to a word."""
    elf = compile_c(tmp_path, JUMP_TABLE)
    (code,) = sections(elf, ".text")
    offsets = [
        relocation["r_offset"]
        for relocation in relocations(elf, ".text")
        if relocation["r_info_type"] == R_XTENSA_SLOT0_OP
    ]
    assert {offset % 4 for offset in offsets} > {0}
    for offset in offsets:
        instruction = code.data()[offset : offset + 3]
        assert instruction[0] & 15 == 1
        assert instruction[1:] == b"\0\0"


def test_variadic_function_with_variable_locals_is_refused(tmp_path: Path) -> None:
    """clang would lose an argument."""
    (tmp_path / "source.c").write_text(
        "#include <stdarg.h>\n"
        "void use(int *);\n"
        "int lost(int n, ...) {\n"
        "    va_list list; va_start(list, n); int room[n]; use(room); return va_arg(list, int);\n"
        "}\n"
    )
    result = gcc("-Os", "-c", "source.c", "-o", "x.o", cwd=tmp_path)
    assert result.returncode == 1
    assert "lost: a variadic function must not" in result.stderr
    assert not (tmp_path / "x.o").exists()


def test_selecting_a_float_constant_compiles(tmp_path: Path) -> None:
    """clang's instruction combiner crashes on it, and is then left out."""
    source = "float step(int c) { return c ? 1.0f : 0.0f; }\n"
    (tmp_path / "source.c").write_text(source)
    result = gcc("-Os", "-Wall", "-Werror", "-c", "source.c", "-o", "x.o", cwd=tmp_path)
    assert result.returncode == 0
    assert result.stderr == "note: source.c compiled without clang's instruction combiner\n"
    elf = ELFFile(BytesIO((tmp_path / "x.o").read_bytes()))
    assert struct.pack("<f", 1.0) in elf.get_section_by_name(".literal").data()


def test_options_of_gcc_that_clang_lacks(tmp_path: Path) -> None:
    """-fpic and unknown warnings are no errors, not even with -Werror."""
    options = ("-fpic", "-fno-common", "-Wno-maybe-uninitialized", "-Wstringop-overflow")
    compile_c(tmp_path, "extern int x; int get(void) { return x; }", *options)


def test_assembly_with_preprocessor(tmp_path: Path) -> None:
    """A .S file is preprocessed, and its literals are collected as C's are."""
    (tmp_path / "add.S").write_text(
        "\t.text\n\t.global add\n\t.p2align 2\nadd:\tentry a1, 32\n"
        "\t.literal .Lvalue, VALUE\n\tl32r a2, .Lvalue\n\tretw\n"
    )
    result = gcc("-DVALUE=0x12345678", "-c", "add.S", "-o", "add.o", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    elf = ELFFile(BytesIO((tmp_path / "add.o").read_bytes()))
    assert elf.get_section_by_name(".literal").data() == struct.pack("<I", 0x12345678)


def test_dependency_file_beside_the_output(tmp_path: Path) -> None:
    """-MMD -MP, as src/natmod.mk asks: what the output depends on, under its own name."""
    (tmp_path / "out").mkdir()
    (tmp_path / "a.h").write_text("#define A 1\n")
    (tmp_path / "a.c").write_text('#include <stdint.h>\n#include "a.h"\nint a = A;\n')
    result = gcc("-MMD", "-MP", "-c", "a.c", "-o", "out/a.o", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    lines = (tmp_path / "out" / "a.d").read_text().split("\n")
    assert lines[:2] == ["out/a.o: a.c a.h", "a.h:"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.c", "a.d", "a.h", "a.o", "out"]


def test_named_dependency_file_and_target(tmp_path: Path) -> None:
    """-MF and -MT are not overridden; -MD lists the system's headers too."""
    (tmp_path / "a.c").write_text("#include <string.h>\n")
    result = gcc("-MD", "-MF", "x.P", "-MT", "x.y", "-c", "a.c", "-o", "a.o", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    text = (tmp_path / "x.P").read_text()
    assert text.startswith("x.y: ")
    assert "string.h" in text
    assert not (tmp_path / "a.d").exists()


def test_preprocessing_to_stdout_and_to_a_file(tmp_path: Path) -> None:
    """-E, with the macro by which the ABI shows."""
    (tmp_path / "a.c").write_text("abi __XTENSA_WINDOWED_ABI__ VALUE\n")
    result = gcc("-E", "-P", "-DVALUE=7", "a.c", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, "abi 1 7\n")
    assert gcc("-E", "-P", "-D", "VALUE=7", "a.c", "-o", "a.i", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a.i").read_text() == "abi 1 7\n"


def test_queries() -> None:
    """What py/dynruntime.mk asks for, among a compilation's options."""
    assert gcc("-dumpmachine").stdout == "xtensa-esp32-elf\n"
    assert "clang version 22" in gcc("--version").stdout
    assert gcc("--print-file-name=crt0.o").stdout == "crt0.o\n"


@pytest.mark.parametrize(
    ("query", "functions"),
    [
        ("--print-libgcc-file-name", {"__divsf3", "__muldi3", "__udivdi3", "__floatdisf"}),
        ("--print-file-name=libm.a", {"sqrtf", "roundf"}),
    ],
)
def test_runtime_archives(query: str, functions: set[str]) -> None:
    """They exist once asked for, and every function is in one object only."""
    path = Path(gcc("-Os", "-fpic", query).stdout.strip())
    assert path.is_relative_to(ROOT / "build" / "xtensa")
    defined = []
    with path.open("rb") as file:
        archive = Archive(file)
        for entry in archive:
            symbols = ELFFile(archive.open(entry.name, "rb")).get_section_by_name(".symtab")
            for symbol in symbols.iter_symbols():
                is_global = symbol["st_info"]["bind"] == "STB_GLOBAL"
                if is_global and symbol["st_shndx"] != "SHN_UNDEF":
                    defined.append(symbol.name)
    assert functions <= set(defined)
    assert len(defined) == len(set(defined))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-c", "missing.c", "-o", "x.o"], "missing.c: no such file"),
        (["-c", "good.c", "wrong.c", "-o", "x.o"], "-c takes one source file, not 2"),
        (["-c", "-o", "x.o"], "-c takes one source file, not 0"),
        (["good.c", "-o", "x.o"], "it does not link"),
        (["-c", "good.cpp", "-o", "x.o"], "a .c or .S file is required"),
        (["-c", "good.c", "-o"], "-o needs a value"),
        (["-c", "wrong.c", "-o", "x.o"], "wrong.c does not compile"),
        (["-c", "wrong.S", "-o", "x.o"], "llvm-mc-22 failed"),
        (["-c", "unused.c", "-Wall", "-Werror", "-o", "x.o"], "unused.c does not compile"),
        (["-c", "good.c", "-o", "nowhere/x.o"], "nowhere"),
    ],
)
def test_failure_leaves_the_output_alone(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    """The status is 1, the reason is said, and an older output stays whole."""
    (tmp_path / "good.c").write_text("int x;\n")
    (tmp_path / "wrong.c").write_text("int f(void) { return y; }\n")
    (tmp_path / "wrong.S").write_text("\tno_such_instruction a1\n")
    (tmp_path / "unused.c").write_text("static int never;\n")
    (tmp_path / "x.o").write_bytes(b"old")
    before = sorted(tmp_path.iterdir())
    result = gcc(*arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert message in result.stderr
    assert (tmp_path / "x.o").read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("present", "missing", "package"),
    [([], "clang-22", "clang-22"), (["clang-22"], "llvm-mc-22", "llvm-22")],
)
def test_missing_tool_names_its_package(
    tmp_path: Path, present: list[str], missing: str, package: str
) -> None:
    """On a PATH with nothing but Python and these tools."""
    (tmp_path / "python3").symlink_to(sys.executable)
    for tool in present:
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    (tmp_path / "a.c").write_text("int a;\n")
    site = f"{Path(np.__file__).parents[1]}"
    environment = {"PATH": str(tmp_path), "PYTHONPATH": site}
    command = [str(tmp_path / "python3"), str(GCC), "-c", "a.c", "-o", "a.o"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert f"{missing} is required: apt-get install {package}\n" in result.stderr


# The runtime: every operation of xtensa_runtime.c against Python's, or numpy's, answer.

WORDS = [0, 1, 2, 3, 31, 0x7FFF, 0xFFFF, 0x10000, 2**31 - 1, 2**31, 2**32 - 1]
INTEGERS = [
    *WORDS, 2**24 + 1, 2**24 + 3, 2**25 + 2, 2**32, 2**32 + 1, 2**52 + 1, 2**62 + 2**38,
    2**62 + 2**38 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2**39, 2**64 - 2**31, 2**64 - 1,
]  # fmt: skip
FLOATS = [
    0x00000000, 0x80000000,  # zeros
    0x00000001, 0x80000001, 0x00000003, 0x007FFFFF, 0x00400000,  # subnormals
    0x00800000, 0x80800000, 0x00800001, 0x00FFFFFF,  # the smallest normal ones
    0x3F800000, 0xBF800000, 0x3F800001, 0x3F7FFFFF, 0x40490FDB, 0x40000000,  # near 1
    0x3F000000, 0xBF000000, 0x3EFFFFFF, 0x3FC00000, 0xBFC00000, 0x4AFFFFFF, 0x4B000000,  # halves
    0x4F000000, 0xCF000000, 0x4EFFFFFF, 0x5EFFFFFF, 0x5F000000, 0xDF000000, 0x5F7FFFFF,
    0x5F800000, 0xDF800000,  # the ends of 32 and 64 bits
    0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7F800001,
]  # fmt: skip


def signed(value: int, bits: int = 64) -> int:
    """A word as two's complement."""
    value &= 2**bits - 1
    return value - 2**bits if value >> (bits - 1) else value


def as_float(bits: int) -> np.float32:
    """The float with these bits."""
    return np.uint32(bits & 0xFFFFFFFF).view(np.float32)


def float_bits(value: np.float32) -> int:
    """The bits of a float, the same for every NaN (and so in xtensa_runtime.c)."""
    return 0x7FC00000 if np.isnan(value) else int(np.float32(value).view(np.uint32))


def double_bits(value: float) -> int:
    """The bits of a double."""
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def divide(a: int, b: int) -> int:
    """Towards zero, as C does."""
    quotient = abs(a) // abs(b)
    return -quotient if (a < 0) != (b < 0) else quotient


def to_integer(value: np.float32, low: int, high: int) -> int:
    """Towards zero, and to the nearest end of the range."""
    if np.isnan(value):
        return high
    if np.isinf(value):
        return high if value > 0 else low
    return min(max(int(value), low), high)


def round_half_away(bits: int) -> np.float32:
    """C's roundf, in exact arithmetic."""
    value = float(as_float(bits))
    if not math.isfinite(value):
        return np.float32(value)
    return np.float32(math.copysign(math.floor(abs(value) + 0.5), value))


def mix(*arguments: int) -> int:
    """31 * mix + argument, over all arguments."""
    result = 0
    for argument in arguments:
        result = result * 31 + argument
    return result


def power(factor: int, count: int) -> int:
    """factor^count, as a fraction of 2^32, cut off after each step."""
    result = 2**32 - 1
    for _ in range(count):
        result = result * factor >> 32
    return result


def pairs(values: list[int], bits: int, rng: random.Random) -> list[tuple[int, int]]:
    """Every edge with every edge, and random operands of all sizes."""
    some = [rng.getrandbits(bits) >> rng.randrange(bits) for _ in range(2000)]
    return [(a, b) for a in values for b in values] + list(zip(some, reversed(some), strict=True))


def doubles(rng: random.Random) -> list[int]:
    """Doubles around floats: each float, halfway to the next and a bit to both sides."""
    exact = [double_bits(float(as_float(bits))) for bits in FLOATS[:-1]]
    exact += [double_bits(rng.choice((1, -1)) * 2.0 ** rng.uniform(-160, 140)) for _ in range(2000)]
    near = [bits + step for bits in exact for step in (-1, 0, 1, 2**28 - 1, 2**28, 2**28 + 1)]
    return [bits & (2**64 - 1) for bits in near]


def expected_sqrt(bits: int) -> int:
    """numpy's, which is rounded right."""
    return float_bits(np.sqrt(as_float(bits)))


# code: operands ("integers" or "floats" or "doubles"), and the answer to the operands a and b
OPERATIONS: dict[str, tuple[int, str, Callable[[int, int], int]]] = {
    "__muldi3": (0, "integers", lambda a, b: a * b),
    "muluh": (1, "integers", lambda a, b: a * b),
    "mulsh": (2, "integers", lambda a, b: signed(a, 32) * signed(b, 32)),
    "__udivdi3": (3, "integers", lambda a, b: a // b),
    "__umoddi3": (4, "integers", lambda a, b: a % b),
    "__divdi3": (5, "integers", lambda a, b: divide(signed(a), signed(b))),
    "__moddi3": (
        6,
        "integers",
        lambda a, b: signed(a) - divide(signed(a), signed(b)) * signed(b),
    ),
    "__divsf3": (7, "floats", lambda a, b: float_bits(as_float(a) / as_float(b))),
    "__floatundisf": (8, "integers", lambda a, b: float_bits(np.uint64(a).astype(np.float32))),
    "__floatdisf": (9, "integers", lambda a, b: float_bits(np.int64(signed(a)).astype(np.float32))),
    "__fixunssfdi": (10, "floats", lambda a, b: to_integer(as_float(a), 0, 2**64 - 1)),
    "__fixsfdi": (11, "floats", lambda a, b: to_integer(as_float(a), -(2**63), 2**63 - 1)),
    "__truncdfsf2": (
        13,
        "doubles",
        lambda a, b: float_bits(np.float32(np.uint64(a).view(np.float64))),
    ),
    "__floatsidf": (14, "integers", lambda a, b: double_bits(signed(a, 32))),
    "sqrtf": (15, "floats", lambda a, b: expected_sqrt(a)),
    "roundf": (16, "floats", lambda a, b: float_bits(round_half_away(a))),
    "variadic": (
        17,
        "integers",
        lambda a, b: mix(*(b if i % 3 == 2 else a & 0xFFFFFFFF for i in range(8))),
    ),
    "variadic in registers": (18, "integers", lambda a, b: mix(a & 0xFFFFFFFF, a & 0xFFFFFFFF)),
    "variadic on the stack": (
        19,
        "integers",
        lambda a, b: b * 31 + (a & 0xFFFFFFFF) + (1 ^ 2 ^ 3 ^ 4 ^ 5 ^ 6),
    ),
    "muluh in a loop": (20, "integers", lambda a, b: power(a & 0xFFFFFFFF, 1 + b % 5)),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """xtensa_runtime.c as a program for qemu-xtensa."""
    folder = tmp_path_factory.mktemp("runtime")
    source = Path(__file__).with_name("xtensa_runtime.c")
    include = ["-I", MACHINE / "include", "-I", ROOT]
    parts = [source, *(MACHINE / name for name in ("start.S", "syscalls.c", "sigill.c"))]
    parts.append(folder / "memory.c")
    parts[-1].write_text(
        "#include <stddef.h>\n"
        "void *memcpy(void *to, const void *from, size_t n) {\n"
        "    char *t = to; const char *f = from; while (n--) *t++ = *f++; return to; }\n"
        "void *memset(void *to, int c, size_t n) {\n"
        "    char *t = to; while (n--) *t++ = c; return to; }\n"
        "size_t strlen(const char *s) { size_t n = 0; while (s[n]) n++; return n; }\n"
    )
    objects = []
    for part in parts:
        objects.append(folder / (part.name + ".o"))
        # MULUH and MULSH themselves must not need the handler that stands in for them.
        high = [] if part is source else ["-Xclang", "-target-feature", "-Xclang", "-mul32high"]
        options = ["-Os", "-std=gnu99", "-fno-builtin", *high, *include]
        result = gcc(*options, "-c", part, "-o", objects[-1])
        assert result.returncode == 0, result.stderr
    libraries = [
        gcc(query).stdout.strip()
        for query in ("--print-libgcc-file-name", "--print-file-name=libm.a")
    ]
    command = ["xtensa-lx106-elf-ld", "--no-relax", "-T", MACHINE / "linux.ld"]
    subprocess.run(
        [*command, "-o", folder / "program", *objects, *libraries], check=True, timeout=60
    )
    return folder / "program"


def answers(program: Path, code: int, operands: list[tuple[int, int]]) -> list[int]:
    """What the program computes, as unsigned words."""
    data = b"".join(struct.pack("<3Q", code, a, b) for a, b in operands)
    command = ["qemu-xtensa", "-cpu", "de233_fpu", str(program)]
    result = subprocess.run(command, input=data, capture_output=True, check=True, timeout=60)
    return list(struct.unpack(f"<{len(operands)}Q", result.stdout))


@pytest.mark.parametrize("name", OPERATIONS)
def test_runtime_function(program: Path, name: str, seed: int) -> None:
    """Edges and random operands give Python's answers, to the bit."""
    rng = random.Random(seed)
    code, kind, answer = OPERATIONS[name]
    if kind == "integers":
        operands = pairs(INTEGERS + [-value & (2**64 - 1) for value in INTEGERS], 64, rng)
    elif kind == "floats":
        operands = pairs(FLOATS, 32, rng)
    else:
        operands = [(bits, 0) for bits in doubles(rng)]
    if "div" in name or "mod" in name:
        operands = [(a, b) for a, b in operands if kind == "floats" or b != 0]
    with np.errstate(all="ignore"):
        expected = [answer(a, b) & (2**64 - 1) for a, b in operands]
    got = answers(program, code, operands)
    wrong = [
        f"{a:#x}, {b:#x}: {g:#x} not {e:#x}"
        for (a, b), g, e in zip(operands, got, expected, strict=True)
        if g != e
    ]
    assert not wrong, f"{len(wrong)} of {len(operands)} wrong, the first {wrong[:5]}"


def test_float_to_double_is_exact(program: Path) -> None:
    """Every kind of float, also subnormal; a NaN stays one and becomes quiet."""
    got = answers(program, 12, [(bits, 0) for bits in FLOATS])
    for bits, result in zip(FLOATS, got, strict=True):
        if np.isnan(as_float(bits)):
            assert result >> 51 & 0xFFF == 0xFFF
        else:
            assert result == double_bits(float(as_float(bits)))


# What clang writes; what takes 2 bytes and does the same, or None where the form cannot hold it.
NARROW = [
    ("or\ta8, a9, a9", "mov.n\ta8, a9"),
    ("or\ta8, a9, a10", None),
    ("mov\ta8, a9", "mov.n\ta8, a9"),
    ("l32i\ta8, a9, 0", "l32i.n\ta8, a9, 0"),
    ("l32i\ta8, a9, 60", "l32i.n\ta8, a9, 60"),
    ("l32i\ta8, a9, 64", None),
    ("l32i\ta8, a9, 2", None),
    ("s32i\ta8, a1, 4", "s32i.n\ta8, a1, 4"),
    ("s32i\ta8, a1, 64", None),
    ("l16ui\ta8, a9, 4", None),
    ("movi\ta8, -32", "movi.n\ta8, -32"),
    ("movi\ta8, 95", "movi.n\ta8, 95"),
    ("movi\ta8, -33", None),
    ("movi\ta8, 96", None),
    ("add\ta8, a9, a10", "add.n\ta8, a9, a10"),
    ("addi\ta8, a9, -1", "addi.n\ta8, a9, -1"),
    ("addi\ta8, a9, 1", "addi.n\ta8, a9, 1"),
    ("addi\ta8, a9, 15", "addi.n\ta8, a9, 15"),
    ("addi\ta8, a9, 0", None),
    ("addi\ta8, a9, 16", None),
    ("addi\ta8, a9, -2", None),
    ("addmi\ta8, a9, 256", None),
    ("sub\ta8, a9, a10", None),
    ("retw", "retw.n"),
    ("ret", "ret.n"),
    ("nop", "nop.n"),
]


@pytest.mark.parametrize(("wide", "short"), NARROW)
def test_short_forms(wide: str, short: str | None, adapt: ModuleType, tmp_path: Path) -> None:
    """An instruction gets its form of 2 bytes where it has one; the assembler knows that form."""
    assert adapt.narrow(f"f:\n\t{wide}\n") == f"f:\n\t{short or wide}\n"
    if short:
        assembly = tmp_path / "x.s"
        assembly.write_text(f"\t{short}\n")
        command = ["llvm-mc-22", "-triple=xtensa", "-mcpu=esp32", "-filetype=obj", assembly]
        elf = ELFFile(BytesIO(subprocess.check_output([*command, "-o", "-"])))
        assert elf.get_section_by_name(".text").data_size == 2


def test_only_instructions_get_short_forms(adapt: ModuleType) -> None:
    """Comments, labels, data and directives stay; a comment behind an instruction goes."""
    for line in ("movi:", "# \tret", '\t.ascii\t"ret"', "\t.long\tret", "\tmovi\ta8, name"):
        assert adapt.narrow(line) == line
    assert adapt.narrow("\tl32i\ta8, a9, 0x3c\t# 4-byte Reload\n") == "\tl32i.n\ta8, a9, 0x3c\n"


def test_short_code_computes_the_same(tmp_path: Path) -> None:
    """A function of such instructions is shorter than clang's, and as long as it has calls for."""
    source = "int f(int *p) { p[3] = p[1] + p[2]; p[16] = 95; return p[0] + 15; }"
    (code,) = sections(compile_c(tmp_path, source), ".text")
    # entry 3, three loads, two additions, stores of 2 and of 3, a constant, retw.
    assert code.data_size <= 28


@pytest.fixture
def adapt(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/xtensa/adapt.py."""
    monkeypatch.syspath_prepend(ROOT / "tools" / "xtensa")
    return importlib.import_module("adapt")
