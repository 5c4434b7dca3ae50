"""Fits what each step of a prediction takes to results.csv, and writes emlmpy/cost_table.py.

`python -m benchmarks bench_cost && python -m benchmarks.fit_cost` measures and fits all anew.
Errors count relative to what was measured, and no step takes less than nothing.
"""

import subprocess
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from benchmarks.__main__ import read_results
from machines.machine import ROOT

TABLE = ROOT / "emlmpy" / "cost_table.py"
HEAD = '''"""Instructions that each step of a prediction takes; benchmarks/fit_cost.py writes this.

By family and machine, then by the names that cost.py counts by.
"""

COEFFICIENTS: dict[tuple[str, str], dict[str, float]] = {
'''


def measured() -> dict[tuple[str, str], list[dict[str, float]]]:
    """The rows of bench_cost, by family and machine: each case's instructions and counts."""
    cases: dict[tuple[str, str], dict[str, float]] = {}
    for (module, case, machine, metric), value in read_results().items():
        if module == "cost":
            cases.setdefault((case, machine), {})[metric] = float(value)
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for (case, machine), numbers in sorted(cases.items()):
        found.setdefault((case.partition("_")[0], machine), []).append(numbers)
    return found


def fit(cases: list[dict[str, float]]) -> dict[str, float]:
    """Instructions of each term, such that the errors' squares are least."""
    terms = sorted({name for case in cases for name in case} - {"instructions"})
    counts = np.array([[case.get(term, 0.0) for term in terms] for case in cases])
    instructions = np.array([case["instructions"] for case in cases])
    coefficients, _ = nnls(counts / instructions[:, None], np.ones(len(cases)))
    return {name: float(f"{each:.4g}") for name, each in zip(terms, coefficients, strict=True)}


def table() -> str:
    """The text of cost_table.py."""
    lines = []
    for (family, machine), cases in measured().items():
        lines.append(f'    ("{family}", "{machine}"): {{')
        lines += [f'        "{name}": {value},' for name, value in fit(cases).items()]
        lines.append("    },")
    return HEAD + "\n".join([*lines, "}", ""])


def main() -> None:
    """Write the table, and say how far it is off."""
    Path(TABLE).write_text(table())
    subprocess.run(["ruff", "format", "--quiet", TABLE], check=True)
    for family, cases in measured().items():
        coefficients = fit(cases)
        for case in cases:
            estimate = sum(coefficients[name] * case.get(name, 0) for name in coefficients)
            print(
                *family, round(case["instructions"]), f"{estimate / case['instructions'] - 1:+.1%}"
            )


if __name__ == "__main__":
    main()
