"""Run all benchmarks, or those named, and put their rows into results.csv: `make bench`."""

import csv
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results.csv"
COLUMNS = ["module", "case", "machine", "metric", "value"]


def read_results() -> dict[tuple[str, ...], str]:
    """The rows there are, by all columns but the value."""
    if not RESULTS.exists():
        return {}
    with RESULTS.open() as file:
        return {
            tuple(row[name] for name in COLUMNS[:4]): row["value"] for row in csv.DictReader(file)
        }


def write_results(results: dict[tuple[str, ...], str]) -> None:
    """Write all rows, in the order of their names."""
    with RESULTS.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([*key, value] for key, value in sorted(results.items()))


def main() -> None:
    """Measure; rows of benchmarks that are not run stay as they are."""
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("bench_*.py"))
    results = read_results()
    for name in names:
        fresh = {}
        for *key, value in importlib.import_module(f"benchmarks.{name}").measure():
            fresh[tuple(key)] = f"{value:.6g}" if isinstance(value, float) else str(value)
            print(*key, fresh[tuple(key)], flush=True)
        measured = {key[0] for key in fresh}
        results = {key: value for key, value in results.items() if key[0] not in measured} | fresh
        write_results(results)


if __name__ == "__main__":
    main()
