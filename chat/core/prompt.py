"""What is said to the model: the history as OpenAI messages, and how a cut answer is continued."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CONTINUE = (
    "Your last message was cut off in the middle. Continue it exactly where it stops, beginning with the "
    "very next character, even inside a word, a list or a code block. Repeat nothing of it, say nothing "
    "about the interruption, and do not start anew."
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said; `role` is "user" or "assistant"."""

    role: str
    text: str


def build(system: str | None, turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Make the messages of a request: the instructions, then the turns, oldest first.

    Answers that never got a word are left out: several providers refuse an empty message.
    """
    messages: list[dict[str, Any]] = []
    if system and system.strip():
        messages.append({"role": "system", "content": system})
    messages.extend({"role": turn.role, "content": turn.text} for turn in turns if turn.text.strip())
    return messages


def continuation(messages: Sequence[dict[str, Any]], partial: str) -> list[dict[str, Any]]:
    """Make the messages that ask for the rest of an answer of which `partial` is stored.

    Without a word of it the question is simply asked again.
    """
    if not partial.strip():
        return list(messages)
    return [
        *messages,
        {"role": "assistant", "content": partial},
        {"role": "user", "content": CONTINUE},
    ]
