"""What the tests know of each native module: a new one is put on this list, with a description."""

from dataclasses import dataclass, field
from pathlib import Path

from machines.machine import ROOT, Machine
from tests.cnn.models import small_network

DEVICE = ROOT / "tests" / "device"


@dataclass(frozen=True)
class Module:
    """A module, and what its description in tests/device/modules needs beside it."""

    name: str
    described_by: str
    suites: tuple[str, ...] = ("calls", "memory", "files")
    files: dict[str, bytes] = field(default_factory=dict)

    def run_suite(self, machine: Machine, suite: str) -> str:
        """Run one of the functions of tests/device/suites.py on a machine; return its output."""
        files: dict[str, Path | bytes] = {
            f"{self.name}.mpy": machine.module(self.name),
            "suites.py": DEVICE / "suites.py",
            "heap.py": DEVICE / "heap.py",
            "described.py": self.description().encode(),
            **self.files,
        }
        script = f"import described, suites\nsuites.{suite}(described)\nprint('ok')\n"
        return machine.run(script, files, timeout=300)

    def description(self) -> str:
        """The description, of the module that is meant: one may serve several."""
        text = (DEVICE / "modules" / f"{self.described_by}.py").read_text()
        return text.replace(
            f"import {self.described_by} as module", f"import {self.name} as module"
        )


MODULES = (
    Module("emlarray", "emlarray", suites=("calls", "memory")),
    Module("emlfeatures", "emlfeatures"),
    Module("emlfft", "emlfft", suites=("calls", "memory")),
    Module("emliir", "emliir"),
    Module("emlknn", "emlknn"),
    Module("emllinear", "emllinear"),
    Module("emltrees", "emltrees"),
    Module("emltrees_votes", "emltrees"),
    Module("tinymaix_cnn", "tinymaix_cnn", files={"model.tmdl": small_network()}),
    Module(
        "tinymaix_cnn_fp32",
        "tinymaix_cnn",
        files={"model.tmdl": small_network(data_type="float32")},
    ),
)
