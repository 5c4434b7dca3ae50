"""Run the fuzzers of the kernels: `make fuzz`, or `make fuzz SECONDS=3600`.

libFuzzer changes what is in build/fuzz/corpus, keeps there what reaches new code, and stops at the
first crash or error that a sanitizer sees. Then it leaves the input in build/fuzz/crashes: the
program with that file as its argument does the same again.
"""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "fuzz"
COMPILER = "clang-22"
OPTIONS = ("-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-DEML_FUZZER")
SANITIZERS = ("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")


@dataclass(frozen=True)
class Fuzzer:
    """A source of this folder, the module whose kernel it uses, and how it is compiled."""

    source: str
    module: str
    options: tuple[str, ...] = ()


FUZZERS = {
    "forest": Fuzzer("forest.c", "emltrees"),
    "knn": Fuzzer("knn.c", "emlknn"),
    "iir": Fuzzer("iir.c", "emliir"),
    # The int16 filters that a Cortex-M0 runs are others.
    "iir_armv6m": Fuzzer("iir.c", "emliir", ("-D__ARM_ARCH_6M__",)),
    "fft": Fuzzer("fft.c", "emlfft"),
    "features": Fuzzer("features.c", "emlfeatures", (f"-I{ROOT / 'src' / 'emlfft'}",)),
    "linear": Fuzzer("linear.c", "emllinear"),
    "arrays": Fuzzer("arrays.c", "emlarray"),
    "cnn_int8": Fuzzer("cnn.c", "tinymaix_cnn"),
    "cnn_fp32": Fuzzer("cnn.c", "tinymaix_cnn", ("-DEML_CNN_FP32",)),
}


@dataclass(frozen=True)
class Outcome:
    """How a fuzzer did; `crash` is the file that reproduces what it found."""

    name: str
    runs: int
    coverage: int
    inputs: int  # of the corpus
    crash: Path | None
    report: str

    def __str__(self) -> str:
        """One line, or many after a crash."""
        if self.report:
            again = f"\nto see it again: {BUILD / self.name} '{self.crash}'" if self.crash else ""
            return f"{self.name}: FAILED\n{self.report}{again}"
        return (
            f"{self.name}: {self.runs} runs, {self.coverage} edges reached, "
            f"{self.inputs} inputs in the corpus"
        )


def build(name: str) -> Path:
    """Compile a fuzzer. Raises CalledProcessError when the compiler, which says why, fails."""
    fuzzer = FUZZERS[name]
    program = BUILD / name
    folders = [HERE, ROOT / "src" / "common", ROOT / "src" / fuzzer.module]
    newest = max(file.stat().st_mtime for folder in folders for file in folder.glob("*.[ch]"))
    if program.exists() and program.stat().st_mtime > newest:
        return program
    BUILD.mkdir(parents=True, exist_ok=True)
    include = [f"-I{folder}" for folder in folders]
    command = [COMPILER, *OPTIONS, *SANITIZERS, *fuzzer.options, *include, HERE / fuzzer.source]
    # Whole at once, since another process may be doing the same.
    unfinished = BUILD / f"{name}.{os.getpid()}"
    subprocess.run([*command, "-o", unfinished], check=True)
    unfinished.replace(program)
    return program


def plant(name: str) -> Path:
    """Put the files that a fuzzer begins with into its corpus, and return that folder."""
    from tests.fuzz.corpus import seeds  # takes seconds, for it imports scikit-learn

    folder = BUILD / "corpus" / name
    folder.mkdir(parents=True, exist_ok=True)
    for title, data in seeds(name).items():
        (folder / f"seed {title}").write_bytes(data)
    return folder


def fuzz(name: str, corpus: Path, seconds: int, seed: int = 0) -> Outcome:
    """Run a fuzzer for so long; a seed of 0 is another one each time."""
    program = build(name)
    crashes = BUILD / "crashes"
    crashes.mkdir(exist_ok=True)
    command = [program, f"-max_total_time={seconds}", f"-seed={seed}", "-rss_limit_mb=2048"]
    # An input takes less than a second, but this computer may be busy with other work.
    command += ["-timeout=120", "-report_slow_units=1000"]
    command += [f"-artifact_prefix={crashes / name}-", corpus]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = done.stdout.decode(errors="replace")
    (BUILD / f"{name}.log").write_text(output)
    crash = re.search(r"Test unit written to (.*)", output)
    report = ""
    if done.returncode != 0:
        start = re.search(r"^.*(runtime error|ERROR:|does not hold)", output, re.MULTILINE)
        report = output[start.start() if start else -3000 :][:3000]
    coverage = re.findall(r"cov: (\d+)", output)
    runs = re.findall(r"^#(\d+)\s", output, re.MULTILINE)
    return Outcome(
        name,
        int(runs[-1]) if runs else 0,
        int(coverage[-1]) if coverage else 0,
        len(list(corpus.iterdir())),
        Path(crash[1]) if crash else None,
        report,
    )


def main() -> int:
    """Run the fuzzers, as many at a time as there are CPUs; the status is 1 after a crash."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__.split("\n")[0]
    )
    parser.add_argument("name", nargs="*", help=f"default: {', '.join(FUZZERS)}")
    parser.add_argument("--seconds", type=int, default=60, help="of each; default: %(default)s")
    options = parser.parse_args()
    unknown = set(options.name) - FUZZERS.keys()
    if unknown or options.seconds < 1:
        parser.error(f"no fuzzer {', '.join(unknown)}" if unknown else "seconds must be at least 1")
    names = options.name or list(FUZZERS)
    for name in names:
        build(name)
    corpora = [plant(name) for name in names]
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(fuzz, names, corpora, [options.seconds] * len(names)):
            print(outcome, flush=True)
            failed |= bool(outcome.report)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
