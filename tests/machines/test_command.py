"""`python -m machines`: what it prints, where, and its exit status."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

from emlmpy import convert
from machines.__main__ import main
from machines.machine import MACHINES, ROOT, Board, DeviceError, Machine
from machines.measure import SHIFT, measure

FOREST = ROOT / "tests" / "files" / "forest_v1.csv"
PREDICT = """
import emltrees
from array import array
model = emltrees.load("model.csv")
print(model.classes[model.predict(array("h", [50, 30, 40, 20]))])
"""
CALLS = """
import instructions
instructions.loop({rounds})
"""
Capture = pytest.CaptureFixture[str]
# A program, a board that counts in its own way, and another.
three_machines = pytest.mark.machines("unix-x64", "cortex-m0", "rv32")


def run(*arguments: str | Path) -> int:
    """The command in this process; its exit status, argparse's too."""
    try:
        return main(list(map(str, arguments)))
    except SystemExit as end:
        return int(end.code or 0)


def test_run(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    """A model and the module of this machine; figures follow on stderr."""
    script = tmp_path / "predict.py"
    script.write_text(PREDICT)
    arguments = ["run", script, "--machine", machine.name, "--file", f"model.csv={FOREST}"]
    assert run(*arguments, "--module", "emltrees") == 0
    printed = capsys.readouterr()
    assert printed.out == "virginica\n"
    count = r"[\d,]{5,}" if isinstance(machine, Board) else "this machine counts none"
    assert re.fullmatch(
        rf"instructions  {count}\nheap +[\d,]+ bytes more in use at the end than at the start, "
        r"[\d,]+ with garbage; [\d,]+ were free\n",
        printed.err,
    )


def test_exception(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    """The traceback is that of the script alone, which is main.py there."""
    script = tmp_path / "script.py"
    script.write_text("print('before', __name__)\ndef divide(): 1 / 0\ndivide()")
    assert run("run", script, "--machine", machine.name) == 1
    printed = capsys.readouterr()
    assert printed.out == "before __main__\n"
    assert printed.err == (
        'Traceback (most recent call last):\n  File "main.py", line 3, in <module>\n'
        '  File "main.py", line 2, in divide\nZeroDivisionError: divide by zero\n'
    )


@three_machines
def test_syntax_error(machine: Machine) -> None:
    """A script that does not compile is reported likewise."""
    with pytest.raises(DeviceError, match=r'File "main.py", line 2\nSyntaxError') as error:
        measure(machine, "print('never')\nif:\n")
    assert error.value.output == ""


@three_machines
def test_exit(machine: Machine) -> None:
    """Leaving a script with sys.exit is its end, as on a board."""
    assert measure(machine, "import sys\nprint(1)\nsys.exit()\nprint(2)").output == "1\n"


@three_machines
def test_output_comes_whole(machine: Machine) -> None:
    """What looks like the beginning of the figures is the script's output; so is its last line."""
    seen: list[str] = []
    script = "for i in range(300): print('\\0\\x1emachines', i)\nprint('\\0', end='\\0')"
    output = measure(machine, script, on_output=seen.append).output
    lines = [f"\0\x1emachines {i}\n" for i in range(300)]
    assert output == "".join(seen) == "".join(lines) + "\0\0"


@three_machines
def test_heap(machine: Machine) -> None:
    """What a script keeps and what it drops are told apart."""
    measured = measure(machine, "kept = bytearray(9000)\ndropped = bytearray(20_000)\ndel dropped")
    assert 9000 <= measured.heap_kept < 10_000
    # Some of the board's own garbage may have gone meanwhile.
    assert 27_000 <= measured.heap_end < 31_000
    assert measured.heap_free > 100_000


@pytest.mark.machines(*(name for name in MACHINES if name.startswith("cortex-m")))
def test_instructions(board: Board) -> None:
    """A loop of n rounds takes 2 n instructions; the same program takes the same each time."""
    few, many, again = (
        measure(board, CALLS.format(rounds=rounds)).instructions
        for rounds in (1_000_000, 6_000_000, 6_000_000)
    )
    assert many - few == pytest.approx(10_000_000, abs=100)
    assert abs(many - again) <= 100


def test_instructions_of_riscv(board: Board) -> None:
    """Every board's timer counts; a program twice as long takes twice as many."""
    script = "for i in range(%d): pass"
    counts = [measure(board, script % rounds).instructions for rounds in (1000, 2000, 3000)]
    assert counts[2] - counts[1] == pytest.approx(counts[1] - counts[0], rel=0.01)
    assert counts[0] > 1000


@pytest.mark.parametrize(("downwards", "start", "stop"), [(True, 5, -20), (False, -20, 5)])
def test_timer_that_wraps(downwards: bool, start: int, stop: int) -> None:
    """A 32-bit timer may pass its end once while a program runs."""
    counter = next(
        machine.counter
        for machine in MACHINES.values()
        if isinstance(machine, Board) and machine.counter.downwards == downwards
    )
    ticks = [value % 2**32 for value in (start, stop)]
    nanoseconds = 25 * 1e9 / counter.frequency
    assert counter.instructions(*ticks, SHIFT) == round(nanoseconds / 2**SHIFT)


def test_program(tmp_path: Path) -> None:
    """Run as a user runs it, output comes while the script runs; --timeout ends one that hangs."""
    script = tmp_path / "main.py"
    script.write_text("print('early')\nwhile True: pass")
    command = [sys.executable, "-m", "machines", "run", script, "--machine", "unix-x64"]
    done = subprocess.run(
        [*command, "--timeout", "0.5"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stdout == "early\n"
    assert done.stderr == "machines: unix-x64: no progress in 0.5 s\n"


def test_list(capsys: Capture) -> None:
    """Every machine has a line, with what it loads."""
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[:2] for line in lines] == [
        [machine.name, machine.arch] for machine in MACHINES.values()
    ]


def test_build(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The machines named are built, or all."""
    built: list[str] = []
    monkeypatch.setattr("machines.__main__.build", lambda names, say: built.extend(names))
    assert run("build", "rv32", "unix-x64") == 0
    assert built == ["rv32", "unix-x64"]
    built.clear()
    assert run("build") == 0
    assert built == list(MACHINES)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["run", "nothing.py"], "nothing.py: no such file"),
        (["run", __file__, "--file", "nothing.csv"], "nothing.csv: no such file"),
        (["run", __file__, "--file", "a=nothing.csv"], "nothing.csv: no such file"),
        (["run", __file__, "--file", str(ROOT)], f"{ROOT}: no such file"),
        (["run", __file__, "--machine", "m4"], "no machine m4; there are unix-x64, cortex-m0, "),
        (["run", __file__, "--module", "nope"], "no module nope for armv7emsp; there are eml"),
        (["build", "m4"], "no machine m4; there are unix-x64, cortex-m0, "),
        (["run", __file__, "--timeout", "0"], "must be more than 0"),
        (["run", __file__, "--timeout", "soon"], "invalid"),
        (["run"], "required: script"),
        ([], "required: COMMAND"),
        (["sing"], "invalid choice: 'sing'"),
    ],
)
def test_refused(arguments: list[str], text: str, capsys: Capture) -> None:
    """What cannot be run is one line on stderr, after argparse's usage where that says it."""
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert text in printed.err.splitlines()[-1]
    assert printed.out == ""


def test_file_too_large(tmp_path: Path, capsys: Capture) -> None:
    """A board without room for a file says so."""
    (tmp_path / "big").write_bytes(bytes(90_000))
    (tmp_path / "main.py").write_text("print('never')")
    arguments = ["--machine", "cortex-m0", "--file", tmp_path / "big"]
    assert run("run", tmp_path / "main.py", *arguments) == 1
    assert "do not fit the board's disk" in capsys.readouterr().err


@pytest.mark.machines("cortex-m4f")
def test_readme(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    """The README's first example prints what it shows there, but for the figures."""
    text = (ROOT / "machines" / "README.md").read_text()
    script = ROOT / "examples" / "digits" / "main.py"
    digits, classes = load_digits(return_X_y=True)
    convert(RandomForestClassifier(10, max_depth=10, random_state=42).fit(digits, classes)).save(
        tmp_path / "digits_model.csv"
    )
    command = text.split("```")[1].splitlines()[2:4]
    words = " ".join(command).replace("\\", "").split()
    assert words[:3] == ["python", "-m", "machines"]
    arguments = [word.replace("digits_model.csv", f"{tmp_path}/digits_model.csv") for word in words]
    arguments[4] = str(script)
    assert run(*arguments[3:]) == 0
    printed = capsys.readouterr()
    quoted = text.split("```")[3]
    assert re.sub(r"[\d,]+", "0", quoted.strip()) == re.sub(
        r"[\d,]+", "0", (printed.out + printed.err).strip()
    )
    table = text.split("```")[5].strip().splitlines()
    assert [line.split()[:2] for line in table[1:]] == [
        [other.name, other.arch] for other in MACHINES.values()
    ]
