"""The native modules that the package carries, built for each architecture of boards."""

from pathlib import Path

# Of .mpy files, as MicroPython 1.23 and later read them.
MPY_VERSION = "6.3"

# The wheel holds the modules inside the package, a clone beside it.
PACKAGED = Path(__file__).resolve().parent / "dist"
FOLDER = PACKAGED if PACKAGED.exists() else PACKAGED.parents[1] / "dist"


def architectures() -> list[str]:
    """Return the names of the architectures, as MicroPython has them: armv6m, xtensawin."""
    suffix = f"_{MPY_VERSION}"
    return sorted(path.name.removesuffix(suffix) for path in FOLDER.glob(f"*{suffix}"))


def names() -> list[str]:
    """Return the names of the modules, which every architecture has."""
    return sorted({path.stem for path in FOLDER.glob(f"*_{MPY_VERSION}/*.mpy")})


def path(module: str, architecture: str) -> Path:
    """Return the .mpy file of a module, such as emltrees, for an architecture.

    Raises ValueError for a module or an architecture that is not there.
    """
    for what, name, known in (
        ("module", module, names()),
        ("architecture", architecture, architectures()),
    ):
        if name not in known:
            raise ValueError(f"{what} must be one of {', '.join(known)}, not {name!r}")
    return FOLDER / f"{architecture}_{MPY_VERSION}" / f"{module}.mpy"
