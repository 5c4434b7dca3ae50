"""Set-up: what it says where it cannot install, and that it leaves nothing half-done."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from machines.machine import ROOT

SETUP = ROOT / "tools" / "setup"
sys.path.insert(0, str(SETUP))
import debian  # noqa: E402
import environment  # noqa: E402
import micropython  # noqa: E402
from report import SetupError  # noqa: E402


def test_second_run_is_quiet() -> None:
    """With everything there, set-up has nothing to do or say."""
    variables = {name: value for name, value in os.environ.items() if name != "MPY_DIR"}
    target = (ROOT / "build" / "micropython").resolve()
    if target.parent != ROOT / "build":
        variables["MPY_DIR"] = str(target)
    output = subprocess.check_output([sys.executable, SETUP], env=variables, text=True)
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


def test_requirements() -> None:
    """All of requirements.in is in requirements.txt as it is pinned there, and nothing unhashed."""
    pinned = {
        line.strip()
        for line in (SETUP / "requirements.in").read_text().splitlines()
        if line and not line.startswith("#")
    }
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+", line) for line in pinned)
    text = (SETUP / "requirements.txt").read_text()
    locked = [block.split() for block in re.split(r"\n(?=\S)", text) if block[0] != "#"]
    assert pinned <= {block[0] for block in locked}
    hashes = [word for block in locked for word in block if word.startswith("--hash=")]
    assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", word) for word in hashes)
    assert all(any(word in hashes for word in block) for block in locked)
    assert "://" not in text


def test_wrong_hash(tmp_path: Path) -> None:
    """Set-up's way to install refuses a file whose hash is another; no registry is asked here."""
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    wheel.write_bytes(b"not it")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"thing==1.0 --hash=sha256:{'0' * 64}\n")
    command = environment.pip_install(Path(sys.executable), requirements)
    options = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "target")]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    requirements.write_text("thing==1.0\n")
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Hashes are required" in done.stderr


def test_wrong_checksum(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An archive that is not the expected one is not used."""
    archive = tmp_path / "micropython_9.9+ds.orig.tar.xz"
    archive.write_bytes(b"not it")
    monkeypatch.setattr(micropython, "run", lambda *args, **options: None)
    with pytest.raises(SetupError, match="does not have the expected checksum"):
        micropython.download_debian_source(tmp_path, "mirror", "suite", "9.9", "0" * 64)


def make_sources(folder: Path, minor: int = 26) -> Path:
    """Make a folder that passes for MicroPython's sources."""
    for part in ("py", "tools", "ports/qemu", "lib/littlefs"):
        (folder / part).mkdir(parents=True)
    numbers = {"MAJOR": 1, "MINOR": minor, "MICRO": 1}
    lines = [f"#define MICROPY_VERSION_{part} {number}" for part, number in numbers.items()]
    (folder / "py" / "mpconfig.h").write_text("\n".join(lines))
    (folder / "tools" / "link").symlink_to("../py")
    return folder


def test_tree_digest(tmp_path: Path) -> None:
    """Each change to the files of a folder, and none but these, changes its digest."""
    folder = make_sources(tmp_path / "first")
    digest = micropython.tree_digest(folder)
    assert digest == micropython.tree_digest(make_sources(tmp_path / "second"))
    (folder / "an empty folder").mkdir()  # git has none of these, and clones may
    assert digest == micropython.tree_digest(folder)
    header = folder / "py" / "mpconfig.h"
    text = header.read_text()
    header.write_text(text.replace("26", "27"))
    digests = {digest, micropython.tree_digest(folder)}
    header.write_text(text)
    assert micropython.tree_digest(folder) == digest
    header.rename(folder / "py" / "renamed.h")
    digests.add(micropython.tree_digest(folder))
    (folder / "py" / "renamed.h").rename(header)
    (folder / "added").touch()
    digests.add(micropython.tree_digest(folder))
    (folder / "added").unlink()
    (folder / "tools" / "link").unlink()
    digests.add(micropython.tree_digest(folder))
    (folder / "tools" / "link").symlink_to("../lib")
    digests.add(micropython.tree_digest(folder))
    assert len(digests) == 6


def test_digest_of_the_sources() -> None:
    """The digest for upstream's repository is that of Debian's archive, which is verified too."""
    folder = ROOT / "build" / f"micropython-{micropython.UPSTREAM_VERSION}"
    if not folder.exists():
        pytest.skip("MicroPython's sources come from elsewhere")
    assert micropython.tree_digest(folder) == micropython.UPSTREAM_DIGEST


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A repository in place of upstream's, with its digest; there is no other source."""
    monkeypatch.delenv("MPY_DIR", raising=False)
    monkeypatch.setattr(micropython, "DEBIAN_SOURCES", [])
    repository = make_sources(tmp_path / "upstream")
    monkeypatch.setattr(micropython, "UPSTREAM", str(repository))
    (lost,) = micropython.NOT_IN_DEBIAN
    for name in (lost, "tools/file", "ports/qemu/file", "lib/littlefs/file"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("\r\n")
    (repository / lost).unlink()
    monkeypatch.setattr(micropython, "UPSTREAM_DIGEST", micropython.tree_digest(repository))
    (repository / lost).write_text("what Debian's archive lacks")
    git = ["git", "-C", str(repository), "-c", "user.name=test", "-c", "user.email=test"]
    tag = f"v{micropython.UPSTREAM_VERSION}"
    for command in (["init", "--quiet"], ["add", "."], ["commit", "-qm", "all"], ["tag", tag]):
        subprocess.run([*git, *command], check=True)
    (tmp_path / "build").mkdir()
    return repository


def test_clone(upstream: Path, tmp_path: Path) -> None:
    """Upstream's repository is used if it has the right files, but for the one Debian lacks."""
    micropython.fetch_sources(tmp_path / "build")
    link = tmp_path / "build" / "micropython"
    assert micropython.tree_digest(link.resolve()) == micropython.UPSTREAM_DIGEST
    assert not (link / ".git").exists()


def test_changed_clone(upstream: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository whose tag names other files is not used, and nothing of it stays."""
    monkeypatch.setattr(micropython, "UPSTREAM_DIGEST", "0" * 64)
    with pytest.raises(SetupError, match=r"does not have the expected files of v1\.26\.1"):
        micropython.fetch_sources(tmp_path / "build")
    assert list((tmp_path / "build").rglob("*")) == [tmp_path / "build" / "setup"]


def test_mpy_dir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """The user's own sources are used, named unverified once; too old ones, or none, are not."""
    build = tmp_path / "build"
    build.mkdir()
    folder = make_sources(tmp_path / "own")
    monkeypatch.setenv("MPY_DIR", str(folder))
    micropython.fetch_sources(build)
    assert (build / "micropython").resolve() == folder
    said = "setup: using MicroPython 1.26.1 from MPY_DIR, unverified: it has no digest here\n"
    assert capsys.readouterr().out == said
    micropython.fetch_sources(build)
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("MPY_DIR", str(make_sources(tmp_path / "old", minor=24)))
    with pytest.raises(SetupError, match=r"must name MicroPython 1\.25 or later, not 1\.24\.1"):
        micropython.fetch_sources(build)
    (folder / "py" / "mpconfig.h").unlink()
    monkeypatch.setenv("MPY_DIR", str(folder))
    with pytest.raises(SetupError, match=r"own/py/mpconfig\.h has no version"):
        micropython.fetch_sources(build)
    assert (build / "micropython").resolve() == folder


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
