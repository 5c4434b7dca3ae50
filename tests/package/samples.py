"""A small model of each family, by the family's name; also run outside the clone, by an installed
package. A new family adds its model here.
"""

from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from emlmpy import convert, iir
from emlmpy.cnn import CnnModel
from emlmpy.features import WindowFeatures
from emlmpy.model import Model, Predictor

X = np.arange(80).reshape(20, 4)
Y = np.arange(20) % 3


def predictors() -> dict[str, Predictor]:
    """Models of the families that convert estimators, fitted on X and Y."""
    return {
        "forest": convert(RandomForestClassifier(3, random_state=1).fit(X, Y)),
        "nearest neighbours": convert(KNeighborsClassifier(3).fit(X, Y)),
        "linear model": convert(LogisticRegression().fit(X, Y)),
    }


def models(network: Path) -> dict[str, Model]:
    """Models of all families; network is a .tmdl file."""
    return {
        **predictors(),
        "front end": WindowFeatures(window=16),
        "filter": iir.Filter(iir.design("butter", 50, 1000)),
        "network": CnnModel(network.read_bytes()),
    }
