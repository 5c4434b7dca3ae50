"""dist/ is what the sources give, builds are reproducible, and a rebuild does what is needed."""

import hashlib
import json
import os
import subprocess
import warnings
from pathlib import Path

import pytest

from tools import dist

MANIFEST = json.loads((dist.DIST / "manifest.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("architecture", dist.ARCHITECTURES)
def test_bytes(architecture: str, tmp_path: Path) -> None:
    """A build gives the bytes in dist/ if the tools are the same, and two builds the same bytes.

    The first is kept from one run of the tests to the next, where make does what is out of date, as
    long as the tools stay the same. The second is of armv6m, whose linking once depended on the
    order of a set, and of a module with float division, which that was about.
    """
    tools = dist.tool_versions()[architecture]
    first = dist.BUILD / "test_dist" / hashlib.sha256(tools.encode()).hexdigest()[:16]
    dist.build(first, [architecture])
    for module in dist.MODULES:
        path = Path("dist") / f"{architecture}_6.3" / f"{module}.mpy"
        data = (first / path).read_bytes()
        if (architecture, module) == ("armv6m", "emliir"):
            dist.build_one(tmp_path, architecture, module)
            assert data == (tmp_path / path).read_bytes()
        if tools == MANIFEST["tools"][architecture]:
            assert data == (dist.ROOT / path).read_bytes(), "dist/ is out of date: run make dist"
        else:
            warnings.warn(
                f"{path} was not compared: built with '{MANIFEST['tools'][architecture]}', "
                f"here are '{tools}'",
                stacklevel=1,
            )


def test_packages() -> None:
    """Each package.json names this version and the modules that are there, and nothing else is."""
    assert MANIFEST["version"] == dist.version()
    modules = [f"{name}.mpy" for name in dist.MODULES]
    for architecture in dist.ARCHITECTURES:
        folder = dist.DIST / f"{architecture}_6.3"
        package = json.loads((folder / "package.json").read_text())
        assert package["version"] == dist.version()
        assert package["urls"] == [[name, name] for name in modules]
        assert {path.name for path in folder.iterdir()} == {*modules, "package.json"}


def test_checksums() -> None:
    """SHA256SUMS has every module of dist/, as sha256sum itself finds."""
    assert (dist.DIST / "SHA256SUMS").read_text() == dist.checksums()
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    checked = subprocess.check_output(command, cwd=dist.DIST, text=True).splitlines()
    found = sorted(str(path.relative_to(dist.DIST)) for path in dist.DIST.rglob("*.mpy"))
    assert checked == [f"{name}: OK" for name in found]


def test_index(tmp_path: Path) -> None:
    """mip's index names each module by its hash; what an earlier one left is gone."""
    old = tmp_path / "armv6m" / "file" / "00" / "0000"
    old.parent.mkdir(parents=True)
    old.touch()
    dist.write_index(tmp_path)
    assert not old.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(dist.ARCHITECTURES)
    for architecture in dist.ARCHITECTURES:
        index = tmp_path / architecture
        for module in dist.MODULES:
            data = (dist.DIST / f"{architecture}_6.3" / f"{module}.mpy").read_bytes()
            for release in ("latest", dist.version()):
                file = index / "package" / "6" / module / f"{release}.json"
                [[name, short_hash]] = json.loads(file.read_text())["hashes"]
                assert name == f"{module}.mpy"
                assert hashlib.sha256(data).hexdigest().startswith(short_hash)
                assert (index / "file" / short_hash[:2] / short_hash).read_bytes() == data


def test_rebuild(tmp_path: Path) -> None:
    """A second build does nothing; after a change to a header, one does what that needs."""

    def make(*arguments: str) -> str:
        command = ["make", "-C", dist.ROOT / "src" / "emltrees", "ARCH=armv6m", f"OUT={tmp_path}"]
        return subprocess.check_output([*command, *arguments], text=True)

    result = tmp_path / "dist" / "armv6m_6.3" / "emltrees.mpy"
    make()
    before = result.stat().st_mtime_ns
    assert "CC" not in make()
    assert result.stat().st_mtime_ns == before
    # `make -W` takes a file for just changed, and -n only says what it would do.
    for header in ("eml_forest_csv.h", str(dist.ROOT / "src" / "common" / "natmod.h")):
        assert "CC emltrees.c" in make("-n", "-W", header)
    assert "MPY load.py" in make("-n", "-W", "load.py")


def test_compiler_error_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    """A build that fails says why and leaves no module."""
    environment = os.environ | {"CFLAGS_EXTRA": "-Dtrees_new=("}
    command = ["make", "-C", dist.ROOT / "src" / "emltrees", "ARCH=x64", f"OUT={tmp_path}"]
    assert subprocess.run(command, env=environment, check=False).returncode != 0
    assert "error" in capfd.readouterr().err
    assert not list(tmp_path.glob("dist/*/*.mpy"))
