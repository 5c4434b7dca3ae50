"""Writes files whole, and the checksum rows of those that are text."""

import os
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path


def write(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all: to a temporary name beside it, which is then renamed.

    What is there and is no ordinary file, such as /dev/stdout, is written to as it is. Raises
    OSError, which names the path.
    """
    try:
        _write(Path(path), data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _write(path: Path, data: bytes) -> None:
    """See write; an OSError may name another file, or none."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    target = path.resolve()  # a link stays a link
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(mode_of(target))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def mode_of(path: Path) -> int:
    """Return the permissions that a file has, or that a new one would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def signed(rows: Iterable[str]) -> bytes:
    """Return rows as a text file, and behind them the row `crc,<8 hex digits>`.

    The CRC-32 is that of all rows, each with one LF, so that a change of line ends does not matter.
    """
    data = "".join(f"{row}\n" for row in rows).encode()
    return data + f"crc,{zlib.crc32(data):08x}\n".encode()
