"""The project's own Python environment, .venv."""

import hashlib
import shutil
import venv
from pathlib import Path

from report import run, say


def create_environment(root: Path, build: Path) -> None:
    """Create .venv with the pinned packages and emlmpy; nothing is done if it has them already."""
    folder = root / ".venv"
    requirements = Path(__file__).with_name("requirements.txt")
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = folder / "requirements.sha256"  # written last: without it, .venv is not complete
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("installing Python packages into .venv, about a minute")
    if not (folder / "bin" / "pip").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
    stamp.unlink(missing_ok=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    run([*pip, "--requirement", str(requirements)], build / "setup" / "pip.log")
    # emlmpy itself, from where it is, so that a change to it needs no installation.
    (site_packages,) = folder.glob("lib/python3*/site-packages")
    (site_packages / "emlmpy.pth").write_text(f"{root}\n")
    stamp.write_text(wanted)
