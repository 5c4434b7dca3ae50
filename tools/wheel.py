"""Build the sdist, and the wheel from it, into build/wheel: `make wheel`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "wheel"


def build(out: Path) -> None:
    """Build both into a folder that is made anew. Raises SystemExit with what the build said."""
    shutil.rmtree(out, ignore_errors=True)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    # Without isolation: with the pinned tools of .venv.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"the wheel does not build:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    build(OUT)
    for file in sorted(OUT.iterdir()):
        print(f"{file.relative_to(ROOT)}, {file.stat().st_size} bytes")
