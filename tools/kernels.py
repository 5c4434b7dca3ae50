"""Build the library that emlmpy runs models with, where it is out of date: `make kernels`.

The wheel's build does the same, by the same CMakeLists.txt.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "kernels"


def build() -> None:
    """Run cmake, which does nothing if nothing changed. Raises SystemExit with what it said."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    configure = ["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja"]
    configure.append(f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={ROOT / 'emlmpy' / 'kernels'}")
    commands = [["cmake", "--build", BUILD]]
    if not (BUILD / "build.ninja").exists():
        commands.insert(0, configure)
    for command in commands:
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"kernels do not build:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    build()
