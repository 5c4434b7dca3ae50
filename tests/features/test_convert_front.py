"""Pipelines that begin with WindowFeatures: the converted model answers as the pipeline does."""

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestNeighbors,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from emlmpy import convert, knn, threshold
from emlmpy.features import WindowFeatures, twin, windows
from emlmpy.features.model import WindowModel
from emlmpy.knn import twin as knn_twin
from emlmpy.model import Predictor
from tests.features.test_transformer import movements

FRONTS = {
    "statistics": WindowFeatures(64, magnitude=True),
    "spectrum": WindowFeatures(
        64, 16, rate=50, gravity="mean", stats=["std"], bands=[1, 5, 20], correlations=True
    ),
    "highpass": WindowFeatures(64, 32, rate=50, gravity="highpass", stats=["std", "mad", "q75"]),
}
MODELS: dict[str, Any] = {
    "forest": RandomForestClassifier(5, max_depth=5, random_state=1),
    "extra trees": ExtraTreesClassifier(5, max_depth=5, random_state=1),
    "boosting": GradientBoostingClassifier(n_estimators=3, random_state=1),
    "histogram": HistGradientBoostingClassifier(max_iter=4, random_state=1),
    "isolation": IsolationForest(n_estimators=9, random_state=1),
    "neighbours": KNeighborsClassifier(3),
    "logistic": LogisticRegression(max_iter=3000),
    "forest of values": RandomForestRegressor(4, random_state=1),
    "histogram of values": HistGradientBoostingRegressor(max_iter=4, random_state=1),
    "neighbours of values": KNeighborsRegressor(3),
    "ridge": Ridge(),
}
REGRESSORS = ("values", "ridge")


@cache
def data(seed: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Recordings, and their labels as texts and as numbers."""
    recordings, labels, _ = movements(seed)
    return recordings, np.array(labels), np.unique(labels, return_inverse=True)[1] * 1.5


def labels_for(name: str, seed: int) -> np.ndarray:
    """Labels that the model takes."""
    return data(seed)[2 if name.endswith(REGRESSORS) else 1]


def fit(pipe: Any, labels: Any, seed: int) -> Any:
    """Fit on windows of 64 samples."""
    X, y, _ = windows(data(seed)[0], labels, None, 64)
    return clone(pipe).fit(X, y)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("front", FRONTS)
def test_answers(front: str, name: str, scaled: bool, seed: int) -> None:
    """Of recordings and of items; int16 all the way."""
    recordings = data(seed)[0]
    labels = labels_for(name, seed)
    scalers = [StandardScaler(), MinMaxScaler()] if scaled else []
    pipe = fit(make_pipeline(FRONTS[front], *scalers, MODELS[name]), labels, seed)
    model = convert(pipe)
    assert isinstance(model, WindowModel)
    assert isinstance(model, Predictor)
    assert model.estimator is pipe
    X, y, _ = windows(recordings, labels, None, 64)
    for given in (recordings, X, X.reshape(len(X), -1)):
        expected = pipe.predict(given)
        found = model.predict(given)
        # Scaled items of nearest neighbours are rounded.
        least = 0.97 if scaled and name.startswith("neighbours") else 1
        assert np.mean(np.isclose(found, expected, 1e-4) if expected.dtype.kind == "f"
                       else found == expected) >= least  # fmt: skip
    if name == "isolation":
        report = model.check(recordings)
        assert report.score is None
    else:
        report = model.check(X, y)
        assert report.expected_score == pytest.approx(pipe.score(X, y))
        assert report.score == pytest.approx(pipe.score(X, y), abs=0.02)
        report = model.check(recordings, labels)
    assert report.agreement >= least
    assert report.changed == 0
    feature_type = model.describe().get("feature type", "int16")
    assert feature_type == "int16"
    assert model.feature_names == pipe[0].get_feature_names_out().tolist()
    assert model.nbytes == model.model.nbytes + twin.new(pipe[0].words_).nbytes


def test_truth_of_recordings_windows_and_samples(seed: int) -> None:
    """All three are the same truth."""
    recordings, labels, _ = data(seed)
    front = FRONTS["statistics"]
    model = convert(fit(make_pipeline(front, MODELS["forest"]), labels, seed))
    _, y, _ = windows(recordings, labels, None, 64)
    each = [np.full(len(r), label) for r, label in zip(recordings, labels, strict=True)]
    expected = model.check(recordings, labels)
    assert expected.rows == len(y) if y is not None else False
    assert expected.score is not None
    for truth in (y, each, labels.tolist()):
        assert model.check(recordings, truth) == expected


@pytest.mark.parametrize(
    "change", [lambda pipe: pipe, lambda pipe: pipe.set_output(transform="pandas")]
)
def test_searches_and_nested_pipelines(change: Any, seed: int) -> None:
    """What convert finds in them."""
    recordings, labels, _ = data(seed)
    inner = Pipeline([("front", WindowFeatures(64)), ("none", "passthrough")])
    pipe = Pipeline([("no", None), ("inner", inner), ("scaler", StandardScaler()),
                     ("forest", MODELS["forest"])])  # fmt: skip
    grid = {"inner__front__window": [16, 64]}
    search = fit(GridSearchCV(change(pipe), grid, cv=3, error_score="raise"), labels, seed)
    model = convert(search)
    assert isinstance(model, WindowModel)
    assert model.front.window == search.best_params_["inner__front__window"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(model.predict(recordings), search.predict(recordings))
        assert model.check(recordings, labels).agreement == 1
    assert model.feature_names is not None
    assert model.feature_names[:2] == ["x_mean", "x_std"]


def test_hard_votes_leaves_and_rows(seed: int) -> None:
    """Options of the model behind it; X as the pipeline takes it."""
    recordings, labels, _ = data(seed)
    pipe = fit(make_pipeline(FRONTS["statistics"], MODELS["forest"]), labels, seed)
    model = convert(pipe, vote="hard", X=recordings)
    assert model.describe()["leaf bits"] == 0
    assert len(convert(pipe, leaves=2).model.forest.leaf) <= 2
    linear = fit(make_pipeline(FRONTS["statistics"], MODELS["logistic"]), labels, seed)
    assert convert(linear, X=recordings).nbytes <= convert(linear).nbytes
    assert convert(pipe, features="int16").describe() == convert(pipe).describe()


def test_says_what_it_is(seed: int) -> None:
    """In a line, and by name."""
    front = WindowFeatures(64, 16, rate=50, unit=0.001)
    model = convert(fit(make_pipeline(front, MODELS["forest"]), data(seed)[1], seed))
    assert repr(model).startswith(
        "<WindowModel of windows of 64 samples, hop 16: <ForestModel of RandomForestClassifier: "
    )
    facts = model.describe()
    assert facts["window"] == "64 samples, hop 16"
    assert facts["channels"] == "x, y, z"
    assert facts["rate"] == "50 Hz"
    assert facts["unit"] == "0.001"
    assert facts["kind"] == "classifier"
    assert facts["device bytes"] == model.nbytes == model.model.nbytes + facts["front end bytes"]


@pytest.mark.parametrize(
    ("behind", "raw"),
    [
        ((StandardScaler(), KNeighborsClassifier(3)), True),
        ((MinMaxScaler(), KNeighborsRegressor(3)), True),
        ((StandardScaler(), NearestNeighbors(n_neighbors=3)), True),
        ((StandardScaler(), LocalOutlierFactor(9, novelty=True)), True),
        ((KNeighborsClassifier(3),), False),
        ((NearestNeighbors(n_neighbors=3),), False),
    ],
)
def test_rows_of_neighbours_are_raw(behind: Any, raw: bool, seed: int) -> None:
    """Their file says so where they are scaled; no warning, and none without a front end."""
    front = FRONTS["statistics"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = convert(
            fit(make_pipeline(front, *behind), np.rint(data(seed)[2]).astype(int), seed)
        )
    assert isinstance(model, WindowModel)
    rows = model.encode().split(b"\n")
    assert rows.count(b"r") == raw
    assert knn_twin.load(model.encode()).raw == raw
    expected = "yes: takes int16 and floats in raw units" if raw else "no"
    assert (
        model.describe()["scaled"] == knn.describe(knn.sign(model.encode()))["scaled"] == expected
    )
    # int16 rows and the same numbers as floats.
    given = model.rows(data(seed)[0])
    assert given.dtype == np.int16
    for other in (given.astype(float), given.astype(np.float32), given.tolist()):
        assert np.array_equal(model.model.quantize(given), model.model.quantize(other))
    alone = convert(make_pipeline(*map(clone, behind)).fit(given, np.arange(len(given)) % 3))
    assert b"r" not in alone.encode().split(b"\n")
    assert not knn_twin.load(alone.encode()).raw


@pytest.mark.parametrize("name", ["isolation", "outliers", "distances"])
def test_thresholds(name: str, seed: int, tmp_path: Path) -> None:
    """Of normal windows that were held out; a model without one is not saved."""
    kinds = {
        "isolation": MODELS["isolation"],
        "outliers": LocalOutlierFactor(9, novelty=True),
        "distances": NearestNeighbors(n_neighbors=3),
    }
    normal = [r for r, label in zip(*data(seed)[:2], strict=True) if label == "walk"]
    pipe = clone(make_pipeline(FRONTS["statistics"], kinds[name])).fit(normal[:2])
    model = convert(pipe)
    assert isinstance(model, WindowModel)
    if name == "distances":
        with pytest.raises(ValueError, match="model must have a threshold"):
            model.save(tmp_path / "model")
        with pytest.raises(ValueError, match="model must have a threshold"):
            model.predict(normal)
        scores = -pipe[1].kneighbors(pipe[0].transform(normal[2:]))[0].mean(axis=1)
    else:
        scores = pipe.score_samples(normal[2:])
    assert np.allclose(model.score_samples(normal[2:]), scores, rtol=1e-4)
    limit = threshold(model.score_samples(normal[2:]), false_alarms=0.3)
    model.set_threshold(limit)
    assert np.array_equal(
        model.predict(normal[2:]), np.where(model.score_samples(normal[2:]) < limit, -1, 1)
    )
    assert model.check(normal).agreement == 1
    model.save(tmp_path / "model")
    assert twin.load((tmp_path / "model").read_bytes()).words == pipe[0].words_
    with pytest.raises(ValueError, match="threshold must be"):
        model.set_threshold(1)


def test_answers_besides_predictions(seed: int) -> None:
    """As far as the model has them."""
    recordings, labels, _ = data(seed)
    pipe = fit(make_pipeline(FRONTS["statistics"], MODELS["forest"]), labels, seed)
    model = convert(pipe)
    assert isinstance(model, WindowModel)
    proportions = model.predict_proba(recordings)
    assert np.allclose(proportions, pipe.predict_proba(recordings), atol=0.004)
    for name in ("decision_function", "score_samples"):
        with pytest.raises(TypeError, match=f"has no {name}"):
            getattr(model, name)(recordings)
    with pytest.raises(TypeError, match="has no score_samples"):
        model.set_threshold(-0.5)
    neighbours = convert(
        fit(make_pipeline(FRONTS["statistics"], MODELS["neighbours"]), labels, seed)
    )
    assert isinstance(neighbours, WindowModel)
    for name in ("predict_proba", "decision_function", "score_samples"):
        with pytest.raises(TypeError, match=f"KnnModel has no {name}"):
            getattr(neighbours, name)(recordings)
    with pytest.raises(TypeError, match="KnnModel has no set_threshold"):
        neighbours.set_threshold(-0.5)


FRONT, FOREST = FRONTS["statistics"], MODELS["forest"]
ROWS = np.arange(60).reshape(20, 3)
UNFITTED = {
    "the front end alone": (FRONT, "WindowFeatures is not supported: put a model behind it"),
    "a pipeline of it": (make_pipeline(FRONT), "WindowFeatures is not supported: put a model"),
    "not fitted": (make_pipeline(FRONT, FOREST), "WindowFeatures is not fitted: call fit first"),
    "behind a scaler": (
        Pipeline([("scale", StandardScaler()), ("windows", FRONT), ("forest", FOREST)]),
        "the pipeline's step 'windows', WindowFeatures, must be its first",
    ),
    "twice": (
        Pipeline([("one", FRONT), ("two", FRONT), ("forest", FOREST)]),
        "the pipeline's step 'two', WindowFeatures, must be its first",
    ),
    "behind a scaler in a pipeline": (
        Pipeline([("all", make_pipeline(StandardScaler(), FRONT)), ("forest", FOREST)]),
        "the pipeline's step 'windowfeatures', WindowFeatures, must be its first",
    ),
    "before what is not supported": (
        Pipeline([("windows", FRONT), ("pca", PCA()), ("forest", FOREST)]),
        "the pipeline's step 'pca', PCA, is not supported",
    ),
    "in a union": (
        Pipeline([("all", FeatureUnion([("windows", FRONT)])), ("forest", FOREST)]),
        "the pipeline's step 'all', FeatureUnion, is not supported",
    ),
    "in columns": (
        Pipeline([("all", ColumnTransformer([("windows", FRONT, [0])])), ("forest", FOREST)]),
        "the pipeline's step 'all', ColumnTransformer, is not supported",
    ),
    "before nothing that predicts": (
        make_pipeline(FRONT, StandardScaler()),
        "StandardScaler is not supported",
    ),
}


@pytest.mark.parametrize("name", UNFITTED)
def test_refused(name: str) -> None:
    """Naming the step."""
    estimator, text = UNFITTED[name]
    with pytest.raises((TypeError, ValueError), match=text):
        convert(estimator)


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("forest", {"features": "float32"}, "features must be auto or int16 behind Window"),
        ("forest", {"features": "uint8"}, "features must be auto or int16 behind Window"),
        ("logistic", {"features": "float32"}, "features must be auto or int16 behind Window"),
        ("neighbours", {"features": "float32"}, "features must be auto or int16 behind Window"),
        ("neighbours", {"vote": "hard"}, "nearest neighbours take no"),
        ("logistic", {"leaves": 3}, "linear models take no"),
        ("forest", {"vote": "loud"}, "vote must be"),
        ("forest", {"X": ROWS}, "samples must be int16, not int64"),
        ("forest", {"X": np.zeros((9, 30, 3), np.int16)}, "items must have 64 samples at least"),
        ("forest", {"X": np.zeros((0, 64, 3), np.int16)}, "X must have a window"),
    ],
)
def test_refused_options(name: str, options: dict[str, Any], text: str) -> None:
    """Those that would not be int16, and those that the family does not take."""
    pipe = fit(make_pipeline(FRONT, MODELS[name]), data(1)[1], 1)
    with pytest.raises((TypeError, ValueError), match=text):
        convert(pipe, **options)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda X, y: (X, y[:-1]), "y must be one for each of .* windows or 12 recordings, not 11"),
        (lambda X, y: (X, "walk"), "y must be one for each of .* recordings, not one"),
        (lambda X, y: (X, [y] * 12), "labels of recording 0 must be one, or one for each of"),
        (lambda X, y: (np.array([X[0][:64]]), ["walk"] * 2), "one for each of 1 items, not 2"),
        (lambda X, y: ([r.astype(float) for r in X], y), "samples of recording 0 must be int16"),
        (lambda X, y: (X[0], y), r"of one recording give \[recording\]"),
        (lambda X, y: ([r[:, :2] for r in X], y), r"must have the shape \(samples, 3\)"),
        (lambda X, y: (np.zeros((0, 64, 3), np.int16), None), "X must have a window"),
        (lambda X, y: ([], None), "X must have a recording"),
    ],
)
def test_check_refuses(change: Any, text: str) -> None:
    """Labels and samples that do not fit."""
    recordings, labels, _ = data(1)
    model = convert(fit(make_pipeline(FRONT, FOREST), labels, 1))
    with pytest.raises((TypeError, ValueError), match=text):
        model.check(*change(recordings, labels))


def test_check_of_short_recordings(seed: int) -> None:
    """They have no row, of which a warning tells."""
    recordings, labels, _ = data(seed)
    model = convert(fit(make_pipeline(FRONT, FOREST), labels, seed))
    with pytest.warns(UserWarning, match="recording 0 of 2"):
        report = model.check([recordings[0][:9], recordings[1][:64]], labels[:2])
    assert report.rows == 1
    with pytest.warns(UserWarning, match="recording 0"), pytest.raises(ValueError, match="window"):
        model.check([recordings[0][:9]])
