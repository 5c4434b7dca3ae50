"""Files with a front end in them, as the device's own reader takes or refuses them."""

import io
import zlib
from typing import Any

import numpy as np
import pytest

from emlmpy import files
from emlmpy.features import twin
from emlmpy.features.words import words_of
from emlmpy.images import image
from tests.features.test_features import OPTIONS, motion

WORDS = words_of(16, 4, 3, stats=["mean", "jerk"])
FRONT_ROW = twin.row_of(WORDS)
ROWS = [FRONT_ROW, "?channels,x,y,z", "?rate,100"]
TEXT = files.signed(ROWS)
MODEL = ["v,2", "k,0", "ys,naïve", "e,1"]  # emlfeatures does not look at it


def body(rows: list[str]) -> bytes:
    """Rows as an image holds them."""
    data = "".join(f"{row}\n" for row in rows).encode()
    return data + b"\n" * (-len(data) % 4)


FRONT = image("F", b"", body(ROWS))
NAMES = image("N", b"", b"x\0y\0")
FOREST = image("T", bytes(20), bytes(40))


def load(source: Any) -> twin.Front:
    """Load as the device does, from what the device takes."""
    front: twin.Front = twin.device()["load"](source)
    return front


@pytest.mark.parametrize("options", OPTIONS)
def test_rows_say_all(options: dict[str, Any], seed: int) -> None:
    """What is written is what is read."""
    words = words_of(64, 32, 3, **options)
    samples = motion(np.random.default_rng(seed), 200, 3)
    expected = twin.new(words).stream(samples)
    found = twin.load(files.signed([twin.row_of(words)]))
    assert np.array_equal(found.stream(samples), expected)
    assert found.words == words


@pytest.mark.parametrize(
    "source",
    [
        TEXT,
        TEXT.replace(b"\n", b"\r\n"),
        files.signed(ROWS + MODEL),
        files.signed([*ROWS[:2], "?name,x", *ROWS[2:], "?rate,100", *MODEL]),
        FRONT,
        FRONT + FOREST,
        FRONT + NAMES + FOREST,
        NAMES + FRONT + FOREST,
    ],
)
def test_loads(source: bytes) -> None:
    """Alone, in front of a model, and behind names."""
    assert twin.load(source).n_features == 6
    if source[:3] == b"EML":
        assert load(source).n_features == 6
        assert load(memoryview(source)).n_features == 6
    else:
        assert load(io.StringIO(source.decode())).n_features == 6
        assert load(source.decode().splitlines()).n_features == 6


def test_loads_from_paths(tmp_path: Any) -> None:
    """Of both forms."""
    for data in (TEXT, NAMES + FRONT + FOREST):
        path = tmp_path / "front"
        path.write_bytes(data)
        assert load(str(path)).n_features == 6
    with pytest.raises(OSError, match="missing"):
        load(str(tmp_path / "missing"))


def changed(row: str) -> bytes:
    """The file with another front end, and the right checksum."""
    return files.signed([row, *ROWS[1:]])


REFUSED = {
    "empty": (b"", "file is incomplete"),
    "no rows": (files.signed([]), "file must have one front end"),
    "a model alone": (files.signed(MODEL), "file must have one front end"),
    "no checksum": ("\n".join(ROWS).encode(), "file is incomplete"),
    "a row behind it": (TEXT + b"?rate,3\n", "nothing may follow"),
    "two": (files.signed([*ROWS, FRONT_ROW]), "file must have one front end"),
    "another version": (changed(FRONT_ROW.replace("?front,1", "?front,2")), "version 1"),
    "no words": (changed("?front,"), "int"),
    "one word": (changed("?front,1"), "version 1"),
    "a word less": (changed(FRONT_ROW.rpartition(",")[0]), "front end is damaged"),
    "a word more": (changed(FRONT_ROW + ",1"), "front end is damaged"),
    "no number": (changed(FRONT_ROW.replace("16", "many")), "int"),
    "an empty one": (changed(FRONT_ROW.replace("16", "")), "int"),
    "another alphabet": (changed(FRONT_ROW.replace("16", "١٦")), "number expected"),
    "a fraction": (changed(FRONT_ROW.replace("16", "16.0")), "int"),
    "a large number": (changed(FRONT_ROW.replace("16", str(2**64 + 16))), "words must be"),
    "a larger window": (changed(FRONT_ROW.replace("16", "4097")), "window must be"),
    "text that is none": (TEXT[:20] + b"\xff" + TEXT[20:], "damaged"),
    "an image alone": (FOREST, "file must have one front end"),
    "an image of names": (NAMES + FOREST, "file must have one front end"),
    "half a head": (FRONT[:20], "file must have one front end"),
    "half an image": (FRONT[:-4], "file is damaged"),
    "an image of no length": (b"EMLX" + bytes(60), "file must have one front end"),
    "an image that is too long": (b"EMLN" + bytes(20) + b"\xff" * 8 + FRONT, "must have one front"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """Each with its cause."""
    data, text = REFUSED[name]
    with pytest.raises(ValueError, match=text):
        twin.load(data)


def test_every_flipped_bit_is_refused() -> None:
    """Of the text, and of the front end's image."""
    for data in (files.signed(ROWS + MODEL), FRONT):
        for bit in range(8 * len(data)):
            damaged = bytearray(data)
            damaged[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ValueError):
                twin.load(bytes(damaged))


def test_every_cut_is_refused() -> None:
    """But for the last line end."""
    for data in (TEXT, FRONT):
        for length in range(len(data) - 1):
            with pytest.raises(ValueError):
                twin.load(data[:length])


def test_the_checksum_is_zips() -> None:
    """As zlib has it."""
    rows = "".join(f"{row}\n" for row in ROWS).encode()
    assert TEXT.endswith(f"crc,{zlib.crc32(rows):08x}\n".encode())
