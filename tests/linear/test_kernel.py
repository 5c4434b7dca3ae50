"""The kernel by itself."""

import subprocess
from pathlib import Path

from machines.machine import ROOT


def test_kernel_under_sanitizers(tmp_path: Path, seed: int) -> None:
    """Random words, as models that pass the check or do not, break no rule of C."""
    program = tmp_path / "fuzz"
    command = ["gcc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    command += [f"-I{ROOT / 'src' / folder}" for folder in ("emllinear", "common")]
    command += [str(ROOT / "tests" / "fuzz" / "linear.c"), "-o", str(program)]
    subprocess.run(command, check=True)
    output = subprocess.check_output([program, str(seed), "60000"], text=True)
    used, _, rounds, _ = output.split()
    assert int(used) > int(rounds) // 6
