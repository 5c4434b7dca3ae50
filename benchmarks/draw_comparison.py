"""Draw benchmarks/comparison.png from results.csv: instructions on a Cortex-M4F, ours and others'.

python -m benchmarks.draw_comparison
"""

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
EMLEARN = "emlearn's C"
# Of each task: its module, our case, and for each of the others its case. A case that starts with
# vs_ says how many times more.
TASKS = {
    "class of a digit, 10 trees": (
        "emltrees",
        "predict_hard_10x10",
        {
            f"{EMLEARN}, argmax in Python": "emlearn_class_hard_10x10",
            "everywhereml": "vs_everywhereml_10x10",
            "m2cgen": "vs_m2cgen_10x10",
        },
    ),
    "its classes' proportions": (
        "emltrees",
        "predict_out_hard_10x10",
        {EMLEARN: "emlearn_predict_out_hard_10x10"},
    ),
    "nearest of 1000 items": ("emlknn", "predict_1000x8", {EMLEARN: "predict_1000x8_emlearn"}),
    "FFT, 256 complex floats": (
        "emlfft",
        "complex_256_f32",
        {EMLEARN: "baseline_complex_256_f32"},
    ),
    "IIR section, one sample": ("emliir", "f32_section", {EMLEARN: "baseline_f32_section"}),
}


def main() -> None:
    """One bar for each of those who do a task; a task takes the same in all rows of its group."""
    with (HERE / "results.csv").open() as file:
        results = {
            (row["module"], row["case"]): float(row["value"])
            for row in csv.DictReader(file)
            if row["machine"] == "cortex-m4f"
        }
    figure, axes = plt.subplots(figsize=(8, 4.6))
    ticks = []
    place = 0.0
    for task, (module, case, others) in TASKS.items():
        ours = results[module, case]
        bars = {"emlmpy": ours}
        for name, other in others.items():
            value = results[module, other]
            bars[name] = value * ours if other.startswith("vs_") else value
        for name, value in bars.items():
            axes.barh(place, value, color="tab:green" if name == "emlmpy" else "tab:gray")
            text = f"{value:,.0f}" if value > 100 else f"{value:.1f}"
            axes.text(value * 1.08, place, text, va="center", fontsize=8)
            ticks.append((place, f"{task}: {name}" if name == "emlmpy" else name))
            place += 1
        place += 0.6
    axes.set_xscale("log")
    axes.set_xlim(1, 1_500_000)
    axes.set_yticks(*zip(*ticks, strict=True), fontsize=8)
    axes.invert_yaxis()
    axes.set_title("Instructions on a Cortex-M4F: fewer is better", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(HERE / "comparison.png", dpi=90)


if __name__ == "__main__":
    main()
