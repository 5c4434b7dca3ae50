"""Run main.py without a board and draw its spectrogram: `python draw.py [sound.wav]`.

It runs in this PC's MicroPython, or with `--machine cortex-m4f` on an emulated board, and prints
the levels. The picture is build/soundlevel/spectrogram.png. Without a file it is of noise.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from design import RATE, a_weighting
from matplotlib.figure import Figure

from emlmpy import iir
from machines.machine import MACHINES, ROOT, DeviceError

MAIN = Path(__file__).resolve().with_name("main.py")
BUILD = ROOT / "build" / "soundlevel"
BLOCK, BANDS = 1024, 32  # as in main.py


def measure(machine: str, sound: Path | None) -> tuple[list[str], np.ndarray]:
    """Run main.py; return its lines of levels, and a row of mel bands in dB for each block."""
    weighting = BUILD / "a_weighting.csv"
    iir.save(a_weighting(RATE), weighting, int16=False)
    files = {"a_weighting.csv": weighting}
    for module in ("emliir", "emlfft"):
        files[f"{module}.mpy"] = MACHINES[machine].module(module)
    if sound:
        files["sound.wav"] = sound
    lines = MACHINES[machine].run(MAIN, files).splitlines()
    bands = [line.split()[1:] for line in lines if line.startswith("mel")]
    return [line for line in lines if not line.startswith("mel")], np.array(bands, dtype=float)


def draw(bands: np.ndarray, path: Path) -> None:
    """Draw the spectrogram, with time to the right and frequency upwards."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    extent = (0, len(bands) * BLOCK / RATE, 0, BANDS)
    picture = axes.imshow(bands.T, origin="lower", aspect="auto", extent=extent, cmap="magma")
    edges = np.arange(0, BANDS + 1, 4)
    hertz = 700 * ((1 + RATE / 2 / 700) ** (edges / BANDS) - 1)
    axes.set_yticks(edges, [f"{edge:.0f}" for edge in hertz])
    axes.set_xlabel("s")
    axes.set_ylabel("Hz")
    figure.colorbar(picture, label="dB")
    figure.savefig(path)


def main() -> None:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sound", nargs="?", type=Path, help="16-bit mono WAV file of 32000 Hz")
    parser.add_argument("--machine", choices=["unix-x64", "cortex-m4f"], default="unix-x64")
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    try:
        levels, bands = measure(arguments.machine, arguments.sound)
    except FileNotFoundError as error:
        sys.exit(f"{error.filename}: no such file")
    except DeviceError as error:
        sys.exit(str(error))
    print("\n".join(levels))
    picture = BUILD / "spectrogram.png"
    draw(bands, picture)
    print(f"wrote {picture.relative_to(ROOT)}, {len(bands)} spectra of {BANDS} bands")


if __name__ == "__main__":
    main()
