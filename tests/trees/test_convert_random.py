"""Random estimators at the limits: what save accepts loads on machines and gives the PC's answers.

Everything else is refused on the PC, with a reason.
"""

import random
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from emlmpy import convert
from emlmpy.trees.format import Kind
from emlmpy.trees.twin import ForestTwin
from machines.machine import Machine

DEVICE = Path(__file__).parents[1] / "device" / "trees"
MODELS = 300
ON_A_BOARD = 20
BOARD_BYTES = 60000  # of files, beside the module
TYPECODES = {"int16": "h", "uint8": "B", "float32": "f"}

CLASSIFIERS = {
    "tree": lambda size: DecisionTreeClassifier(max_depth=size, random_state=1),
    "forest": lambda size: RandomForestClassifier(size, random_state=1),
    "extra": lambda size: ExtraTreesClassifier(size, max_depth=6, random_state=1),
    "boosting": lambda size: GradientBoostingClassifier(n_estimators=size, random_state=1),
    "histogram": lambda size: HistGradientBoostingClassifier(max_iter=size, random_state=1),
}
REGRESSORS = {
    "tree": lambda size: DecisionTreeRegressor(max_depth=size, random_state=1),
    "forest": lambda size: RandomForestRegressor(size, max_depth=6, random_state=1),
    "extra": lambda size: ExtraTreesRegressor(size, max_depth=6, random_state=1),
    "boosting": lambda size: GradientBoostingRegressor(n_estimators=5 * size, random_state=1),
    "histogram": lambda size: HistGradientBoostingRegressor(max_iter=5 * size, random_state=1),
}


@dataclass
class Case:
    """An estimator, what convert is told, and what must become of it."""

    estimator: Any
    rows: np.ndarray  # of float32, as float64
    arguments: dict[str, Any]
    format: str
    refused: list[str]  # reasons why it must be refused
    at_limit: list[str]  # reasons why it may be refused
    size: float  # of the target


@dataclass
class Saved:
    """A file that save has written, and what it must give on a machine."""

    content: bytes
    typecode: str
    rows: np.ndarray  # in the device's units
    labels: list | None  # text as its UTF-8 in hex
    answers: list[str]

    @property
    def nbytes(self) -> int:
        """About how many bytes a board's file system needs for it."""
        return len(self.content) + self.rows.nbytes + 1024


def features(choose: random.Random, generator: np.random.Generator, rows: int) -> np.ndarray:
    """Whole numbers small and large, decimals, numbers of any size, and constant columns."""
    columns = choose.choice([1, 2, 3, 5, 8, 13] * 6 + [100, 254, 255, 256])
    style = choose.choice(["bytes", "whole", "beyond", "decimals", "any", "any"])
    if style in ("bytes", "whole", "beyond"):
        low, high = {"bytes": (0, 255), "whole": (-32768, 32767), "beyond": (-70000, 70000)}[style]
        data = generator.integers(low, high, size=(rows, columns), endpoint=True)
        data[0], data[1] = low, high
    elif style == "decimals":
        data = np.round(generator.normal(size=(rows, columns)) * 10, 1)
    else:
        data = generator.normal(size=(rows, columns))
        data = data * 10.0 ** generator.integers(-30, 31, columns)
    if columns > 2 and choose.random() < 0.2:
        data[:, 1] = data[0, 1]
    return data.astype(np.float32).astype(np.float64)


def labels(choose: random.Random, count: int) -> tuple[list, list[str]]:
    """So many different labels, and reasons why they must be refused."""
    style = choose.choice(
        ["ints", "ints", "ends", "whole floats", "text", "text", "bools", "beyond", "bad"]
    )
    if style == "bools" and count == 2:
        return [False, True], []
    if style == "ends":
        return [-(2**31), 2**31 - 1, *range(-(2**31) + 1, -(2**31) + count)][:count], []
    if style == "whole floats":
        return [float(label) for label in range(-3, count - 3)], []
    if style == "beyond":
        return [2**31, *range(count - 1)], ["must lie in"]
    if style in ("text", "bad"):
        texts = []
        for i in range(count):
            text = f"{i}" + "".join(choose.choices("aé, ;:€😀?'\"\\", k=choose.randrange(100)))
            texts.append(text.encode()[:100].decode(errors="ignore"))
        if style == "text":
            return texts, []
        wrong = choose.choice(["a\nb", "\r", "\0", "x" * 101, "é" * 51])
        return [wrong, *texts[1:]], ["class labels must be"]
    return list(range(count)), []


def random_case(choose: random.Random) -> Case:
    """A fitted estimator of any kind."""
    generator = np.random.default_rng(choose.randrange(2**32))
    rows = choose.choice([20, 60, 150, 300])
    refused: list[str] = []
    at_limit: list[str] = []
    size = 1.0
    arguments: dict[str, Any] = {}
    task = choose.choice(["classes", "classes", "numbers", "anomalies"])
    if task == "classes":
        kind = choose.choice(list(CLASSIFIERS))
        count = choose.choice([2, 3, 5] * 8 + [60, 254, 255, 256])
        stages = 1 if count > 5 else choose.randint(1, 9)
        estimator = CLASSIFIERS[kind](stages)
        rows = max(rows, count)
        texts, reasons = labels(choose, count)
        refused += reasons
        target = np.array(texts, dtype=object if isinstance(texts[0], str) else None)
        number = np.concatenate([np.arange(count), generator.integers(count, size=rows - count)])
        target = target[number]
        if kind in ("tree", "forest", "extra"):
            arguments["vote"] = choose.choice(["soft", "soft", "hard"])
            if arguments["vote"] == "soft" and choose.random() < 0.2:
                arguments["leaves"] = choose.choice([1, 5, 20])
        if count > 255:
            refused.append("at most 255 classes")
    elif task == "numbers":
        estimator = REGRESSORS[choose.choice(list(REGRESSORS))](choose.randint(1, 9))
        size = 10.0 ** choose.choice([choose.uniform(-38, 38.5), 0, 0])
        target = size * generator.normal(size=rows)
        if size > 1e35:
            at_limit.append("float32's range")
        elif size < 1e-30:
            at_limit.append("too small for float32")
    else:
        estimator = IsolationForest(n_estimators=choose.randint(1, 20), random_state=1)
        target = None
    data = features(choose, generator, rows)
    if data.shape[1] > 255:
        refused.append("at most 255 features")
    if choose.random() < 0.2:
        estimator = make_pipeline(choose.choice([StandardScaler(), MinMaxScaler()]), estimator)
    arguments["features"] = choose.choice(["auto"] * 4 + list(TYPECODES))
    if choose.random() < 0.5:
        arguments["X"] = data
    estimator.fit(data, target)
    picked = generator.integers(rows, size=6)
    some = np.vstack([data[picked], data[picked] * 1.5, np.zeros((1, data.shape[1]))])
    whole = np.all(data == np.floor(data))
    some = np.clip(np.floor(some), 0, 255) if whole else some.astype(np.float32).astype(np.float64)
    return Case(estimator, some, arguments, choose.choice(["csv", "bin"]), refused, at_limit, size)


def large_case(leaves: int) -> Case:
    """A forest of 20 trees of so many leaves each."""
    generator = np.random.default_rng(1)
    rows = generator.integers(-32768, 32768, size=(8000, 4)).astype(np.float64)
    estimator = RandomForestClassifier(
        20, max_leaf_nodes=leaves, bootstrap=False, n_jobs=2, random_state=1
    )
    estimator.fit(rows, generator.integers(3, size=8000))
    return Case(estimator, rows[:6], {}, "csv", [], ["at most 65000 nodes"], 1.0)


def assert_same_as_scikit_learn(model, case: Case) -> None:
    """Every answer is scikit-learn's, but for the rounding of leaves and sums."""
    estimator, rows = case.estimator, case.rows
    if model.forest.kind == Kind.CLASSIFIER:
        if "leaves" in case.arguments:
            return  # only nearly so
        expected = estimator.predict_proba(rows)
        found, slack = model.predict_proba(rows), 0.5 / 255 + 1e-6
        if case.arguments.get("vote") == "hard":
            front, forest = (
                (estimator[0].transform, estimator[-1])
                if hasattr(estimator, "steps")
                else (np.asarray, estimator)
            )
            trees = getattr(forest, "estimators_", [forest])
            votes = [tree.predict_proba(front(rows)).argmax(axis=1) for tree in trees]
            expected = np.eye(expected.shape[1])[np.array(votes)].mean(axis=0)
            slack = 1e-6
        assert np.abs(found - expected).max() <= slack
        index = found.argmax(axis=1)
        labels = estimator.classes_[index]
        assert model.predict(rows).tolist() == labels.tolist()
    elif model.forest.kind == Kind.ISOLATION:
        expected = estimator.score_samples(rows)
        assert np.abs(model.score_samples(rows) - expected).max() <= 1e-5
    elif model.classes is not None:
        expected = estimator.decision_function(rows)
        assert np.abs(model.decision_function(rows) - expected).max() <= 1e-5 * (
            1 + np.abs(expected).max()
        )
    else:
        expected = estimator.predict(rows)
        assert np.abs(model.predict(rows) - expected).max() <= 1e-5 * max(
            case.size, np.abs(expected).max()
        )


def save(case: Case, path: Path) -> Saved | str:
    """Convert and save; return what a machine must give, or the reason why not."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="features='?u?int")
            warnings.filterwarnings("ignore", message="u?int.* thresholds apart")
            model = convert(case.estimator, **case.arguments)
        model.save(path, case.format)
        model.nbytes  # noqa: B018  # check and predict use the bytes of the CSV
    except ValueError as error:
        return str(error)
    content = path.read_bytes()
    twin = ForestTwin(content)
    if model.scaled:
        rows = model.quantize(case.rows)
    else:
        integers = case.arguments.get("features") in ("int16", "uint8")
        if integers and "X" not in case.arguments:
            # One threshold of 20.5 was enough to take features for whole numbers.
            limits = np.iinfo(model.forest.feature_type)
            case.rows = np.clip(np.rint(case.rows), limits.min, limits.max)
        rows = case.rows.astype(model.forest.feature_type)
        assert_same_as_scikit_learn(model, case)
    index, out = twin.predict(rows)
    shown = None
    if model.classes is not None:
        shown = [
            label.encode().hex() if isinstance(label, str) else int(label)
            for label in model.classes.tolist()
        ]
    answers = [f"{i} {values.tobytes().hex()}" for i, values in zip(index, out, strict=True)]
    return Saved(content, TYPECODES[model.forest.feature_type], rows, shown, answers)


def known_refusals() -> list[str]:
    """Words with which a reader refuses what convert allows: none, once it takes all of it."""
    rows = np.arange(100.0)[:, np.newaxis]
    words = []
    for estimator in (
        DecisionTreeClassifier().fit(rows[:2], [-(2**31), 2**31 - 1]),
        RandomForestClassifier(3, random_state=1).fit(rows, np.arange(100)),
    ):
        try:
            convert(estimator).predict(rows)
        except ValueError as error:
            words.append(re.sub("line [0-9]+: ", "", str(error)))
    return words


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, seed: int) -> list[Saved]:
    """What save accepted of 300 random estimators, and of two of about 65 000 nodes."""
    choose = random.Random(seed)
    path = tmp_path_factory.mktemp("models") / "model"
    found, reasons = [], []
    with threadpool_limits(1), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of unique classes")
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="sklearn|numpy")
        cases = [large_case(3240), large_case(3260)]
        cases += [random_case(choose) for _ in range(MODELS - len(cases))]
        known = known_refusals()
        for number, case in enumerate(cases):
            result = save(case, path)
            print(number, case.estimator, case.rows.shape, case.arguments.keys(), case.format)
            if isinstance(result, Saved):
                assert not case.refused
                found.append(result)
                continue
            print("refused:", result)
            reasons.append(result)
            allowed = case.refused or case.at_limit + known
            assert any(words in result for words in allowed)
    assert len(found) >= MODELS // 2
    assert len({re.sub("[0-9]+", "0", reason) for reason in reasons}) >= 5
    return found


def run(machine: Machine, models: list[Saved]) -> None:
    """Load the models on a machine, and compare labels, indices and outputs with the twin's."""
    files: dict[str, Path | bytes] = {
        "emltrees.mpy": machine.module("emltrees"),
        "models": "".join(
            f"m{i} {model.typecode} {len(model.rows)}\n" for i, model in enumerate(models)
        ).encode(),
        "rows": b"".join(model.rows.tobytes() for model in models),
        **{f"m{i}": model.content for i, model in enumerate(models)},
    }
    lines = machine.run(DEVICE / "many_forests.py", files, timeout=120).splitlines()
    expected = [
        line for i, model in enumerate(models) for line in (f"m{i} {model.labels}", *model.answers)
    ]
    for found, wanted in zip(lines, expected, strict=False):
        assert found == wanted
    assert len(lines) == len(expected)


def test_on_machines(machine: Machine, saved: list[Saved]) -> None:
    """All of them with 64 bits, and some of each kind with 32."""
    if machine.name == "unix-x64":
        run(machine, saved)
        return
    some, used = [], 0
    for model in saved:
        if model.nbytes <= min(BOARD_BYTES // ON_A_BOARD, BOARD_BYTES - used):
            some.append(model)
            used += model.nbytes
    assert len(some) >= ON_A_BOARD
    run(machine, some)
