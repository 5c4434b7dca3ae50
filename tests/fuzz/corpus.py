"""What fuzzers begin with: files and uses of the models and filters of the tests."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris

FILES = Path(__file__).parents[1] / "files"


def seeds(fuzzer: str) -> dict[str, bytes]:
    """The inputs of a fuzzer, by name."""
    # The test modules make their random cases of that.
    os.environ.setdefault("EMLMPY_SEED", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make = {"forest": _forests, "knn": _neighbours, "fft": _signals, "linear": _models}
        make["features"] = _fronts
        make |= dict.fromkeys(("iir", "iir_armv6m"), _filters)
        make |= {"arrays": _arrays}
        make |= {"cnn_int8": lambda: _networks("int8"), "cnn_fp32": lambda: _networks("float32")}
        return dict(make[fuzzer]())


class Choices:
    """Bytes from which choices.h makes these choices."""

    def __init__(self) -> None:
        """None yet."""
        self.data = bytearray()

    def add(self, *choices: int) -> None:
        """Numbers below 2^24."""
        for choice in choices:
            self.data += int(choice).to_bytes(3, "little")

    def add_bits(self, bits: int) -> None:
        """The 32 bits of any_bits."""
        self.add(bits >> 16, bits & 0xFFFF)

    def add_float(self, value: float) -> None:
        """The float of any_float."""
        self.add_bits(int(np.float32(value).view(np.uint32)))


def _forests() -> Iterator[tuple[str, bytes]]:
    import emlmpy
    from emlmpy.images import image
    from emlmpy.trees.file import to_bin, to_csv
    from tests.trees.test_forests import CASES, load_data

    for name, (estimator, load, arguments, _) in CASES.items():
        data, classes = load_data(load)
        sizes = {"max_depth": 3, "n_estimators": 3, "max_iter": 3}
        known = estimator.get_params().keys() & sizes.keys()
        small = estimator.set_params(**{key: sizes[key] for key in known})
        forest = emlmpy.convert(small.fit(data.data, classes), **arguments).forest
        yield f"{name}.csv", to_csv(forest)
        yield f"{name}.bin", to_bin(forest)
        yield f"{name} behind an image.bin", image("X", b"", b"front end...") + to_bin(forest)
    for path in FILES.glob("forest*"):
        yield path.name, path.read_bytes()


def _networks(data_type: str) -> Iterator[tuple[str, bytes]]:
    from tests.cnn import models
    from tests.cnn.test_networks import small_network

    for name in ("convolutions", "classes"):
        file = small_network(name, data_type)
        yield f"small {name}.tmdl", file
        yield f"{name} behind an image.tmdl", models.image(b"A", bytes(20)) + file
    for name in models.MODELS:
        yield f"{name}.tmdl", models.build(name, data_type)[1]
    if data_type == "int8":
        yield "old.tmdl", (FILES / "cnn_without_checksum.tmdl").read_bytes()


def _neighbours() -> Iterator[tuple[str, bytes]]:
    items = np.rint(load_iris().data * 10).astype(int)
    for regression in range(2):
        for weighted in range(2):
            choices = Choices()
            # 12 items of 4 features in a ring, 3 neighbours, features of any size.
            choices.add(11, 3, 2, 1, regression, weighted, 1)
            for item in items[::8]:
                choices.add(*(item + 32768), 1, 1)  # neither removed nor cleared
                choices.add_bits(int(item[0]))
                choices.add(0, item[1] + 32768)  # of the query
            yield f"iris {regression} {weighted}", bytes(choices.data)


def _filters() -> Iterator[tuple[str, bytes]]:
    from tests.iir.test_filters import FILTERS

    samples = np.random.default_rng(1).uniform(-1, 1, 200)
    for name, sos in FILTERS.items():
        choices = Choices()
        choices.add(0, len(sos) - 1)
        for row in sos:
            for coefficient in row:
                choices.add_float(coefficient)
                choices.add(1)  # these bits
            choices.add(1)  # a0 is 1
        choices.add(0, 1, 50, 0)  # 2 channels of 50 frames, not in place
        for sample in samples:
            choices.add_float(sample)
        yield name, bytes(choices.data)


def _signals() -> Iterator[tuple[str, bytes]]:
    for log2_n in (3, 4, 5, 6, 7):
        choices = Choices()
        choices.add(0, log2_n - 3)
        angles = np.arange(2**log2_n) * 0.7
        for sample in np.concatenate([np.sin(angles), np.cos(3 * angles)]):
            choices.add_float(sample)
        yield f"tones {log2_n}", bytes(choices.data)


def _fronts() -> Iterator[tuple[str, bytes]]:
    for n_stats in (0, 17):
        for n_pairs in (0, 1):
            choices = Choices()
            # A window of 16 of 3 channels, with statistics of one, and a spectrum of 3 bands.
            choices.add(1, 14, 1, 2, n_stats, 1, n_pairs, 1, 4)
            choices.add(0, 1, 7, 0, 0, 1, 1)  # fft 16, hop 8, all flags but two, magnitude 3
            for statistic in range(n_stats):
                choices.add(1, statistic)
            choices.add(1, 0)
            choices.add(*([0, 1] * 2 * n_pairs))
            choices.add(1, 0, *([1, 0] * 4))
            yield f"all {n_stats} {n_pairs}", bytes(choices.data)


def _models() -> Iterator[tuple[str, bytes]]:
    weights = np.rint(load_iris().data[:3] * 1000).astype(int)
    for kind in range(5):
        for data_type in range(2):
            choices = Choices()
            # 3 rows of 4 weights, all words of them plain numbers.
            choices.add(4, 3, data_type, 1, 3)
            for word in range(4 + 3 * (4 + (1 if data_type == 0 else 3))):
                choices.add(1, weights[word % 3, word % 4] % 60)
            choices.add(kind, 1)
            yield f"iris {kind} {data_type}", bytes(choices.data)


def _arrays() -> Iterator[tuple[str, bytes]]:
    samples = np.random.default_rng(1).integers(0, 2**24, 300)
    for kind, typecode in enumerate("bBhf"):
        choices = Choices()
        # 90 items of this type, the array at its memory's start, of noise.
        choices.add(3, 90, kind, 0, 0, 0)
        choices.add(*samples)
        yield f"noise {typecode}", bytes(choices.data)
