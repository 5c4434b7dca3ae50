"""Scalers in front of trees, searches for parameters, and what is refused."""

import re
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from emlmpy import convert, linear
from emlmpy.families import SUPPORTED

X, CLASSES = load_iris(return_X_y=True)
NUMBERS = X[:, 0] + X[:, 3] ** 2


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small histograms are sorted faster by one thread than by several."""
    with threadpool_limits(1):
        yield


SCALERS = {
    "standard": [StandardScaler()],
    "standard, no mean": [StandardScaler(with_mean=False)],
    "standard, no std": [StandardScaler(with_std=False)],
    "range": [MinMaxScaler()],
    "range, clipped": [MinMaxScaler((-3, 7), clip=True)],
    "largest": [MaxAbsScaler()],
    "robust": [RobustScaler()],
    "robust, unit": [RobustScaler(unit_variance=True, quantile_range=(5, 90))],
    "three": [RobustScaler(), MinMaxScaler((0, 1000)), StandardScaler()],
    "with gaps": ["passthrough", StandardScaler(), None, MaxAbsScaler()],
    "nested": [make_pipeline(StandardScaler(), "passthrough", MinMaxScaler()), MaxAbsScaler()],
    "in place": [StandardScaler(copy=False), MinMaxScaler(copy=False)],
}
MODELS = {
    "tree": DecisionTreeRegressor(random_state=1),
    "forest": RandomForestRegressor(4, random_state=1),
    "extra": ExtraTreesRegressor(3, max_depth=8, random_state=1),
    "histogram": HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=2),
    "boosting": GradientBoostingClassifier(n_estimators=10, random_state=1),
    "isolation": IsolationForest(n_estimators=10, random_state=1),
}


def training_rows() -> np.ndarray:
    """Features of float32 as float64: near and far, large and small, steps, one constant."""
    generator = np.random.default_rng(5)
    data = generator.normal(size=(400, 6)) * [1, 1e-3, 1e4, 3, 1e-20, 1]
    data += [0, 5, -1e6, 0, 0, 1]
    data[:, 3] = np.round(data[:, 3])
    data[:, 5] = 0.1
    return data.astype(np.float32).astype(np.float64)


def rows_around_thresholds(model, rows: np.ndarray) -> np.ndarray:
    """Rows of float32 on the device's thresholds, and next to them."""
    forest = model.forest
    result = []
    for feature in np.unique(forest.feature):
        found = np.unique(forest.threshold[forest.feature == feature]).astype(np.float32)
        for value in (found, *(np.nextafter(found, np.float32(side)) for side in (-3e38, 3e38))):
            some = np.random.default_rng(2).choice(rows, len(value)).astype(np.float32)
            some[:, feature] = value
            result.append(some)
    return np.vstack(result).astype(np.float64)


@pytest.mark.parametrize("scalers", SCALERS)
@pytest.mark.parametrize("kind", MODELS)
def test_scalers_fold_into_thresholds(kind: str, scalers: str) -> None:
    """For rows of float32 every answer is the pipeline's, on thresholds and next to them too."""
    rows = training_rows()
    steps = [(f"step {i}", step) for i, step in enumerate([*SCALERS[scalers], MODELS[kind]])]
    target = (rows[:, 0] > 0).astype(int) + (rows[:, 2] > -1e6) + (rows[:, 4] > 0)
    estimator = Pipeline(steps).fit(rows.copy(), target)
    model = convert(estimator)
    assert model.forest.feature_type == "float32"
    near = rows_around_thresholds(model, rows)
    assert len(near) > 20
    for one in (rows, near, rows * 3, -rows, np.zeros((1, 6)), np.full((1, 6), 3e38)):
        if kind != "histogram" and np.any(one == 3e38) and scalers != "range, clipped":
            continue  # scaled, it is beyond float32, which scikit-learn refuses
        before = one.copy()
        report = model.check(one)
        np.testing.assert_array_equal(one, before)
        assert (report.agreement, report.changed) == (1, 0)
        assert report.largest_error < 1e-5 * (1 + np.abs(target).max())


def test_rows_of_float64() -> None:
    """Training rows that are not float32 agree where X shows them."""
    rows = np.random.default_rng(1).lognormal(size=(2000, 3), sigma=3) + 100
    for scaler in (StandardScaler(), RobustScaler()):
        for kind in ("tree", "histogram"):
            estimator = make_pipeline(scaler, MODELS[kind]).fit(rows, np.log(rows).sum(axis=1))
            report = convert(estimator, X=rows).check(rows)
            assert (report.agreement, report.changed) == (1, 0)


def test_whole_numbers_behind_a_scaler() -> None:
    """X shows that raw features are whole numbers: int16, and every answer is the pipeline's."""
    digits, classes = load_digits(return_X_y=True)
    estimator = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=1))
    estimator.fit(digits, classes)
    assert convert(estimator).forest.feature_type == "float32"
    for rows in (digits, digits.astype(np.int16)):
        for features in ("auto", "int16", "uint8"):
            model = convert(estimator, features, X=rows)
            assert (model.forest.feature_type, model.scaled) == (
                "int16" if features == "auto" else features,
                False,
            )
            report = model.check(rows)
            assert (report.agreement, report.changed) == (1, 0)


def test_scaled_integers_behind_a_scaler() -> None:
    """An integer type on continuous data maps raw values, and a clipped threshold decides too."""
    rows = load_wine().data
    for scaler in (StandardScaler(), MinMaxScaler((0, 1), clip=True)):
        estimator = make_pipeline(scaler, RandomForestClassifier(5, random_state=1))
        estimator.fit(rows, load_wine().target)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = convert(estimator, "int16")
        assert model.scaled
        report = model.check(rows)
        assert report.agreement == 1
        assert report.changed <= report.decisions / 1000


def test_thresholds_beyond_a_clipped_range() -> None:
    """Where all values or none go left, no split is left."""
    scaler = MinMaxScaler(clip=True).fit([[0.0], [1.0]])
    tree = DecisionTreeRegressor().fit([[-4.0], [-2.0], [0.5], [0.6], [3.0]], [1, 2, 3, 4, 5])
    estimator = Pipeline([("scaler", scaler), ("tree", tree)])
    rows = np.array([[-1e30], [-5.0], [0.0], [0.5], [0.54], [0.56], [1.0], [2.0], [1e30]])
    for features in ("auto", "int16", "uint8"):
        model = convert(estimator, features)
        np.testing.assert_array_equal(model.predict(rows), estimator.predict(rows))
        assert len(model.forest.feature) == 1


def test_output_as_data_frames() -> None:
    """set_output changes nothing."""
    pytest.importorskip("pandas")
    estimator = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=1))
    estimator.set_output(transform="pandas").fit(X, CLASSES)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="X does not have valid feature names")
        model = convert(estimator)
    assert model.check(X).agreement == 1


def test_scaler_that_turns_the_order_round() -> None:
    """A tampered scaler is refused."""
    estimator = make_pipeline(StandardScaler(), DecisionTreeClassifier()).fit(X, CLASSES)
    estimator[0].scale_[1] *= -1
    with pytest.raises(ValueError, match="scalers must keep the order of values"):
        convert(estimator)


GRID = {"max_depth": [1, 4]}
SEARCHES = {
    "grid": lambda model, grid: GridSearchCV(model, grid, cv=3),
    "random": lambda model, grid: RandomizedSearchCV(model, grid, n_iter=2, cv=3, random_state=1),
    "halving": lambda model, grid: HalvingGridSearchCV(model, grid, cv=3, random_state=1),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_searches(search: str) -> None:
    """Alone, around a pipeline, as its last step, and in each other."""
    tree = DecisionTreeClassifier(random_state=1)
    make = SEARCHES[search]
    inner = {"decisiontreeclassifier__max_depth": [1, 4]}
    for estimator in (
        make(tree, GRID),
        make(make_pipeline(StandardScaler(), tree), inner),
        make_pipeline(MinMaxScaler(), make(tree, GRID)),
        make_pipeline(RobustScaler(), make(make_pipeline(StandardScaler(), tree), inner)),
        make(GridSearchCV(tree, {"criterion": ["gini"]}, cv=2), {"estimator__max_depth": [1, 4]}),
    ):
        estimator.fit(X, CLASSES)
        model = convert(estimator)
        report = model.check(X, CLASSES)
        assert report.agreement == 1
        assert report.score == report.expected_score == estimator.score(X, CLASSES)
        assert repr(model).startswith("<ForestModel of DecisionTreeClassifier")


def test_repr_names_scalers() -> None:
    """In the order in which a row meets them, from the model backwards."""
    estimator = make_pipeline(StandardScaler(), MinMaxScaler(), DecisionTreeClassifier())
    text = repr(convert(estimator.fit(X, CLASSES)))
    assert text.startswith(
        "<ForestModel of DecisionTreeClassifier behind MinMaxScaler behind StandardScaler: 1 trees"
    )


@pytest.mark.parametrize("loss", ["log_loss", "exponential"])
def test_methods_of_a_pipeline(loss: str) -> None:
    """predict_proba and the others are the pipeline's."""
    rows, classes = load_breast_cancer(return_X_y=True)
    boosting = GradientBoostingClassifier(loss=loss, n_estimators=10, random_state=1)
    estimator = make_pipeline(StandardScaler(), boosting).fit(rows, classes)
    model = convert(estimator)
    for method in ("predict_proba", "decision_function"):
        np.testing.assert_allclose(
            getattr(model, method)(rows), getattr(estimator, method)(rows), atol=1e-5
        )
    with pytest.raises(TypeError, match="GradientBoostingClassifier has no score_samples"):
        model.score_samples(rows)
    estimator = make_pipeline(StandardScaler(), IsolationForest(random_state=1)).fit(rows)
    model = convert(estimator)
    for method in ("score_samples", "decision_function"):
        np.testing.assert_allclose(
            getattr(model, method)(rows), getattr(estimator, method)(rows), atol=1e-5
        )


def test_neighbours_behind_scalers() -> None:
    """emlmpy.knn gets the fitted scalers, if there are any."""
    alone = KNeighborsClassifier().fit(X, CLASSES)
    assert convert(alone).scalers == []
    pipeline = make_pipeline(StandardScaler(), "passthrough", MinMaxScaler(), alone)
    pipeline.fit(X, CLASSES)
    model = convert(pipeline)
    assert model.estimator is pipeline[-1]
    assert model.scalers == [pipeline[0], pipeline[2]]
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=3).fit(X, CLASSES)
    assert convert(search).estimator is search.best_estimator_


class Foreign:
    """Stands for an estimator of another package."""

    __module__ = "xgboost.sklearn"


class Twice(StandardScaler):
    """A scaler with a transform of its own."""

    def transform(self, X, copy=None):
        """Scale twice."""
        return super().transform(super().transform(X, copy), copy)


def unfitted_search() -> GridSearchCV:
    """One without an estimator of its own."""
    return GridSearchCV(DecisionTreeClassifier(), GRID, cv=3)


def tree_behind(step, rows: np.ndarray = X) -> Pipeline:
    """A fitted pipeline of a step and a tree."""
    return Pipeline([("first", step), ("tree", DecisionTreeClassifier())]).fit(rows, CLASSES)


TREE = DecisionTreeClassifier()
# What is refused: an estimator, made when its test runs; the error; a part of its sentence.
BAD = {
    "class": (lambda: DecisionTreeClassifier, TypeError, "DecisionTreeClassifier is a class"),
    "class of pipelines": (lambda: Pipeline, TypeError, "Pipeline is a class"),
    "other class": (lambda: SVC, TypeError, r"SVC is a class: convert a fitted object"),
    "none": (lambda: None, TypeError, "None is no estimator; supported are DecisionTreeCl"),
    "unfitted": (lambda: TREE, ValueError, "DecisionTreeClassifier is not fitted: call fit first"),
    "unfitted pipeline": (
        lambda: make_pipeline(StandardScaler(), TREE),
        ValueError,
        "StandardScaler is not fitted: call fit first",
    ),
    "unfitted search": (unfitted_search, ValueError, "GridSearchCV is not fitted: call fit first"),
    "search without refit": (
        lambda: unfitted_search().set_params(refit=False).fit(X, CLASSES),
        ValueError,
        "GridSearchCV has refit=False .* fit it with refit=True",
    ),
    "bagging": (
        lambda: BaggingClassifier(n_estimators=2).fit(X, CLASSES),
        TypeError,
        "BaggingClassifier is not supported: fit a RandomForest",
    ),
    "ada boost": (
        lambda: AdaBoostRegressor(n_estimators=2).fit(X, NUMBERS),
        TypeError,
        "AdaBoostRegressor is not supported: fit a GradientBoosting",
    ),
    "voting": (
        lambda: VotingClassifier([("a", TREE)]).fit(X, CLASSES),
        TypeError,
        "VotingClassifier is not supported: convert its fitted parts one by one",
    ),
    "one against the rest": (
        lambda: OneVsRestClassifier(TREE).fit(X, CLASSES),
        TypeError,
        "OneVsRestClassifier is not supported: convert its fitted parts",
    ),
    "calibrated": (
        lambda: CalibratedClassifierCV(TREE, cv=3).fit(X, CLASSES),
        TypeError,
        "CalibratedClassifierCV is not supported: fit its estimator without it",
    ),
    "target": (
        lambda: TransformedTargetRegressor(DecisionTreeRegressor()).fit(X, NUMBERS),
        TypeError,
        "TransformedTargetRegressor is not supported: convert its regressor_",
    ),
    "foreign": (Foreign, TypeError, "Foreign is not supported: fit a HistGradientBoosting"),
    "support vectors": (
        lambda: SVC().fit(X, CLASSES),
        TypeError,
        "SVC is not supported; supported are DecisionTreeClassifier, ",
    ),
    "network": (
        lambda: make_pipeline(StandardScaler(), MLPClassifier(2, max_iter=1)),
        TypeError,
        "MLPClassifier is not supported",
    ),
    "linear in a search": (
        lambda: GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}, cv=2).fit(X, CLASSES),
        TypeError,
        "GaussianNB is not supported",
    ),
    "only scalers": (
        lambda: make_pipeline(StandardScaler()).fit(X),
        TypeError,
        "StandardScaler is not supported",
    ),
    "no last step": (
        lambda: make_pipeline(StandardScaler(), "passthrough").fit(X),
        TypeError,
        "'passthrough' is no estimator",
    ),
    "components": (
        lambda: tree_behind(PCA(2)),
        TypeError,
        "the pipeline's step 'first', PCA, is not supported: compute it on the device before",
    ),
    "normaliser": (lambda: tree_behind(Normalizer()), TypeError, "'first', Normalizer, is not"),
    "imputer": (lambda: tree_behind(SimpleImputer()), TypeError, "'first', SimpleImputer, is not"),
    "one-hot": (
        lambda: tree_behind(OneHotEncoder(sparse_output=False)),
        TypeError,
        "'first', OneHotEncoder, is not supported",
    ),
    "selection": (lambda: tree_behind(SelectKBest(k=2)), TypeError, "'first', SelectKBest, is not"),
    "quantiles": (
        lambda: tree_behind(QuantileTransformer(n_quantiles=9)),
        TypeError,
        "'first', QuantileTransformer, is not supported",
    ),
    "function": (
        lambda: tree_behind(FunctionTransformer(np.log)),
        TypeError,
        "'first', FunctionTransformer, is not supported",
    ),
    "columns": (
        lambda: tree_behind(ColumnTransformer([("a", StandardScaler(), [0, 1])])),
        TypeError,
        "'first', ColumnTransformer, is not supported",
    ),
    "union": (
        lambda: tree_behind(FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())])),
        TypeError,
        "'first', FeatureUnion, is not supported",
    ),
    "subclass of a scaler": (lambda: tree_behind(Twice()), TypeError, "'first', Twice, is not"),
    "nested step": (
        lambda: tree_behind(make_pipeline(StandardScaler(), PCA(2))),
        TypeError,
        "step 'pca', PCA, is not supported",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_refused(name: str) -> None:
    """One sentence that names what is not supported, and what to do."""
    make, error, text = BAD[name]
    estimator = make()
    with pytest.raises(error, match=text) as caught:
        convert(estimator)
    assert "\n" not in str(caught.value)


def test_list_of_supported_estimators() -> None:
    """The text names each type that converts, and each of these converts."""
    with pytest.raises(TypeError) as caught:
        convert(SVC())
    names = re.search("supported are (.*), alone", str(caught.value)).group(1).split(", ")
    assert names == [kind.__name__ for kind in SUPPORTED]
    assert {"KNeighborsClassifier", "KNeighborsRegressor", "IsolationForest"} <= set(names)
    rows = np.round(X * 10)
    for kind in SUPPORTED:
        # Some of the linear ones need settings or targets of their own: tests/linear has them all.
        if kind not in linear.ESTIMATORS:
            novelty = {"novelty": True} if kind is LocalOutlierFactor else {}
            convert(kind(**novelty).fit(rows, CLASSES))


def test_sparse_rows() -> None:
    """Refused with the way out; an estimator that was fitted on such rows converts."""
    digits, classes = load_digits(return_X_y=True)
    forest = RandomForestClassifier(3, random_state=1).fit(csr_array(digits), classes)
    model = convert(forest)
    assert model.check(digits).agreement == 1
    sparse = csr_array(digits)
    for call in (model.predict, model.check, model.predict_proba, lambda X: convert(forest, X=X)):
        with pytest.raises(TypeError, match=r"X must be dense, .*: give X.toarray\(\)"):
            call(sparse)


@pytest.mark.parametrize("bad", [[["a", "b", "c", "d"]], [[1j, 0, 0, 0]], [["1", "2", "3", "4"]]])
def test_rows_that_are_no_numbers(bad: list) -> None:
    """Text is not read as numbers."""
    model = convert(DecisionTreeClassifier().fit(X, CLASSES))
    with pytest.raises(ValueError, match="X must hold numbers, not"):
        model.predict(bad)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.filterwarnings("ignore:int16 features keep")
def test_numpy_told_to_raise(kind: str) -> None:
    """Numbers too small for float32 raise nothing, whatever an import has told numpy."""
    rows = training_rows()
    target = (rows[:, 0] > 0).astype(int) + (rows[:, 4] > 0)
    estimator = make_pipeline(MinMaxScaler(), MODELS[kind]).fit(rows, target)
    small = rows * 1e-60
    expected = estimator.predict(small)
    with np.errstate(all="raise"):
        model = convert(estimator, X=rows)
        convert(estimator, "int16").quantize(small)
        found = model.predict(small)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_frozen_estimators() -> None:
    """What is in a FrozenEstimator converts."""
    frozen = pytest.importorskip("sklearn.frozen").FrozenEstimator
    tree = DecisionTreeClassifier(random_state=1).fit(X, CLASSES)
    estimator = make_pipeline(StandardScaler(with_mean=False, with_std=False), frozen(tree))
    assert convert(estimator.fit(X, CLASSES)).check(X).agreement == 1
    assert convert(frozen(tree)).check(X).agreement == 1
