"""A running answer: what it is read from, what it is written to, and why it should end early."""

from collections.abc import Iterator
from typing import Any, Protocol

import gevent

from chat.core.batching import Batcher
from chat.generation.providers.types import Item
from chat.generation.thinking import Thinking
from chat.generation.writer import Recording
from chat.live.tape import Tape

USAGE_S = 0.1  # after a stop, for what the provider may say of its cost


class Source(Protocol):
    """What a generation reads from: a provider's answer, or any generator."""

    def __iter__(self) -> Iterator[Item]: ...

    def close(self) -> None:
        """Make the iteration end soon with Aborted; from whatever greenlet, any number of times."""
        ...

    def estimate(self, answered: str) -> dict[str, Any] | None:
        """Guess the usage of an answer that nobody counted; None where it costs nothing."""
        ...


class LeaseLost(Exception):
    """Another process holds this stream now: nothing that we have may be written."""


class Stopped(Exception):
    """A person asked for the end."""


class Leaving(Exception):
    """This process is told to go."""


class Generation:
    """A running answer: its tape, its source, and the reason for which it was asked to end early.

    `movable`: another process may go on with it when this one has to leave.
    """

    def __init__(
        self, tape: Tape, source: Source, chunk_by: str, flush_ms: int, *, movable: bool = False
    ) -> None:
        self.tape = tape
        self.source = source
        self.movable = movable
        self.chunk_by = chunk_by
        self.flush_ms = flush_ms
        self.thinking: Thinking | None = None
        self.thought_bytes = 0  # of reasoning that came, kept or not
        self.usage: dict[str, Any] | None = None
        self.why: Exception | None = None
        self.began_at = 0.0  # when it was claimed, on the runner's clock
        self.first_at: float | None = None  # when the first word came, of reasoning or text
        self.recording = Recording(
            tape, Batcher(chunk_by, flush_ms, len(tape.data)), lambda: self.end_early(LeaseLost())
        )

    def end_early(self, why: Exception) -> None:
        """Make the source let go; the first reason given counts, but a lost lease beats all."""
        if self.why is None or isinstance(why, LeaseLost):
            self.why = why
        if isinstance(why, Stopped) and self.source.estimate("") is not None:
            gevent.spawn_later(USAGE_S, self.source.close)
        else:
            self.source.close()
