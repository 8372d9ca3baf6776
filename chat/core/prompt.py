"""What is said to the model: the history as OpenAI messages, and how a cut answer is continued."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

# How a server is asked to go on with a last assistant message, if it can: with nothing more than that message
# (Anthropic, OpenRouter), with a mark on it (Mistral, DeepSeek), with two fields in the request (vLLM).
Prefill = Literal["message", "prefix", "vllm"]

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


def continuation(
    messages: Sequence[dict[str, Any]], partial: str, prefill: Prefill | None = None
) -> list[dict[str, Any]]:
    """Make the messages that ask for the rest of an answer of which `partial` is stored.

    Without a word of it the question is simply asked again. Several servers refuse a last message that ends
    with white space: with `prefill` there is none, and `without_repeated` leaves away what then comes twice.
    """
    if not partial.strip():
        return list(messages)
    if prefill is None:
        said = {"role": "assistant", "content": partial}
        return [*messages, said, {"role": "user", "content": CONTINUE}]
    said = {"role": "assistant", "content": partial.rstrip()}
    return [*messages, {**said, "prefix": True} if prefill == "prefix" else said]


def request_fields(prefill: Prefill | None) -> dict[str, Any]:
    """Give what a request must say besides, for the server to go on with the last message."""
    return {"continue_final_message": True, "add_generation_prompt": False} if prefill == "vllm" else {}


def without_repeated(blank: str, text: str) -> tuple[str, str]:
    """Leave away the white space at the beginning of `text` that is stored already; give the rest of both."""
    same = 0
    while same < min(len(blank), len(text)) and blank[same] == text[same]:
        same += 1
    return ("", text[same:]) if same < len(text) else (blank[same:], "")
