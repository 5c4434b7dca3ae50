"""Where the modules are that benchmarks run, and how large those are that ship."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from machines.machine import ROOT


def shipped(module: str, arch: str) -> Path:
    """A module of dist/."""
    return ROOT / "dist" / f"{arch}_6.3" / f"{module}.mpy"


def baseline(folder: str, module: str, arch: str) -> Path:
    """A module of baseline/, built: emlearn's own code, wrapped the plain way."""
    out = ROOT / "build" / "baseline"
    source = ROOT / "benchmarks" / "baseline" / folder
    command = ["make", "-s", "-C", source, f"ARCH={arch}", f"OUT={out}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out / "dist" / f"{arch}_6.3" / f"{module}.mpy"


def sizes(module: str) -> Iterator[tuple[str, int]]:
    """The bytes of a module of dist/, for each architecture."""
    for folder in sorted((ROOT / "dist").glob("*_6.3")):
        arch = folder.name.removesuffix("_6.3")
        yield arch, shipped(module, arch).stat().st_size
