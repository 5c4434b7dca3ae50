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
    run(pip_install(folder / "bin" / "python", requirements), build / "setup" / "pip.log")
    # emlmpy itself, from where it is, so that a change to it needs no installation.
    (site_packages,) = folder.glob("lib/python3*/site-packages")
    (site_packages / "emlmpy.pth").write_text(f"{root}\n")
    stamp.write_text(wanted)


def pip_install(python: Path, requirements: Path) -> list[str]:
    """The command that installs requirements, of which each file must have a hash named there.

    A few packages come as sources, and pip fetches setuptools anew to build them: that alone
    is not hashed.
    """
    options = ["--quiet", "--require-hashes", "--requirement", str(requirements)]
    return [str(python), "-m", "pip", "install", *options]
