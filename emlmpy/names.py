"""Rows as users have them: arrays, lists and data frames, whose columns may have names."""

import warnings
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

MAX_NAME_BYTES = 100


def as_rows(X: Any, n_features: int) -> np.ndarray:
    """Return X as an array of numbers, (rows, n_features).

    Raises TypeError if X is sparse, ValueError if it has another shape or holds no numbers.
    """
    if issparse(X):
        raise TypeError("X must be dense, as rows are on the device: give X.toarray()")
    rows = np.asarray(X)
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise ValueError(f"X must have the shape (rows, {n_features}), not {rows.shape}")
    if rows.dtype.kind in "biuf":
        return rows
    try:
        if rows.dtype.kind == "O":  # what data frames of several types give
            return rows.astype(np.float64)
    except (TypeError, ValueError):
        pass
    raise ValueError(f"X must hold numbers, not {rows.dtype}")


def check_names(estimator: BaseEstimator, X: Any) -> None:
    """Compare the names of X's columns with those at fit, as scikit-learn does and in its words.

    Raises ValueError for other names or another order; warns if only one of both has names.
    """
    try:
        from sklearn.utils.validation import _check_feature_names
    except ImportError:  # before scikit-learn 1.6
        estimator._check_feature_names(X, reset=False)
    else:
        _check_feature_names(estimator, X, reset=False)


def names_for_file(estimator: BaseEstimator) -> list[str] | None:
    """Return the names of the columns at fit as a row of text can carry them; None without.

    Line ends and null characters become spaces, and names of more than MAX_NAME_BYTES bytes are
    cut off; a warning names those that were changed.
    """
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return None
    cleaned = [clean(str(name)) for name in names]
    changed = [(name, new) for name, new in zip(names, cleaned, strict=True) if name != new]
    if changed:
        texts = ", ".join(f"{name[:120]!r} as {new!r}" for name, new in changed[:3])
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        warnings.warn(f"the file names features {texts}{more}", stacklevel=4)
    return cleaned


def clean(name: str) -> str:
    """Return a name that fits a row of a text file."""
    for character in "\r\n\0":
        name = name.replace(character, " ")
    encoded = name.encode(errors="replace")[:MAX_NAME_BYTES]
    return encoded.decode(errors="ignore")
