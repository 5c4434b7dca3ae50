"""Files with a front end in them, as the device's own reader takes or refuses them."""

import io
import zlib
from typing import Any

import numpy as np
import pytest

from emlmpy import files
from emlmpy.features import twin
from emlmpy.trees.file import image
from tests.features.test_features import ALL, OPTIONS, motion

OPTIONS_IN_FILE = {"window": 16, "hop": 4, "channels": 3, "stats": ["mean", "jerk"]}
ROWS = twin.rows_of(OPTIONS_IN_FILE)
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
    sizes = {"window": 64, "hop": 32, "channels": 3}
    samples = motion(np.random.default_rng(seed), 200, 3)
    expected = twin.new(**sizes, **options).stream(samples)
    found = twin.load(files.signed(twin.rows_of(sizes | options)))
    assert np.array_equal(found.stream(samples), expected)
    assert (found.window, found.hop, found.channels) == (64, 32, 3)


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
    assert load(source).n_features == 6
    assert load(memoryview(source)).n_features == 6
    if source[:3] != b"EML":
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


def changed(index: int, row: str) -> bytes:
    """The file with another row, and the right checksum."""
    return files.signed([*ROWS[:index], row, *ROWS[index + 1 :]])


REFUSED = {
    "empty": (b"", "file is incomplete"),
    "no rows": (files.signed([]), "file must have a front end"),
    "a model alone": (files.signed(MODEL), "file must have a front end"),
    "no checksum": ("\n".join(ROWS).encode(), "file is incomplete"),
    "a row behind it": (TEXT + b"?front,peak,1\n", "nothing may follow"),
    "no version": (files.signed(ROWS[1:]), "version 1"),
    "another version": (changed(0, "?front,version,2"), "version 1"),
    "no window": (files.signed([ROWS[0], *ROWS[2:]]), "must have all rows"),
    "no hop": (files.signed([*ROWS[:2], *ROWS[3:]]), "must have all rows"),
    "no channels": (files.signed([*ROWS[:3], *ROWS[4:]]), "must have all rows"),
    "an unknown row": (changed(4, "?front,other,1"), "must have all rows"),
    "a row twice": (files.signed([*ROWS, ROWS[1]]), "row must stand once"),
    "the version twice": (files.signed([*ROWS, ROWS[0]]), "row must stand once"),
    "no value": (changed(1, "?front,window"), "number expected"),
    "two values": (changed(1, "?front,window,16,16"), "number expected"),
    "a word": (changed(1, "?front,window,many"), "number expected"),
    "another alphabet": (changed(1, "?front,window,١٦"), "number expected"),
    "a fraction": (changed(1, "?front,window,16.0"), "number expected"),
    "a large number": (changed(1, f"?front,window,{2**64 + 16}"), "window must be"),
    "a negative one": (changed(2, "?front,hop,-4"), "hop must be"),
    "too large a window": (changed(1, "?front,window,4097"), "window must be"),
    "an unknown statistic": (changed(4, "?front,stats,mode"), "stats must be of"),
    "text that is none": (TEXT[:20] + b"\xff" + TEXT[20:], "damaged"),
    "an image alone": (FOREST, "file must have a front end"),
    "an image of names": (NAMES + FOREST, "file must have a front end"),
    "half a head": (FRONT[:20], "file must have a front end"),
    "half an image": (FRONT[:-4], "file is damaged"),
    "an image of no length": (b"EMLX" + bytes(60), "file must have a front end"),
    "an image that is too long": (b"EMLN" + bytes(20) + b"\xff" * 8 + FRONT, "must have a front"),
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
    assert twin.load(files.signed(twin.rows_of(OPTIONS_IN_FILE | {"stats": ALL}))).n_features == 51
