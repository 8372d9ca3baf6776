"""The diagram of a stream's life, made from the table of moves; `python -m tests.docs.diagram` writes it."""

import re

from chat.core.lifecycle import FINAL, MOVES, Status
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "architecture.md"
PLACE = re.compile(r"```mermaid\nstateDiagram.*?```", re.DOTALL)


def draw() -> str:
    """Draw the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Status.PENDING}"]
    lines += [f"    {before} --> {after}" for before in Status for after in Status if after in MOVES[before]]
    lines += [f"    {status} --> [*]" for status in Status if status in FINAL]
    return "```mermaid\n" + "\n".join(lines) + "\n```"


if __name__ == "__main__":
    PAGE.write_text(PLACE.sub(draw(), PAGE.read_text()))
