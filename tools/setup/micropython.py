"""MicroPython's sources, which build the modules and the machines that run them.

They come from MPY_DIR if the user names it, else from Debian's source package, else from upstream's
repository; build/micropython is a link to them. What is fetched is used only if it has the digest
that is written here. What MPY_DIR names is the user's own: only its version is looked at.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from report import SetupError, run, say

# Debian 12 has no such package, so the suite is named. The digest is the .orig.tar.xz's SHA-256.
DEBIAN_SOURCES = [
    ("1.26.1", "sid", "f5ad2ec89d3e921f753d448955af98b6005655f84ba26087dde6ba0e8d062f34"),
    ("1.25.0", "trixie", "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea"),
]
UPSTREAM = "https://github.com/micropython/micropython"
UPSTREAM_VERSION = "1.26.1"
# tree_digest of that version; found from Debian's archive, which lacks one file of upstream's.
UPSTREAM_DIGEST = "39e2f4879710564a6a554b8398d7c3de4c3c668536ca6ec9196e689f88a84f40"
NOT_IN_DEBIAN = ("ports/cc3200/bootmgr/relocator/relocator.bin",)
OLDEST = (1, 25)


def fetch_sources(build: Path) -> None:
    """Make build/micropython point to MicroPython's sources, fetching them if need be."""
    link = build / "micropython"
    named = os.environ.get("MPY_DIR")
    if named:
        target = Path(named).resolve()
        if not is_complete(target):
            raise SetupError("MPY_DIR must name a folder with MicroPython's sources")
        version = version_of(target)
        if version < OLDEST:
            wanted, found = (".".join(map(str, numbers)) for numbers in (OLDEST, version))
            raise SetupError(f"MPY_DIR must name MicroPython {wanted} or later, not {found}")
        if link.resolve() != target:
            found = ".".join(map(str, version))
            say(f"using MicroPython {found} from MPY_DIR, unverified: it has no digest here")
    else:
        if is_complete(link) and link.resolve().parent == build.resolve():
            return
        target = fetched_before(build) or fetch(build)
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(target, build) if target.parent == build.resolve() else target)


def is_complete(folder: Path) -> bool:
    """Whether the folder holds what the project needs of MicroPython."""
    return all((folder / part).is_dir() for part in ("py", "tools", "ports/qemu", "lib/littlefs"))


def version_of(folder: Path) -> tuple[int, ...]:
    """The version of MicroPython's sources, such as (1, 26, 1). SetupError if there is none."""
    header = folder / "py" / "mpconfig.h"
    text = header.read_text() if header.exists() else ""
    numbers = dict(re.findall(r"#define MICROPY_VERSION_(MAJOR|MINOR|MICRO) (\d+)", text))
    if len(numbers) != 3:
        raise SetupError(f"{folder.name}/py/mpconfig.h has no version")
    return tuple(int(numbers[part]) for part in ("MAJOR", "MINOR", "MICRO"))


def tree_digest(folder: Path) -> str:
    """A SHA-256 of the names and contents of all files in a folder, and of its symbolic links."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            digest.update(f"link {path.readlink()} {name}\n".encode())
        elif path.is_file():
            digest.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()} {name}\n".encode())
    return digest.hexdigest()


def fetched_before(build: Path) -> Path | None:
    """The newest sources that an earlier run left in the build folder."""
    found = [build / f"micropython-{version}" for version, _, _ in DEBIAN_SOURCES]
    return next((folder.resolve() for folder in found if is_complete(folder)), None)


def fetch(build: Path) -> Path:
    """Fetch the first sources that can be had into build/micropython-VERSION."""
    work = build / "setup" / "sources"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        for version, suite, digest in DEBIAN_SOURCES:
            for mirror in debian_mirrors():
                say(f"fetching MicroPython {version} from Debian's {suite}")
                try:
                    archive = download_debian_source(work, mirror, suite, version, digest)
                except SetupError as error:
                    say(f"not there: {error}")
                    continue
                with tarfile.open(archive) as tar:
                    tar.extractall(work)  # without filter=, which Debian 12's Python lacks
                return put(work / f"micropython-{version}", build)
        say(f"fetching MicroPython {UPSTREAM_VERSION} from its own repository")
        return put(clone_upstream(work), build)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def clone_upstream(work: Path) -> Path:
    """Clone upstream's repository; return the folder if it holds what it should, file by file."""
    folder = work / f"micropython-{UPSTREAM_VERSION}"
    clone = ["git", "clone", "--depth", "1", "--branch", f"v{UPSTREAM_VERSION}"]
    # Line ends as upstream has them, whatever the user's own settings are.
    clone += ["--config", "core.autocrlf=false", UPSTREAM, str(folder)]
    run(clone, work / "clone.log")
    shutil.rmtree(folder / ".git")
    for name in NOT_IN_DEBIAN:
        (folder / name).unlink(missing_ok=True)
    if tree_digest(folder) != UPSTREAM_DIGEST:
        raise SetupError(f"{UPSTREAM} does not have the expected files of v{UPSTREAM_VERSION}")
    return folder


def put(folder: Path, build: Path) -> Path:
    """Move complete sources to their place in one step."""
    if not is_complete(folder):
        raise SetupError(f"{folder.name} lacks files that it should have")
    target = (build / folder.name).resolve()
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)
    return target


def debian_mirrors() -> list[str]:
    """Addresses of the Debian archive that this machine's own apt uses."""
    if not shutil.which("apt-get"):
        return []
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(CODENAME)"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    mirrors = [line.split()[0] for line in targets.splitlines() if line.split()[1:2] == ["Debian"]]
    if not mirrors:  # before the first apt-get update, apt does not know whose archives they are
        mirrors = [line.split()[0] for line in targets.splitlines()]
    return list(dict.fromkeys(mirrors))


def download_debian_source(work: Path, mirror: str, suite: str, version: str, digest: str) -> Path:
    """Download a source package with an apt configuration of its own; apt checks its signatures."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    signed_by = f"[signed-by={keyring}] " if keyring.exists() else ""
    (work / "sources.list").write_text(f"deb-src {signed_by}{mirror} {suite} main\n")
    options = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "",  # the work folder belongs to the user who runs this
    }
    apt = ["apt-get", *(f"-o{name}={value}" for name, value in options.items())]
    run([*apt, "update"], work / "update.log")
    package = f"micropython={version}+ds-1"
    run([*apt, "source", "--download-only", package], work / "download.log", cwd=work)
    archive = work / f"micropython_{version}+ds.orig.tar.xz"
    if hashlib.sha256(archive.read_bytes()).hexdigest() != digest:
        raise SetupError(f"{archive.name} does not have the expected checksum")
    return archive
