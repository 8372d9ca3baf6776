"""Any generator of text as a source: what `chat.streams.run` feeds a stream with."""

from collections.abc import Generator, Iterable, Iterator
from typing import Any

from chat.core.ingest import Cleaner
from chat.generation.providers.types import Delta, Finished, Item


class FromIterable:
    """Any generator of text as a source; a stop is heard between two pieces."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = pieces
        self._closed = False

    def __iter__(self) -> Iterator[Item]:
        cleaner = Cleaner()
        try:
            for piece in self._pieces:
                if text := cleaner.feed(piece):
                    yield Delta(text)
                if self._closed:
                    break
            else:
                if text := cleaner.close():
                    yield Delta(text)
                yield Finished("stop")
        finally:  # whoever reads may stop in the middle, too
            if isinstance(self._pieces, Generator):
                self._pieces.close()  # its `finally` runs now, not when somebody collects the garbage

    def close(self) -> None:
        self._closed = True

    def estimate(self, answered: str) -> dict[str, Any] | None:
        return None
