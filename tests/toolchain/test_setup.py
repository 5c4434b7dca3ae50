"""Set-up: what it says where it cannot install, and that it leaves nothing half-done."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from machines.machine import ROOT

SETUP = ROOT / "tools" / "setup"
sys.path.insert(0, str(SETUP))
import debian  # noqa: E402
import micropython  # noqa: E402
from report import SetupError  # noqa: E402


def test_second_run_is_quiet() -> None:
    """With everything there, set-up has nothing to do or say."""
    environment = {name: value for name, value in os.environ.items() if name != "MPY_DIR"}
    target = (ROOT / "build" / "micropython").resolve()
    if target.parent != ROOT / "build":
        environment["MPY_DIR"] = str(target)
    output = subprocess.check_output([sys.executable, SETUP], env=environment, text=True)
    assert output == ""


def test_not_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user who is not root is told the command to run as root."""
    monkeypatch.setattr(debian, "missing_packages", lambda: ["clang-22", "valgrind"])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError, match=r"as root, run: .*apt-get install .* clang-22 valgrind"):
        debian.install_packages(tmp_path / "build")
    assert not (tmp_path / "build").exists()


def test_not_debian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On another system the packages are named."""
    monkeypatch.setattr(debian, "missing_packages", lambda: ["clang-22"])
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SetupError, match=r"not Debian, .* by hand .*: clang-22"):
        debian.install_packages(tmp_path / "build")


def test_missing_packages_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is missing here, and with an empty PATH every command's package is."""
    assert debian.missing_packages() == []
    monkeypatch.setenv("PATH", "")
    missing = debian.missing_packages()
    assert {"gcc", "clang-22", "qemu-system-arm", "valgrind"} <= set(missing)
    assert "libc6-dev" not in missing  # a header, which PATH does not hide


def test_status_and_message(tmp_path: Path) -> None:
    """Set-up ends with a status and one line that says what to do, not a traceback."""
    shutil.copytree(SETUP, tmp_path / "tools" / "setup")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    result = subprocess.run(
        [sys.executable, tmp_path / "tools" / "setup"],
        env=os.environ | {"MPY_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == "setup: MPY_DIR must name a folder with MicroPython's sources\n"
    assert not (tmp_path / "build" / "micropython").exists()


def test_wrong_checksum(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An archive that is not the expected one is not used."""
    archive = tmp_path / "micropython_9.9+ds.orig.tar.xz"
    archive.write_bytes(b"not it")
    monkeypatch.setattr(micropython, "run", lambda *args, **options: None)
    with pytest.raises(SetupError, match="does not have the expected checksum"):
        micropython.download_debian_source(tmp_path, "mirror", "suite", "9.9", "0" * 64)


def test_nothing_to_fetch_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without any source the link is not made, and no half of the sources stays."""

    def fail(*args: object, **options: object) -> None:
        raise SetupError("no network")

    monkeypatch.delenv("MPY_DIR", raising=False)
    monkeypatch.setattr(micropython, "run", fail)
    monkeypatch.setattr(micropython, "debian_mirrors", lambda: ["mirror"])
    (tmp_path / "build").mkdir()
    with pytest.raises(SetupError, match="no network"):
        micropython.fetch_sources(tmp_path / "build")
    assert list((tmp_path / "build").rglob("*")) == [tmp_path / "build" / "setup"]
