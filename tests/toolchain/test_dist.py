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


@pytest.mark.parametrize("architecture", dist.ARCHITECTURES)
def test_bytes(architecture: str, tmp_path: Path) -> None:
    """A build gives the bytes in dist/ if the tools are the same, and two builds the same bytes.

    The second build is of armv6m, whose linking once depended on the order of a set; elsewhere
    dist/ is the other build.
    """
    tools = dist.tool_versions()[architecture]
    builds = ["first", "second"] if architecture == "armv6m" else ["first"]
    for name in builds:
        dist.build(tmp_path / name, [architecture])
    for module in dist.MODULES:
        path = Path("dist") / f"{architecture}_6.3" / f"{module}.mpy"
        data = (tmp_path / "first" / path).read_bytes()
        assert data == (tmp_path / builds[-1] / path).read_bytes()
        if tools == MANIFEST["tools"][architecture]:
            assert data == (dist.ROOT / path).read_bytes(), "dist/ is out of date: run make dist"
        else:
            warnings.warn(
                f"{path} was not compared: built with '{MANIFEST['tools'][architecture]}', "
                f"here are '{tools}'",
                stacklevel=1,
            )


def test_what_mip_reads() -> None:
    """Each package names files that are there, by their right hashes, and this version."""
    assert MANIFEST["version"] == dist.version()
    for architecture in dist.ARCHITECTURES:
        folder = dist.DIST / f"{architecture}_6.3"
        index = dist.DIST / "mip" / architecture
        package = json.loads((folder / "package.json").read_text())
        assert package["version"] == dist.version()
        assert sorted(url for _, url in package["urls"]) == [f"{name}.mpy" for name in dist.MODULES]
        for module in dist.MODULES:
            data = (folder / f"{module}.mpy").read_bytes()
            latest = json.loads((index / "package" / "6" / module / "latest.json").read_text())
            [[name, short_hash]] = latest["hashes"]
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
    assert "MPY part.py" in make("-n", "-W", "part.py")


def test_compiler_error_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    """A build that fails says why and leaves no module."""
    environment = os.environ | {"CFLAGS_EXTRA": "-Dtrees_new=("}
    command = ["make", "-C", dist.ROOT / "src" / "emltrees", "ARCH=x64", f"OUT={tmp_path}"]
    assert subprocess.run(command, env=environment, check=False).returncode != 0
    assert "error" in capfd.readouterr().err
    assert not list(tmp_path.glob("dist/*/*.mpy"))


def test_readme_tells_the_bytes() -> None:
    """The README's table of modules is that of dist/."""
    text = (dist.ROOT / "README.md").read_text()
    for architecture in dist.ARCHITECTURES:
        folder = dist.DIST / f"{architecture}_6.3"
        sizes = [(folder / f"{module}.mpy").stat().st_size for module in dist.MODULES]
        assert f"| {architecture} | {' | '.join(map(str, sizes))} |" in text
