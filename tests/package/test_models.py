"""What every family's models have in common, and the table that lists the families."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVR

from emlmpy import convert, iir
from emlmpy.cli import main
from emlmpy.cnn import CnnModel
from emlmpy.families import FAMILIES, SUPPORTED, family_of, family_of_file
from emlmpy.model import Model, Options, Predictor
from machines.machine import ROOT

X = np.arange(80).reshape(20, 4)
Y = np.arange(20) % 3


def predictors() -> dict[str, Predictor]:
    """A model of each family that converts estimators, by the family's name."""
    return {
        "forest": convert(RandomForestClassifier(3, random_state=1).fit(X, Y)),
        "nearest neighbours": convert(KNeighborsClassifier(3).fit(X, Y)),
        "linear model": convert(LogisticRegression().fit(X, Y)),
    }


def models() -> dict[str, Model]:
    """A model of each family, by the family's name."""
    network = (ROOT / "examples" / "digits_cnn" / "digits_cnn.tmdl").read_bytes()
    return {
        **predictors(),
        "filter": iir.Filter(iir.design("butter", 50, 1000)),
        "network": CnnModel(network),
    }


def test_every_family_is_tried() -> None:
    """The tests below leave none out."""
    assert list(models()) == [family.name for family in FAMILIES]
    assert list(predictors()) == [family.name for family in FAMILIES if family.estimators]


@pytest.mark.parametrize("name", [family.name for family in FAMILIES])
def test_models_keep_the_protocol(name: str, tmp_path: Path) -> None:
    """A saved file belongs to its family, which describes it as the model does itself."""
    model = models()[name]
    assert isinstance(model, Model)
    assert isinstance(model, Predictor) == (name in predictors())
    path = tmp_path / "model"
    model.save(path)
    family = family_of_file(path.read_bytes())
    assert family.name == name
    facts = model.describe()
    assert facts["device bytes"] == model.nbytes > 0
    described = family.file.describe(path.read_bytes())
    assert described["device bytes"] == model.nbytes
    assert described["kind"] == facts["kind"]
    with pytest.raises(OSError, match="missing"):
        model.save(tmp_path / "missing" / "model")


@pytest.mark.parametrize("name", predictors())
def test_predictors_keep_the_protocol(name: str) -> None:
    """They answer as their estimator does, and say so."""
    model = predictors()[name]
    report = model.check(X, Y)
    assert (report.rows, report.agreeing) == (20, 20)
    assert model.predict(X).shape == (20,)
    assert model.feature_names is None
    with pytest.raises(ValueError, match="shape"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match="row"):
        model.check(X[:0])


def test_one_family_for_each_estimator() -> None:
    """No type of estimator is two families'."""
    for family in FAMILIES:
        for kind in family.estimators:
            assert family_of(kind()) is family
    assert len(set(SUPPORTED)) == len(SUPPORTED)
    with pytest.raises(StopIteration):
        family_of(SVR())


def test_foreign_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`emlmpy check` names what the families' files hold."""
    path = tmp_path / "note.txt"
    path.write_text("hello\n")
    assert main(["check", str(path)]) == 1
    *first, last = (family.name for family in FAMILIES)
    assert f"file must be a {', '.join(first)} or {last} for a device" in capsys.readouterr().err


def test_unused_options() -> None:
    """An option that a family does not use is refused, whatever type it has."""
    Options().require_only(of="these")
    Options(features="uint8", X=X).require_only("features", "X", of="these")
    for given in ({"vote": "hard"}, {"leaves": 3}):
        with pytest.raises(ValueError, match="these take no vote or leaves"):
            Options(**given).require_only("features", "X", of="these")
    for rows in (X, X.tolist(), []):
        with pytest.raises(ValueError, match="these take no X"):
            Options(X=rows).require_only("features", "vote", "leaves", of="these")
