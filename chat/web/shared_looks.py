"""Shared looks: hundreds of lines that ask the same in the same moment are answered by one look."""

from collections.abc import Callable, Hashable
from typing import Any

import gevent
from gevent import Greenlet


class SharedLooks:
    """Answers each question once for all who asked it before somebody went to look.

    Whoever asks after a ring gets an answer that was looked up after that ring: who comes while somebody
    looks waits for the next look, and at most one is under way and one to come, however many ask.
    """

    def __init__(self) -> None:
        self._coming: dict[Hashable, Greenlet] = {}
        self._under_way: dict[Hashable, Greenlet] = {}

    def ask(self, question: Hashable, look: Callable[[], Any]) -> Greenlet:
        """Give the greenlet whose value will be what `look` returns, this one or that of somebody equal."""
        coming = self._coming.get(question)
        if coming is None:
            coming = self._coming[question] = gevent.spawn(self._run, question, look)
        return coming

    def _run(self, question: Hashable, look: Callable[[], Any]) -> Any:
        if under_way := self._under_way.get(question):
            under_way.join()
        self._under_way[question] = self._coming.pop(question)
        try:
            return look()
        finally:
            del self._under_way[question]
