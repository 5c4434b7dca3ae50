"""examples/anomaly: boards answer as this PC, and as numpy of what they learn; how it trains."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emlmpy.features import twin
from emlmpy.trees.twin import ForestTwin
from examples import motion_data
from examples.anomaly import train
from machines.machine import ROOT, Machine
from tests.examples.movements import movements

EXAMPLE = ROOT / "examples" / "anomaly"
CHUNK = 64  # samples, as in main.py
LESSONS = 12  # windows, as in main.py


def files(machine: Machine) -> dict[str, Path]:
    """What main.py needs beside it."""
    names = ("emlfeatures", "emltrees", "emlknn")
    modules = {f"{name}.mpy": machine.module(name) for name in names}
    motion = {"motion.py": ROOT / "examples" / "motion.py"}
    return modules | motion | {name: EXAMPLE / name for name in ("anomaly.csv", "clip.npy")}


def answers(model: bytes, clip: np.ndarray) -> list[str]:
    """What main.py says of each window: the forest's answer, and that of what was learnt."""
    rows = twin.load(model).stream(clip, CHUNK)
    usual, _ = ForestTwin(model).classify(rows)
    limit = 0.0
    lines = []
    for i, row in enumerate(rows):
        learnt = rows[: min(i, LESSONS)].astype(float)
        distance = np.linalg.norm(learnt - row, axis=1).min() if i else 0
        answer = "usual" if distance <= limit else "novel"
        if i < LESSONS:
            answer = "learnt"
            if i > LESSONS // 2:
                limit = max(limit, 2 * distance)
        lines.append(f"{'usual' if usual[i] == 1 else 'novel'} {answer}")
    return lines


def test_main(machine: Machine) -> None:
    """Every window has the answers of this PC; the usual movement is told from the others."""
    clip = np.load(EXAMPLE / "clip.npy")
    expected = answers((EXAMPLE / "anomaly.csv").read_bytes(), clip)
    assert machine.run(EXAMPLE / "main.py", files(machine)).splitlines() == expected
    own = [line.split()[1] for line in expected]
    # Windows of one movement alone, and those in which there is nothing of it.
    usual = (motion_data.CLIPS["anomaly"][0][1] - train.WINDOW) // train.HOP + 1
    others = usual + train.WINDOW // train.HOP - 1
    assert own[LESSONS:usual] == ["usual"] * (usual - LESSONS)
    assert own[others:] == ["novel"] * (len(own) - others)


def test_main_is_short() -> None:
    """A reader sees all of it at once."""
    code = (EXAMPLE / "main.py").read_text().splitlines()
    assert len([line for line in code if not line.startswith("#")]) < 30


def test_model_is_of_train() -> None:
    """The committed front end is that of train.py."""
    words = list(train.front().words)
    assert twin.load((EXAMPLE / "anomaly.csv").read_bytes()).words == words


@pytest.mark.parametrize("person", range(1, 11))
def test_split(person: int) -> None:
    """Who is tested is in neither part, and nobody is in both."""
    people = np.repeat(np.arange(1, 11), 3)
    known, held_out = train.split(people, person)
    assert not (known & held_out).any()
    assert not (known | held_out)[people == person].any()
    assert (known | held_out).sum() == 27
    assert len(set(people[held_out])) == train.HOLD_OUT


def test_train(
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It prints both ways' rates, and its file's threshold is that of people held out."""
    motion = movements(seed, 8, 2400, {train.NORMAL: 0.8, "fast": 4, "none": 0})
    monkeypatch.setattr(train, "load", lambda: motion)
    monkeypatch.setattr(train, "NORMAL", str(motion.exercises[0]))
    monkeypatch.chdir(tmp_path)
    train.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "isolation forest, people unseen:"
    assert lines[3] == "neighbours, people unseen:"
    assert lines[5] == "  detected 100.0%, at worst 100.0%"
    model = (tmp_path / "anomaly.csv").read_bytes()
    front, forest = twin.load(model), ForestTwin(model)
    _, held_out = train.split(motion.people, motion_data.CLIP_PERSON)
    alarms = [
        forest.classify(front.stream(recording))[0] == -1
        for recording, name, held in zip(motion.recordings, motion.exercises, held_out, strict=True)
        if held and name == train.NORMAL
    ]
    assert np.concatenate(alarms).mean() <= train.FALSE_ALARMS


@pytest.mark.slow
def test_train_alone(tmp_path: Path) -> None:
    """The command of the README writes the committed file, byte by byte, where the data is."""
    if not (motion_data.CACHE / motion_data.WHEEL).exists():
        pytest.skip("the recordings are fetched by a person, not by a test")
    command = [sys.executable, str(EXAMPLE / "train.py")]
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    found = (tmp_path / "anomaly.csv").read_bytes()
    assert found == (EXAMPLE / "anomaly.csv").read_bytes()
