"""The kernels' headers beside emlearn's."""

import re
from collections.abc import Iterable
from pathlib import Path

import emlearn

from machines.machine import ROOT


def names(headers: Iterable[Path]) -> set[str]:
    """All names with emlearn's prefixes that headers use."""
    texts = [header.read_text() for header in headers]
    return {name for text in texts for name in re.findall(r"\b(?:EML_|eml_|Eml)\w+", text)}


def test_no_name_is_emlearns() -> None:
    """Both can be in one program, as docs/emlearn.md says: no name is the same."""
    ours = names(ROOT.glob("src/*/*.h"))
    theirs = names(Path(emlearn.includedir).glob("eml_*.h"))
    assert len(ours) > 300 and len(theirs) > 100
    assert ours & theirs == set()
