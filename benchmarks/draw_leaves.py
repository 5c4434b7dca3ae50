"""Draw benchmarks/leaves.png: bytes against accuracy for votes and leaves, on digits.

python -m benchmarks.draw_leaves
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

import emlmpy

SETTINGS = {
    "hard": {"vote": "hard"},
    "soft": {},
    "soft, 20 leaves": {"leaves": 20},
    "soft, 60 leaves": {"leaves": 60},
}


def main() -> None:
    """Train forests that differ in their leaves' size; each setting is a line through them."""
    data = load_digits()
    train, test, classes, expected = train_test_split(
        data.data, data.target, test_size=0.3, random_state=42
    )
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name, arguments in SETTINGS.items():
        points = []
        for min_samples_leaf in (1, 2, 4, 8, 16, 32):
            forest = RandomForestClassifier(
                10, min_samples_leaf=min_samples_leaf, random_state=42
            ).fit(train, classes)
            model = emlmpy.convert(forest, **arguments)
            points.append((model.nbytes, (model.predict(test) == expected).mean()))
        axes.plot(*zip(*points, strict=True), "o-", label=name, markersize=4)
    axes.set_xlabel("bytes of the model on the device")
    axes.set_ylabel("accuracy on 540 test digits")
    axes.set_title("10 trees; min_samples_leaf 1, 2, 4, 8, 16, 32 from right to left", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(Path(__file__).with_name("leaves.png"), dpi=90)


if __name__ == "__main__":
    main()
