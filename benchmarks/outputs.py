"""Run the examples whose output documents quote, and keep it: `python -m benchmarks.outputs`.

tools/figures.py puts it into the documents. A test runs the examples and compares, but for times.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from machines.build import build
from machines.machine import MACHINES, ROOT

FOLDER = Path(__file__).parent / "outputs"


def command(script: str) -> str:
    """Return what a Python program of this repository prints."""
    return subprocess.check_output([sys.executable, ROOT / script], cwd=ROOT, text=True)


def teach() -> str:
    """Return what examples/teach prints on this computer's MicroPython."""
    machine = MACHINES["unix-x64"]
    module = machine.module("emlknn")
    return machine.run(ROOT / "examples" / "teach" / "main.py", {"emlknn.mpy": module})


def named_digit() -> str:
    """Return what examples/digits/main.py prints, after the demo has written its model."""
    machine = MACHINES["unix-x64"]
    module = machine.module("emltrees")
    model = ROOT / "build" / "demo" / "digits_model.csv"
    files = {"emltrees.mpy": module, "digits_model.csv": model}
    return machine.run(ROOT / "examples" / "digits" / "main.py", files)


def trained(example: str) -> str:
    """Return what an example's train.py prints; it writes its model into build, not here.

    The first time it fetches recordings (examples/motion_data.py).
    """
    folder = ROOT / "build" / example
    folder.mkdir(parents=True, exist_ok=True)
    script = ROOT / "examples" / example / "train.py"
    return subprocess.check_output([sys.executable, script], cwd=folder, text=True)


def replayed(example: str, modules: Sequence[str]) -> str:
    """Return what an example's main.py prints of its clip and its committed model."""
    machine = MACHINES["unix-x64"]
    folder = ROOT / "examples" / example
    files = {f"{name}.mpy": machine.module(name) for name in modules}
    files["motion.py"] = ROOT / "examples" / "motion.py"
    files |= {name: folder / name for name in (f"{example}.csv", "clip.npy")}
    return machine.run(folder / "main.py", files)


EXAMPLES: dict[str, Callable[[], str]] = {
    "activity": lambda: trained("activity"),
    "activity_main": lambda: replayed("activity", ["emlfeatures", "emltrees"]),
    "anomaly": lambda: trained("anomaly"),
    "anomaly_main": lambda: replayed("anomaly", ["emlfeatures", "emltrees", "emlknn"]),
    "digits": lambda: command("examples/digits/demo.py"),
    "digits_main": named_digit,
    "soundlevel": lambda: command("examples/soundlevel/draw.py"),
    "teach": teach,
}


def without_times(output: str) -> str:
    """Return an output without the column of times, which differ from run to run."""
    return re.sub(r" +\d+\.\d\d$", "", output, flags=re.MULTILINE)


def main() -> None:
    """Run all examples."""
    build(["unix-x64", "cortex-m0"])
    FOLDER.mkdir(exist_ok=True)
    for name, run in EXAMPLES.items():
        (FOLDER / f"{name}.txt").write_text(run())
        print(f"wrote benchmarks/outputs/{name}.txt", flush=True)


if __name__ == "__main__":
    main()
