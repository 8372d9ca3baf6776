"""One document that is being read: what its child says, how that is ended, and what waits to be stored."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gevent

from chat.core.documents import Passage
from chat.core.stems import language_of
from chat.store import passages
from chat.store.reading_queue import Claim

Message = Mapping[str, Any]

BATCH = 48  # passages in one write: with their words that takes some 10 ms of the thread that writes,
WORDS = 8000  # and no more than so many words: a passage of Chinese has two for each character
SHOWN_S = 1.0  # between two writes that say no more than how far the reading is


class Job:
    """One document that is being read here, and the way to end that from outside."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self._greenlet = gevent.getcurrent()
        self._waits = False
        self._why: Exception | None = None

    def end(self, why: Exception) -> None:
        """Let the reading end with this: at once where it waits for its child, else before its next message.

        A write that is on its way comes to its own end first.
        """
        self._why = why
        gevent.get_hub().loop.run_callback(self._wake)

    def each(self, messages: Iterator[Message]) -> Iterator[Message]:
        """Give the messages of the child one after another. Raises what `end` was told."""
        while True:
            if self._why is not None:
                raise self._why
            self._waits = True
            try:
                message = next(messages, None)
            except Exception:
                if self._why is not None:
                    raise self._why from None
                raise
            finally:
                self._waits = False
            if message is None:
                return
            yield message

    def _wake(self) -> None:
        """In the hub, where nothing comes between the look and the throw."""
        if self._waits and self._why is not None:
            self._waits = False
            self._greenlet.throw(self._why)


class Batch:
    """Passages that wait to be stored together, and how far the reading is."""

    def __init__(self, now: float) -> None:
        self.language: str | None = None  # of what was stored last
        self.progress = 0  # percent
        self._stored = (now, 0)
        self._cut: list[Passage] = []

    def add(self, message: Message) -> None:
        """Take a message of the child: a passage, or how far it is."""
        if "passage" in message:
            self._cut.append(Passage(**message["passage"]))
        self.progress = message.get("progress", self.progress)

    def is_due(self, now: float) -> bool:
        """Say whether there is enough for one write, or something to show after a while."""
        since, progress = self._stored
        news = bool(self._cut) or self.progress > progress
        return len(self._cut) >= BATCH or (news and now - since >= SHOWN_S)

    def take(self, now: float) -> list[Passage]:
        """Take the passages out, to be stored now."""
        self._stored = (now, self.progress)
        cut, self._cut = self._cut, []
        return cut


def words_of(cut: Sequence[Passage], batch: Batch) -> list[list[str]]:
    """Give the words of passages, by the language they are in, or else that of those before them."""
    batch.language = language_of(" ".join(one.text for one in cut)) or batch.language
    return passages.words_of(cut, batch.language)


def lots(words: Sequence[Sequence[str]]) -> Iterator[slice]:
    """Say which passages are stored together: as many as have some WORDS; without any, one empty lot."""
    first = size = 0
    for at, its in enumerate(words):
        if size and size + len(its) > WORDS:
            yield slice(first, at)
            first, size = at, 0
        size += len(its)
    yield slice(first, len(words))
