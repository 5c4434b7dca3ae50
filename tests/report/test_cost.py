"""Estimated instructions against those that were measured, all of results.csv that it covers."""

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

import emlmpy
from benchmarks import bench_emlfeatures, fit_cost
from benchmarks.__main__ import read_results
from emlmpy import cost
from emlmpy.features import cost as front_cost
from emlmpy.features.words import STATISTICS, words_of
from emlmpy.knn import KnnModel, convert_knn
from emlmpy.knn import cost as knn_cost
from emlmpy.linear import cost as linear_cost
from emlmpy.trees import cost as trees_cost

# What an estimate may be off by.
WITHIN = 0.2
Estimates = dict[str, float]


def forests() -> Iterator[tuple[str, Estimates]]:
    """The models of benchmarks/bench_emltrees.py, by their cases."""
    data = load_digits()
    train, test, classes, _ = train_test_split(
        data.data, data.target, test_size=0.3, random_state=42
    )
    for trees, vote, name in ((10, "hard", "hard"), (10, "soft", "soft8"), (100, "hard", "hard")):
        estimator = RandomForestClassifier(trees, max_depth=10, random_state=42)
        model = emlmpy.convert(estimator.fit(train, classes), vote=vote)
        terms = trees_cost.count_terms(model, test[:30])
        yield f"emltrees,predict_{name}_{trees}x10", cost.instructions("forest", terms)


def neighbors() -> Iterator[tuple[str, Estimates]]:
    """Those of benchmarks/bench_emlknn.py."""
    for items, features in ((100, 8), (1000, 8), (100, 64)):
        data = np.random.default_rng(42).integers(
            -1000, 1000, (items + 10, features), endpoint=True
        )
        model = KnnModel(data[:items], np.arange(items) % 5, 3)
        terms = knn_cost.count_terms(model, data[items:])
        yield f"emlknn,predict_{items}x{features}", cost.instructions("knn", terms)
    data = np.random.default_rng(42).normal(size=(110, 8)).astype(np.float32)
    model = convert_knn(KNeighborsClassifier(3).fit(data[:100], np.arange(100) % 5))
    terms = knn_cost.count_terms(model, data[100:])
    yield "emlknn,predict_scaled_100x8", cost.instructions("knn", terms)


def linears() -> Iterator[tuple[str, Estimates]]:
    """Those of benchmarks/bench_emllinear.py."""
    for kind, name in (("float32", "f32"), ("int16", "i16")):
        generator = np.random.default_rng(42)
        X = generator.integers(-1000, 1000, (210, 20), endpoint=True).astype(kind)
        weights = generator.normal(size=(20, 5))
        estimator = LogisticRegression(max_iter=20).fit(X / 1000, np.argmax(X @ weights, axis=1))
        estimator.coef_ /= 1000
        model = emlmpy.convert(estimator, features=kind, X=X)
        terms = linear_cost.count_terms(model)
        yield f"emllinear,predict_20x5_{name}", cost.instructions("linear", terms)


def front_ends() -> Iterator[tuple[str, Estimates]]:
    """Those of benchmarks/bench_emlfeatures.py."""
    for case in bench_emlfeatures.CASES:
        terms = front_cost.count_terms(bench_emlfeatures.words(case))
        yield f"emlfeatures,{case}", cost.instructions("front", terms)


@pytest.mark.parametrize("cases", [forests, neighbors, linears, front_ends])
def test_what_was_measured(cases) -> None:
    """Models that were not fitted to are estimated within 20 %."""
    results, compared = read_results(), 0
    for case, estimates in cases():
        for machine, estimate in estimates.items():
            row = (*case.split(","), machine, "instructions")
            if row in results:
                compared += 1
                assert estimate == pytest.approx(float(results[row]), rel=WITHIN), row
    assert compared >= 4


def measured() -> dict[tuple[str, str], list[dict[str, float]]]:
    """The rows of bench_cost."""
    found = fit_cost.measured()
    assert found, "results.csv has no rows of bench_cost: run python -m benchmarks bench_cost"
    return found


def test_what_was_fitted() -> None:
    """All cases are estimated within 20 %, and every step has its number."""
    for (family, machine), cases in measured().items():
        for case in cases:
            wanted = case["instructions"]
            terms = {machine: {name: n for name, n in case.items() if name != "instructions"}}
            found = cost.instructions(family, terms)[machine]
            assert found == pytest.approx(wanted, rel=WITHIN), (family, machine, case)


def test_table_is_fresh() -> None:
    """cost_table.py is what benchmarks/fit_cost.py makes of results.csv."""
    measured()
    assert fit_cost.TABLE.read_text() == fit_cost.table()


def test_scan_counts_what_the_kernel_does(seed: int) -> None:
    """Against a search that is written out, feature by feature."""
    generator = np.random.default_rng(seed)
    for n_items, n_features, k in ((30, 9, 1), (20, 3, 4), (50, 8, 3), (7, 1, 7)):
        items = generator.integers(-50, 50, (n_items, n_features)).astype(np.int16)
        query = generator.integers(-50, 50, n_features).astype(np.int16)
        items[3] = query
        for near in (True, False):
            nearest: list[int] = []
            fours = ones = far = insertions = 0
            for item in items.tolist():
                bound = sorted(nearest)[k - 1] if len(nearest) >= k else 2**63 - 1
                total, left = 0, False
                for i, value in enumerate(item):
                    total += (value - int(query[i])) ** 2
                    whole = n_features // 4 * 4
                    if near:
                        fours += i < whole and i % 4 == 0
                        ones += i >= whole
                        left = i < whole and i % 4 == 3 and total >= bound
                    else:
                        far += 1
                        left = total >= bound
                    if left:
                        break
                if not left and total < bound:
                    insertions += 1
                    nearest.append(total)
            found = knn_cost.scan(items, query, k, near)
            expected = {"four": fours, "one": ones, "far feature": far, "insertion": insertions}
            assert found == {"item": n_items} | expected


def test_nodes_are_those_on_the_paths() -> None:
    """Against scikit-learn's decision_path, where no vote ends early."""
    X, y = load_digits(return_X_y=True)
    estimator = RandomForestClassifier(1, max_depth=7, random_state=1).fit(X, y)
    model = emlmpy.convert(estimator)
    rows = X[:60]
    path, _ = estimator.decision_path(rows)
    found = trees_cost.count_terms(model, rows)
    # A path ends with a leaf.
    assert found["cortex-m0"]["node"] == pytest.approx(path.sum() / 60 - 1)
    assert found["cortex-m0"]["tree that votes"] == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"stats": ("mean",)}, {"separated sample": 60, "moved sample": 60, "summed sample": 120}),
        ({"stats": ("min", "max"), "stats_of": (1,)}, {"extremes": 1, "extremes sample": 40}),
        ({"stats": ("std", "rms", "energy")}, {"product": 3 * 80, "std": 3, "mean square": 3}),
        ({"stats": ("q75", "iqr", "skew")}, {"extremes sample": 120, "quartiles sample": 120}),
        ({"stats": ("mad",), "magnitude": 3}, {"vector in space": 20, "root": 20, "mad": 4}),
        # Each magnitude takes the mean off three channels; together there are 3 * 1 + 3 of these.
        (
            {"stats": ("mad",), "magnitude": 3, "gravity": "mean"},
            {"vector in space": 0, "root": 40, "square": 120, "subtracted sample": 240},
        ),
        (
            {"stats": ("jerk",), "difference": True, "stats_of": (2, 3)},
            {"subtracted sample": 40, "difference": 1, "jerk sample": 80},
        ),
        ({"pairs": (0, 1, 1, 2)}, {"correlation": 2, "product": 240, "summed sample": 160}),
        (
            {"bands": (1, 4, 9), "peak": True, "spectrum_of": (0, 2)},
            {"band": 4, "bin of a band": 16, "bin of a peak": 32, "sample of a stage": 2 * 32 * 2},
        ),
        ({"centroid": True, "fft": 16}, {"sample of a stage": 48, "bin of a centroid": 24}),
        ({"stats": ("max",), "highpass": (1000, 2**30 - 1000)}, {"filtered sample": 60}),
    ],
)
def test_steps_of_front_ends(given: dict, expected: dict[str, int]) -> None:
    """A window of 40 samples, a hop of 20, three channels."""
    for terms in front_cost.count_terms(words_of(40, 20, 3, **given)).values():
        assert {name: terms.get(name, 0) for name in expected} == expected


def test_all_steps_have_numbers(seed: int) -> None:
    """Whatever a front end does can be estimated, and what it does beside costs more."""
    generator = np.random.default_rng(seed)
    for _ in range(200):
        window, channels = int(generator.integers(8, 600)), int(generator.integers(1, 17))
        hop = int(generator.integers(1, window + 1))
        n_stats = int(generator.integers(1, len(STATISTICS)))
        stats = [str(name) for name in generator.permutation(STATISTICS)]
        given = {
            "gravity": [None, "mean"][generator.integers(2)],
            "magnitude": [0, 1, channels][generator.integers(3)],
            "difference": bool(generator.integers(2)),
            "highpass": [(), (1000, 2**30 - 1000)][generator.integers(2)],
            "pairs": [(), (0, channels - 1)][generator.integers(2)],
            "bands": [(), (0, 2, 5)][generator.integers(2)],
            "peak": bool(generator.integers(2)),
            "centroid": bool(generator.integers(2)),
        }
        found = [
            cost.instructions(
                "front",
                front_cost.count_terms(words_of(window, hop, channels, stats=some, **given)),
            )
            for some in (stats[:n_stats], stats)
        ]
        for machine in cost.CPUS:
            assert 300 < found[0][machine] <= found[1][machine]


def test_sample() -> None:
    """No more rows than wanted, from all over X."""
    for count in (1, 99, 100, 101, 250, 12345):
        rows = cost.sample(np.arange(count)[:, None])
        assert min(count, 51) <= len(rows) <= 100 and rows[0] == 0
        assert rows[-1] >= count * 0.9 - 1
