"""Put all figures into the documents: `make figures`.

A document holds a template in a comment, and behind it what the template gives:

    <!-- figures
    | hard vote | {emltrees,predict_hard_10x10,cortex-m4f,instructions} |
    -->
    | hard vote | 1 049 |
    <!-- /figures -->

A field names a figure by four words:

    module,case,machine,metric     a row of benchmarks/results.csv
    dist,module,architecture,bytes the length of a file of dist/
    format,forest,MAX_COUNT,number a constant of formats/forest.toml
    count,machines,all,number      how many machines the tests run on

or computes with such names and numbers, from left to right: `{A / B}`, `{A - B * 100}`. Where the
third word is * it stands for all machines or architectures, and `min` or `max` comes first: `{max
dist,emlfft,*,bytes}`. With `:.2f` or the like behind it a figure is written so; else whole,
thousands apart.

Between `<!-- bytes -->` and `<!-- /bytes -->` is the table of the modules' bytes. Between
`<!-- output NAME -->` and `<!-- /output -->` is what an example prints, from benchmarks/outputs;
`python -m benchmarks.outputs` runs the examples. Tests compare all this with its sources, and the
outputs with the examples.

A test refuses figures outside of all this, but in a paragraph that names the test that holds them,
`<!-- held by tests/knn/test_knn.py::test_predict -->`, or says `<!-- given -->`: a setting, which
nobody measured.
"""

import csv
import re
import sys
import tomllib
from collections.abc import Iterator
from operator import add, mul, sub, truediv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from machines.machine import MACHINES  # noqa: E402
from tools import dist  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results.csv"
OUTPUTS = ROOT / "benchmarks" / "outputs"
BLOCK = re.compile(r"(<!-- figures\n(.*?)-->\n)(.*?)(<!-- /figures -->)", re.DOTALL)
FIELD = re.compile(r"\{([^:{}]*)(:[^{}]*)?\}")
BYTES = re.compile(r"(<!-- bytes -->\n).*?(<!-- /bytes -->)", re.DOTALL)
OUTPUT = re.compile(r"(<!-- output (\w+) -->\n).*?(<!-- /output -->)", re.DOTALL)
OPERATORS = {"+": add, "-": sub, "*": mul, "/": truediv}
Rows = dict[str, float]


def read_rows() -> Rows:
    """Return all figures, by their names."""
    with RESULTS.open(newline="") as file:
        rows = {",".join(key): float(value) for *key, value in list(csv.reader(file))[1:]}
    for architecture in dist.ARCHITECTURES:
        for module in dist.MODULES:
            file = dist.DIST / f"{architecture}_6.3" / f"{module}.mpy"
            if file.exists():
                rows[f"dist,{module},{architecture},bytes"] = file.stat().st_size
    for path in ROOT.glob("formats/*.toml"):
        for constant in tomllib.loads(path.read_text())["constants"]:
            rows[f"format,{path.stem},{constant['name']},number"] = constant["value"]
    rows["count,machines,all,number"] = len(MACHINES)
    return rows


def evaluate(words: list[str], rows: Rows) -> float:
    """Return what names, numbers and operators give. Raises ValueError for an unknown name."""

    def value(word: str) -> float:
        if "," not in word:
            return float(word)
        if word not in rows:
            source = (
                "dist/ has no file for" if word.startswith("dist,") else "results.csv has no row"
            )
            raise ValueError(f"{source} {word}")
        return rows[word]

    result = value(words[0])
    for operator, word in zip(words[1::2], words[2::2], strict=True):
        result = OPERATORS[operator](result, value(word))
    return result


def everywhere(words: list[str], rows: Rows) -> Iterator[float]:
    """Yield what words give on each machine that has all of their rows with a *."""
    patterns = [word.split(",") for word in words if ",*," in word]
    for machine in sorted({name.split(",")[2] for name in rows}):
        names = [f"{module},{case},{machine},{metric}" for module, case, _, metric in patterns]
        if all(name in rows for name in names):
            yield evaluate([word.replace(",*,", f",{machine},") for word in words], rows)


def figure(expression: str, rows: Rows) -> float:
    """Return the figure that a field asks for. Raises ValueError for an unknown name."""
    words = expression.split()
    if words[0] not in ("min", "max"):
        return evaluate(words, rows)
    found = list(everywhere(words[1:], rows))
    if not found:
        raise ValueError(f"results.csv has no rows {expression}")
    return min(found) if words[0] == "min" else max(found)


def fill(template: str, rows: Rows) -> str:
    """Return the template with its figures. Raises ValueError for a row that is not there."""

    def written(field: re.Match[str]) -> str:
        found = figure(field[1], rows)
        if field[2] is None:
            return f"{found:,.0f}".replace(",", " ")
        return format(found, field[2][1:])

    return FIELD.sub(written, template)


def bytes_table(rows: Rows) -> str:
    """Return the table of modules and their bytes."""
    lines = [f"| | {' | '.join(dist.MODULES)} |", "|---" * (len(dist.MODULES) + 1) + "|"]
    for architecture in dist.ARCHITECTURES:
        names = [f"dist,{module},{architecture},bytes" for module in dist.MODULES]
        sizes = [f"{figure(name, rows):.0f}" for name in names]
        lines.append(f"| {architecture} | {' | '.join(sizes)} |")
    return "\n".join([*lines, ""])


def output_of(name: str) -> str:
    """Return what an example prints, as a block of text."""
    return f"```\n{(OUTPUTS / f'{name}.txt').read_text()}```\n"


def update(text: str, rows: Rows) -> str:
    """Return a document with its figures as they are now."""
    text = BLOCK.sub(lambda block: block[1] + fill(block[2], rows) + block[4], text)
    text = BYTES.sub(lambda block: block[1] + bytes_table(rows) + block[2], text)
    return OUTPUT.sub(lambda block: block[1] + output_of(block[2]) + block[3], text)


def documents() -> list[Path]:
    """Return the documents that can have figures."""
    found = (
        path for folder in ("docs", "src", "examples") for path in (ROOT / folder).rglob("*.md")
    )
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(found)]


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
