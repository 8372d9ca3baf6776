"""What the doctor found of one thing: a verdict, a sentence, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands; only `wrong` keeps Headwater from working as it should."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    what: str
    verdict: Verdict
    says: str
    todo: str = ""


def ok(what: str, says: str) -> Finding:
    return Finding(what, Verdict.OK, says)


def warning(what: str, says: str, todo: str) -> Finding:
    return Finding(what, Verdict.WARNING, says, todo)


def wrong(what: str, says: str, todo: str) -> Finding:
    return Finding(what, Verdict.WRONG, says, todo)


def one_line(error: object) -> str:
    """Put an error's words into one line."""
    return " ".join(str(error).split()).rstrip(".?!") or type(error).__name__
