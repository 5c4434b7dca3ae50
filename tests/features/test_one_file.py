"""One file for a front end and the model behind it: both readers take it, and refuse damage."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emlmpy import convert, files, images, threshold
from emlmpy import features as front_ends
from emlmpy.cli import main
from emlmpy.families import family_of_file
from emlmpy.features import WindowFeatures, file, front_path, twin, windows
from emlmpy.features.model import WindowModel
from emlmpy.image_format import FOREST, FRONT, NAMES
from emlmpy.knn import twin as knn_twin
from emlmpy.linear import twin as linear_twin
from emlmpy.novelty import judged
from emlmpy.trees.twin import ForestTwin
from machines.machine import ROOT, Machine
from tests.features.test_transformer import movements

DEVICE = Path(__file__).parents[1] / "device" / "features"
FULL = ("unix-x64", "cortex-m0", "cortex-m4f")  # more cases there
NETWORK = ROOT / "examples" / "digits_cnn" / "digits_cnn.tmdl"

MODELS: dict[str, Any] = {
    "forest": RandomForestClassifier(3, max_depth=3, random_state=1),
    "neighbours": KNeighborsClassifier(3),
    "scaled": make_pipeline(StandardScaler(), KNeighborsClassifier(3)),
    "linear": LogisticRegression(max_iter=3000),
}
READERS: dict[str, Any] = {
    "forest": ForestTwin,
    "neighbours": knn_twin.load,
    "scaled": knn_twin.load,
    "linear": linear_twin.load,
}
MODULES = {
    "forest": "emltrees",
    "neighbours": "emlknn",
    "scaled": "emlknn",
    "linear": "emllinear",
}
# A model, and the options of its save.
FORMS = [
    ("forest", "csv"),
    ("forest", "bin"),
    ("neighbours", "csv"),
    ("scaled", "csv"),
    ("linear", "csv"),
]


@cache
def model_of(name: str) -> WindowModel:
    """A small model, whose labels are numbers."""
    recordings, labels, _ = movements(3)
    numbers = np.unique(labels, return_inverse=True)[1]
    items, y, _ = windows(recordings[:6], numbers[:6], None, 16, 16)
    front = WindowFeatures(16, 8, rate=50, stats=["std", "jerk"], bands=[3, 10], unit=0.001)
    model = convert(make_pipeline(front, MODELS[name]).fit(items[::3], y[::3]))
    assert isinstance(model, WindowModel)
    return model


def options_of(form: str) -> dict[str, str]:
    """Options of save."""
    return {"format": "bin"} if form == "bin" else {}


def content(name: str, form: str) -> bytes:
    """A file's bytes."""
    return model_of(name).encode(**options_of(form))


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_both_readers_take_it(name: str, form: str, tmp_path: Path) -> None:
    """And find what stands in files of their own."""
    model = model_of(name)
    path = tmp_path / f"har.{form}"
    model.save(path, **options_of(form))
    data = path.read_bytes()
    assert data == content(name, form)
    assert twin.load(data).words == model.front.words_
    assert front_ends.load(path).words == model.front.words_
    alone = READERS[name](model.model.encode(**options_of(form)))
    loaded = READERS[name](data)
    recordings, _, _ = movements(4)
    rows = twin.load(data).stream(recordings[0])
    if name == "linear":
        assert np.array_equal(loaded.run(rows)[0], alone.run(rows)[0])
    else:
        for found, expected in zip(loaded.predict(rows), alone.predict(rows), strict=True):
            assert np.array_equal(found, expected)
    assert loaded.nbytes == alone.nbytes
    assert np.array_equal(model.predict([recordings[0]]), model.estimator.predict([recordings[0]]))


def test_rows_come_first() -> None:
    """The front end's rows before the model's own, and one checksum."""
    for name in MODELS:
        rows = content(name, "csv").decode().splitlines()
        assert rows[0] == twin.row_of(model_of(name).front.words_)
        assert rows[1:4] == ["?channels,x,y,z", "?rate,50", "?unit,0.001"]
        own = model_of(name).model.encode().decode().splitlines()
        assert rows[4:-1] == own[:-1]
        assert [row for row in rows if row.startswith("crc,")] == rows[-1:]
        assert next(row for row in rows if row.startswith("?name,")) == "?name,x_std"


def test_images_come_in_order() -> None:
    """The front end's, of whole words, the names, the forest."""
    found = images.images(content("forest", "bin"))
    assert [image[3:4].decode() for image in found] == [FRONT, NAMES, FOREST]
    assert all(len(image) % 4 == 0 for image in found[:2])
    rows = found[0][32:].decode().rstrip("\n").split("\n")
    assert rows == model_of("forest").front.rows()


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_every_cut_is_refused(name: str, form: str) -> None:
    """By the model's reader; by the front end's, where its part is cut."""
    data = content(name, form)
    front = len(images.images(data)[0]) if form == "bin" else len(data) - 1
    for length in range(len(data) - (form == "csv")):
        with pytest.raises(ValueError):
            READERS[name](data[:length])
        if length < front:
            with pytest.raises(ValueError):
                twin.load(data[:length])


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_every_flip_is_refused(name: str, form: str) -> None:
    """Of a text by both readers; of images by the model's reader, and by that of the image."""
    data = content(name, form)
    front = len(images.images(data)[0]) if form == "bin" else len(data)
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at * 5 % 8
        # A line end of another kind changes nothing, nor does a checksum in capitals.
        if form == "csv" and bytes(damaged).upper() == data.upper():
            continue
        if at < front:
            with pytest.raises(ValueError):
                twin.load(bytes(damaged))
        with pytest.raises(ValueError):
            READERS[name](bytes(damaged))


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_check_shows_both(
    name: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And signs both."""
    path = tmp_path / "model"
    data = content(name, form)
    path.write_bytes(data)
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr().out
    for fact in ("front end       version 1", "window          16 samples, hop 8",
                 "channels        x, y, z", "rate            50 Hz", "unit            0.001",
                 "features        9", "feature names   x_std, x_jerk, y_std"):  # fmt: skip
        assert fact in shown
    # Edited by hand: the checksums are wrong until they are signed.
    edited = data.replace(b"?rate,50", b"?rate,60")
    path.write_bytes(edited)
    assert main(["check", str(path)]) == 1
    assert main(["check", str(path), "--sign"]) == 0
    assert "rate            60 Hz" in capsys.readouterr().out
    signed = path.read_bytes()
    assert twin.load(signed).words == model_of(name).front.words_
    READERS[name](signed)
    assert len(signed) == len(data)


WRONG = [
    (b"?front,1,", b"?front,2,", "front end must be of version 1"),
    (b"?front,1,16,8,", b"?front,1,16,0,", "hop must be 1 to window"),
    (b"?front,1,16,8,", b"?front,1,16,8", ""),
    (b"?front,1,16,8,", b"?front,1,1x,8,", ""),
    (b"?channels,x,y,z", b"?channels,x,y-z", "?channels must name 3 channels, not 2"),
]


@pytest.mark.parametrize(("name", "form"), FORMS)
@pytest.mark.parametrize(("old", "new", "text"), WRONG)
def test_what_is_signed_must_load(
    name: str, form: str, old: bytes, new: bytes, text: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Of the front end, too; the file stays as it was."""
    data = content(name, form)
    changed = data.replace(old, new if form == "csv" else new.ljust(len(old), b"0")[: len(old)])
    assert changed != data
    path = tmp_path / "model"
    path.write_bytes(changed)
    assert main(["check", str(path), "--sign"]) == 1
    assert text in capsys.readouterr().err
    assert path.read_bytes() == changed


def test_front_end_of_another_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The numbers of features must be the same."""
    other = WindowFeatures(16).rows()
    for name, form in FORMS:
        path = tmp_path / "model"
        path.write_bytes(file.add(other, model_of(name).model.encode(**options_of(form))))
        assert main(["check", str(path)]) == 1
        error = capsys.readouterr().err
        assert "front end must give 9 features, as the model takes, not 15" in error


def test_one_front_end() -> None:
    """No second one is added, and files with two are refused."""
    for name, form in FORMS:
        data = content(name, form)
        with pytest.raises(ValueError, match="file must have one front end"):
            file.add(WindowFeatures(16).rows(), data)
    row, *rows = content("forest", "csv").decode().splitlines()[:-1]
    with pytest.raises(ValueError, match="file must have one front end"):
        twin.load(files.signed([row, row, *rows]))


def test_models_without_one() -> None:
    """Have none to describe or to load."""
    for name, form in FORMS:
        data = model_of(name).model.encode(**options_of(form))
        assert not file.has_front(data)
        assert not file.is_file(data)
        assert file.describe_front(data) == {}
        with pytest.raises(ValueError, match="file must have one front end"):
            twin.load(data)


def test_save_refuses(tmp_path: Path) -> None:
    """Nothing is written then."""
    model = model_of("forest")
    path = tmp_path / "har.csv"
    with pytest.raises(ValueError, match="format must be csv or bin, not 'txt'"):
        model.save(path, format="txt")
    with pytest.raises(TypeError, match="max_items"):
        model.save(path, max_items=3)
    with pytest.raises(TypeError, match="format"):
        model_of("linear").save(path, format="bin")
    with pytest.raises(ValueError, match="max_items must be"):
        model_of("neighbours").save(path, max_items=1)
    with pytest.raises(OSError, match="missing"):
        model.save(tmp_path / "missing" / "har.csv")
    assert list(tmp_path.iterdir()) == []
    model_of("neighbours").save(path, max_items=500, ring=True)
    assert knn_twin.load(path.read_bytes()).header()[0] == 500


def test_front_end_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of its own, which is a family's, and is found beside a network's."""
    network = tmp_path / "digits.tmdl"
    network.write_bytes(NETWORK.read_bytes())
    assert main(["check", str(network)]) == 0
    assert "front end" not in capsys.readouterr().out
    path = front_path(network)
    assert path == tmp_path / "digits.front.csv"
    front = WindowFeatures(32, magnitude=True)
    front_ends.save(front, path)
    assert main(["check", str(network)]) == 0
    assert f"front end       {path}" in capsys.readouterr().out
    assert family_of_file(path.read_bytes()).name == "front end"
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "file            front end of emlfeatures, version 1" in shown
    assert "features        20" in shown
    samples = movements(5)[0][0]
    expected = front.fit_transform([samples])
    assert np.array_equal(front_ends.load(path).stream(samples), expected)
    image = file.add(front.rows(), b"EML")[:-3]
    assert file.is_file(image)
    assert file.describe(image)["features"] == 20
    assert file.sign(image[:28] + bytes(4) + image[32:]) == image


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "file must be a forest"),
        (b"?rate,50\ncrc,0\n", "file must be a forest"),
        (b"?front,1,16\n", "file is incomplete"),
        (b"?front,1,16\ncrc,00000000\n", "checksum"),
        (files.signed(["?front,1,16"]), "front end "),
        (files.signed([*WindowFeatures(16).rows(), "?front,1"]), "one front end"),
        (b"EMLF" + bytes(60), "file"),
    ],
)
def test_front_ends_that_are_none(
    data: bytes, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the reader's words, with the path."""
    path = tmp_path / "front.csv"
    path.write_bytes(data)
    assert main(["check", str(path)]) == 1
    error = capsys.readouterr().err
    assert text in error
    assert str(path) in error
    with pytest.raises(ValueError, match=r"front\.csv: "):
        front_ends.load(path)
    with pytest.raises(OSError, match="missing"):
        front_ends.load(tmp_path / "missing.csv")


def run_one_file(
    machine: Machine, module: str, setting: str, files: dict[str, bytes], samples: np.ndarray
) -> tuple[list[list[str]], list[int]]:
    """Rows and predictions of a recording."""
    output = machine.run(
        (DEVICE / "one_file.py").read_text(),
        {
            "emlfeatures.mpy": machine.module("emlfeatures"),
            f"{module}.mpy": machine.module(module),
            "setting.py": setting.encode(),
            "samples.bin": samples.tobytes(),
            **files,
        },
        timeout=300,
    ).split("\n")
    rows = [line.split()[1:] for line in output if line.startswith("row")]
    return rows, [int(line.split()[1]) for line in output if line.startswith("predicted")]


@pytest.mark.cases("form", tuple(f"{name}.{form}" for name, form in FORMS))
def test_on_the_device(machine: Machine, form: str) -> None:
    """Rows and predictions of a recording are those of the PC, all of them."""
    name, _, ending = form.partition(".")
    model = model_of(name)
    samples = np.concatenate(movements(6)[0][:3])[:250]
    setting = f"MODULE = {MODULES[name]!r}\nFILE = 'har.{ending}'\n"
    given = {f"har.{ending}": content(name, ending)}
    rows, found = run_one_file(machine, MODULES[name], setting, given, samples)
    times = 2 if ending == "bin" else 1
    assert np.array_equal(np.array(rows, int), np.tile(model.rows([samples]), (times, 1)))
    assert found == model.predict([samples]).tolist() * times
    assert found == model.estimator.predict([samples]).tolist() * times


@pytest.mark.cases("name", ["distances", "outliers"])
def test_scaled_novelty_on_the_device(machine: Machine, name: str) -> None:
    """Its int16 rows are scaled there, and judged as on the PC and by scikit-learn's scores."""
    detector = {
        "distances": NearestNeighbors(n_neighbors=3),
        "outliers": LocalOutlierFactor(5, novelty=True),
    }[name]
    recordings, labels, _ = movements(3)
    normal = [r for r, label in zip(recordings, labels, strict=True) if label == "walk"]
    front = WindowFeatures(16, 8, rate=50, stats=["std", "jerk"], bands=[3, 10])
    pipe = make_pipeline(front, StandardScaler(), detector).fit([r[:320] for r in normal[:2]])
    model = convert(pipe)
    assert isinstance(model, WindowModel)
    model.set_threshold(threshold(model.score_samples(normal[2:3]), false_alarms=0.3))
    samples = np.concatenate(movements(6)[0][:3])[:250]
    setting = "MODULE = 'emlknn'\nFILE = 'novel.csv'\n"
    given = {"novel.csv": model.encode()}
    rows, found = run_one_file(machine, "emlknn", setting, given, samples)
    expected = model.predict([samples])
    assert np.array_equal(np.array(rows, int), model.rows([samples]))
    assert found == expected.tolist() and set(found) == {-1, 1}
    behind = pipe[1].transform(model.rows([samples]))
    if name == "distances":
        scores = -detector.kneighbors(behind)[0].mean(axis=1)
    else:
        scores = detector.score_samples(behind)
    limit = model.model.threshold
    near = np.abs(scores - limit) < 1e-3 * abs(limit)  # which rounding to int16 may turn
    assert np.array_equal(expected[~near], judged(scores, limit, expected)[~near])
    assert near.mean() < 0.1
