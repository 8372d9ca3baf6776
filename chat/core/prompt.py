"""What is said to the model: as much of a conversation as it can hold, and how a cut answer is continued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from chat.core.citing import MOST_SOURCES, without_marks
from chat.core.material import beside, passage, told_in_vain, with_rules
from chat.core.sources import Source
from chat.core.tokens import tokens_of

# How a server is asked to go on with a last assistant message, if it can: with nothing more than that message
# (Anthropic, OpenRouter), with a mark on it (Mistral, DeepSeek), with two fields in the request (vLLM).
Prefill = Literal["message", "prefix", "vllm"]

CONTINUE = (
    "Your last message was cut off in the middle. Continue it exactly where it stops, beginning with the "
    "very next character, even inside a word, a list or a code block. Repeat nothing of it, say nothing "
    "about the interruption, and do not start anew."
)

A_CODE = "0" * 16  # as long as those that are drawn
FRAME = 6  # tokens around a message, or a passage: whose it is, and where it ends


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said; `role` is "user" or "assistant". `cites`: it holds marks of sources of its own."""

    role: str
    text: str
    cites: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens that a model may be told, about, and how many of them in passages (0: as many as fit)."""

    tokens: int
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """How much the models of this server are told, the single ones that hold less or more included."""

    tokens: int = 16_000
    passages: int = 3_000
    by_model: Mapping[str, int] = field(default_factory=dict)

    def of(self, model: str) -> Budget:
        """Give the budget of a model."""
        return Budget(self.by_model.get(model, self.tokens), self.passages)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a model is told: the messages, the sources in them, and how many earlier messages are not."""

    messages: list[dict[str, Any]]
    question: str  # as it was asked
    sources: Sequence[Source] = ()
    left_out: int = 0
    in_vain: bool = False  # documents were searched, and nothing was found


def build(system: str | None, turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Make the messages of a request: the instructions, then the turns, oldest first.

    Answers that never got a word are left out: several providers refuse an empty message.
    """
    messages: list[dict[str, Any]] = []
    if system and system.strip():
        messages.append({"role": "system", "content": system})
    messages.extend({"role": turn.role, "content": turn.text} for turn in turns if turn.text.strip())
    return messages


def choose(system: str | None, question: str, sources: Sequence[Source], budget: Budget) -> list[Source]:
    """Choose the sources that a question can bring along, by rank, and number them anew.

    Whatever they are, the instructions and the question fit in beside them.
    """
    room = budget.tokens - _tokens(with_rules(system), question)
    room = min(room, budget.passages) if budget.passages else room
    chosen: list[Source] = []
    for source in sources:
        cost = _tokens(passage(source, A_CODE))
        if cost <= room and len(chosen) < MOST_SOURCES:
            room -= cost
            chosen.append(replace(source, number=len(chosen) + 1))
    return chosen


def fit(
    system: str | None,
    turns: Sequence[Turn],
    sources: Sequence[Source],
    budget: Budget,
    code: str,
    so_far: str = "",
    *,
    in_vain: bool = False,
) -> Fitted:
    """Make the messages of a request that a model can hold; the last turn is the question.

    The instructions, the question and its sources go in always; of what was said before, the newest turns
    that fit. `code`: a random word, see `material`. `so_far`: what of the answer is told again besides.
    `in_vain`: documents were searched, and nothing was found.
    """
    *history, question = [turn for turn in turns if turn.text.strip()] or [Turn("user", "")]
    said = question.text
    if sources:
        system, said = with_rules(system), beside(said, sources, code)
    elif in_vain:
        system = told_in_vain(system)
    told = _newest(history, budget.tokens - _tokens(system or "", said, so_far))
    return Fitted(
        build(system, [*told, Turn("user", said)]),
        question.text,
        sources,
        len(history) - len(told),
        in_vain and not sources,
    )


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


def _newest(history: Sequence[Turn], room: int) -> list[Turn]:
    """Give the newest turns that fit, oldest first; a person speaks first, for many a model wants it so."""
    told: list[Turn] = []
    for turn in reversed(history):
        plain = replace(turn, text=without_marks(turn.text)) if turn.cites else turn
        room -= _tokens(plain.text)
        if room < 0:
            break
        told.append(plain)
    while told and told[-1].role != "user":
        told.pop()
    return told[::-1]


def _tokens(*texts: str) -> int:
    return sum(tokens_of(text) + FRAME for text in texts if text)
