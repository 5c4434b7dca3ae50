"""Put the figures of benchmarks/results.csv into the documents: `python tools/figures.py`.

A document holds a template in a comment, and behind it what the template gives:

    <!-- figures
    | hard vote | {emltrees,predict_hard_10x10,cortex-m4f,instructions} |
    -->
    | hard vote | 1 049 |
    <!-- /figures -->

A field names a row of results.csv: module, case, machine, metric. With `:.2f` or the like behind it
the figure is written so; else whole, thousands apart. A test compares the documents with the rows.
"""

import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results.csv"
BLOCK = re.compile(r"(<!-- figures\n(.*?)-->\n)(.*?)(<!-- /figures -->)", re.DOTALL)
FIELD = re.compile(r"\{([^:{}]*)(:[^{}]*)?\}")


def read_rows() -> dict[str, float]:
    """Return all figures, by the other columns joined with commas."""
    with RESULTS.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {",".join(key): float(value) for *key, value in rows}


def fill(template: str, rows: dict[str, float]) -> str:
    """Return the template with its figures. Raises ValueError for a row that is not there."""

    def figure(field: re.Match[str]) -> str:
        name, form = field[1], field[2]
        if name not in rows:
            raise ValueError(f"results.csv has no row {name}")
        if form is None:
            return f"{rows[name]:,.0f}".replace(",", " ")
        return format(rows[name], form[1:])

    return FIELD.sub(figure, template)


def update(text: str, rows: dict[str, float]) -> str:
    """Return a document with its figures as they are now."""
    return BLOCK.sub(lambda block: block[1] + fill(block[2], rows) + block[4], text)


def documents() -> list[Path]:
    """Return the documents that have figures."""
    found = (path for folder in ("src", "examples") for path in (ROOT / folder).rglob("*.md"))
    return [path for path in (ROOT / "README.md", *found) if "<!-- figures" in path.read_text()]


def main() -> str | None:
    """Update all documents; return what went wrong."""
    rows = read_rows()
    for path in documents():
        text = path.read_text()
        try:
            new = update(text, rows)
        except ValueError as error:
            return f"{path.relative_to(ROOT)}: {error}"
        if new != text:
            path.write_text(new)
            print(f"figures of {path.relative_to(ROOT)} are new")
    return None


if __name__ == "__main__":
    sys.exit(main())
