"""Train a random forest on scikit-learn's digits and write it to digits_model.csv.

Run on the PC: `python train.py`. main.py uses the file on a board.
"""

from pathlib import Path

import emlearn
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

PARAMETERS = {"n_estimators": 10, "max_depth": 10, "random_state": 42}


def load_data() -> list:
    """Digits of 8x8 pixels, 0 to 16 each: to train on, to test on, and the classes of both."""
    pixels, classes = load_digits(return_X_y=True)
    return train_test_split(pixels.astype("int16"), classes, test_size=0.3, random_state=42)


def save(forest: RandomForestClassifier, path: Path) -> None:
    """Write the forest as emltrees reads it, for features of int16."""
    model = emlearn.convert(forest, method="loadable", dtype="int16_t")
    model.save(name="digits", format="csv", file=str(path))


def main() -> None:
    """Train, write, and say how good it is."""
    train_pixels, test_pixels, train_classes, test_classes = load_data()
    forest = RandomForestClassifier(**PARAMETERS).fit(train_pixels, train_classes)
    path = Path("digits_model.csv")
    save(forest, path)
    accuracy = forest.score(test_pixels, test_classes)
    print(f"{path}: {path.stat().st_size} bytes, accuracy {accuracy:.1%} in scikit-learn")


if __name__ == "__main__":
    main()
