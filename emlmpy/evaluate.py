"""What a model is worth, and what it costs: the report of a model on rows whose truth is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    accuracy_score,
    confusion_matrix,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
)
from sklearn.utils.multiclass import unique_labels

from emlmpy import modules
from emlmpy.cost import CPUS

# What the modules for these machines are built for.
ARCHITECTURES = {"cortex-m4f": "armv7emsp", "cortex-m0": "armv6m"}


@dataclass(frozen=True)
class Part:
    """What runs for a prediction: the model, or what comes before it.

    Attributes:
        name: what it is, for the report
        bytes: of RAM on the device
        instructions: of a prediction, by machine: cortex-m4f and cortex-m0
        module: what the device imports for it; empty if that is the model's
        note: what is said of its instructions; empty for nothing
    """

    name: str
    bytes: int
    instructions: Mapping[str, float]
    module: str = ""
    note: str = ""

    @property
    def module_bytes(self) -> dict[str, int]:
        """Bytes of the module's .mpy, by machine; none if that is the model's."""
        return sizes_of(self.module) if self.module else {}


@dataclass
class Evaluation:
    """How well a model predicts, and what that costs; print shows it.

    Attributes:
        rows: how many were predicted
        classes: the labels that are in the truth or in the predictions; None of a regression
        accuracy: share of rows with the right label, 0..1; None of a regression
        precision, recall: of each class, NaN where it was never predicted, or never true
        support: how many rows have each class
        confusion: how many rows of each class, (truth), got each class, (predicted)
        r2, mean_error: R^2 and the mean absolute error of a regression; else None
        file_bytes: of the model's file
        module: what the device imports for the model
        module_bytes: of its .mpy, by machine; those of other parts are theirs
        parts: what runs for a prediction, the model last
    """

    rows: int
    file_bytes: int
    module: str
    module_bytes: dict[str, int]
    parts: list[Part]
    classes: list[Any] | None = None
    accuracy: float | None = None
    precision: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    recall: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    support: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    r2: float | None = None
    mean_error: float | None = None

    @property
    def device_bytes(self) -> int:
        """Bytes of RAM that all parts take, beside the modules."""
        return sum(part.bytes for part in self.parts)

    @property
    def instructions(self) -> dict[str, float]:
        """About how many instructions a prediction takes with all parts, by machine."""
        return {machine: sum(part.instructions[machine] for part in self.parts) for machine in CPUS}

    def __str__(self) -> str:
        """Say it in a page."""
        return "\n".join([*self._quality(), "", *self._cost()])

    def plot(self, ax: Any = None) -> Any:
        """Draw the confusion matrix into matplotlib's axes, or new ones; return the axes.

        Raises ImportError if matplotlib is not installed, ValueError for a regression.
        """
        if self.classes is None:
            raise ValueError("model must have classes: a regression has no confusion matrix")
        display = ConfusionMatrixDisplay(self.confusion, display_labels=self.classes)
        try:
            # It is scikit-learn that uses matplotlib.
            display.plot(ax=ax, colorbar=False)
        except ImportError:
            raise ImportError("plot needs matplotlib: pip install emlmpy[plot]") from None
        return display.ax_

    def _quality(self) -> list[str]:
        if self.classes is None:
            return [
                f"{self.rows} rows: R2 {self.r2:.4f}, mean absolute error {self.mean_error:.4g}"
            ]
        right = int(np.trace(self.confusion))
        names = [str(label) for label in self.classes]
        scores = zip(names, self.precision, self.recall, self.support, strict=True)
        counts = [
            [name, *map(str, row)] for name, row in zip(names, self.confusion.tolist(), strict=True)
        ]
        return [
            f"accuracy {self.accuracy:.4f}: {right} of {self.rows} rows",
            *table(
                ["class", "precision", "recall", "rows"],
                [[name, share(p), share(r), str(n)] for name, p, r, n in scores],
            ),
            "",
            "confusion: a row for each true class, a column for each predicted one",
            *table(["", *names], counts),
        ]

    def _cost(self) -> list[str]:
        rows = [[part.name, grouped(part.bytes), *abouts(part.instructions)] for part in self.parts]
        if len(rows) > 1:
            total = [grouped(self.device_bytes), *abouts(self.instructions)]
            rows.append(["together", *total])
        return [
            *table(
                ["", "bytes of RAM", *(f"instructions, {name}" for name in CPUS.values())], rows
            ),
            "Instructions are estimated from the model and these rows, without the call itself.",
            *(part.note for part in self.parts if part.note),
            *self._files(),
        ]

    def _files(self) -> list[str]:
        sizes = {part.module: part.module_bytes for part in self.parts if part.module}
        sizes[self.module] = self.module_bytes
        file = f"file {grouped(self.file_bytes)} bytes"
        if len(sizes) == 1:
            own = [f"{grouped(size)} on {CPUS[name]}" for name, size in self.module_bytes.items()]
            return [f"{file}; {self.module}.mpy, bytes: {', '.join(own)}"]
        rows = [
            [f"{module}.mpy", *(grouped(each[name]) for name in CPUS)]
            for module, each in sizes.items()
        ]
        together = [grouped(sum(each[name] for each in sizes.values())) for name in CPUS]
        head = ["", *(f"bytes on {name}" for name in CPUS.values())]
        return [file, "", *table(head, [*rows, ["together", *together]])]


def evaluate(
    predictions: NDArray[Any],
    y: ArrayLike,
    *,
    numbers: bool,
    file_bytes: int,
    module: str,
    parts: Sequence[Part],
) -> Evaluation:
    """Compare a model's predictions with the truth, and say what it costs.

    numbers: predictions are numbers and not labels. Raises ValueError if there are no rows, or not
    as many in y.
    """
    if len(predictions) == 0:
        raise ValueError("X must have a row")
    if len(np.asarray(y)) != len(predictions):
        raise ValueError(f"y must have {len(predictions)} rows as X, not {len(np.asarray(y))}")
    found = Evaluation(
        rows=len(predictions),
        file_bytes=file_bytes,
        module=module,
        module_bytes=sizes_of(module),
        parts=list(parts),
    )
    if numbers:
        truth = np.asarray(y, np.float64).reshape(predictions.shape)
        found.r2 = float(r2_score(truth, predictions)) if len(truth) > 1 else float("nan")
        found.mean_error = float(mean_absolute_error(truth, predictions))
        return found
    labels = unique_labels(y, predictions)
    found.classes = labels.tolist()
    found.accuracy = float(accuracy_score(y, predictions))
    found.precision, found.recall, _, found.support = precision_recall_fscore_support(
        y, predictions, labels=labels, zero_division=np.nan
    )
    found.confusion = confusion_matrix(y, predictions, labels=labels)
    return found


def sizes_of(module: str) -> dict[str, int]:
    """Return the bytes of a module's .mpy, by machine."""
    return {
        machine: modules.path(module, architecture).stat().st_size
        for machine, architecture in ARCHITECTURES.items()
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return lines of columns, the first to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if number else text.ljust(width)
            for number, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def share(value: float) -> str:
    """Return a share of 0..1 as text; what is no number is a dash."""
    return "-" if np.isnan(value) else f"{value:.3f}"


def grouped(number: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{number:,.0f}".replace(",", " ")


def abouts(instructions: Mapping[str, float]) -> list[str]:
    """Return what is estimated with two digits, in the order of CPUS."""
    return [f"about {grouped(float(f'{instructions[name]:.2g}'))}" for name in CPUS]
