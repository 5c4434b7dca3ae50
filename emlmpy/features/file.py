"""Front ends in files: of their own, or in front of a model. formats/front.md describes them."""

from pathlib import Path
from typing import Any

from emlmpy import files, images
from emlmpy.device_python import as_text
from emlmpy.features import twin
from emlmpy.features.format import VERSION
from emlmpy.image_format import ALIGNMENT, FRONT, HEAD

BINARY = b"EML"
FRONT_ROW = "?front,"
# The optional rows that are a front end's, and what they are called.
FACTS = {"?channels,": "channels", "?rate,": "rate", "?unit,": "unit"}


def encode(rows: list[str]) -> bytes:
    """Return a file that holds a front end alone."""
    return files.signed(rows)


def add(rows: list[str], data: bytes) -> bytes:
    """Return a model's file, text or binary, with a front end before the model.

    Raises ValueError if it has one.
    """
    if has_front(data):
        raise ValueError("file must have one front end")
    if data.startswith(BINARY):
        body = "".join(f"{row}\n" for row in rows).encode()
        return images.image(FRONT, b"", body + b"\n" * (-len(body) % ALIGNMENT)) + data
    return files.signed([*rows, *without_checksum(text_rows(data))])


def front_path(model: str | Path) -> Path:
    """Return the path of the front end that belongs to a model in a format of its own.

    >>> front_path("keyword.tmdl").name
    'keyword.front.csv'
    """
    return Path(model).with_suffix(".front.csv")


def write(path: str | Path, data: bytes) -> None:
    """Write a file with a front end, once the device's reader has accepted it."""
    twin.load(data)
    files.write(path, data)


def load(path: str | Path) -> twin.Front:
    """Load the front end of a file as the device does, to run it on this computer.

    path: of a file of its own, or of one with a model. Raises ValueError, in the device's words
    behind the path, if it has none or is damaged; OSError if it cannot be read.
    """
    try:
        return twin.load(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def has_front(data: bytes) -> bool:
    """Whether a file is meant to hold a front end, damaged or not."""
    return any(row.startswith(FRONT_ROW) for row in front_rows(data))


def is_file(data: bytes) -> bool:
    """Whether this is meant to be a front end without a model."""
    if data.startswith(BINARY):
        return bool(found := images.images(data)) and all(images.is_a(FRONT, i) for i in found)
    rows = data.decode(errors="replace").split("\n")
    model = (row for row in rows if row.strip() and not row.startswith(("?", "crc,")))
    return has_front(data) and not any(model)


def describe(data: bytes) -> dict[str, str | int]:
    """Say what a front end without a model is. Raises ValueError if it does not load."""
    front = twin.load(data)
    return {
        "file": f"front end of emlfeatures, version {VERSION}",
        "checksum": "right",
        "kind": "front end",
        "features": front.n_features,
        **facts(data, front),
        "device bytes": front.nbytes,
    }


def describe_front(data: bytes, n_features: Any = None) -> dict[str, str | int]:
    """Say which front end a model's file holds; nothing without one.

    n_features: what the model takes. Raises ValueError, in the device's words, if the front end
    does not load, or gives another number of features.
    """
    if not has_front(data):
        return {}
    front = twin.load(data)
    if n_features is not None and front.n_features != n_features:
        raise ValueError(
            f"front end must give {n_features} features, as the model takes, not {front.n_features}"
        )
    return {
        "front end": f"version {VERSION}, of emlfeatures",
        **facts(data, front),
        "front end bytes": front.nbytes,
    }


def facts(data: bytes, front: twin.Front) -> dict[str, str | int]:
    """Say how a front end cuts, and what the optional rows tell about its samples."""
    found = {
        name: row.removeprefix(start)
        for start, name in FACTS.items()
        for row in front_rows(data)
        if row.startswith(start)
    }
    channels = found.pop("channels", None)
    if channels is not None and len(channels.split(",")) != front.channels:
        names = len(channels.split(","))
        raise ValueError(f"?channels must name {front.channels} channels, not {names}")
    if "rate" in found:
        found["rate"] += " Hz"
    return {
        "window": f"{front.window} samples, hop {front.hop}",
        "channels": front.channels if channels is None else ", ".join(channels.split(",")),
        **found,
    }


def sign(data: bytes) -> bytes:
    """Return a front end without a model, edited by hand, with the right checksum.

    Raises ValueError, in the device's words, if it does not load even so.
    """
    if data.startswith(BINARY):
        signed = b"".join(map(images.signed, images.images(data)))
    else:
        signed = files.signed(without_checksum(text_rows(data)))
    twin.load(signed)
    return signed


def front_rows(data: bytes) -> list[str]:
    """Return the optional rows that a file has, as far as it can be read."""
    if data.startswith(BINARY):
        bodies = [image[HEAD:] for image in images.images(data) if images.is_a(FRONT, image)]
        rows = [row for body in bodies for row in body.decode(errors="replace").split("\n")]
    else:
        rows = data.decode(errors="replace").split("\n")
    return [row.rstrip("\r") for row in rows if row.startswith("?")]


def text_rows(data: bytes) -> list[str]:
    """Return the rows of a text file, without empty ones at its end."""
    rows = [row.removesuffix("\r") for row in as_text(data).split("\n")]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def without_checksum(rows: list[str]) -> list[str]:
    """Return rows without that of a checksum."""
    return [row for row in rows if not row.startswith("crc,")]
