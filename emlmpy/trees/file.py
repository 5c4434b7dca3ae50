"""Writes the model files of emltrees, CSV and binary. formats/forest.md describes both."""

from dataclasses import dataclass

import numpy as np

from emlmpy import files
from emlmpy.image_format import ALIGNMENT, FOREST, NAMES
from emlmpy.images import image
from emlmpy.trees.format import (
    BIN_VERSION,
    CSV_VERSION,
    IMAGE,
    MAX_COUNT,
    MAX_LINKS,
    Kind,
    LeafBits,
)
from emlmpy.trees.quantize import FEATURE_TYPES


@dataclass
class Forest:
    """A model as its file holds it."""

    kind: Kind
    feature_type: str  # one of FEATURE_TYPES
    leaf_bits: int  # one of LeafBits
    n_features: int
    classes: np.ndarray | None
    scale: np.ndarray | None  # float32 (n_features, 2): scale and offset
    base: np.ndarray  # float32 (n,)
    leaf: np.ndarray  # int64 (n,), uint8 (n, classes) or float32 (n,); see leaves.choose
    root: np.ndarray  # int64 (trees,)
    feature: np.ndarray  # int64 (nodes,)
    threshold: np.ndarray  # float64 (nodes,); left if feature <= threshold
    child: np.ndarray  # int64 (nodes, 2); left and right: > 0 nodes ahead, < 0 leaf -child - 1
    feature_names: list[str] | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 without."""
        return 0 if self.classes is None else len(self.classes)

    @property
    def longest_jump(self) -> int:
        """How many nodes ahead the farthest child is."""
        return max(0, int(self.child.max()))

    @property
    def n_leaf_links(self) -> int:
        """How many numbers the links need for leaves, or for the classes of a hard vote."""
        return self.n_classes if self.leaf_bits == LeafBits.HARD else len(self.leaf)

    def check_limits(self) -> None:
        """Raise ValueError if the model is too large for the device's numbers."""
        for what, count, limit in (
            ("trees", len(self.root), MAX_COUNT),
            ("nodes", len(self.feature), MAX_COUNT),
            ("leaves", len(self.leaf), MAX_COUNT),
            ("longest jump and leaves", self.longest_jump + self.n_leaf_links, MAX_LINKS),
        ):
            if count > limit:
                raise ValueError(f"at most {limit} {what} are supported, the model has {count}")


def to_csv(forest: Forest) -> bytes:
    """Return the CSV file, of the newest version."""
    threshold_type, _ = device_thresholds(forest)
    counts = (
        *(len(forest.root), len(forest.feature), len(forest.leaf)),
        *(np.dtype(threshold_type).itemsize, link_bytes(forest), len(label_bytes(forest))),
    )
    rows = [
        f"v,{CSV_VERSION}",
        *(f"?name,{name}" for name in forest.feature_names or []),
        f"k,{forest.kind:d}",
        f"q,{FEATURE_TYPES.index(forest.feature_type)}",
        f"m,{','.join(map(str, counts))}",
        f"f,{forest.n_features}",
        f"c,{forest.n_classes}",
        f"lb,{forest.leaf_bits}",
    ]
    rows += [f"y{letter},{text}" for letter, text in labels(forest)]
    if forest.scale is not None:
        rows += [f"s,{scale:.9g},{offset:.9g}" for scale, offset in forest.scale]
    rows += [f"b,{value:.9g}" for value in forest.base]
    if forest.leaf_bits == LeafBits.SOFT:
        rows += [f"l,[{' '.join(map(str, leaf))}]" for leaf in forest.leaf.tolist()]
    else:
        rows += [f"l,{leaf:.9g}" for leaf in forest.leaf]
    rows += [f"r,{root}" for root in forest.root]
    rows += [
        f"n,{feature},{threshold:.9g},{left},{right}"
        for feature, threshold, (left, right) in zip(
            forest.feature, forest.threshold, forest.child, strict=True
        )
    ]
    rows.append(f"e,{len(forest.feature)}")
    return files.signed(rows)


def to_bin(forest: Forest) -> bytes:
    """Return the binary file."""
    threshold_type, threshold = device_thresholds(forest)
    width = link_bytes(forest)
    first_leaf = 256**width - forest.n_leaf_links
    link = np.where(forest.child < 0, first_leaf - 1 - forest.child, forest.child)
    has_leaves = forest.leaf_bits != LeafBits.HARD
    body = b"".join(
        (
            forest.feature.astype("u1").tobytes(),
            threshold.astype(threshold_type).tobytes(),
            link.astype(f"<u{width}").tobytes(),
            forest.root.astype("<u2").tobytes(),
            forest.leaf.astype("u1" if forest.leaf_bits == LeafBits.SOFT else "<f4").tobytes()
            if has_leaves
            else b"",
            forest.base.astype("<f4").tobytes(),
            b"" if forest.scale is None else forest.scale.astype("<f4").tobytes(),
            label_bytes(forest),
        )
    )
    fields = IMAGE.pack(
        BIN_VERSION,
        forest.kind,
        FEATURE_TYPES.index(forest.feature_type),
        forest.leaf_bits,
        forest.n_features,
        forest.n_classes,
        np.dtype(threshold_type).itemsize,
        width,
        len(forest.root),
        len(forest.feature),
        len(forest.leaf) if has_leaves else 0,
        len(label_bytes(forest)),
        len(forest.base),
        forest.scale is not None,
    )
    names = forest.feature_names
    return (image(NAMES, b"", names_body(names)) if names else b"") + image(FOREST, fields, body)


def names_body(names: list[str]) -> bytes:
    """Return the features' names, a zero byte behind each, as the image of names holds them."""
    body = b"".join(name.encode() + b"\0" for name in names)
    return body + bytes(-len(body) % ALIGNMENT)


def link_bytes(forest: Forest) -> int:
    """Return how many bytes each link takes: 1 if every jump and leaf has a number below 256."""
    return 1 if forest.longest_jump < 256 - forest.n_leaf_links else 2


def label_bytes(forest: Forest) -> bytes:
    """Return the class labels as the device holds them."""
    return b"".join(letter.encode() + text.encode() + b"\0" for letter, text in labels(forest))


def device_thresholds(forest: Forest) -> tuple[str, np.ndarray]:
    """Return thresholds t as the device compares with them, feature < t, and their dtype."""
    if forest.feature_type == "float32":
        # As integers, the bits of floats above 0 are in order; those below 0 in reverse order.
        bits = forest.threshold.astype("<f4").view("<i4")
        return "<i4", np.where(bits >= 0, bits, bits ^ 0x7FFFFFFF).astype(np.int64) + 1
    threshold = forest.threshold.astype(np.int64) + 1
    return "u1" if threshold.min() >= 0 and threshold.max() <= 255 else "<i2", threshold


def labels(forest: Forest) -> list[tuple[str, str]]:
    """Return the letter, i for int and s for string, and the text of each class label."""
    if forest.classes is None:
        return []
    if forest.classes.dtype.kind in "biu":
        return [("i", str(int(label))) for label in forest.classes]
    return [("s", label) for label in forest.classes]
