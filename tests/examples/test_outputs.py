"""What documents quote of the examples is what they print."""

import pytest

from benchmarks import outputs
from examples import motion_data
from machines.build import build


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The two machines that the examples run on."""
    build(["unix-x64", "cortex-m0"])


# These train on recordings that are fetched once, which a test does not.
FETCHING = ("activity", "anomaly")


# The demo writes the model that digits_main runs.
@pytest.mark.parametrize("name", outputs.EXAMPLES)
def test_output(name: str) -> None:
    """Word for word, but for times."""
    if name in FETCHING and not (motion_data.CACHE / motion_data.WHEEL).exists():
        pytest.skip("python examples/motion_data.py fetches the recordings")
    kept = (outputs.FOLDER / f"{name}.txt").read_text()
    found = outputs.EXAMPLES[name]()
    hint = "run python -m benchmarks.outputs and make figures"
    assert outputs.without_times(found) == outputs.without_times(kept), hint


def test_every_output_has_an_example() -> None:
    """Nothing is kept that no example prints any more."""
    assert {path.stem for path in outputs.FOLDER.iterdir()} == set(outputs.EXAMPLES)
