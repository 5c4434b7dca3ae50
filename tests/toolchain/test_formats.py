"""What is written of formats/*.toml is as they say, and the documents' examples are files."""

import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from emlmpy import iir
from emlmpy.cnn import format as cnn_format
from emlmpy.knn import model as knn_model
from emlmpy.trees import check as trees_check
from emlmpy.trees import format as trees_format
from tools import formats

TABLES = sorted(formats.ROOT.glob("formats/*.toml"))


@pytest.mark.parametrize("path", formats.outputs(), ids=lambda path: path.name)
def test_nothing_is_stale(path: Path) -> None:
    """Nothing would change if `make formats` ran."""
    assert path.read_text() == formats.outputs()[path], f"{path.name}: run make formats"


def test_documents() -> None:
    """Every table has a document, whose tables are of all kinds that the table has."""
    assert len(TABLES) >= 5
    for path in TABLES:
        tables = formats.document_tables(formats.read_table(path))
        shown = set(re.findall("<!-- table ([a-z ]+) -->", path.with_suffix(".md").read_text()))
        wanted = {name for name, text in tables.items() if text.count("\n") > 2} - {"places"}
        assert shown == wanted, path.name


def test_unknown_table() -> None:
    """A document cannot ask for a table that is not there."""
    with pytest.raises(KeyError, match="tags"):
        formats.document("<!-- table tags -->\n<!-- /table -->", {"constants": []})


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_structs(path: Path, tmp_path: Path) -> None:
    """C's compiler puts all fields where the table says, and Python's struct has the same size."""
    table = formats.read_table(path)
    lines, expected = [], []
    for layout in table.get("layouts", ()):
        first = layout.get("start", 0)
        places = list(formats.offsets(table, layout))
        last, field = places[-1]
        size = last + formats.TYPES[field["type"]][3] * field.get("count", 1) - first
        for floats in (False, True):
            assert struct.calcsize(formats.struct_format(table, layout, floats)) == size
        if "c" in layout:
            names = [name for _, name in places if name in layout["fields"]]
            for name in (one["name"] for one in names):
                lines.append(f"(int)offsetof({layout['c']}, {name})")
            expected += [at - first for at, field in places if field in layout["fields"]]
            if "c_tail" not in layout:
                lines.append(f"(int)sizeof({layout['c']})")
                expected.append(size)
        elif layout.get("offsets_in_c"):
            for at, field in places:
                if not field.get("pad"):
                    lines.append(f"{table['prefix']}AT_{field['name'].upper()}")
                    expected.append(at)
    for constant in table["constants"]:
        if constant.get("in_c", True):
            lines.append(f"(int){table['prefix']}{constant['name']}")
            expected.append(constant["value"])
    for letter in table.get("letters", ()):
        lines.append(f"(int){table['prefix']}{letter['name']}")
        expected.append(ord(letter["letter"]))
    for enum in table.get("enums", ()):
        lines += [f"(int){table['prefix']}{one['c']}" for one in enum["values"]]
        expected += [one["number"] for one in enum["values"]]
    source = tmp_path / "layout.c"
    prints = "".join(f'    printf("%d\\n", {line});\n' for line in lines)
    source.write_text(
        f'#include <stddef.h>\n#include <stdio.h>\n#include "{formats.ROOT / table["header"]}"\n'
        f"int main(void) {{\n{prints}    return 0;\n}}\n"
    )
    program = tmp_path / "layout"
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", source, "-o", program], check=True)
    found = subprocess.check_output([program], text=True).split()
    assert [int(number) for number in found] == expected


def test_constants_in_texts(tmp_path: Path) -> None:
    """Texts and starts of layouts can name constants; a name that is not there is refused."""
    path = tmp_path / "table.toml"
    path.write_text(
        'constants = [{ name = "HEAD", value = 7, says = "{HEAD} bytes" }]\n'
        '[[layouts]]\nname = "body"\nstart = "HEAD"\nfields = []\n'
    )
    table = formats.read_table(path)
    assert table["constants"][0]["says"] == "7 bytes"
    assert table["layouts"][0]["start"] == 7
    path.write_text('constants = [{ name = "HEAD", value = 7, says = "{TAIL} bytes" }]\n')
    with pytest.raises(KeyError, match="TAIL"):
        formats.read_table(path)


def test_modules() -> None:
    """Python has the tables' numbers, too, and names for all of them."""
    forest = formats.read_table(formats.ROOT / "formats" / "forest.toml")
    for constant in forest["constants"]:
        assert getattr(trees_format, constant["name"]) == constant["value"]
    for enum in forest["enums"]:
        members = {one.name: one.value for one in getattr(trees_format, enum["python"])}
        assert members == {one["python"]: one["number"] for one in enum["values"]}
    assert cnn_format.HEADS["float32"].size == cnn_format.HEADS["int8"].size == 48
    assert cnn_format.HEADER.size == 64


@pytest.mark.parametrize(
    ("name", "describe"),
    [
        ("forest", trees_check.describe),
        ("knn", knn_model.describe),
        ("iir", iir.describe),
    ],
)
def test_examples(name: str, describe: Callable[[bytes], dict]) -> None:
    """The example in a document loads in the device's own reader, and its checksum is right."""
    text = (formats.ROOT / "formats" / f"{name}.md").read_text()
    blocks = re.findall(r"(?:^    .+\n)+", text, re.MULTILINE)
    (example,) = [block for block in blocks if "    crc," in block]
    found = describe("".join(line[4:] for line in example.splitlines(keepends=True)).encode())
    assert found["checksum"] == "right"
