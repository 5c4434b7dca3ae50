"""The files of emltrees: what is damaged or cut never loads as another model; old versions load."""

import re
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from emlmpy import convert
from emlmpy.cli import main
from emlmpy.images import image
from emlmpy.trees import check as forest_check
from emlmpy.trees.file import Forest, to_bin, to_csv
from emlmpy.trees.twin import ForestTwin
from machines.machine import Machine

FILES = Path(__file__).parents[1] / "files"
DATA = load_iris()
MILLIMETRES = np.rint(10 * DATA.data)
NAMES = DATA.target_names[DATA.target]


def named(forest: Forest) -> Forest:
    """The same with names of the features."""
    forest.feature_names = list(DATA.feature_names)
    return forest


MODELS = {
    "hard vote": (RandomForestClassifier(4, max_depth=4, random_state=1), NAMES, {"vote": "hard"}),
    "soft vote": (RandomForestClassifier(4, max_depth=4, random_state=1), DATA.target, {}),
    "regressor": (RandomForestRegressor(3, max_depth=3, random_state=1), DATA.target * 1.1, {}),
    "boosting": (
        GradientBoostingClassifier(n_estimators=3, random_state=1),
        NAMES,
        {"features": "float32"},
    ),
    "isolation": (
        IsolationForest(n_estimators=3, max_samples=30, random_state=1),
        None,
        {"features": "float32"},
    ),
    "one leaf": (DecisionTreeRegressor(max_depth=1), np.zeros(150), {"features": "float32"}),
}


def model(name: str) -> Forest:
    """One of MODELS, whose features have names."""
    estimator, target, arguments = MODELS[name]
    return named(convert(estimator.fit(MILLIMETRES, target), **arguments).forest)


def answers(twin: ForestTwin) -> tuple[bytes, ...]:
    """All that a model says of the data, as bits, and its labels."""
    feature_type = ("int16", "uint8", "float32")[twin.shape.feature_type]
    rows = MILLIMETRES.astype(feature_type)
    found = (*twin.predict(rows), *twin.classify(rows))
    return (*(array.tobytes() for array in found), repr((twin.labels, twin.shape)).encode())


@pytest.mark.parametrize("form", ["csv", "bin"])
@pytest.mark.parametrize("name", MODELS)
def test_cut_files(name: str, form: str) -> None:
    """A file that is cut is refused; only the last line end may be missing."""
    data = to_csv(model(name)) if form == "csv" else to_bin(model(name))
    ForestTwin(data)
    for end in range(len(data) - (form == "csv")):
        with pytest.raises(ValueError):
            ForestTwin(data[:end])


@pytest.mark.parametrize("form", ["csv", "bin"])
@pytest.mark.parametrize("name", ["hard vote", "soft vote", "boosting"])
def test_flipped_bits(name: str, form: str, seed: int) -> None:
    """Of 10 000 files with one bit flipped, none loads as another model."""
    generator = np.random.default_rng(seed)
    data = to_csv(model(name)) if form == "csv" else to_bin(model(name))
    right = answers(ForestTwin(data))
    loaded = 0
    for place, bit in zip(
        generator.integers(0, len(data), 10_000).tolist(),
        generator.integers(0, 8, 10_000).tolist(),
        strict=True,
    ):
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        try:
            twin = ForestTwin(bytes(changed))
        except ValueError:
            continue
        loaded += 1
        assert answers(twin) == right
    # One bit turns the last line end into another character, which ends no line.
    assert loaded <= 20


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("v,2", "v,3", "version of file must be 1 or 2"),
        ("v,2", "v,0", "version of file must be 1 or 2"),
        ("k,1", "k,5", "kind of model is not supported"),
        ("k,1", "k,0", "kind of model is not supported"),
        ("q,0", "q,3", "kind of model is not supported"),
        ("q,0", "q,2", "number expected"),
        ("m,1,3,4,1,1,0", "m,2,3,4,1,1,0", "file is incomplete"),
        ("m,1,3,4,1,1,0", "m,1,2,4,1,1,0", "too many for this model"),
        ("m,1,3,4,1,1,0", "m,1,3,5,1,1,0", "file is incomplete"),
        ("m,1,3,4,1,1,0", "m,1,3,4", "number expected"),
        ("m,1,3,4,1,1,0", "m,1,3,4,0,1,0", "number expected"),
        ("m,1,3,4,1,1,0", "m,1,3,4,3,1,0", "number expected"),
        ("m,1,3,4,1,1,0", "m,1,3,4,1,3,0", "number expected"),
        ("m,1,3,4,1,1,0", "m,1,3,4,1,1,9", "file is incomplete"),
        ("m,1,3,4,1,1,0", "m,1,3,4,1,1,0,0", "number expected"),
        ("m,1,3,4,1,1,0", "m,65000,65000,65000,2,2,65000", "file is incomplete"),
        ("f,1", "f,0", "number expected"),
        ("c,0", "c,2", "kind of model is not supported"),
        ("lb,32", "lb,8", "kind of model is not supported"),
        ("lb,32\n", "lb,32\nyi,1\n", "bad class label"),
        ("lb,32\n", "lb,32\ns,1\n", "number expected"),
        ("lb,32\n", "lb,32\nb,1\n", "kind of model is not supported"),
        ("lb,32\n", "lb,32\nz,1\n", "unknown row"),
        ("l,1\n", "l,[1]\n", "number expected"),
        ("l,1\n", "l,one\n", "number expected"),
        ("l,1\n", "l,3.5e38\n", "number expected"),
        ("l,1\n", "", "child must be a later node or a leaf"),
        ("r,0", "r,3", "number expected"),
        ("n,0,0,", "n,1,0,", "feature must exist"),
        ("n,0,0,", "n,0,256,", "number expected"),
        ("e,3", "e,4", "number expected"),
        ("e,3\n", "e,3\ne,3\n", "unknown row"),
        ("e,3\n", "e,3\nn,0,0,-1,-1\n", "unknown row"),
        ("e,3\n", "", "unknown row"),
        ("crc,", "crc", "checksum differs"),
        ("crc,", "CRC,", "unknown row"),
    ],
)
def test_changed_csv_files(old: str, new: str, text: str) -> None:
    """Rows that contradict each other or the format are refused, the checksum being right."""
    rows = np.arange(4.0)[:, np.newaxis]
    whole = to_csv(convert(DecisionTreeRegressor().fit(rows, rows[:, 0]), features="int16").forest)
    ForestTwin(whole)
    assert f"\n{whole.decode()}".count(f"\n{old}") == 1
    changed = f"\n{whole.decode()}".replace(f"\n{old}", f"\n{new}", 1)[1:].encode()
    with pytest.raises(ValueError, match=text):
        ForestTwin(signed(changed))


def signed(data: bytes) -> bytes:
    """The file with the CRC of its rows in its last 8 digits."""
    rows, _, last = data.rpartition(b"\n")[0].rpartition(b"\n")
    return rows + b"\n" + last[:-8] + f"{crc32(rows + bytes([10])):08x}\n".encode()


def test_line_ends() -> None:
    """A file whose line ends git or Windows has changed has the same checksum."""
    data = to_csv(model("soft vote"))
    right = answers(ForestTwin(data))
    for other in (data.replace(b"\n", b"\r\n"), data.removesuffix(b"\n")):
        assert answers(ForestTwin(other)) == right
    with pytest.raises(ValueError, match="unknown row"):
        ForestTwin(data.replace(b"\n", b"\n\n", 1))


@pytest.mark.parametrize("classes", [50, 60, 127, 200, 255])
def test_long_rows(classes: int, seed: int) -> None:
    """Proportions of up to 255 classes, in rows of any length."""
    generator = np.random.default_rng(seed)
    rows = generator.integers(0, 1000, (6 * classes, 4))
    target = np.arange(len(rows)) % classes
    forest = RandomForestClassifier(3, min_samples_leaf=4, random_state=1).fit(rows, target)
    data = to_csv(convert(forest).forest)
    assert max(map(len, data.split(b"\n"))) > 100
    found = ForestTwin(data).predict(rows.astype(np.int16))[1]
    # Each tree's proportions are rounded to 1/255.
    np.testing.assert_allclose(found, forest.predict_proba(rows), atol=0.5 / 255 + 1e-6)
    np.testing.assert_array_equal(
        found, ForestTwin(to_bin(convert(forest).forest)).predict(rows.astype(np.int16))[1]
    )


@pytest.mark.cases(
    "labels",
    [
        [-(2**31), -(2**31) + 1, 2**31 - 2, 2**31 - 1],
        [2147483640, 2147483646, 2147483647],
        ["EMLT", "crc,00000000", "?x", "a, b", " ", "l,[1 2]", "x" * 100, "\u00e4" * 50],
    ],
)
def test_labels(machine: Machine, labels: list, tmp_path: Path) -> None:
    """Labels at the ends of int32, and texts that look like something else."""
    rows = np.arange(len(labels) * 3)[:, np.newaxis] * 10
    tree = DecisionTreeClassifier(random_state=1).fit(rows, np.repeat(labels, 3))
    for form in ("csv", "bin"):
        convert(tree).save(tmp_path / "model", format=form)
        script = "import emltrees\nprint(repr(emltrees.load('model').classes))"
        files = {
            "emltrees.mpy": machine.module("emltrees"),
            "model": tmp_path / "model",
        }
        assert eval(machine.run(script, files)) == tuple(tree.classes_.tolist())


@pytest.mark.parametrize(
    "leaves",
    [("2e38", "2e38"), ("3e38", "-3e38"), ("1.7e38", "1.8e38")],
)
def test_sums_beyond_float32(leaves: tuple[str, str]) -> None:
    """Boosted values whose sum could pass float32 are refused; half of them are summed exactly."""
    rows = ["v,1", "k,2", "q,2", "m,2,2,2", "f,1", "c,0", "lb,32", "b,0"]
    rows += [f"l,{leaf}" for leaf in leaves]
    rows += ["r,0", "r,1", "n,0,0,-1,-1", "n,0,0,-2,-2", "e,2"]
    with pytest.raises(ValueError, match="values and their sums must lie within float32's range"):
        ForestTwin("\n".join(rows).encode())
    small = [row.replace("e38", "e37") for row in rows]
    _, out = ForestTwin("\n".join(small).encode()).predict(np.zeros((1, 1), np.float32))
    expected = sum(np.float64(np.float32(leaf)) / 10 for leaf in map(float, leaves))
    assert out[0, 0] == pytest.approx(expected, rel=1e-6)
    # A mean of the same values is no larger than they are.
    mean = [*rows]
    mean[1:2] = ["k,1"]
    mean.remove("b,0")
    _, out = ForestTwin("\n".join(mean).encode()).predict(np.zeros((1, 1), np.float32))
    assert np.isfinite(out[0, 0])


@pytest.mark.parametrize(
    "name",
    [
        "forest_v1.csv",
        "forest_v1.bin",
        "forest_emlearn.csv",
        "forest_emlearn_before_0.23.2.csv",
    ],
)
def test_old_versions(machine: Machine, name: str) -> None:
    """Files that earlier versions wrote: a tree of two splits on the width of iris' petals."""
    script = """
import array, emltrees
model = emltrees.load("model")
print([model.predict(array.array("h", [50, 30, 40, width])) for width in range(26)], model.classes)
"""
    files = {
        "emltrees.mpy": machine.module("emltrees"),
        "model": FILES / name,
    }
    expected = [0 if width <= 8 else 1 if width <= 17 else 2 for width in range(26)]
    labels = None if "emlearn" in name else ("setosa", "versicolor", "virginica")
    assert machine.run(script, files) == f"{expected} {labels}\n"
    assert forest_check.describe((FILES / name).read_bytes())["nodes"] == 2


def test_foreign_images() -> None:
    """A binary model may come behind other images, which must be whole."""
    data = to_bin(model("soft vote"))
    right = answers(ForestTwin(data))
    other = image("X", b"\x07", bytes(40))
    assert answers(ForestTwin(other + other + data)) == right
    for bad in (other[:-4] + data, other + data[:-1], other, other + data + other):
        with pytest.raises(ValueError, match="file is damaged"):
            ForestTwin(bad)
    changed = bytearray(other + data)
    changed[35] ^= 1
    with pytest.raises(ValueError, match="file is damaged"):
        ForestTwin(bytes(changed))


@pytest.mark.parametrize("form", ["csv", "bin"])
def test_check_and_sign(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`check` describes a file, names what is wrong with it, and signs one edited by hand."""
    forest = model("hard vote")
    path = tmp_path / f"model.{form}"
    path.write_bytes(to_csv(forest) if form == "csv" else to_bin(forest))
    assert main(["check", str(path)]) == 0
    found = {line[:16].strip(): line[16:] for line in capsys.readouterr().out.splitlines()}
    assert found["checksum"] == "right"
    assert found["kind"] == "classifier"
    assert found["features"] == "4"
    assert found["feature names"] == ", ".join(DATA.feature_names)
    assert found["labels"] == "setosa, versicolor, virginica"
    assert found["trees"] == "4"
    assert found["device bytes"] == str(ForestTwin(path.read_bytes()).nbytes)
    data = path.read_bytes()
    edited = data.replace(b"virginica", b"vulgaris ")
    path.write_bytes(edited)
    assert main(["check", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"emlmpy: {path}: ")
    assert ("checksum differs: edited by hand?" in error) == (form == "csv")
    assert main(["check", "--sign", str(path)]) == 0
    assert "setosa, versicolor, vulgaris" in capsys.readouterr().out
    assert ForestTwin(path.read_bytes()).labels[2] == "vulgaris "
    assert forest_check.sign(path.read_bytes()) == path.read_bytes()


def test_sign_counts_anew(tmp_path: Path) -> None:
    """A row more or less, and a version 1, become a whole file of version 2."""
    old = (FILES / "forest_v1.csv").read_bytes()
    new = forest_check.sign(old)
    assert new.startswith(b"v,2\n")
    assert answers(ForestTwin(new)) == answers(ForestTwin(old))
    longer = new.replace(b"r,0\n", b"r,0\nr,1\n")
    with pytest.raises(ValueError):
        ForestTwin(longer)
    assert ForestTwin(forest_check.sign(longer)).shape.n_trees == 2


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "file must be a forest"),
        (b"hello\n", "file must be a forest"),
        (b"v,1\nk,9\n", "file is incomplete"),
        (b"EMLT" + bytes(28), "file is damaged"),
        (b"EMLX" + bytes(28), "file must be a forest"),
        (bytes(range(256)), "file must be a forest"),
    ],
)
def test_check_of_other_files(
    data: bytes, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line names the file and what is wrong with it; nothing is written."""
    path = tmp_path / "file"
    path.write_bytes(data)
    for arguments in (["check"], ["check", "--sign"]):
        assert main([*arguments, str(path)]) == 1
        assert re.search(f"^emlmpy: {path}: .*({text})", capsys.readouterr().err)
        assert path.read_bytes() == data


def test_emlearns_files_are_not_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They have no place for a checksum."""
    path = tmp_path / "model.csv"
    path.write_bytes((FILES / "forest_emlearn.csv").read_bytes())
    assert main(["check", str(path)]) == 0
    assert "checksum        none" in capsys.readouterr().out
    assert main(["check", "--sign", str(path)]) == 1
    assert "convert the model with emlmpy.convert" in capsys.readouterr().err
