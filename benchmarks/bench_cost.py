"""Instructions of predictions by models of all families and sizes, and what these predictions do.

And of the windows of front ends, over the recording of benchmarks/bench_emlfeatures.py.
benchmarks/fit_cost.py fits from these rows what emlmpy/cost.py estimates with: beside the
instructions of a case there are the counts of what it does, which the families' cost.py name.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestNeighbors,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import emlmpy
from benchmarks.bench_emlfeatures import CLIP
from benchmarks.modules import shipped
from emlmpy.cost import Terms
from emlmpy.features import cost as front_cost
from emlmpy.features import highpass
from emlmpy.features.words import words_of
from emlmpy.knn import KnnModel, NoveltyModel
from emlmpy.knn import cost as knn_cost
from emlmpy.linear import cost as linear_cost
from emlmpy.linear.model import LinearModel
from emlmpy.model import Predictor
from emlmpy.trees import cost as trees_cost
from emlmpy.trees.model import ForestModel
from machines.machine import MACHINES

Case = tuple[str, Predictor, np.ndarray]
QUERIES = 12
WINDOWS = 6  # of a front end

SCRIPT = """
import array
import instructions
import {module} as module

model = module.load("model.csv")
row = array.array("{typecode}", [0] * model.n_features)
predict, bound = model.predict, instructions.bound
given = (row, array.array("f", [0] * {values})) if {values} > 1 else (row,)
total = count = 0
with open("rows.bin", "rb") as rows:
    while rows.readinto(row):
        total += instructions.count(predict, *given) - instructions.count(bound, *given)
        count += 1
print(total / count)
"""

# Each push is a hop: from one of them on they complete a window.
FRONT_SCRIPT = """
import array
import instructions
import emlfeatures

front = emlfeatures.new({words})
row = array.array("h", bytes(2 * front.n_features))
chunk = array.array("h", bytes(2 * {items}))
total = 0
count = 1 - {first}
with open("samples.bin", "rb") as samples:
    while samples.readinto(chunk):
        taken = instructions.count(front.push, chunk, row)
        if count > 0:
            total += taken - instructions.count(instructions.bound, chunk, row)
        count += 1
print(total / (count - 1))
"""


def forests() -> Iterator[Case]:
    """Votes on integers and floats, sums, and a scale."""
    digits, classes = load_digits(return_X_y=True)
    cancer, kinds = load_breast_cancer(return_X_y=True)
    wine, cultivars = load_wine(return_X_y=True)
    people, progress = load_diabetes(return_X_y=True)
    for trees, depth in ((1, 4), (5, 3), (10, 8), (40, 4)):
        for vote in ("hard", "soft"):
            estimator = RandomForestClassifier(trees, max_depth=depth, random_state=1)
            model = emlmpy.convert(estimator.fit(digits[:900], classes[:900]), vote=vote)
            yield f"forest_{vote}_{trees}x{depth}_int16", model, digits[900:]
    for trees, depth in ((5, 3), (15, 6)):
        estimator = RandomForestClassifier(trees, max_depth=depth, random_state=1)
        estimator.fit(cancer[:400], kinds[:400])
        yield f"forest_soft_{trees}x{depth}_float32", emlmpy.convert(estimator), cancer[400:]
        model = emlmpy.convert(estimator, features="int16", X=None)
        yield f"forest_soft_{trees}x{depth}_scaled", model, cancer[400:]
        regressor = RandomForestRegressor(trees, max_depth=depth, random_state=1)
        regressor.fit(people[:300], progress[:300])
        yield f"forest_mean_{trees}x{depth}_float32", emlmpy.convert(regressor), people[300:]
    for trees, depth in ((10, 3), (30, 2)):
        regressor = GradientBoostingRegressor(n_estimators=trees, max_depth=depth, random_state=1)
        regressor.fit(people[:300], progress[:300])
        yield f"forest_boosting_{trees}x{depth}_float32", emlmpy.convert(regressor), people[300:]
    boosting = GradientBoostingClassifier(n_estimators=8, max_depth=3, random_state=1)
    yield "forest_boosting_24x3_float32", emlmpy.convert(boosting.fit(wine, cultivars)), wine
    estimator = HistGradientBoostingRegressor(max_iter=10, max_depth=4)
    model = emlmpy.convert(estimator.fit(np.rint(digits), classes))
    yield "forest_hist_10x4_int16", model, digits
    isolation = IsolationForest(n_estimators=20, max_samples=64, random_state=1).fit(cancer[:300])
    yield "forest_isolation_20_float32", emlmpy.convert(isolation), cancer[300:]


def neighbors() -> Iterator[Case]:
    """Few and many items and features; of int16 as they are, over all of int16, and scaled."""
    generator = np.random.default_rng(1)
    for items, features, k in ((30, 4, 1), (200, 8, 3), (100, 30, 5), (60, 7, 3), (150, 3, 10)):
        for name, high in (("near", 1000), ("far", 32767)):
            data = generator.integers(-high, high, (items + QUERIES, features), endpoint=True)
            estimator = KNeighborsClassifier(k).fit(data[:items], np.arange(items) % 4)
            yield f"knn_{name}_{items}x{features}_{k}", emlmpy.convert(estimator), data[items:]
    digits, classes = load_digits(return_X_y=True)
    estimator = KNeighborsRegressor(3).fit(digits[:120], classes[:120])
    yield "knn_digits_120x64_3", emlmpy.convert(estimator), digits[120:]
    cancer = load_breast_cancer().data
    for detector in (NearestNeighbors(n_neighbors=3), LocalOutlierFactor(8, novelty=True)):
        for scaled in (False, True):
            rows = np.rint(cancer[:, :8])
            pipeline = make_pipeline(StandardScaler(), detector) if scaled else detector
            model = emlmpy.convert(pipeline.fit(rows[:150]))
            assert isinstance(model, NoveltyModel)
            model.set_threshold(-2)
            name = f"knn_{type(detector).__name__}{'_scaled' if scaled else ''}"
            yield f"{name}_150x8_{model.n_neighbors}", model, rows[150:]


def linears() -> Iterator[Case]:
    """Floats and integers, one score and several."""
    generator = np.random.default_rng(1)
    for features, scores in ((4, 1), (10, 3), (30, 8), (64, 1), (64, 4)):
        X = generator.normal(0, 30, (200, features))
        y = np.argmax(X @ generator.normal(size=(features, max(scores, 2))), axis=1)
        estimator = LogisticRegression(max_iter=50).fit(X, y)
        yield f"linear_float32_{features}x{scores}", emlmpy.convert(estimator), X
        model = emlmpy.convert(estimator, features="int16", X=np.rint(X))
        yield f"linear_narrow_{features}x{scores}", model, np.rint(X)
        # Without rows nothing shows that narrow weights are enough.
        model = emlmpy.convert(estimator, features="int16")
        yield f"linear_int16_{features}x{scores}", model, np.rint(X)
    X = np.rint(generator.normal(0, 30, size=(200, 40)))
    for features, values in ((5, 1), (20, 1), (40, 3)):
        rows = X[:, :features]
        y = rows @ generator.normal(size=(features, values))
        for kind, given in (("float32", None), ("int16", None), ("int16", rows)):
            model = emlmpy.convert(Ridge().fit(rows, y), features=kind, X=given)
            name = kind if given is None else "narrow"
            yield f"linear_{name}_{features}x{values}_values", model, rows


def front_ends() -> Iterator[tuple[str, list[int]]]:
    """The words of front ends: each step by itself, in windows of two lengths, and all together."""
    cheap = ("mean", "mad", "jerk", "min", "max")
    bands = (1, 3, 6, 12, 24)
    loops = {
        **{name: {"stats": (name,)} for name in ("mean", "std", "rms", "mad", "min", "jerk")},
        **{name: {"stats": (name,)} for name in ("median", "skew")},
        **{name: {"stats": (name,)} for name in ("zero_crossings", "mean_crossings")},
        "correlations": {"pairs": (0, 1, 0, 2, 1, 2)},
        "highpass": {"highpass": highpass.coefficients(0.5, 50), "stats": ("mean",)},
        "difference": {"difference": True, "stats": ("mean",)},
        "centered": {"gravity": "mean", "stats": ("mean",)},
        "magnitude": {"magnitude": 3, "stats": ("mean",)},
        "magnitude_2": {"magnitude": 2, "channels": 4, "stats": ("mean",)},
        "magnitude_centered": {"magnitude": 3, "gravity": "mean", "stats": ("min",)},
        "bands": {"bands": bands},
        "bands_none": {"bands": bands, "taper": "none"},
        "band": {"bands": (1, 31)},
        "peak": {"peak": True},
        "centroid": {"centroid": True},
    }
    for name, given in loops.items():
        for window in (64, 256):
            yield front_end(name, window, window // 2, **given)
    for name, window, hop, given in (
        ("together", 64, 64, {"stats": (*cheap, "std"), "bands": bands}),
        ("together", 128, 32, {"stats": cheap, "magnitude": 3, "bands": bands}),
        ("together", 512, 256, {"stats": cheap, "bands": (1, 5, 20, 80, 200), "centroid": True}),
        ("moved", 256, 8, {"stats": ("max",)}),
        ("moved", 255, 51, {"stats": cheap, "magnitude": 3}),
        ("channel", 128, 128, {"stats": cheap, "channels": 1}),
        ("channels", 128, 64, {"stats": cheap, "channels": 6, "magnitude": 3}),
        ("channels", 32, 16, {"stats": cheap, "channels": 16}),
        ("quartiles", 128, 64, {"stats": ("q25", "median", "q75", "std"), "magnitude": 3}),
        ("motion", 128, 64, {"stats": (*cheap, "iqr"), "magnitude": 3, "gravity": "mean"}),
        ("sound", 512, 512, {"stats": ("rms",), "channels": 1, "bands": (8, 16, 32, 64, 128)}),
    ):
        yield front_end(name, window, hop, **given)


def front_end(name: str, window: int, hop: int, channels: int = 3, **given: Any) -> Any:
    """A case: its name, and the words of a front end."""
    words = words_of(window, hop, channels, **given)
    return f"front_{name}_{window}_{hop}x{channels}", words


def count_front(machine: str, words: list[int]) -> float:
    """Instructions of a push on the device that completes a window, the mean over windows."""
    board = MACHINES[machine]
    window, hop, channels = words[1:4]
    # The recording's channels, and what they were a little earlier.
    clip = np.load(CLIP)
    samples = np.column_stack([np.roll(clip, 40 * i, axis=0) for i in range(-(-channels // 3))])
    first = -(-window // hop)
    file: Path = shipped("emlfeatures", board.arch)
    chunks = np.ascontiguousarray(samples[: (first + WINDOWS) * hop, :channels])
    files = {file.name: file, "samples.bin": chunks.tobytes()}
    script = FRONT_SCRIPT.format(words=words, items=hop * channels, first=first)
    return float(board.run(script, files, shift=8, timeout=300))


def count(machine: str, module: str, model: Predictor, X: np.ndarray) -> float:
    """Instructions of a predict on the device, the mean over the rows."""
    board = MACHINES[machine]
    if isinstance(model, ForestModel):
        encoded, rows = model.twin.data, model._device_rows(X)
        if model.scaled:
            rows = np.float32(X)
    else:
        assert isinstance(model, KnnModel | LinearModel)
        encoded, rows = model.encode(), np.float32(X)
        if (model.scale is None) if isinstance(model, KnnModel) else model.features == "int16":
            rows = np.int16(X)
    typecode = {"float32": "f", "int16": "h", "uint8": "B"}[rows.dtype.name]
    file: Path = shipped(module, board.arch)
    files = {file.name: file, "model.csv": encoded, "rows.bin": rows.tobytes()}
    # Several values are put into an array, which must be given.
    values = 1
    if isinstance(model, LinearModel) and not model.twin.n_classes:
        values = model.twin.n_outputs
    script = SCRIPT.format(module=module, typecode=typecode, values=values)
    return float(board.run(script, files, shift=8, timeout=300))


def measure() -> Iterator[tuple[str, str, str, str, float]]:
    """Rows: module, case, machine, metric, value."""
    for module, cases, terms_of in (
        ("emltrees", forests, trees_cost.count_terms),
        ("emlknn", neighbors, knn_cost.count_terms),
        ("emllinear", linears, lambda model, _: linear_cost.count_terms(model)),
    ):
        for case, model, X in cases():
            rows = X[:QUERIES]
            for machine, terms in terms_of(model, rows).items():
                yield "cost", case, machine, "instructions", count(machine, module, model, rows)
                yield from counts(case, machine, terms)
    for case, words in front_ends():
        for machine, terms in front_cost.count_terms(words).items():
            yield "cost", case, machine, "instructions", count_front(machine, words)
            yield from counts(case, machine, terms)


def counts(case: str, machine: str, terms: Terms) -> Iterator[tuple[str, str, str, str, float]]:
    """The rows of what a case does."""
    for term, value in terms.items():
        if value:
            yield "cost", case, machine, term, value
