"""Rings between processes on one SQLite file: each asks again and again whether somebody else committed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import gevent
from gevent.event import Event

from chat.live.ring_message import ALL

QUICK_S = 0.02  # between two questions while somebody waits
IDLE_S = 0.1  # while nobody does; then only stops and handovers are waited for


class ForeignRings(Protocol):
    """What the SQLite store offers: it writes what a commit rang beside it, and reads what others wrote."""

    @property
    def shared(self) -> bool:
        """Whether other processes are there to be expected, rather than to be reckoned with."""
        ...

    def foreign_rings(self) -> set[str] | None:
        """Name what other processes rang since the last call; None: somebody committed, topics unknown."""
        ...

    def ring_elsewhere(self, topics: Sequence[str]) -> None:
        """Write rings that no commit of ours carries, for the other processes."""
        ...


class FileRelay:
    """Polls the store. What a commit rings needs no sending: the commit itself carries it."""

    carrier = "SQLite"
    url = ""

    def __init__(self, foreign: ForeignRings, awaited: Event) -> None:
        self._foreign = foreign
        self._awaited = awaited
        self._closed = False

    def send(self, topics: Sequence[str]) -> None:
        """Tell all other processes. Raises when nothing can be written."""
        self._foreign.ring_elsewhere(topics)

    def receive(self, heard: Callable[[Iterable[str]], None], up: Callable[[], None]) -> None:
        """Hear the others until the file cannot be read, then raise."""
        self._foreign.foreign_rings()  # from here on nothing is missed
        up()
        while not self._closed:
            if self._awaited.wait(IDLE_S):
                gevent.sleep(QUICK_S if self._foreign.shared else IDLE_S)
            topics = self._foreign.foreign_rings()
            if topics is None:
                heard((ALL,))
            elif topics:
                heard(topics)

    def close(self) -> None:
        """Hear no more."""
        self._closed = True
