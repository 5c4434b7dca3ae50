"""Class labels as files for the device carry them."""

from numbers import Integral

import numpy as np

INT32 = np.iinfo(np.int32)


def check_labels(classes: np.ndarray, max_classes: int, max_bytes: int) -> np.ndarray:
    """Return class labels as the file carries them: int64, or an object array of strings.

    Whole floats, as np.loadtxt reads them, and bools become ints. Raises ValueError for more than
    max_classes, for strings of more than max_bytes, and for what a row of text cannot carry.
    """
    if len(classes) > max_classes:
        raise ValueError(f"at most {max_classes} classes are supported, not {len(classes)}")
    whole = classes.dtype.kind in "biu" or all(isinstance(label, Integral) for label in classes)
    if whole or (classes.dtype.kind == "f" and np.all(classes == np.floor(classes))):
        for label in classes:
            if not INT32.min <= label <= INT32.max:
                raise ValueError(
                    f"class labels that are numbers must lie in {INT32.min}..{INT32.max}, "
                    f"not {label}"
                )
        return classes.astype(np.int64)
    if not all(isinstance(label, str) for label in classes):
        raise ValueError(f"class labels must be whole numbers or strings, not {classes[0]!r}")
    for label in classes:
        check_text(label, max_bytes)
    return classes.astype(object)


def check_text(label: str, max_bytes: int) -> None:
    """Raise ValueError unless a row of a text file can carry the label."""
    try:
        length = len(label.encode())
    except UnicodeEncodeError:
        raise ValueError(f"class labels must be Unicode text: {label[:120]!r}") from None
    if length > max_bytes or set(label) & set("\r\n\0"):
        raise ValueError(
            f"class labels must be at most {max_bytes} bytes, "
            f"without line ends and null characters: {label[:120]!r}"
        )
