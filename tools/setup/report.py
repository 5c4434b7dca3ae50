"""How set-up speaks: one line for each step, and the reason when it stops."""

import subprocess
import sys
from pathlib import Path


class SetupError(Exception):
    """Set-up cannot go on; the text says what the user can do."""


def say(text: str) -> None:
    """Print a progress line at once, also into a pipe."""
    print(f"setup: {text}", flush=True)


def run(command: list[str], log: Path, **options: object) -> None:
    """Run a command with its output in `log`; SetupError shows the end of it when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        status = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **options
        ).returncode
    if status != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        print(tail, file=sys.stderr)
        raise SetupError(f"'{' '.join(command[:3])} ...' failed; all it said is in {log}")
