"""Bells: who waits for a topic is woken and reads for himself; a ring carries nothing but the topic."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Protocol

import gevent
from gevent.event import Event


class Ear:
    """One listener. Listen first and read then: what is rung in between is not lost."""

    __slots__ = ("_bell", "_event", "_heart", "_rung", "topics")

    def __init__(self, bell: "LocalBell", topics: tuple[str, ...]) -> None:
        self._bell = bell
        self.topics = topics
        self._rung: set[str] = set()
        self._event = Event()
        self._heart: Any = None

    def __enter__(self) -> "Ear":
        return self.open()

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def open(self) -> "Ear":
        """Begin to listen."""
        self._bell.attach(self)
        return self

    def close(self) -> None:
        """Listen no more. Doing it twice is harmless."""
        self._bell.detach(self)
        if self._heart is not None:
            self._heart.close()
            self._heart = None

    def beat(self, seconds: float) -> None:
        """Wake this listener each so many seconds from now on, whatever is rung.

        One timer for as long as it listens: a new one for each wait would cost more than the wait.
        """
        self._heart = gevent.get_hub().loop.timer(seconds, seconds)
        self._heart.start(self._event.set)

    def ring(self, topic: str) -> None:
        """Wake this listener alone (its own alarm: the socket is gone, say)."""
        if not self._rung:
            self._event.set()
        self._rung.add(topic)

    def wait(self, timeout: float | None = None) -> set[str]:
        """Wait for a ring, a beat, or `timeout` seconds; return the topics rung since the last time."""
        if not self._rung:
            self._event.wait(timeout)
            self._event.clear()
        return self.take()

    def take(self) -> set[str]:
        """Return the topics rung since the last time, without waiting."""
        if not self._rung:
            return set()
        rung, self._rung = self._rung, set()
        self._event.clear()
        return rung

    def tune(self, *topics: str) -> bool:
        """Listen to just these topics from now on; say whether that changed anything."""
        if set(topics) == set(self.topics):
            return False
        self._bell.detach(self)
        self.topics = topics
        self._bell.attach(self)
        return True


Rounds = tuple[tuple[str, Callable[[], None]], ...]  # (name, what runs for as long as the process)


class Bell(Protocol):
    """What every bell offers, whether its rings cross processes or not."""

    deaf: bool  # other processes cannot be heard just now
    rounds: Rounds  # what somebody has to run, after the fork, for rings to cross

    def ring(self, topics: Iterable[str]) -> None:
        """Wake all who listen to one of these topics. Never waits, never raises."""
        ...

    def ring_here(self, topics: Iterable[str]) -> None:
        """Wake only those who listen in this process: what was written lives in its memory alone."""
        ...

    def ring_all(self) -> None:
        """Wake everyone in this process: it is leaving, or nobody knows what was missed."""
        ...

    def listen(self, *topics: str) -> Ear:
        """Make a listener; it hears from `with` on."""
        ...


class LocalBell:
    """Rings inside one process."""

    def __init__(self) -> None:
        self.deaf = False
        self.rounds: Rounds = ()
        self._ears: dict[str, dict[Ear, None]] = {}  # ordered: who came first is woken first

    def ring(self, topics: Iterable[str]) -> None:
        self.ring_here(topics)

    def ring_here(self, topics: Iterable[str]) -> None:
        for topic in topics:
            for ear in self._ears.get(topic, ()):
                ear.ring(topic)

    def listen(self, *topics: str) -> Ear:
        return Ear(self, topics)

    def attach(self, ear: Ear) -> None:
        for topic in ear.topics:
            self._ears.setdefault(topic, {})[ear] = None

    def detach(self, ear: Ear) -> None:
        for topic in ear.topics:
            ears = self._ears.get(topic, {})
            ears.pop(ear, None)
            if not ears:
                self._ears.pop(topic, None)

    def ring_all(self) -> None:
        for ear in {ear for ears in self._ears.values() for ear in ears}:
            ear.ring("all")

    def listeners(self) -> int:
        """Count the topics that somebody listens to (for tests and metrics)."""
        return len(self._ears)
