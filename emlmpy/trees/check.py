"""Says what is in a file of emltrees, and signs one that was edited by hand."""

from emlmpy import files, images
from emlmpy.image_format import FOREST, HEAD, NAMES
from emlmpy.trees.format import Kind, LeafBits
from emlmpy.trees.quantize import FEATURE_TYPES
from emlmpy.trees.twin import ForestTwin

NAME_ROW = "?name,"


def is_file(data: bytes) -> bool:
    """Whether this is meant to be a model of emltrees: CSV, emlearn's too, or binary."""
    if data.startswith(b"EML"):
        return any(images.is_a(FOREST, image) for image in images.images(data))
    rows = (row for row in text_rows(data) if not row.startswith("?"))
    return next(rows, "").startswith(("v,", "f,"))


def describe(data: bytes) -> dict[str, str | int]:
    """Say what the file holds. Raises ValueError, in the device's words, if it cannot be loaded."""
    twin = ForestTwin(data)
    shape = twin.shape
    leaves = shape.n_classes if shape.leaf_bits == LeafBits.HARD else shape.n_leaves
    facts: dict[str, str | int] = {
        "file": "forest of emltrees, " + version(data),
        "checksum": "right" if has_checksum(data) else "none",
        "kind": Kind(shape.kind).name.lower().replace("_", " "),
        "feature type": FEATURE_TYPES[shape.feature_type],
        "scaled": "yes: takes floats in raw units" if shape.has_scale else "no",
        "features": shape.n_features,
        "classes": shape.n_classes,
        "trees": shape.n_trees,
        "nodes": shape.n_nodes,
        "leaves": leaves,
        "leaf bits": shape.leaf_bits,
        "device bytes": twin.nbytes,
    }
    for what, texts in (("feature names", feature_names(data)), ("labels", twin.labels)):
        if texts:
            facts[what] = ", ".join(map(str, texts))
    return facts


def sign(data: bytes) -> bytes:
    """Return a file that was edited by hand in the newest version, with the right checksum.

    Rows are counted anew, too. Raises ValueError if the file cannot be loaded even so, or is
    emlearn's, which has no checksum.
    """
    if data.startswith(b"EML"):
        signed = b"".join(map(images.signed, images.images(data)))
        ForestTwin(signed)
        return signed
    rows = [row for row in text_rows(data) if not row.startswith("crc,")]
    if not any(row.startswith("v,") for row in rows):
        raise ValueError("a file of emlearn has no checksum: convert the model with emlmpy.convert")
    counts = ",".join(str(sum(row.startswith(kind) for row in rows)) for kind in ("r,", "n,", "l,"))
    nodes = counts.split(",")[1]
    found = {"v": "v,1", "m": f"m,{counts}", "e": f"e,{nodes}"}
    rows = [found.get(row.partition(",")[0], row) for row in rows]
    # Read as version 1, which finds out how many bytes thresholds, links and labels take.
    shape = ForestTwin("\n".join(rows).encode()).shape
    widths = f"{shape.threshold_bytes},{shape.link_bytes},{shape.label_bytes}"
    newest = {"v,1": "v,2", f"m,{counts}": f"m,{counts},{widths}"}
    signed = files.signed(newest.get(row, row) for row in rows)
    ForestTwin(signed)
    return signed


def text_rows(data: bytes) -> list[str]:
    """Return the rows of a text file, split as the device splits them."""
    rows = data.decode(errors="replace").split("\n")
    return [row.removesuffix("\r") for row in rows[: -1 if rows[-1] == "" else None]]


def version(data: bytes) -> str:
    """Return the version of a file that loads, in words."""
    if data.startswith(b"EML"):
        return "binary"
    first = next(row for row in text_rows(data) if not row.startswith("?"))
    return f"CSV version {first[2:]}" if first.startswith("v,") else "emlearn's CSV"


def has_checksum(data: bytes) -> bool:
    """Whether a file that loads has a checksum, which is then right."""
    return data.startswith(b"EML") or text_rows(data)[-1].startswith("crc,")


def feature_names(data: bytes) -> list[str]:
    """Return the features' names; empty without."""
    if data.startswith(b"EML"):
        for image in images.images(data):
            if images.is_a(NAMES, image):
                return image[HEAD:].rstrip(b"\0").decode().split("\0")
        return []
    return [row.removeprefix(NAME_ROW) for row in text_rows(data) if row.startswith(NAME_ROW)]
