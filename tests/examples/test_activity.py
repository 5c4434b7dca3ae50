"""examples/activity: boards name the exercises that this PC names; how train.py trains."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emlmpy.features import twin
from emlmpy.trees.twin import ForestTwin
from examples.activity import train
from machines.machine import ROOT, Machine
from tests.examples.movements import movements

EXAMPLE = ROOT / "examples" / "activity"
CHUNK = 64  # samples, as in main.py


def files(machine: Machine) -> dict[str, Path]:
    """What main.py needs beside it."""
    modules = {f"{name}.mpy": machine.module(name) for name in ("emlfeatures", "emltrees")}
    motion = {"motion.py": ROOT / "examples" / "motion.py"}
    return modules | motion | {name: EXAMPLE / name for name in ("activity.csv", "clip.npy")}


def named(model: bytes, clip: np.ndarray) -> list[str]:
    """The exercise of each window, on this PC."""
    forest = ForestTwin(model)
    answers, _ = forest.classify(twin.load(model).stream(clip, CHUNK))
    return [str(forest.labels[answer]) for answer in answers]


def test_main(machine: Machine) -> None:
    """Every window of the clip has the name that this PC gives it."""
    model, clip = (EXAMPLE / "activity.csv").read_bytes(), np.load(EXAMPLE / "clip.npy")
    expected = named(model, clip)
    assert len(expected) == (len(clip) - train.WINDOW) // train.HOP + 1
    assert len(set(expected)) > 4
    assert machine.run(EXAMPLE / "main.py", files(machine)).splitlines() == expected


def test_main_is_short() -> None:
    """A reader sees all of it at once."""
    assert len((EXAMPLE / "main.py").read_text().splitlines()) < 30


def test_model_is_of_train() -> None:
    """The committed front end is that of train.py."""
    front = train.make()[0]
    assert twin.load((EXAMPLE / "activity.csv").read_bytes()).words == list(front.words)


@pytest.mark.parametrize("without", ["activity.csv", "clip.npy", "motion.py"])
@pytest.mark.machines("unix-x64")
def test_missing_file(machine: Machine, without: str) -> None:
    """What is missing is an error, and no answer."""
    present = files(machine)
    del present[without]
    with pytest.raises(Exception, match=r"ENOENT|ImportError"):
        machine.run(EXAMPLE / "main.py", present)


def test_turned(seed: int) -> None:
    """Copies keep the lengths of vectors, within rounding, differ, and are the same each time."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-9000, 9000, (20, 64, 3)).astype(np.int16)
    found = train.turned(X, 3)
    assert found.shape == (60, 64, 3)
    assert found.dtype == np.int16
    lengths = np.linalg.norm(np.tile(X, (3, 1, 1)).astype(float), axis=2)
    assert np.abs(np.linalg.norm(found.astype(float), axis=2) - lengths).max() < 1
    assert len({copy.tobytes() for copy in (*X, *found)}) == 80
    assert (found == train.turned(X, 3)).all()
    # By a few degrees, not by any.
    dots = (found.astype(float) * np.tile(X, (3, 1, 1))).sum(axis=2)
    assert np.degrees(np.arccos(np.clip(dots / np.maximum(lengths, 1) ** 2, -1, 1))).max() < 60


def test_turned_does_not_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples at the ends of int16 stay near them."""
    monkeypatch.setattr(train, "SPREAD", train.SPREAD / 5)
    X = np.full((50, 8, 3), 32767, np.int16)
    assert train.turned(X).min() > 20_000
    assert train.turned(-X - 1).max() < -20_000


def test_train(
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It leaves out one person at a time, says how often it is right, and writes what it tested."""
    motion = movements(seed, 6, 1200, {"slow": 0.5, "fast": 3, "none": 0})
    monkeypatch.setattr(train, "load", lambda: motion)
    monkeypatch.chdir(tmp_path)
    trained_on = []

    def fit(pipeline, X, y, fit=train.fit):
        trained_on.append(len(X))
        return fit(pipeline, X, y)

    monkeypatch.setattr(train, "fit", fit)
    train.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:6]] == [f"person {i:2}" for i in range(1, 7)]
    assert lines[6] == "mean 100.0%, worst 100.0%"
    per_person = 3 * ((1200 - train.WINDOW) // train.HOP + 1)
    assert trained_on == [5 * per_person] * 7
    assert "accuracy 1.0000" in lines[7]
    model = (tmp_path / "activity.csv").read_bytes()
    for name, recording in zip(motion.exercises[-3:], motion.recordings[-3:], strict=True):
        assert set(named(model, recording)) == {name}


@pytest.mark.slow
def test_train_alone(tmp_path: Path) -> None:
    """The command of the README writes the committed file, byte by byte, where the data is."""
    from examples import motion_data

    if not (motion_data.CACHE / motion_data.WHEEL).exists():
        pytest.skip("the recordings are fetched by a person, not by a test")
    command = [sys.executable, str(EXAMPLE / "train.py")]
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    found = (tmp_path / "activity.csv").read_bytes()
    assert found == (EXAMPLE / "activity.csv").read_bytes()
