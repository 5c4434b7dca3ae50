"""A stand-in for Espressif's xtensa-esp32-elf-gcc, made of clang-22 and llvm-mc-22.

It compiles and preprocesses; it does not link. See README.md.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    from adapt import AdaptError, adapt_assembly, adapt_object
except ModuleNotFoundError as error:
    sys.exit(f"xtensa-esp32-elf-gcc: error: {error}: put the project's .venv/bin first on PATH")

HERE = Path(__file__).resolve().parent
ARCHIVES = HERE.parent.parent / "build" / "xtensa"
PICOLIBC = Path("/usr/lib/xtensa-lx106-elf/include")

# What an ESP32's LX6 core has. clang knows no -mcpu=esp32, so each is named.
FEATURES = [
    "windowed", "fp", "density", "loop", "mul16", "mul32", "mul32high", "div32", "nsa", "sext",
    "minmax", "clamps", "bool", "threadptr", "s32c1i",
]  # fmt: skip

CLANG = [
    "clang-22",
    "--target=xtensa",
    *(word for name in FEATURES for word in ("-Xclang", "-target-feature", "-Xclang", f"+{name}")),
    "-D__XTENSA_WINDOWED_ABI__=1",
    "-nostdlibinc",
    f"-isystem{HERE / 'include'}",
    f"-isystem{PICOLIBC}",
    "-fno-pic",  # there is no other; mpy_ld.py makes the result position independent
    "-ffp-contract=off",  # answers must be the same bits on every machine
    "-fomit-frame-pointer",  # a frame pointer overwrites the last register argument of variadics
    "-fno-crash-diagnostics",
    "-Qunused-arguments",
    "-Wno-unknown-warning-option",
]  # fmt: skip
ASSEMBLER = ["llvm-mc-22", "-triple=xtensa", "-mcpu=esp32", "-filetype=obj"]
UNKNOWN_TO_CLANG = {"-fpic", "-fPIC"}
TAKE_A_VALUE = {
    "-D", "-I", "-MF", "-MQ", "-MT", "-U", "-Xclang", "-idirafter", "-imacros", "-include",
    "-iquote", "-isystem", "-mllvm", "-o", "-x",
}  # fmt: skip

PACKAGES = {"clang-22": "clang-22", "llvm-mc-22": "llvm-22", "llvm-ar-22": "llvm-22"}


class DriverError(Exception):
    """Something the user has to put right; its text says what."""


def main(arguments: list[str]) -> int:
    """Do what GCC would do with these arguments, and return the exit status."""
    try:
        return drive(arguments)
    except (DriverError, AdaptError, OSError) as error:
        print(f"xtensa-esp32-elf-gcc: error: {error}", file=sys.stderr)
        return 1


def drive(arguments: list[str]) -> int:
    """Answer a query, preprocess or compile."""
    if "-dumpmachine" in arguments:
        print("xtensa-esp32-elf")
        return 0
    if "--version" in arguments:
        return run("clang-22", "--version").returncode
    if "--print-libgcc-file-name" in arguments:
        print(runtime_archive("libgcc"))
        return 0
    for argument in arguments:
        if argument.startswith(("--print-file-name=", "-print-file-name=")):
            name = argument.partition("=")[2]
            print(runtime_archive("libm") if name == "libm.a" else name)
            return 0
    options, sources, output = split_arguments(arguments)
    if "-E" in options:
        to = ["-o", str(output)] if output else []
        return run(*CLANG, *options, *map(str, sources), *to).returncode
    if "-c" not in options:
        raise DriverError("one of -c and -E is required; it does not link")
    if len(sources) != 1:
        raise DriverError(f"-c takes one source file, not {len(sources)}")
    options.remove("-c")
    source = sources[0]
    compile_source(options, source, output or Path(source.name).with_suffix(".o"))
    return 0


def split_arguments(arguments: list[str]) -> tuple[list[str], list[Path], Path | None]:
    """Part a command line into options for clang, source files and the output file."""
    options: list[str] = []
    sources: list[Path] = []
    output = None
    words = iter(arguments)
    for word in words:
        value = next(words, None) if word in TAKE_A_VALUE else None
        if word in TAKE_A_VALUE and value is None:
            raise DriverError(f"{word} needs a value")
        if word == "-o" and value:
            output = Path(value)
        elif value is not None:
            options += [word, value]
        elif not word.startswith("-"):
            sources.append(Path(word))
        elif word not in UNKNOWN_TO_CLANG:
            options.append(word)
    return options, sources, output


def run(*command: str, capture: bool = False) -> subprocess.CompletedProcess:
    """Run one of LLVM's tools; with capture, its stderr is in the result."""
    if not shutil.which(command[0]):
        raise DriverError(f"{command[0]} is required: apt-get install {PACKAGES[command[0]]}")
    if not PICOLIBC.is_dir():
        raise DriverError(f"{PICOLIBC} is required: apt-get install picolibc-xtensa-lx106-elf")
    return subprocess.run(command, stderr=subprocess.PIPE if capture else None, text=True)


def check(*command: str) -> None:
    """Run one of LLVM's tools, which must succeed."""
    if run(*command).returncode:
        raise DriverError(f"{command[0]} failed")


def compile_source(options: list[str], source: Path, output: Path) -> None:
    """Compile one C or assembly file. The output appears only when it is complete."""
    if source.suffix not in (".c", ".S"):
        raise DriverError(f"{source}: a .c or .S file is required")
    if not source.is_file():
        raise DriverError(f"{source}: no such file")
    options = options + dependency_options(options, output)
    with tempfile.TemporaryDirectory() as folder:
        assembly = Path(folder, "source.s")
        adapted = Path(folder, "adapted.s")
        unadapted_object = Path(folder, "source.o")
        if source.suffix == ".c":
            compile_to_assembly(options, source, assembly)
        else:
            check(*CLANG, *options, "-E", str(source), "-o", str(assembly))
        adapted.write_text(adapt_assembly(assembly.read_text()))
        check(*ASSEMBLER, str(adapted), "-o", str(unadapted_object))
        replace(output, adapt_object(unadapted_object.read_bytes()))


def dependency_options(options: list[str], output: Path) -> list[str]:
    """Name what clang cannot know: it writes to a temporary file, not to the output."""
    if not {"-MD", "-MMD"} & set(options):
        return []
    file, target = ["-MF", str(output.with_suffix(".d"))], ["-MT", str(output)]
    if any(option.startswith("-MF") for option in options):
        file = []
    if any(option.startswith(("-MT", "-MQ")) for option in options):
        target = []
    return file + target


def compile_to_assembly(options: list[str], source: Path, assembly: Path) -> None:
    """Compile C, without clang's instruction combiner where that crashes.

    It turns `c ? 1.0f : 0.0f` into a load from a table that it then cannot select.
    """
    command = [*CLANG, *options, "-S", str(source), "-o", str(assembly)]
    result = run(*command, capture=True)
    if result.returncode and "Cannot select" in result.stderr:
        print(f"note: {source} compiled without clang's instruction combiner", file=sys.stderr)
        result = run(*command, "-mllvm", "-combiner-disabled", capture=True)
    sys.stderr.write(result.stderr)
    if result.returncode:
        raise DriverError(f"{source} does not compile")


def replace(path: Path, content: bytes) -> None:
    """Write a file in one step."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        whole = Path(folder, path.name)
        whole.write_bytes(content)
        whole.replace(path)


def runtime_archive(name: str) -> Path:
    """The path of libgcc.a or libm.a, built if it is missing or older than what it is made of."""
    archive = ARCHIVES / f"{name}.a"
    sources = sorted((HERE / "runtime" / name).glob("*.c"))
    made_of = [*sources, *(HERE / "runtime").glob("*.h"), *HERE.glob("*.py")]
    if archive.is_file() and archive.stat().st_mtime > max(f.stat().st_mtime for f in made_of):
        return archive
    ARCHIVES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ARCHIVES) as folder:
        objects = []
        for source in sources:
            objects.append(Path(folder, source.stem + ".o"))
            compile_source(["-Os", "-std=c99", "-Wall", "-Wextra", "-Werror"], source, objects[-1])
        unfinished = Path(folder, archive.name)
        check("llvm-ar-22", "rcsD", str(unfinished), *map(str, objects))
        unfinished.replace(archive)
    return archive
