"""Merge .mpy files into one, as MicroPython's `mpy-tool.py --merge`, but with each name once.

python tools/merge.py MICROPYTHON OUTPUT NATIVE.mpy BYTECODE.mpy ...

mpy-tool.py appends the files' tables of names, so a name that several files have takes its bytes
several times. Here the native file's table comes first, and the others add what it lacks.
"""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Places:
    """Where the names of one file are in the merged table.

    mpy-tool.py adds the place at which a file's table begins to the number of a name.
    """

    def __init__(self, places: list[int]) -> None:
        """Take the place of each name, in the file's order."""
        self.places = places

    def __radd__(self, number: int) -> int:
        """Return the place of a name."""
        return self.places[number]

    __add__ = __radd__


def load_mpy_tool(micropython: Path) -> Any:
    """Return mpy-tool.py as a module, ready to read files."""
    spec = importlib.util.spec_from_file_location("mpy_tool", micropython / "tools" / "mpy-tool.py")
    assert spec is not None and spec.loader is not None
    tool: Any = importlib.util.module_from_spec(spec)
    sys.path.append(str(micropython / "py"))  # mpy-tool.py looks below sys.path[0], this folder
    spec.loader.exec_module(tool)
    tool.config.MICROPY_LONGINT_IMPL = tool.config.MICROPY_LONGINT_IMPL_MPZ
    tool.config.MPZ_DIG_SIZE = 16
    tool.config.MICROPY_QSTR_BYTES_IN_LEN = tool.config.MICROPY_QSTR_BYTES_IN_HASH = 1
    tool.config.native_arch = tool.MP_NATIVE_ARCH_NONE
    tool.global_qstrs = tool.GlobalQStrList()
    return tool


def names(module: Any) -> Iterator[tuple[str, bytes]]:
    """Yield the names of a file in their order, and the bytes that each takes in its table."""
    data = Path(module.mpy_source_file).read_bytes()
    at = module.qstr_table_file_offset
    for name in module.qstr_table:
        end = at
        while data[end] & 0x80:  # a length, or the number of a name that all firmwares have
            end += 1
        end += 1
        if not data[end - 1] & 1:
            end += len(name.str.encode()) + 1
        yield name.str, data[at:end]
        at = end
    assert at == module.obj_table_file_offset


def merge(tool: Any, modules: list[Any]) -> bytes:
    """Return one file that runs the modules in their order, the native one first."""
    table: dict[str, bytes] = {}
    for module in modules:
        for name, entry in names(module):
            table.setdefault(name, entry)
    place = {name: number for number, name in enumerate(table)}
    objects = b"".join(
        Path(module.mpy_source_file).read_bytes()[
            module.obj_table_file_offset : module.raw_code_file_offset
        ]
        for module in modules
    )

    opcode = tool.Opcode
    code = bytearray([0b00000000, 0b00000010, 0])  # the prelude; named as the first name
    for i in range(len(modules)):
        code += bytes([opcode.MP_BC_MAKE_FUNCTION]) + tool.mp_encode_uint(i)
        code += bytes([opcode.MP_BC_CALL_FUNCTION, 0, opcode.MP_BC_POP_TOP])
    code += bytes([opcode.MP_BC_LOAD_CONST_NONE, opcode.MP_BC_RETURN_VALUE])

    feature = tool.config.native_arch << 2 | tool.config.MPY_SUB_VERSION
    result: bytes = b"M" + bytes([tool.config.MPY_VERSION, feature, tool.config.mp_small_int_bits])
    result += tool.mp_encode_uint(len(table))
    result += tool.mp_encode_uint(sum(len(module.obj_table) for module in modules))
    result += b"".join(table.values()) + objects
    result += tool.mp_encode_uint(len(code) << 3 | 1 << 2) + bytes(code)
    result += tool.mp_encode_uint(len(modules))
    native, *others = modules
    result += Path(native.mpy_source_file).read_bytes()[native.raw_code_file_offset :]
    first_object = len(native.obj_table)
    for module in others:
        places = Places([place[name.str] for name in module.qstr_table])
        result += tool.rewrite_raw_code(module.raw_code, places, first_object)
        first_object += len(module.obj_table)
    return result


def main(arguments: list[str]) -> None:
    """Merge the files that the arguments name; one alone is copied."""
    micropython, output, *files = arguments
    data = Path(files[0]).read_bytes()
    if len(files) > 1:
        tool = load_mpy_tool(Path(micropython))
        data = merge(tool, [tool.read_mpy(file) for file in files])
    Path(output).write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1:])
