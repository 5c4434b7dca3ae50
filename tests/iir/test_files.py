"""Files of filters: what emlmpy.iir.save writes, emliir.load reads, here as on the machines."""

import doctest
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from emlmpy import iir
from emlmpy.iir import model
from machines.machine import Board, Machine
from tests.iir import designs as iir_designs

DEVICE = Path(__file__).parents[1] / "device" / "iir"
FILES = Path(__file__).parents[1] / "files"
SOS = signal.butter(2, [0.08, 0.2], "bandpass", fs=1, output="sos")
IMPULSE = np.eye(1, 16, dtype=np.float32)[0]
# Where multiplications are fused with additions, floats are not the PC's to the bit.
FUSED = ("armv7emsp", "armv7emdp")

ROW = "0.25,0.5,0.25,1,-0.5,0.25\n"
CUT = "line {}: file must not be cut short"
NUMBERS = "line {}: 6 numbers expected"
CHECKSUM = "checksum differs: edited by hand? emlmpy check --sign FILE"
COUNT = "sos must be array('f') of 1 to 255 rows of 6"


def module(machine: Machine) -> dict[str, Path]:
    """The module as it ships."""
    return {"emliir.mpy": machine.module("emliir")}


def crc(text: str) -> str:
    """A text with the checksum row that it should have."""
    return f"{text}crc,{zlib.crc32(text.encode()):08x}\n"


BAD = [
    ("", COUNT),
    ("?only a remark\n", COUNT),
    ("sos,1\n", CUT.format(1)),
    ("sos,2\n" + ROW, CUT.format(2)),
    ("sos,1\n" + ROW[:-1], CUT.format(2)),
    ("sos,1\n" + ROW + ROW, CUT.format(3)),
    ("sos,x\n" + ROW, CUT.format(2)),
    ("sos,01\n" + ROW, CUT.format(2)),
    ("sos,1,1\n" + ROW, CUT.format(2)),
    ("sos\n" + ROW, CUT.format(2)),
    ("sos,0\n", COUNT),
    ("1,2,3\n", NUMBERS.format(1)),
    ("\n", NUMBERS.format(1)),
    (ROW + "\n", NUMBERS.format(2)),
    # A row that begins as a checksum does is none.
    ("sos2,1\n" + ROW + "crc", NUMBERS.format(3)),
    ("sos2,1\n" + ROW + "crc\n", NUMBERS.format(3)),
    (ROW + "1,2,3,4,5,6,7\n", NUMBERS.format(2)),
    (ROW + "1,2,3,x,5,6\n", NUMBERS.format(2)),
    (ROW + "1,2,3,4,5,\n", NUMBERS.format(2)),
    (ROW + "?x\n" + "1,2,3,4,5,6p\n", NUMBERS.format(3)),
    (ROW + "1p0.5,2,3,4,5,6\n", NUMBERS.format(2)),
    (ROW + "sos,1\n", NUMBERS.format(2)),
    (ROW + ROW + "1,0,0,1,-2,1\n", "row 3: poles must lie inside the unit circle"),
    (ROW + "1,0,0,1,nan,1\n", "row 2: values must be finite"),
    ("1p128,0,0,1,0,0\n", "row 1: values must be finite"),
    ("1p99999,0,0,1,0,0\n", "row 1: values must be finite"),
    ("9" * 400 + "p0,0,0,1,0,0\n", "row 1: values must be finite"),
    ("1,0,0,1p-130,0,0\n", "row 1: a0 must be neither 0 nor above 8e37"),
    ("1,0,0,1p127,0,0\n", "row 1: a0 must be neither 0 nor above 8e37"),
    (256 * ROW, COUNT),
    ("sos2,1\n" + ROW, CUT.format(2)),
    ("sos2,255\n", CUT.format(1)),
    (crc("sos2,255\n"), CUT.format(2)),
    (crc("sos2,2\n" + ROW), CUT.format(3)),
    (crc("sos2,1\n" + ROW)[:-2], CHECKSUM),
    (crc("sos2,1\n" + ROW).replace("0.25", "0.26"), CHECKSUM),
    (crc("sos2,1\n" + ROW)[:-9] + "00000000\n", CHECKSUM),
    (crc("sos2,1\n?one\n" + ROW).replace("?one", "?two"), CHECKSUM),
    (crc("sos2,1\n" + ROW) + "?\n", "line 4: nothing may follow the checksum"),
    (crc("sos2,1\n" + ROW) + ROW, "line 4: nothing may follow the checksum"),
    (crc("sos3,1\n" + ROW), NUMBERS.format(1)),
    (crc("sos,1\n" + ROW).replace("0.25", "0.26"), CHECKSUM),
    (ROW + "crc,00000000\n", CHECKSUM),
    ("crc,00000000\n", COUNT),
]
GOOD = [
    *(ROW, ROW[:-1], "sos,1\n" + ROW, ROW * 3, "sos,3\r\n" + 3 * ROW.replace("\n", "\r\n")),
    *(crc("sos2,1\n" + ROW), crc("sos2,1\n" + ROW)[:-1], crc("sos,1\n" + ROW), crc(ROW)),
    *("?a\n" + ROW, ROW + "?b", "?a\n?b\nsos,1\n?c\n" + ROW + "?d\n"),
    crc("?name,x\n?\nsos2,2\n" + ROW + "?a 'row'\u2082, of any text\n" + ROW + "?\n"),
    crc("sos2,2\n5p-3,5p-2,5p-3,1p0,-12412407p-23,4662569p-23\n" + ROW).replace("\n", "\r\n"),
    "3p-149,1p0,0p0,1p125,-1p-149,16777215p-25\n",
    "3e-20,2.5,1,4,-1.5,0.25\n",
    crc("sos2,255\n" + 255 * ROW),
]


def on_device(machine: Machine, contents: list[bytes]) -> list[str]:
    """What emliir.load says of each file, and otherwise what the filter makes of an impulse."""
    cases = "".join(content.hex() + "\n" for content in contents).encode()
    output = machine.run(DEVICE / "files.py", {**module(machine), "cases.txt": cases})
    return output.splitlines()


def on_pc(content: bytes) -> str:
    """The same of the PC."""
    try:
        return "loaded " + iir.Filter.load(content).run(IMPULSE).tobytes().hex()
    except ValueError as error:
        return str(error)


def test_bad_files(machine: Machine) -> None:
    """Each has its text, on the PC too."""
    contents = [text.encode() for text, _ in BAD]
    for (text, message), found in zip(BAD, on_device(machine, contents), strict=True):
        assert found == message, text[:200]
        assert on_pc(text.encode()) == message, text[:200]


def test_files_that_are_no_text(machine: Machine) -> None:
    """Bytes that are no UTF-8 are refused, or passed over in a remark."""
    whole = crc("sos2,1\n" + ROW).encode()
    damaged = [
        whole[:i] + bytes([byte]) + whole[i + 1 :] for i in (0, 9, 40) for byte in b"\xff\x80"
    ]
    damaged += [bytes(range(256)), b"\x00" * 50, b"\xc3\n" + ROW.encode()]
    for content, found in zip(damaged, on_device(machine, damaged), strict=True):
        assert not found.startswith("loaded"), content
        assert not on_pc(content).startswith("loaded"), content


def test_good_files(machine: Machine) -> None:
    """Of both versions and by hand: the device makes of them what the PC makes of them."""
    contents = [text.encode() for text in GOOD]
    for content, found in zip(contents, on_device(machine, contents), strict=True):
        assert found.startswith("loaded"), (content[:200], found)
        responses = [
            np.frombuffer(bytes.fromhex(text.split()[1]), np.float32)
            for text in (found, on_pc(content))
        ]
        np.testing.assert_allclose(*responses, rtol=1e-6, atol=1e-7)


@pytest.mark.cases("name", ["filter_sos1.csv", "filter_savetxt.csv", "filter_sos2.csv"])
def test_kept_files(name: str, machine: Machine) -> None:
    """A file of each version, written when it was new, gives the same filter for ever."""
    content = (FILES / name).read_bytes()
    (found,) = on_device(machine, [content])
    response = np.frombuffer(bytes.fromhex(found.removeprefix("loaded ")), np.float32)
    np.testing.assert_allclose(response, signal.sosfilt(SOS, IMPULSE.astype(float)), atol=1e-6)
    facts = iir.describe(content)
    assert facts["checksum"] == ("right" if name == "filter_sos2.csv" else "none")
    assert (
        facts["version"]
        == {"sos1": "sos", "save": "rows without a head", "sos2": "sos2"}[name[7:11]]
    )


def test_save_writes_what_is_kept(tmp_path: Path) -> None:
    """The newest version, to the byte, with line feeds on any system."""
    iir.save(SOS, tmp_path / "filter.csv")
    assert (tmp_path / "filter.csv").read_bytes() == (FILES / "filter_sos2.csv").read_bytes()


def test_documentation() -> None:
    """What the comments show is so."""
    assert doctest.testmod(iir)[0] == 0


def flipped(content: bytes, bit: int) -> bytes:
    """A file with one bit changed."""
    found = bytearray(content)
    found[bit // 8] ^= 1 << bit % 8
    return bytes(found)


def test_flipped_bits(seed: int) -> None:
    """Of 10 000 files with one bit changed, none loads as another filter."""
    rng = np.random.default_rng(seed)
    for _ in range(20):
        while True:
            try:
                content = model.encode(iir_designs.design(rng)[1])
                break
            except ValueError:
                continue
        wanted = on_pc(content)
        for bit in rng.choice(8 * len(content), 500):
            found = on_pc(flipped(content, int(bit)))
            assert found == wanted or not found.startswith("loaded"), bit


def test_flipped_bits_on_machines(machine: Machine, seed: int) -> None:
    """The same of some hundred on the machines, whose words are the PC's."""
    rng = np.random.default_rng(seed)
    content = (FILES / "filter_sos2.csv").read_bytes()
    count = 40 if isinstance(machine, Board) else 400
    damaged = [flipped(content, int(bit)) for bit in rng.choice(8 * len(content), count)]
    for data, found in zip(damaged, on_device(machine, damaged), strict=True):
        assert not found.startswith("loaded"), data


def random_sos(rng: np.random.Generator) -> np.ndarray:
    """Filters that should load, and others that should not."""
    kind = rng.random()
    if kind < 0.4:
        return iir_designs.design(rng, 0.0005, 0.499)[1]
    if kind < 0.6:
        return iir_designs.at_the_edge(rng)
    return iir_designs.extreme(rng) if kind < 0.96 else iir_designs.long(rng)


@pytest.mark.filterwarnings("ignore:float32 coefficients")
def test_what_save_accepts_loads(machine: Machine, tmp_path: Path, seed: int) -> None:
    """It gives the PC's samples; the rest is refused with a reason, and not written."""
    count, most = (150, 150) if machine.name == "unix-x64" else (60, 20)
    rng = np.random.default_rng(seed)
    files: dict[str, Path | bytes] = dict(module(machine))
    filters = []
    refused = set()
    for number in range(count):
        sos = random_sos(rng)
        path = tmp_path / f"{number}.csv"
        try:
            iir.save(sos, path, int16=False)
        except ValueError as error:
            reason = str(error)
            assert not path.exists()
            assert reason.startswith(("row", "sos must be")), reason
            refused.add(re.sub(r"^rows? .*: |not .*", "", reason))
            continue
        if len(filters) < most:
            files[path.name] = path
            filters.append((path.name, sos))
    assert len(filters) >= min(most, count // 3) and len(refused) >= 2, refused
    samples = rng.integers(-32768, 32768, 64).astype(np.int16)
    files["data.bin"] = samples.tobytes()
    files["jobs.txt"] = "".join(f"{name} data.bin\n" for name, _ in filters).encode()
    output = machine.run(DEVICE / "saved.py", files, timeout=300).splitlines()
    for (_, sos), line in zip(filters, output, strict=True):
        floats, _, integers = line.partition(" ")
        device = iir.Filter(sos, cpu=machine.arch)
        wanted = device.run(samples.astype(np.float32))
        found = np.frombuffer(bytes.fromhex(floats), np.float32)
        if machine.arch not in FUSED:
            # But for numbers below 1e-38, which are 0 where there is no FPU.
            lost = max(1e-33, 1e-6 * abs(wanted).max())
            np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=lost)
        else:
            np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-3 * abs(wanted).max())
        try:
            expected = device.run(samples).tobytes().hex()
        except ValueError as error:
            expected = str(error)
        assert integers == expected, sos.tolist()


@pytest.mark.parametrize(
    ("sos", "text"),
    [
        ([], "sos must be 1 to 255 rows of 6"),
        ([1, 2, 3, 4, 5, 6], "sos must be 1 to 255 rows of 6"),
        ([[1, 2, 3]], "sos must be 1 to 255 rows of 6"),
        (256 * [[1, 0, 0, 1, 0, 0]], "sos must be 1 to 255 rows of 6"),
        ([[1, 0, 0, 1, 0, 0], [np.nan, 0, 0, 1, 0, 0]], "row 2: values must be finite"),
        ([[1, 0, 0, np.inf, 0, 0]], "row 1: values must be finite"),
        ([[1, 0, 0, 1e-40, 0, 0]], "row 1: values must be finite"),
        ([[1e300, 0, 0, 1, 0, 0]], "row 1: values must be finite"),
        ([[1, 0, 0, 0, 0, 0]], "row 1: a0 must be neither 0 nor above 8e37"),
        ([[1, 0, 0, 1, -2, 1]], "row 1: poles must lie inside the unit circle"),
        ([[1, 0, 0, 1, 0, 1]], "row 1: poles must lie inside the unit circle"),
        ([[1, 0, 0, 1, -2 + 2**-26, 1 - 2**-26]], "row 1: poles must lie inside the unit circle"),
        ([[0, 0, 0, 1, 0, 0]], "row 1: the largest of b0, b1, b2 must be 1e-30 or more, not 0"),
        ([[1e-31, 0, 0, 1, 0, 0]], "row 1: the largest of b0, b1, b2 must be 1e-30 or more, not 1"),
        ([[1e-29, 0, 0, 1, 0, 0]] * 2, "rows 1 to 2: gain must be -600 to 600 dB, not -1160"),
        ([[1e20, 0, 0, 1, 0, 0]] * 2, "rows 1 to 2: gain must be -600 to 600 dB, not 800"),
        (signal.butter(16, 0.001, fs=1, output="sos"), "row 1: the largest of b0, b1, b2 must be"),
        ([["x"] * 6], "could not convert"),
    ],
)
def test_save_refuses(sos: list, text: str, tmp_path: Path) -> None:
    """What the device would refuse is not written, and what was there stays."""
    path = tmp_path / "filter.csv"
    with pytest.raises(ValueError, match=text):
        iir.save(sos, path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("before")
    with pytest.raises(ValueError, match=text):
        iir.save(sos, path)
    assert path.read_text() == "before"


def test_save_divides_by_a0(tmp_path: Path) -> None:
    """Rows that were multiplied by anything in float64's range are the same filter."""
    iir.save(SOS, tmp_path / "plain.csv")
    for factor in (3, -0.7, 1e-40, 1e300, 1e-300):
        iir.save(SOS * factor, tmp_path / "scaled.csv")
        found, wanted = (
            model.rows_of((tmp_path / f"{n}.csv").read_bytes()) for n in ("scaled", "plain")
        )
        np.testing.assert_allclose(found, wanted, rtol=1e-7)


def test_is_file() -> None:
    """The first row tells, in damaged files too."""
    for text, _ in BAD[2:8] + BAD[13:]:
        first = text.split("\n")[0]
        wanted = first.startswith(("sos,", "sos2,")) or first.count(",") == 5
        assert iir.is_file(text.encode()) == wanted, first
    assert all(iir.is_file(text.encode()) for text in GOOD)
    others = (b"", b"\n", b"f,64\n", b"v,2\n", b"knn1,1,2,3,4,5,6\n", b"knn1,1,2,3,4,5\n")
    others += (b"EMLT", bytes(range(256)), b"MAIX" + bytes(100), b"?a\n?b\n", b"sos3,1\n", b"sos\n")
    assert not any(iir.is_file(data) for data in others)


def test_describe() -> None:
    """What a file holds; a damaged one is refused with the device's text."""
    assert iir.describe((FILES / "filter_sos2.csv").read_bytes()) == {
        "kind": "IIR filter",
        "sections": 2,
        "device bytes": 2 * (20 + 20 + 20 + 8),
        "version": "sos2",
        "checksum": "right",
    }
    for text, message in BAD:
        with pytest.raises(ValueError) as refused:
            iir.describe(text.encode())
        assert str(refused.value) == message


def test_sign() -> None:
    """Files that were edited by hand become whole files of the newest version."""
    whole = (FILES / "filter_sos2.csv").read_bytes()
    assert iir.sign(whole) == whole
    assert iir.sign((FILES / "filter_sos1.csv").read_bytes()) == whole
    assert iir.sign((FILES / "filter_savetxt.csv").read_bytes()) == whole
    edited = whole.replace(b"11422333p-24", b"0.5").replace(b"sos2,2\n", b"?a remark\nsos2,7\r\n")
    signed = iir.sign(edited + b"?another\n")
    assert signed.startswith(b"?a remark\n?another\nsos2,2\n6128039p-26,") and b",1p-1\n" in signed
    assert iir.describe(signed)["checksum"] == "right"
    for text, message in (
        (ROW + "x\n", NUMBERS.format(2)),
        ("?\n", COUNT),
        ("1,0,0,1,-2,1\n", "row 1: poles must lie inside the unit circle"),
    ):
        with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
            iir.sign(text.encode())


def test_memory(machine: Machine) -> None:
    """A script that checks itself on the device."""
    files = {**module(machine), "heap.py": DEVICE.parent / "heap.py"}
    assert machine.run(DEVICE / "memory.py", files) == "ok\n"
