"""The documents' figures are those of their sources, and none is typed by hand."""

import ast
import re
from pathlib import Path

import pytest

from machines.machine import ROOT
from tools import dist, figures

ROWS = {
    "a,b,c,d": 1234567.8,
    "a,b,e,d": 0.875,
    "x,y,one,z": 10,
    "x,y,two,z": 30,
    "x,w,one,z": 4,
    "x,w,two,z": 40,
    "x,w,three,z": 1000,
}
TEXT = "<!-- figures\n| {a,b,e,d:.1f} |\n-->\n| old |\n<!-- /figures -->\n"
# Numbers with a unit, or of three digits and more, are figures, but for names and standards.
FIGURE = re.compile(r"\d[\d .]*\s?(?:%|kB|bytes|instructions|dB\b|times as)|\b\d \d{3}\b")
# What may stand outside: code, tables of other sources, links, and what a test holds.
GENERATED = (
    re.compile(r"<!-- figures\n.*?<!-- /figures -->", re.DOTALL),
    re.compile(r"<!-- bytes -->.*?<!-- /bytes -->", re.DOTALL),
    re.compile(r"```.*?```", re.DOTALL),
    re.compile(r"`[^`]*`"),
    re.compile(r"(?:^    .*\n)+", re.MULTILINE),
)


@pytest.mark.parametrize("path", figures.documents(), ids=lambda path: path.parent.name)
def test_nothing_is_stale(path: Path) -> None:
    """Nothing would change if `make figures` ran."""
    text = path.read_text()
    assert figures.update(text, figures.read_rows()) == text, "run make figures"


def test_fill() -> None:
    """Whole numbers come with thousands apart, others as the field says."""
    assert figures.fill("x {a,b,c,d} {a,b,e,d:.2f}%\n", ROWS) == "x 1 234 568 0.88%\n"
    assert "\n| 0.9 |\n<!-- /figures" in figures.update(TEXT, ROWS)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("{x,y,two,z / x,y,one,z}", "3"),
        ("{x,y,two,z / 8:.2f}", "3.75"),
        ("{100 - x,y,one,z}", "90"),
        ("{x,y,two,z - x,y,one,z * 2 + 1}", "41"),  # from left to right
        ("{max x,y,*,z}", "30"),
        ("{min x,w,*,z}", "4"),
        ("{min x,y,*,z - x,w,*,z}", "-10"),
        ("{max x,y,*,z / x,w,*,z:.1f}", "2.5"),
    ],
)
def test_expressions(field: str, text: str) -> None:
    """A field can compute, on all machines that have all its rows."""
    assert figures.fill(field, ROWS) == text


@pytest.mark.parametrize("field", ["a,b,c,x", "max a,b,*,x", "1 / a,b,c,x"])
def test_missing_row(field: str) -> None:
    """A row that benchmarks no longer make is named."""
    with pytest.raises(ValueError, match=r"results\.csv has no rows? .*a,b,.,x"):
        figures.fill(f"{{{field}}}", ROWS)


def test_missing_module() -> None:
    """A module that is not built yet is named."""
    with pytest.raises(
        ValueError, match=rf"dist/ has no file for dist,{dist.MODULES[0]},x64,bytes"
    ):
        figures.bytes_table({})


def test_sources() -> None:
    """Bytes come from dist/, limits from formats/, and an output from the example's file."""
    rows = figures.read_rows()
    module = ROOT / "dist" / "armv6m_6.3" / "emltrees.mpy"
    assert rows["dist,emltrees,armv6m,bytes"] == module.stat().st_size
    assert rows["format,forest,MAX_COUNT,number"] == 65000
    assert f"| armv6m | {rows[f'dist,{dist.MODULES[0]},armv6m,bytes']} |" in figures.bytes_table(
        rows
    )
    text = figures.update("<!-- output teach -->\nold\n<!-- /output -->\n", rows)
    output = (ROOT / "benchmarks" / "outputs" / "teach.txt").read_text()
    assert text == f"<!-- output teach -->\n```\n{output}```\n<!-- /output -->\n"


def test_tests_that_hold_statements() -> None:
    """The tests that documents name are there."""
    names = set()
    for path in figures.documents():
        names |= set(re.findall("<!-- held by ([^ ]+) -->", path.read_text()))
    assert len(names) > 5
    for name in names:
        file, function = name.split("::")
        tree = ast.parse((ROOT / file).read_text())
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def readmes() -> list[Path]:
    """The documents that quote figures to users."""
    return [path for path in figures.documents() if path.name == "README.md"]


@pytest.mark.parametrize("path", readmes(), ids=lambda path: path.parent.name)
def test_no_figure_is_typed(path: Path) -> None:
    """A figure comes from a template, or the paragraph says which test holds it."""
    text = path.read_text()
    for pattern in GENERATED:
        text = pattern.sub("", text)
    for paragraph in text.split("\n\n"):
        if "<!-- held by" not in paragraph and "<!-- given -->" not in paragraph:
            found = FIGURE.findall(paragraph)
            assert not found, paragraph
