"""Write what formats/*.toml say into C, Python and the documents beside them: `make formats`.

A table holds the numbers of one file format. From it come
- a header of the kernels' (`header`): constants, enums, and structs or offsets of binary layouts;
- a module of emlmpy (`python`): the same constants and enums, and `struct.Struct`s of the layouts;
- the tables of a document, between `<!-- table NAME -->` and `<!-- /table -->`.

`constants` have a name, a value, what they are (`says`), `unsigned = true` for C's suffix, and
`text = true` where errors name them: then C has it as a text, too. `letters` are tags of one
letter. `enums` have a name, the heads of the columns of their table, and `values`: number, name in
C, name in Python, texts of the columns. `rows` are the kinds of rows of a text file: their tag,
which is the enum `ROW_...` in C, and texts. `layouts` have fields: name, type, how many, what; `pad
= true` where Python neither reads nor writes them. In C they are a struct, named `c`, or with
`offsets_in_c` the macros `AT_...`. A test compares all files with their table.
"""

import re
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLE = re.compile(r"(<!-- table ([\w ]+) -->\n).*?(<!-- /table -->)", re.DOTALL)
WIDTH = 100
# What C, Python's struct and the documents call a type, and its bytes. float32 stays bits in C. A
# zero point is an int in int8 models and a float in float32 ones.
TYPES = {
    "char": ("char", "s", "char", 1),
    "u8": ("uint8_t", "B", "u8", 1),
    "u16": ("uint16_t", "H", "u16", 2),
    "u32": ("uint32_t", "I", "u32", 4),
    "i32": ("int32_t", "i", "i32", 4),
    "f32": ("uint32_t", "f", "f32", 4),
    "zero": ("int32_t", "i", "i32", 4),
}
Table = dict[str, Any]


def comment(text: str, indent: str, mark: str) -> list[str]:
    """Return a comment as lines that fit, without Markdown's marks."""
    lead = f"{indent}{mark} "
    text = re.sub(r"[`*]{1,2}(.+?)[`*]{1,2}", r"\1", text)
    text = re.sub(r"\[(.+?)\]\(.+?\)", r"\1", text)
    return textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=lead)


def read_table(path: Path) -> Table:
    """Read a table. In its texts {NAME} stands for a constant, and so does a layout's `start`."""
    text = path.read_text()
    constants = {one["name"]: one["value"] for one in tomllib.loads(text)["constants"]}
    table = tomllib.loads(re.sub(r"\{([A-Z_]+)\}", lambda found: str(constants[found[1]]), text))
    for layout in table.get("layouts", ()):
        if isinstance(layout.get("start"), str):
            layout["start"] = constants[layout["start"]]
    return table


def layout_of(table: Table, name: str) -> Table:
    """Return the layout with this name, in C or as such."""
    return next(layout for layout in table["layouts"] if name in (layout.get("c"), layout["name"]))


def offsets(table: Table, layout: Table) -> Iterator[tuple[int, Table]]:
    """Yield each field with its first byte, fields of layouts within the layout too."""
    at = layout.get("start", 0)
    for field in layout["fields"]:
        if field["type"] in TYPES:
            yield at, field
            at += TYPES[field["type"]][3] * field.get("count", 1)
        else:
            inner = layout_of(table, field["type"])
            for inner_at, inner_field in offsets(table, inner | {"start": at}):
                yield inner_at, inner_field
                at = inner_at + TYPES[inner_field["type"]][3] * inner_field.get("count", 1)


def struct_format(table: Table, layout: Table, floats: bool) -> str:
    """Return Python's format of a layout. floats: zero points are float32."""
    codes: list[tuple[int, str]] = []
    for _, field in offsets(table, layout):
        count, (_, code, _, size) = field.get("count", 1), TYPES[field["type"]]
        if field.get("pad"):
            count, code = count * size, "x"
        elif field["type"] == "zero" and floats:
            code = "f"
        if codes and codes[-1][1] == code and code != "s":
            codes[-1] = (codes[-1][0] + count, code)
        else:
            codes.append((count, code))
    return "<" + "".join(f"{count if count > 1 else ''}{code}" for count, code in codes)


def c_enum(prefix: str, says: str, values: list[tuple[str, int, str]]) -> list[str]:
    """Return an enum of names, numbers and texts."""
    lines = [*comment(f"{says} */", "", "/**"), "enum {"]
    for name, number, text in values:
        lines += [*comment(text, "    ", "//"), f"    {prefix}{name} = {number},"]
    return [*lines, "};", ""]


def c_constants(table: Table) -> list[str]:
    """Return the constants as macros."""
    lines = []
    for constant in table.get("constants", ()):
        if constant.get("in_c", True):
            suffix = "u" if constant.get("unsigned") else ""
            lines += comment(constant["says"], "", "//")
            name = f"{table['prefix']}{constant['name']}"
            lines.append(f"#define {name} {constant['value']}{suffix}")
            if constant.get("text"):
                lines.append(f'#define {name}_TEXT "{constant["value"]}"')
    return [*lines, ""]


def c_rows(table: Table) -> list[str]:
    """Return the tags of rows that C tells apart by a letter."""
    rows = [row for row in table.get("rows", ()) if "c" in row]
    if not rows:
        return []
    says = "The rows of the text form in their order, each as its letter; . is lb, # is crc."
    letters = "".join(row["letter"] for row in rows)
    values = [(f"ROW_{row['c']}", number, row["row"]) for number, row in enumerate(rows)]
    return [
        *comment(says, "", "//"),
        f'#define {table["prefix"]}ROWS "{letters}"',
        *c_enum(table["prefix"], "Their numbers.", values),
    ]


def c_struct(layout: Table) -> list[str]:
    """Return a layout as a struct."""
    lines = [*comment(f"{layout['says']} */", "", "/**"), f"typedef struct {layout['c']} {{"]
    for field in layout["fields"]:
        kind = TYPES[field["type"]][0] if field["type"] in TYPES else field["type"]
        count = f"[{field['count']}]" if "count" in field else ""
        lines += comment(field["says"], "    ", "//")
        lines.append(f"    {kind} {field['name']}{count};")
    return [*lines, *layout.get("c_tail", "").splitlines(), f"}} {layout['c']};", ""]


def c_offsets(table: Table, layout: Table) -> list[str]:
    """Return the first byte of each field of a layout as a macro."""
    lines = comment(f"Offsets. {layout['says']}", "", "//")
    for at, field in offsets(table, layout):
        if not field.get("pad"):
            lines.append(f"#define {table['prefix']}AT_{field['name'].upper()} {at}")
    return [*lines, ""]


def header(source: str, table: Table) -> str:
    """Return the C header."""
    guard = re.sub(r"\W", "_", Path(table["header"]).name).upper()
    lines = [
        f"/** The numbers of {source}, from which `make formats` writes this file. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
    ]
    layouts = table.get("layouts", ())
    if any("c" in layout for layout in layouts):
        lines += ["#include <stdint.h>", ""]
    lines += c_constants(table)
    for enum in table.get("enums", ()):
        values = [(one["c"], one["number"], one["texts"][0]) for one in enum["values"]]
        lines += c_enum(table["prefix"], enum["says"], values)
    for letter in table.get("letters", ()):
        lines += comment(letter["says"], "", "//")
        lines.append(f"#define {table['prefix']}{letter['name']} '{letter['letter']}'")
    lines += [""] if "letters" in table else []
    lines += c_rows(table)
    for layout in layouts:
        if "c" in layout:
            lines += c_struct(layout)
        elif layout.get("offsets_in_c"):
            lines += c_offsets(table, layout)
    return "\n".join([*lines, f"#endif // {guard}", ""])


def python_structs(table: Table, layout: Table) -> list[str]:
    """Return a layout as a struct.Struct, or as one for each type of values where they differ."""
    lines = comment(layout["says"], "", "#")
    first, second = (struct_format(table, layout, floats) for floats in (False, True))
    if first == second:
        return [*lines, f'{layout["python"]} = struct.Struct("{first}")']
    return [
        *lines,
        f"{layout['python']} = {{",
        f'    "int8": struct.Struct("{first}"),',
        f'    "float32": struct.Struct("{second}"),',
        "}",
    ]


def module(source: str, table: Table) -> str:
    """Return the Python module."""
    lines = [f'"""The numbers of {source}, from which `make formats` writes this file."""', ""]
    layouts = [layout for layout in table.get("layouts", ()) if "python" in layout]
    enums = [enum for enum in table.get("enums", ()) if "python" in enum]
    lines += ["import struct"] if layouts else []
    lines += ["from enum import IntEnum"] if enums else []
    lines += [""] if layouts or enums else []
    for constant in table.get("constants", ()):
        if constant.get("in_python", True):
            lines += comment(constant["says"], "", "#")
            lines.append(f"{constant['name']} = {constant['value']}")
    for letter in table.get("letters", ()):
        lines += comment(letter["says"], "", "#")
        lines.append(f'{letter["name"]} = "{letter["letter"]}"')
    for layout in layouts:
        lines += python_structs(table, layout)
    for enum in enums:
        lines += ["", "", f"class {enum['python']}(IntEnum):", f'    """{enum["says"]}"""', ""]
        for one in enum["values"]:
            lines += comment(one["texts"][0], "    ", "#")
            lines.append(f"    {one['python']} = {one['number']}")
    return "\n".join([*lines, ""])


def markdown(rows: list[list[str]]) -> str:
    """Return a table whose first row is its head."""
    lines = [f"| {' | '.join(row)} |\n" for row in rows]
    return "".join([lines[0], f"|{'---|' * len(rows[0])}\n", *lines[1:]])


def document_tables(table: Table) -> dict[str, str]:
    """Return all tables that a document can have, by their names."""
    found = {}
    numbers = [[str(one.get("shown", one["value"])), one["says"]] for one in table["constants"]]
    found["numbers"] = markdown([["number", "what"], *numbers])
    rows = [[f"`{row['row']}`", row["many"], row["says"]] for row in table.get("rows", ())]
    found["rows"] = markdown([["row", "how many", "meaning"], *rows])
    letters = [[f"`{one['letter']}`", one["says"]] for one in table.get("letters", ())]
    found["letters"] = markdown([["letter", "what"], *letters])
    versions = [[one["name"], one["says"]] for one in table.get("versions", ())]
    found["versions"] = markdown([["version", "what it is"], *versions])
    for enum in table.get("enums", ()):
        values = [[str(one["number"]), *one["texts"]] for one in enum["values"]]
        found[enum["name"]] = markdown([["number", *enum["columns"]], *values])
    for layout in table.get("layouts", ()):
        fields = []
        for at, field in offsets(table, layout):
            count = f"{field['count']} " if "count" in field else ""
            fields.append([str(at), count + TYPES[field["type"]][2], field["says"]])
        found[layout["name"]] = markdown([["byte", "type", "what"], *fields])
    return found


def document(text: str, table: Table) -> str:
    """Return the document with its tables as they are now. Raises KeyError for an unknown name."""
    tables = document_tables(table)
    return TABLE.sub(lambda found: found[1] + tables[found[2]] + found[3], text)


def outputs() -> dict[Path, str]:
    """Return the content of all files that come from the tables."""
    found = {}
    for path in sorted(ROOT.glob("formats/*.toml")):
        table = read_table(path)
        source = path.relative_to(ROOT).as_posix()
        found[ROOT / table["header"]] = header(source, table)
        found[ROOT / table["python"]] = module(source, table)
        written = path.with_suffix(".md")
        found[written] = document(written.read_text(), table)
    return found


def main() -> None:
    """Write what has changed."""
    for path, text in outputs().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
