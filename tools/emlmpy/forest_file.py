"""Writes the model files of emltrees, CSV and binary. FORMAT.md describes both."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from .leaves import HARD, SOFT
from .quantize import FEATURE_TYPES
from .trees import Kind

MAX_NODES = 65000
MAX_TREES = 65000
MAX_LEAVES = 65000


@dataclass
class Forest:
    """A model as its file holds it."""

    kind: Kind
    feature_type: str  # one of FEATURE_TYPES
    leaf_bits: int  # 0, 8 or 32
    n_features: int
    classes: np.ndarray | None
    scale: np.ndarray | None  # float32 (n_features, 2): scale and offset
    base: np.ndarray  # float32 (n,)
    leaf: np.ndarray  # int64 (n,), uint8 (n, classes) or float32 (n,); see leaves.choose
    root: np.ndarray  # int64 (trees,)
    feature: np.ndarray  # int64 (nodes,)
    threshold: np.ndarray  # float64 (nodes,); left if feature <= threshold
    child: np.ndarray  # int64 (nodes, 2); left and right: > 0 nodes ahead, < 0 leaf -child - 1
    feature_names: list[str] | None = None  # of the columns at fit, if they had names

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
        return self.n_classes if self.leaf_bits == HARD else len(self.leaf)

    def check_limits(self) -> None:
        """Raise ValueError if the model is too large for the device's numbers."""
        for what, count, limit in (
            ("trees", len(self.root), MAX_TREES),
            ("nodes", len(self.feature), MAX_NODES),
            ("leaves", len(self.leaf), MAX_LEAVES),
            ("longest jump and leaves", self.longest_jump + self.n_leaf_links, 65535),
        ):
            if count > limit:
                raise ValueError(f"at most {limit} {what} are supported, the model has {count}")


def to_csv(forest: Forest) -> bytes:
    """Return the CSV file."""
    rows = [
        "v,1",
        f"k,{forest.kind:d}",
        f"q,{FEATURE_TYPES.index(forest.feature_type)}",
        f"m,{len(forest.root)},{len(forest.feature)},{len(forest.leaf)}",
        f"f,{forest.n_features}",
        f"c,{forest.n_classes}",
        f"lb,{forest.leaf_bits}",
    ]
    rows += [f"y{letter},{text}" for letter, text in labels(forest)]
    if forest.scale is not None:
        rows += [f"s,{scale:.9g},{offset:.9g}" for scale, offset in forest.scale]
    rows += [f"b,{value:.9g}" for value in forest.base]
    if forest.leaf_bits == SOFT:
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
    return ("\n".join(rows) + "\n").encode()


def to_bin(forest: Forest) -> bytes:
    """Return the binary file."""
    threshold_type, threshold = device_thresholds(forest)
    n_links = forest.n_leaf_links
    link_bytes = 1 if forest.longest_jump < 256 - n_links else 2
    first_leaf = 256**link_bytes - n_links
    link = np.where(forest.child < 0, first_leaf - 1 - forest.child, forest.child)
    has_leaves = forest.leaf_bits != HARD
    label_bytes = b"".join(
        letter.encode() + text.encode() + b"\0" for letter, text in labels(forest)
    )
    body = b"".join(
        (
            forest.feature.astype("u1").tobytes(),
            threshold.astype(threshold_type).tobytes(),
            link.astype(f"<u{link_bytes}").tobytes(),
            forest.root.astype("<u2").tobytes(),
            forest.leaf.astype("u1" if forest.leaf_bits == SOFT else "<f4").tobytes()
            if has_leaves
            else b"",
            forest.base.astype("<f4").tobytes(),
            b"" if forest.scale is None else forest.scale.astype("<f4").tobytes(),
            label_bytes,
        )
    )
    head = struct.pack(
        "<4s8B4H2BHI",
        b"EMLT",
        1,
        forest.kind,
        FEATURE_TYPES.index(forest.feature_type),
        forest.leaf_bits,
        forest.n_features,
        forest.n_classes,
        np.dtype(threshold_type).itemsize,
        link_bytes,
        len(forest.root),
        len(forest.feature),
        len(forest.leaf) if has_leaves else 0,
        len(label_bytes),
        len(forest.base),
        forest.scale is not None,
        0,
        32 + len(body),
    )
    return head + struct.pack("<I", zlib.crc32(body, zlib.crc32(head))) + body


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


def describe(data: bytes) -> dict[str, str | int]:
    """Say what a file of either format holds, one of emlearn's too; the file must be valid."""
    if data.startswith(b"EMLT"):
        numbers = struct.unpack("<7B3H", data[5:18])
        kind, feature_type, bits, features, classes, _, _, trees, nodes, leaves = numbers
    else:
        rows = [line.split(",") for line in data.decode().splitlines()]
        first = {row[0]: row[1] for row in reversed(rows) if len(row) == 2}
        features, classes, bits = (int(first[name]) for name in ("f", "c", "lb"))
        # emlearn's files have no kind and no feature type.
        kind = int(first.get("k", Kind.CLASSIFIER if classes else Kind.REGRESSOR))
        feature_type = int(first.get("q", FEATURE_TYPES.index("int16")))
        trees, nodes, leaves = (sum(row[0] == name for row in rows) for name in ("r", "n", "l"))
    return {
        "kind": Kind(kind).name.lower().replace("_", " "),
        "feature type": FEATURE_TYPES[feature_type],
        "features": features,
        "classes": classes,
        "trees": trees,
        "nodes": nodes,
        "leaves": classes if bits == HARD else leaves,
        "leaf bits": bits,
    }
