"""examples/soundlevel: its levels and spectra against scipy; the WAV files that it refuses."""

import os
import runpy
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from scipy import signal

from machines.build import build
from machines.machine import MACHINES, ROOT, DeviceError, Machine

EXAMPLE = ROOT / "examples" / "soundlevel"
two_machines = pytest.mark.machines("unix-x64", "cortex-m4f")
RATE, BLOCK, BANDS = 32000, 1024, 32
F1, F2, F3, F4 = 20.598997, 107.65265, 737.86223, 12194.217


@pytest.fixture(scope="module", autouse=True)
def on_this_pc() -> None:
    """This PC's MicroPython, which some of the tests run on alone."""
    build(["unix-x64"])


@pytest.fixture(scope="module")
def weighting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The filter's file, as a user makes it."""
    folder = tmp_path_factory.mktemp("soundlevel")
    command = [sys.executable, EXAMPLE / "design.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=60)
    return folder / "a_weighting.csv"


def modules(name: str) -> dict[str, Path | bytes]:
    """The modules as they ship."""
    return {f"{module}.mpy": MACHINES[name].module(module) for module in ("emliir", "emlfft")}


def run(name: str, weighting: Path, sound: bytes | None = None) -> str:
    """What main.py prints on a machine."""
    files = {**modules(name), "a_weighting.csv": weighting}
    if sound is not None:
        files["sound.wav"] = sound
    return MACHINES[name].run(EXAMPLE / "main.py", files)


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a WAV file, with its padding."""
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def form(kind: int = 1, channels: int = 1, rate: int = RATE, bits: int = 16) -> bytes:
    """A WAV file's format."""
    size = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, rate * size, size, bits))


def wav(*chunks: bytes) -> bytes:
    """A WAV file."""
    return chunk(b"RIFF", b"WAVE" + b"".join(chunks))


def wanted_levels(samples: np.ndarray) -> np.ndarray:
    """Leq, fast and slow after every 16 blocks, in float64."""
    poles = -2 * np.pi * np.array([F1, F1, F2, F3, F4, F4])
    b, a = signal.zpk2tf(np.zeros(4), poles, 1)
    b = b / abs(signal.freqs(b, a, [2 * np.pi * 1000])[1][0])
    zeros, poles, gain = signal.bilinear_zpk(*signal.tf2zpk(b, a), RATE)
    squares = signal.sosfilt(signal.zpk2sos(zeros, poles, gain), samples) ** 2
    last = np.arange(16 * BLOCK, len(samples) + 1, 16 * BLOCK)
    columns = [np.cumsum(squares)[last - 1] / last]
    for seconds in (0.125, 1.0):
        keep = np.exp(-1 / (seconds * RATE))
        columns.append(signal.lfilter([1 - keep], [1, -keep], squares)[last - 1])
    return 120 + 10 * np.log10(np.maximum(np.stack(columns, axis=1) / 2**29, 1e-12))


def wanted_bands(samples: np.ndarray) -> np.ndarray:
    """Mel bands of each block, in dB, in float64."""
    mel = 2595 * np.log10(1 + RATE / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, mel, BANDS + 1) / 2595) - 1)
    edges = np.round(hertz * BLOCK / RATE).astype(int)
    window = signal.get_window("hann", BLOCK)
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    power = np.abs(np.fft.rfft(blocks * window)) ** 2
    bands = np.add.reduceat(power[:, : BLOCK // 2], edges[:-1], axis=1)
    # A sine of amplitude 1 has this power, by Parseval's theorem.
    sine = BLOCK * (window**2).sum() / 4
    return 120 + 10 * np.log10(np.maximum(bands / sine / 2**30, 1e-12))


def check(output: str, samples: np.ndarray) -> np.ndarray:
    """Compare all that was printed; return the levels."""
    lines = [line.split() for line in output.splitlines()]
    bands = np.array([line[1:] for line in lines if line[0] == "mel"], dtype=float)
    lines = [line for line in lines if line[0] != "mel"]
    levels = np.array([line[3:8:2] for line in lines], dtype=float)
    ends = np.arange(1, len(lines) + 1) * 16 * BLOCK / RATE
    assert [line[0] for line in lines] == [f"{end:.3f}" for end in ends]
    np.testing.assert_allclose(levels, wanted_levels(samples), rtol=0, atol=0.1)
    wanted = wanted_bands(samples)
    floor = wanted.max() - 100  # float32 has its noise below
    bands, wanted = np.maximum(bands, floor), np.maximum(wanted, floor)
    np.testing.assert_allclose(bands, wanted, rtol=0, atol=0.1)
    return levels


def noise() -> np.ndarray:
    """The noise of main.py."""
    samples, state = [], 1
    for i in range(64 * BLOCK):
        state ^= state << 7 & 0xFFFF
        state ^= state >> 9
        state ^= state << 8 & 0xFFFF
        samples.append((state - 32768) // (4 if i < 32 * BLOCK else 40))
    return np.array(samples, dtype=float)


def tone(hertz: float, decibels: float, seconds: float = 1.1) -> np.ndarray:
    """A sine, in dB of full scale."""
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 32767 * 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * time)
    return np.round(wave).astype("<i2")


@two_machines
def test_noise(machine: Machine, weighting: Path) -> None:
    """Without a file and a microphone."""
    levels = check(run(machine.name, weighting), noise())
    assert levels.shape == (4, 3)


@two_machines
def test_wav(machine: Machine, weighting: Path) -> None:
    """Other chunks are passed over; the microphone's data sheet says what the tone must read."""
    samples = tone(1000, -26)
    loud = chunk(b"LIST", bytes(range(1, 254)) * 31)  # of odd length
    sound = wav(loud, form(), loud, chunk(b"data", samples.tobytes()), loud)
    levels = check(run(machine.name, weighting, sound), samples.astype(float))
    assert levels[-1, 1] == pytest.approx(94, abs=0.1)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(16 * BLOCK, "<i2"),
        np.full(16 * BLOCK, -32768, "<i2"),
        np.tile(np.array([32767, -32768], "<i2"), 8 * BLOCK),
        tone(31.5, -3),
        tone(8000, -60),
        np.concatenate([tone(1000, 0), tone(1000, -80)]),
    ],
    ids=["silence", "constant", "highest", "low", "soft", "step"],
)
def test_extremes(weighting: Path, samples: np.ndarray) -> None:
    """Levels from one end of the scale to the other."""
    output = run("unix-x64", weighting, wav(form(), chunk(b"data", samples.tobytes())))
    check(output, samples.astype(float))


DATA = chunk(b"data", bytes(4 * BLOCK))


NO_WAV = "file must be a WAV file"
NO_DATA = "WAV file must have a data chunk"
FORMAT = "WAV file must be 16-bit PCM, mono, 32000 Hz"
CUT = "WAV file must not be cut short"
SHORT = "WAV file must have 1024 samples or more"
BAD = [
    (b"", NO_WAV),
    (b"RIFF", NO_WAV),
    (b"RIFX" + wav(form(), DATA)[4:], NO_WAV),
    (chunk(b"RIFF", b"AVI " + form() + DATA), NO_WAV),
    (wav(), NO_DATA),
    (wav(form()), NO_DATA),
    (wav(form(), b"LIST\xff\xff\xff\xff"), NO_DATA),
    (wav(form(), DATA[:6]), NO_DATA),
    (wav(DATA), FORMAT),
    (wav(DATA, form()), FORMAT),
    (wav(chunk(b"fmt ", b"\1\0\1\0"), DATA), FORMAT),
    (wav(form(kind=3), DATA), FORMAT),
    (wav(form(channels=2), DATA), FORMAT),
    (wav(form(rate=44100), DATA), FORMAT),
    (wav(form(bits=24), DATA), FORMAT),
    (wav(form(), DATA)[:-1], CUT),
    (wav(form(), b"data\xff\xff\xff\xff" + bytes(9000)), CUT),
    (wav(form(), chunk(b"data", bytes(2 * BLOCK - 2))), SHORT),
]
EACH = f"""
import os
for number in range({len(BAD)}):
    os.rename(str(number) + ".wav", "sound.wav")
    try:
        import main
    except ValueError as error:
        print(error)
"""


@two_machines
def test_bad_wav(machine: Machine) -> None:
    """A clear error each, before a filter is read, and no levels."""
    files = modules(machine.name)
    files["main.py"] = EXAMPLE / "main.py"
    files.update({f"{number}.wav": sound for number, (sound, _) in enumerate(BAD)})
    assert machine.run(EACH, files).splitlines() == [text for _, text in BAD]


def test_filter_cut_short(weighting: Path, tmp_path: Path) -> None:
    """A filter's file without its end is not used."""
    (tmp_path / "filter.csv").write_bytes(weighting.read_bytes()[:-30])
    with pytest.raises(DeviceError, match="ValueError: line"):
        run("unix-x64", tmp_path / "filter.csv")


def test_weighting(weighting: Path) -> None:
    """The table of IEC 61672-1, at exact frequencies, up to 4 kHz; above, what README.md says."""
    table = {-15: -39.4, -12: -26.2, -9: -16.1, -6: -8.6, -3: -3.2, 0: 0, 3: 1.2, 6: 1.0}
    high = {7: (0.5, 0.3), 8: (-0.1, 0.7), 9: (-1.1, 1.6), 10: (-2.5, 3.8)}

    def exact(number: str) -> float:
        integer, _, exponent = number.partition("p")
        return int(integer) * 2.0 ** int(exponent)

    lines = weighting.read_text().splitlines()[1:-1]
    sos = np.array([[exact(number) for number in line.split(",")] for line in lines])
    hertz = 1000 * 10 ** (np.array([*table, *high]) / 10)
    _, response = signal.sosfreqz(sos, hertz, fs=RATE)
    found = 20 * np.log10(np.abs(response))
    np.testing.assert_allclose(found[: len(table)], list(table.values()), rtol=0, atol=0.15)
    for level, (wanted, missing) in zip(found[len(table) :], high.values(), strict=True):
        assert wanted - missing <= level <= wanted


def draw(monkeypatch: pytest.MonkeyPatch, sound: Path) -> None:
    """Run draw.py as a command would."""
    monkeypatch.syspath_prepend(EXAMPLE)
    monkeypatch.setattr(sys, "argv", ["draw.py", str(sound)])
    runpy.run_path(str(EXAMPLE / "draw.py"), run_name="__main__")


def test_draw(
    weighting: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It prints what the device prints, and a tone is bright at one height of the picture."""
    picture = ROOT / "build" / "soundlevel" / "spectrogram.png"
    picture.unlink(missing_ok=True)
    sound = tmp_path / "tone.wav"
    sound.write_bytes(wav(form(), chunk(b"data", tone(1000, -6).tobytes())))
    draw(monkeypatch, sound)
    levels = run("unix-x64", weighting, sound.read_bytes()).splitlines()
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines == [line for line in levels if not line.startswith("mel")]
    assert last == "wrote build/soundlevel/spectrogram.png, 34 spectra of 32 bands"
    column = image.imread(picture)[20:-60, 300, :3].sum(axis=1)
    bright = np.flatnonzero(column > 0.7 * column.max())
    # 1000 Hz lies in band 8 of 32, counted from the bottom.
    assert np.ptp(bright) == len(bright) - 1
    assert 0.65 < bright.mean() / len(column) < 0.85


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"bad", "ValueError: file must be a WAV file"), (None, "sound.wav: no such file")],
)
def test_draw_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, text: str
) -> None:
    """The device's error, or the missing file's name; no picture is drawn."""
    picture = ROOT / "build" / "soundlevel" / "spectrogram.png"
    picture.unlink(missing_ok=True)
    if content is not None:
        (tmp_path / "sound.wav").write_bytes(content)
    with pytest.raises(SystemExit, match=text):
        draw(monkeypatch, tmp_path / "sound.wav")
    assert not picture.exists()
