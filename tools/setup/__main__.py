"""Get everything that the project builds and tests with: `python3 tools/setup`.

Installs only what is missing, and can be run again at any time. Needs Debian 12 or later and root;
elsewhere it says what to install. Uses the standard library only, since it runs first.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"


def main() -> int:
    """Run all steps; the exit status is 0 only if everything is there."""
    if sys.version_info < (3, 11):  # noqa: UP036  the user may have an older one
        print("setup: Python 3.11 or later is needed", file=sys.stderr)
        return 1
    from debian import install_packages
    from environment import create_environment
    from micropython import fetch_sources
    from report import SetupError

    try:
        install_packages(BUILD)
        BUILD.mkdir(exist_ok=True)
        create_environment(ROOT, BUILD)
        fetch_sources(BUILD)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
