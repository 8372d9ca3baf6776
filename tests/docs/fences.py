"""Fenced blocks of a Markdown page."""

import re

from tests.docs.pages import ROOT

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """Give the fenced blocks of a page in docs/ that are in one language, in order."""
    text = (ROOT / "docs" / page).read_text()
    return [body for found, body in FENCE.findall(text) if found == language]
