"""Compiles a kernel for the host, so that the PC gives the device's answers bit for bit."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

# No fused multiply-add: the boards without one must give the same bits.
COMMAND = ["gcc", "-O2", "-std=c99", "-ffp-contract=off", "-fPIC", "-shared"]


def compile_kernel(name: str, source: str, include: list[Path]) -> ctypes.CDLL:
    """Load C `source`, compiled with gcc; `include` are the folders of the headers it uses.

    The result is kept in ~/.cache/emlmpy (or below XDG_CACHE_HOME) under a hash of the source, of
    all headers in the folders and of the command, so that it is compiled once.

    Raises RuntimeError when gcc is missing or refuses the source.
    """
    inputs = hashlib.sha256("\0".join([*COMMAND, source]).encode())
    for header in sorted(header for folder in include for header in folder.glob("*.h")):
        inputs.update(f"\0{header}\0".encode() + header.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "emlmpy"
    library = cache / f"{name}-{inputs.hexdigest()[:16]}.so"
    if not library.exists():
        if shutil.which(COMMAND[0]) is None:
            raise RuntimeError("gcc is required to run models on this computer: install gcc")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            compiled = Path(folder) / library.name
            result = subprocess.run(
                [*COMMAND, *(f"-I{path}" for path in include), "-xc", "-", "-o", str(compiled)],
                input=source,
                capture_output=True,
                text=True,
            )
            if result.returncode != 0:
                raise RuntimeError(f"gcc could not compile {name}:\n{result.stderr}")
            # Another process may be doing the same: a rename replaces the file whole.
            compiled.replace(library)
    return ctypes.CDLL(str(library))
