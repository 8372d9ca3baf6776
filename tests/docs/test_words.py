"""One word per thing: the glossary has them all, and names in the code keep clear of the vague ones."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

WORDS = """
stream delta batch flush chunk offset tail catch-up log tape store bell ring topic relay driver viewer claim
lease epoch fence zombie reaper provider fragment heartbeat
"""
VAGUE = """manager handler processor helper helpers utils common buffer cursor"""
CODE = sorted([*ROOT.glob("chat/**/*.py"), *ROOT.glob("torture/**/*.py")])


def test_the_glossary_has_every_word() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text()
    explained = re.findall(r"[\w-]+", " ".join(re.findall(r"^\|(.*?)\|", page, re.MULTILINE)))
    assert set(WORDS.split()) <= set(explained)


@pytest.mark.parametrize("room", CODE, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_says_what_it_is_for(room: Path) -> None:
    source = room.read_text()
    if room.name == "__init__.py" and not source.strip():
        return
    lines = source.splitlines()
    assert lines[0].startswith('"""'), "the first line of a file says what it is for"
    assert len(lines) <= 300, "a room past 300 lines wants splitting"
    assert not [name for name in [room.stem, *_defined(source)] if set(VAGUE.split()) & _words(name)]


def _words(name: str) -> set[str]:
    return {part.lower() for part in re.split(r"_|(?<=[a-z])(?=[A-Z])", name)}


def _defined(source: str) -> Iterator[str]:
    """Names of classes and functions: what others call by name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
