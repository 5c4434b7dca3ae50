"""Train a random forest on scikit-learn's digits and write it to digits_model.csv.

Run on the PC: `python train.py`. main.py uses the file on a board.
"""

from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from emlmpy import convert

PARAMETERS = {"n_estimators": 10, "max_depth": 10, "random_state": 42}


def load_data() -> list:
    """Digits of 8x8 pixels, 0 to 16 each: to train on, to test on, and the classes of both."""
    pixels, classes = load_digits(return_X_y=True)
    return train_test_split(pixels, classes, test_size=0.3, random_state=42)


def main() -> None:
    """Train, convert, say how often the board will be right, and write."""
    train_pixels, test_pixels, train_classes, test_classes = load_data()
    forest = RandomForestClassifier(**PARAMETERS).fit(train_pixels, train_classes)
    model = convert(forest)
    print(model.check(test_pixels, test_classes))
    path = Path("digits_model.csv")
    model.save(path)
    print(f"{path}: {path.stat().st_size} bytes, {model.nbytes} on the board")


if __name__ == "__main__":
    main()
