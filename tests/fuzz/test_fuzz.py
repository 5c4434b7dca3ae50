"""Each fuzzer runs for some seconds and finds nothing; what one finds is reported."""

import subprocess
from pathlib import Path

import pytest

from tests.fuzz import __main__ as fuzzers

# Fails on what a fuzzer finds within a second, because it sees which comparisons hold.
BUGGY = """
#include <stdint.h>
#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(4);
    if (size > 3 && data[0] == 'B' && data[1] == 'U' && data[2] == 'G') {
        copy[size] = data[3];
    }
    free(copy);
    return 0;
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", fuzzers.FUZZERS)
def test_finds_nothing(name: str, seed: int) -> None:
    """Ten seconds, from the models of the tests, all of which are inputs that reach code."""
    corpus = fuzzers.plant(name)
    planted = len(list(corpus.iterdir()))
    outcome = fuzzers.fuzz(name, corpus, 10, seed)
    assert not outcome.report, str(outcome)
    assert outcome.runs > planted >= 4
    assert outcome.coverage > 100


@pytest.mark.slow
def test_reports_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the sanitizer said, and a file with which the program fails again."""
    (tmp_path / "buggy.c").write_text(BUGGY)
    monkeypatch.setattr(fuzzers, "BUILD", tmp_path / "build")
    monkeypatch.setattr(fuzzers, "HERE", tmp_path)
    monkeypatch.setitem(fuzzers.FUZZERS, "buggy", fuzzers.Fuzzer("buggy.c", "none"))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "seed").write_bytes(b"none")
    outcome = fuzzers.fuzz("buggy", corpus, 60, seed=1)
    assert "heap-buffer-overflow" in outcome.report
    assert outcome.crash.read_bytes().startswith(b"BUG")
    assert f"build/buggy '{outcome.crash}'" in str(outcome)
    again = subprocess.run([tmp_path / "build" / "buggy", outcome.crash], capture_output=True)
    assert again.returncode != 0 and b"heap-buffer-overflow" in again.stderr
