"""What has to change in clang's and llvm-mc's output before MicroPython's mpy_ld.py can link it.

Each adaptation is one function, on assembly text or on the bytes of an ELF object. README.md says
why each is needed.
"""

import hashlib
import re
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from elftools.elf.elffile import ELFFile

R_XTENSA_32 = 1
R_XTENSA_SLOT0_OP = 20


class AdaptError(Exception):
    """The compiler's output cannot be put right."""


def adapt_assembly(asm: str) -> str:
    """Apply every adaptation of assembly text."""
    check_variadic_frames(asm)
    asm = narrow(asm)
    asm = move_pointer_tables(asm)
    asm = name_sections_uniquely(asm)
    return collect_literals(asm)


def adapt_object(image: bytes) -> bytes:
    """Apply every adaptation of ELF objects."""
    return clear_l32r_fields(put_section_addends_in_place(image))


def narrow(asm: str) -> str:
    """Write instructions in their forms of 2 bytes where they have one: clang hardly ever does.

    The values are those that the forms can hold, by the Xtensa ISA reference's Code Density Option.
    """
    return re.sub(
        r"^\t(or|mov|l32i|s32i|movi|add|addi|ret|retw|nop)(?:[ \t]+([^\n#]*?))?[ \t]*(#[^\n]*)?$",
        lambda line: (
            narrow_form(line[1], [word.strip() for word in (line[2] or "").split(",")]) or line[0]
        ),
        asm,
        flags=re.MULTILINE,
    )


def narrow_form(name: str, operands: list[str]) -> str | None:
    """Return the line of 2 bytes that does the same as an instruction; None if there is none."""
    last = number(operands[-1])
    if name == "or":
        if len(operands) != 3 or operands[1] != operands[2]:
            return None
        name, operands = "mov", operands[:2]
    elif name in ("l32i", "s32i"):
        if last is None or not 0 <= last <= 60 or last % 4 != 0:
            return None
    elif name == "movi":
        if last is None or not -32 <= last <= 95:
            return None
    elif name == "addi" and (last is None or not (last == -1 or 1 <= last <= 15)):
        return None
    return f"\t{name}.n\t{', '.join(operands)}".rstrip()


def number(text: str) -> int | None:
    """Return an operand's value; None if it is a register, a symbol or nothing."""
    try:
        return int(text, 0)
    except ValueError:
        return None


def check_variadic_frames(asm: str) -> None:
    """Refuse a variadic function with a local of variable size.

    clang makes a7 the frame pointer before it saves the argument that came in a7, which is lost.
    """
    match = re.search(r"^\ts32i\ta7, a7, ", asm, re.MULTILINE)
    if match:
        function = re.findall(r"^(\w+):", asm[: match.start()], re.MULTILINE)[-1]
        raise AdaptError(f"{function}: a variadic function must not have locals of variable size")


def move_pointer_tables(asm: str) -> str:
    """Call each .rodata section that holds addresses .data.rel.ro.

    mpy_ld.py relocates the latter, GCC's name for such data under -fpic, but not .rodata.
    """
    parts = re.split(r"^(?=\t\.(?:section|pushsection|text|data|bss)\b)", asm, flags=re.MULTILINE)
    for i, part in enumerate(parts):
        if re.search(r"^\t\.long\t[A-Za-z_.]", part, re.MULTILINE):
            parts[i] = re.sub(
                r'^\t\.section\t\.rodata([^,]*),"a"', r'\t.section\t.data.rel.ro\1,"aw"', part
            )
    return "".join(parts)


def name_sections_uniquely(asm: str) -> str:
    """Give the sections of this object names that no other object has.

    mpy_ld.py keeps one address for each "section+offset", so the same offset in two objects'
    .rodata, or two static functions at the same offset in .text, would become one.
    """
    tag = hashlib.sha256(asm.encode()).hexdigest()[:12]
    asm = re.sub(
        r"^\t\.section\t(\.(?:text|rodata|data\.rel\.ro)\b[^,\n]*)",
        rf"\t.section\t\1.{tag}",
        asm,
        flags=re.MULTILINE,
    )
    return re.sub(
        r"^\t\.text$", rf'\t.section\t.text.{tag},"ax",@progbits', asm, flags=re.MULTILINE
    )


def collect_literals(asm: str) -> str:
    """Define each `.literal name, value` as an aligned word of the section .literal.

    That is where mpy_ld.py looks for literals. The section comes first in the object because L32R
    only reaches backwards.
    """
    section = '.literal,"ax",@progbits'
    asm = re.sub(
        r"^\t\.literal[ \t]+(\S+),[ \t]*(.+)$",
        rf"\t.pushsection\t{section}\n\t.p2align\t2\n\1:\n\t.long\t\2\n\t.popsection",
        asm,
        flags=re.MULTILINE,
    )
    return f"\t.section\t{section}\n\t.text\n{asm}"


class Relocation(NamedTuple):
    """One entry of a SHT_RELA section, with the places in the file that it concerns."""

    type: int
    addend: int
    to_section: bool  # against a section, not against a named symbol
    addend_offset: int
    target_offset: int


def relocations(image: bytes) -> Iterator[Relocation]:
    """Every relocation of an ELF object."""
    elf = ELFFile(BytesIO(image))
    symbols = elf.get_section_by_name(".symtab")
    for section in elf.iter_sections("SHT_RELA"):
        target = elf.get_section(section["sh_info"])
        for i, entry in enumerate(section.iter_relocations()):
            symbol = symbols.get_symbol(entry["r_info_sym"])
            yield Relocation(
                type=entry["r_info_type"],
                addend=entry["r_addend"],
                to_section=symbol["st_info"]["type"] == "STT_SECTION",
                addend_offset=section["sh_offset"] + i * section["sh_entsize"] + 8,
                target_offset=target["sh_offset"] + entry["r_offset"],
            )


def put_section_addends_in_place(image: bytes) -> bytes:
    """Move the addend of each address "section + addend" from the relocation into the word itself.

    mpy_ld.py, like GNU as, has them there and insists on a relocation without one.
    """
    adapted = bytearray(image)
    for relocation in relocations(image):
        if relocation.type == R_XTENSA_32 and relocation.to_section:
            struct.pack_into("<i", adapted, relocation.target_offset, relocation.addend)
            struct.pack_into("<i", adapted, relocation.addend_offset, 0)
    return bytes(adapted)


def clear_l32r_fields(image: bytes) -> bytes:
    """Zero the offset field of every L32R that has a relocation.

    llvm-mc leaves 0xffff there when the instruction is not word aligned, and mpy_ld.py adds to it.
    """
    adapted = bytearray(image)
    for relocation in relocations(image):
        offset = relocation.target_offset
        is_l32r = relocation.type == R_XTENSA_SLOT0_OP and image[offset] & 0x0F == 0x01
        if is_l32r:
            adapted[offset + 1 : offset + 3] = b"\0\0"
    return bytes(adapted)
