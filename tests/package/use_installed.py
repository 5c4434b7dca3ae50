"""Uses an installed emlmpy as its users do: convert, check, save and load of every family.

Run outside the clone, beside samples.py: use_installed.py NETWORK.tmdl. Fails where something does
not hold.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy import signal

sys.path.insert(0, str(Path(__file__).resolve().parent))
from samples import X, Y, models, predictors

import emlmpy
from emlmpy import device_python, fft, iir, kernels, modules
from emlmpy import features as front_ends
from emlmpy.cnn import CnnModel
from emlmpy.families import FAMILIES, family_of_file
from emlmpy.knn import load_dataset
from emlmpy.trees.twin import ForestTwin

INSTALLED = Path(emlmpy.__file__).resolve().parent
NETWORK = Path(sys.argv[1])


def check_places() -> None:
    """All of the package is in the environment that runs this, and nothing in a clone."""
    environment = Path(sys.prefix).resolve()
    places = [INSTALLED, kernels.LIBRARY, device_python.SOURCES, modules.FOLDER]
    for place in places:
        assert place.resolve().is_relative_to(environment), place
    assert (INSTALLED / "py.typed").exists()


def check_modules() -> None:
    """Every module is there for every architecture, as a native module of that architecture."""
    assert len(modules.architectures()) >= 7, modules.architectures()
    assert {"emltrees", "emlknn", "emliir", "emlfft", "tinymaix_cnn"} <= set(modules.names())
    for architecture in modules.architectures():
        for name in modules.names():
            assert modules.path(name, architecture).read_bytes()[:2] == b"M\6"


def check_families() -> None:
    """Every family's model answers, is saved, and loads; the command says what the file holds."""
    found = models(NETWORK)
    assert list(found) == [family.name for family in FAMILIES]
    for name, model in found.items():
        path = Path(name)
        model.save(path)
        assert family_of_file(path.read_bytes()).name == name
        facts = run_command("check", path)
        assert f"device bytes    {model.nbytes}\n" in facts, facts
    for model in predictors().values():
        report = model.check(X, Y)
        assert report.agreeing == report.rows == len(X)
        assert set(model.predict(X)) <= set(Y)


def check_loading() -> None:
    """What was saved answers as what saved it."""
    found = models(NETWORK)
    rows = X.astype(np.int16)
    index = ForestTwin(Path("forest").read_bytes()).classify(rows)[0]
    np.testing.assert_array_equal(index, found["forest"].predict(X))
    items, labels = load_dataset("nearest neighbours")
    np.testing.assert_array_equal(items, X)
    np.testing.assert_array_equal(labels, Y)
    recording = np.arange(192, dtype=np.int16).reshape(64, 3)
    front = found["front end"].fit([recording])
    expected = front_ends.load("front end").stream(recording)
    np.testing.assert_array_equal(front.transform([recording]), expected)
    samples = np.sin(np.arange(200, dtype=np.float32))
    expected = signal.sosfilt(iir.design("butter", 50, 1000), samples)
    filtered = iir.Filter.load(Path("filter").read_bytes()).run(samples)
    np.testing.assert_allclose(filtered, expected, atol=1e-5)
    image = np.full((1, *found["network"].input_shape), 100, np.uint8)
    loaded = CnnModel(Path("network").read_bytes())
    np.testing.assert_array_equal(loaded.run(image), found["network"].run(image))


def check_fft() -> None:
    """The transform has no file."""
    samples = np.cos(np.arange(64, dtype=np.float32))
    powers, _ = fft.FFT(64).power(samples)
    np.testing.assert_allclose(powers, np.abs(np.fft.rfft(samples)) ** 2, rtol=1e-3, atol=1e-3)


def run_command(*arguments: str | Path) -> str:
    """Run the command emlmpy, as it was installed; return what it prints."""
    command = [str(Path(sys.executable).parent / "emlmpy"), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


check_places()
check_modules()
check_families()
check_loading()
check_fft()
