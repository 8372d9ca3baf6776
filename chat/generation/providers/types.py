"""What the engine and a provider say to each other; everything a provider knows stays behind this."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chat.core.sources import Source


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: OpenAI-shaped messages (the system prompt is the first); no model: the default one.

    `fields`: what the request says besides, for servers that need to be told how to go on. `question` and
    `sources`: what was asked, and what may be cited for it; both are in the messages too, and that documents
    were searched `in_vain`.
    """

    messages: Sequence[dict[str, Any]]
    model: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    question: str = ""
    sources: Sequence[Source] = ()
    in_vain: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer: clean text (no NUL, no lone surrogate), never empty, maybe several tokens."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of what the model thought before it answered; never part of the answer's offsets."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in and out; `estimated` when the server did not count them for us."""

    input_tokens: int
    output_tokens: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """The provider said that it is done: `stop`, `length`, `content_filter` or whatever word it has."""

    reason: str


Item = Delta | Reasoning | Usage | Finished


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait, in seconds; 0 means for ever."""

    connect_s: float = 10.0
    first_token_s: float = 60.0  # retries and their pauses included
    idle_s: float = 30.0  # between two pieces of text; comments are silence
    settle_s: float = 2.0  # after the finish reason, for usage and [DONE]


class ProviderError(Exception):
    """The answer failed. `message` is for the person who asked: plain words, no key, no stack trace.

    Codes: `provider_unreachable`, `provider_refused` (4xx), `provider_busy` (429), `provider_failed` (5xx or
    an error in mid-stream), `truncated`, `first_token_timeout`, `stalled`, `not_a_stream`, `too_large`.
    `retryable`: asking the same again later may work. The provider has made its own retries by then.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


class Aborted(Exception):
    """`close()` was called while the answer was still coming: not a failure, somebody wanted it."""


class Answer(Protocol):
    """An answer on its way. Iterate it in one greenlet; `close()` it from any.

    Nothing is sent before the first `next()`, which may block, as any other may, until the provider speaks or
    a watchdog ends the wait. A clean end is `Usage` at most once, `Finished` exactly once, always last, then
    StopIteration. Every other end raises: ProviderError, or Aborted after `close()`.
    """

    def __iter__(self) -> Iterator[Item]: ...

    def __next__(self) -> Item: ...

    def close(self) -> None:
        """Cut the line to the provider now, from whatever greenlet; never blocks, harmless when repeated.

        A `next()` that waits (for the connection, the headers, a token) wakes at once and raises Aborted.
        Call it always in the end, also after an error or a clean end.
        """
        ...


class Provider(Protocol):
    """Where answers come from."""

    name: str
    default_model: str

    def models(self) -> Sequence[str]:
        """List the models a person may choose; empty means: any id is passed on."""
        ...

    def served(self) -> Sequence[str]:
        """Ask the server which models it has; blocks for as long as it takes. Raises ProviderError."""
        ...

    def open(self, ask: Ask) -> Answer:
        """Prepare an answer; never blocks, never raises: all of that is in the answer's first `next()`."""
        ...


def estimate_usage(ask: Ask, answered: str) -> Usage:
    """Guess the tokens where nobody counted (a stopped or cut answer): about four bytes of UTF-8 each."""
    asked = sum(len(str(message.get("content") or "").encode()) for message in ask.messages)
    return Usage(_tokens(asked), _tokens(len(answered.encode(errors="replace"))), estimated=True)


def _tokens(size: int) -> int:
    return -(-size // 4)
