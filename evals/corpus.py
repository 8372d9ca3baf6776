"""The texts, and the questions about them, each with words of a passage that answers it."""

import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TEXTS, QUESTIONS = HERE / "texts", HERE / "questions"
HELD_OUT = 3  # of so many questions about a text the last one: nothing is tuned by those


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks. A passage answers it that holds one of the texts of `says`, word for word."""

    about: str  # the text, by the name of its file
    ask: str
    kind: str  # of question, in its language: who, warum, combien …
    says: tuple[str, ...]
    held_out: bool

    def is_answered_by(self, passage: str) -> bool:
        """Say whether this passage answers it. How lines are broken makes no difference."""
        said = flat(passage)
        return any(one in said for one in self.says)


def texts() -> dict[str, bytes]:
    """Give the texts by name, as somebody uploads them."""
    return {path.stem: path.read_bytes() for path in sorted(TEXTS.glob("*.md"))}


def questions() -> list[Question]:
    """Read all questions, text by text."""
    found = []
    for path in sorted(QUESTIONS.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            one = json.loads(line)
            is_held = number % HELD_OUT == 0
            found.append(Question(path.stem, one["ask"], one["kind"], tuple(one["says"]), is_held))
    return found


def elsewhere() -> list[str]:
    """Read what is asked about something else: none of the texts answers it."""
    return (HERE / "elsewhere.txt").read_text(encoding="utf-8").splitlines()


def flat(text: str) -> str:
    """Write a text as one line."""
    return " ".join(text.split())
