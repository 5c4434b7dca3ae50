"""The documents' figures are those of benchmarks/results.csv."""

import pytest

from tools import figures


def test_documents() -> None:
    """Nothing would change if `python tools/figures.py` ran."""
    found = figures.documents()
    assert found
    rows = figures.read_rows()
    for path in found:
        text = path.read_text()
        assert figures.update(text, rows) == text, f"{path}: run python tools/figures.py"


def test_fill() -> None:
    """Whole numbers come with thousands apart, others as the field says."""
    rows = {"a,b,c,d": 1234567.8, "a,b,e,d": 0.875}
    assert figures.fill("x {a,b,c,d} {a,b,e,d:.2f}%\n", rows) == "x 1 234 568 0.88%\n"
    text = "<!-- figures\n| {a,b,e,d:.1f} |\n-->\n| old |\n<!-- /figures -->\n"
    assert "\n| 0.9 |\n<!-- /figures" in figures.update(text, rows)


def test_missing_row() -> None:
    """A row that benchmarks no longer make is named."""
    with pytest.raises(ValueError, match=r"results\.csv has no row a,b,c,d"):
        figures.fill("{a,b,c,d}", {})
