"""Every kind of tree model on every machine: the bits are those of the host twin, which
test_convert.py holds to scikit-learn."""

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import emlearn
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import Bunch

import emlmpy
from emlmpy.trees.twin import ForestTwin
from machines.machine import ROOT, Machine
from tools.compile_kernel import compile_kernel

DEVICE = Path(__file__).parents[1] / "device" / "trees"
NAMES = np.array(["setosa", "versicolor", "virginica"])

# Estimator, data, convert's arguments, file format.
CASES = {
    "soft": (RandomForestClassifier(8, random_state=1), load_digits, {}, "bin"),
    "soft bytes": (
        RandomForestClassifier(5, random_state=1),
        load_digits,
        {"features": "uint8"},
        "bin",
    ),
    "hard": (RandomForestClassifier(9, random_state=1), load_digits, {"vote": "hard"}, "csv"),
    "codebook": (
        RandomForestClassifier(6, min_samples_leaf=6, random_state=1),
        load_digits,
        {"leaves": 24},
        "bin",
    ),
    "names": (DecisionTreeClassifier(random_state=1), "names", {}, "csv"),
    "scaled": (
        RandomForestClassifier(5, random_state=1),
        load_breast_cancer,
        {"features": "int16"},
        "csv",
    ),
    "scaled bytes": (
        RandomForestClassifier(5, random_state=1),
        load_breast_cancer,
        {"features": "uint8"},
        "bin",
    ),
    "floats": (
        RandomForestClassifier(5, random_state=1),
        load_breast_cancer,
        {"features": "float32"},
        "bin",
    ),
    "regressor": (
        RandomForestRegressor(4, max_depth=7, random_state=1),
        load_diabetes,
        {"features": "float32"},
        "csv",
    ),
    "extra regressor": (
        ExtraTreesRegressor(3, max_depth=7, random_state=1),
        load_diabetes,
        {"features": "int16"},
        "bin",
    ),
    "boosting": (
        GradientBoostingClassifier(n_estimators=12, random_state=1),
        load_iris,
        {"features": "int16"},
        "csv",
    ),
    "binary boosting": (
        GradientBoostingClassifier(n_estimators=20, random_state=1),
        load_breast_cancer,
        {"features": "float32"},
        "bin",
    ),
    "histogram boosting": (
        HistGradientBoostingClassifier(max_iter=6, random_state=1),
        load_iris,
        {"features": "float32"},
        "bin",
    ),
    "histogram regressor": (
        HistGradientBoostingRegressor(max_iter=8, random_state=1),
        load_diabetes,
        {"features": "float32"},
        "csv",
    ),
    "isolation": (
        IsolationForest(n_estimators=15, max_samples=64, random_state=1),
        load_breast_cancer,
        {"features": "float32"},
        "csv",
    ),
}
# What emltrees_votes runs, too: votes on integer features as they are.
VOTES = ("soft", "soft bytes", "hard", "codebook", "names")
TYPECODES = {"int16": ("h", np.int16), "uint8": ("B", np.uint8), "float32": ("f", np.float32)}


def load_data(load: Callable[[], Bunch] | str) -> tuple[Bunch, np.ndarray]:
    """The data of a case and their class labels; "names" is iris in millimetres, named."""
    if load != "names":
        data = load()
        return data, data.target
    data = load_iris()
    data.data = np.rint(10 * data.data)
    return data, NAMES[data.target]


@pytest.mark.cases(
    "module,name",
    [("emltrees", name) for name in CASES] + [("emltrees_votes", name) for name in VOTES],
    # Scaled bytes and sums of floats.
    elsewhere=[("emltrees", "scaled bytes"), ("emltrees", "histogram boosting")],
)
@pytest.mark.filterwarnings("ignore:.* keep .* thresholds apart")
def test_same_bits(machine: Machine, module: str, name: str, tmp_path: Path) -> None:
    """Class, trees used, outputs, labels, bytes and quantised features are the host twin's."""
    estimator, load, arguments, form = CASES[name]
    data, classes = load_data(load)
    model = emlmpy.convert(estimator.fit(data.data, classes), **arguments)
    model.save(tmp_path / "model", format=form)
    content = (tmp_path / "model").read_bytes()
    twin = ForestTwin(content)
    typecode, dtype = TYPECODES[model.forest.feature_type]
    raw = data.data[:: len(data.data) // 40].astype(np.float32)
    files = {"emltrees.mpy": machine.module(module)}
    scaled = b"\ns," in content or (form == "bin" and content[21] == 1)
    if scaled:
        # Beyond the range too, where it saturates.
        raw = np.concatenate([raw, raw[:3] * 1e6, -raw[:3] * 1e30, np.zeros_like(raw[:1])])
        rows = twin.quantize(raw, dtype)
        files["raw.f"] = raw.tobytes()
    else:
        rows = raw.astype(dtype)
    index, out = twin.predict(rows)
    same, used = twin.classify(rows)
    assert same.tolist() == index.tolist()
    head, facts, *lines = machine.run(
        DEVICE / "forest.py", {**files, "model": content, f"rows.{typecode}": rows.tobytes()}
    ).splitlines()
    labels = getattr(estimator, "classes_", None)
    shown = None if labels is None else tuple(labels.tolist())
    assert facts == f"{shown} {twin.nbytes} {scaled}"
    forest = model.forest
    assert head == (
        f"<Trees: {len(forest.root)} trees, {len(forest.feature)} nodes, {forest.n_features} "
        f"{forest.feature_type} features{' scaled from floats' if scaled else ''}, "
        f"{forest.n_classes} classes>"
    )
    expected = [
        f"{i} {u} {row.tobytes().hex()}" for i, u, row in zip(index, used, out, strict=True)
    ]
    if scaled:
        expected += [row.tobytes().hex() for row in rows]
    assert lines == expected


@pytest.mark.cases(
    "form,name",
    [
        (form, name)
        for form in ("csv", "bin")
        for name in ("scaled", "floats", "regressor", "boosting", "isolation")
    ],
)
@pytest.mark.filterwarnings("ignore:.* keep .* thresholds apart")
def test_votes_refuses_other_models(machine: Machine, name: str, form: str, tmp_path: Path) -> None:
    """emltrees_votes says of either form of a model that it does not run, which module does."""
    estimator, load, arguments, _ = CASES[name]
    data = load()
    emlmpy.convert(estimator.fit(data.data, data.target), **arguments).save(
        tmp_path / "model", format=form
    )
    script = """
import emltrees
try:
    emltrees.load("model")
except ValueError as error:
    print(str(error).split(": ")[-1])
"""
    files = {
        "emltrees.mpy": machine.module("emltrees_votes"),
        "model": tmp_path / "model",
    }
    assert machine.run(script, files) == "kind of model needs emltrees, not emltrees_votes\n"


@pytest.mark.parametrize("form", ["csv", "bin"])
@pytest.mark.parametrize("name", ["hard", "codebook", "names", "boosting", "isolation", "scaled"])
def test_readers_under_sanitizers(
    name: str, form: str, tmp_path: Path, seed: int, rounds: Callable[[int], int]
) -> None:
    """Cut and changed files never make the kernel read or write outside of its memory."""
    estimator, load, arguments, _ = CASES[name]
    data, classes = load_data(load)
    small = estimator.set_params(max_depth=3) if hasattr(estimator, "max_depth") else estimator
    emlmpy.convert(small.fit(data.data, classes), **arguments).save(tmp_path / "m", format=form)
    program = tmp_path / "fuzz"
    source = Path(__file__).parents[1] / "fuzz" / "forest.c"
    command = ["gcc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    command += [f"-I{ROOT / 'src' / folder}" for folder in ("emltrees", "common")]
    command += [str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    output = subprocess.check_output(
        [program, tmp_path / "m", str(seed), str(rounds(1000))], text=True
    )
    assert int(output.split()[0]) > 0


EMLEARN = """
#include <stdint.h>
#include <eml_trees.h>

int32_t predict_rows(void *nodes, int32_t n_nodes, int32_t *roots, int32_t n_trees, uint8_t *leaves,
                     int32_t n_leaves, int8_t n_features, int8_t n_classes,
                     const int16_t *features, int32_t rows, float *out) {
    EmlTrees trees = {.n_nodes = n_nodes, .nodes = nodes, .n_trees = n_trees, .tree_roots = roots,
                      .n_leaves = n_leaves, .leaves = leaves, .leaf_bits = 0,
                      .n_features = n_features, .n_classes = n_classes};
    for (int32_t row = 0; row < rows; row++) {
        const EmlError error = eml_trees_predict_proba(&trees, features + row * n_features,
                                                       n_features, out + row * n_classes,
                                                       n_classes);
        if (error != EmlOk) {
            return error;
        }
    }
    return 0;
}
"""


def test_same_as_emlearns_kernel(seed: int) -> None:
    """Given exact thresholds, emlearn's eml_trees.h counts the same votes."""
    generator = np.random.default_rng(seed)
    train = generator.integers(-300, 300, size=(500, 7))
    classes = (train[:, 0] + train[:, 1] > train[:, 2]).astype(int) + (train[:, 3] > 50)
    forest = RandomForestClassifier(9, random_state=1).fit(train, classes)
    csv = emlearn.convert(forest, method="loadable", dtype="int16_t").save(name="m", format="csv")
    rows = generator.integers(-320, 320, size=(300, 7)).astype(np.int16)
    node = np.dtype(
        [("feature", "i1"), ("value", "i2"), ("left", "i2"), ("right", "i2")], align=True
    )
    nodes, roots, leaves = [], [], []
    for line in csv.split():
        kind, *values = line.split(",")
        if kind == "n":
            feature, threshold, left, right = map(float, values)
            nodes.append((int(feature), int(threshold // 1) + 1, int(left), int(right)))
        elif kind == "r":
            roots.append(int(values[0]))
        elif kind == "l":
            leaves.append(int(values[0]))
    kernel = compile_kernel("emlearn_trees", EMLEARN, [Path(emlearn.includedir)])
    arrays = [np.array(nodes, node), np.array(roots, np.int32), np.array(leaves, np.uint8)]
    out = np.zeros((len(rows), 3), np.float32)
    pointers = [
        item for array in arrays for item in (ctypes.c_void_p(array.ctypes.data), len(array))
    ]
    assert (
        kernel.predict_rows(
            *pointers,
            7,
            3,
            ctypes.c_void_p(rows.ctypes.data),
            len(rows),
            ctypes.c_void_p(out.ctypes.data),
        )
        == 0
    )
    index, proportions = ForestTwin(csv.encode()).predict(rows)
    np.testing.assert_allclose(proportions, out, atol=1e-6)
    assert index.tolist() == out.argmax(axis=1).tolist()
