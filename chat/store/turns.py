"""Turns: so many at once, and who came first goes first."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from gevent.event import Event


class Crowded(Exception):
    """Nobody's turn came within the time that one may wait for it."""


class Turns:
    """A place is handed to who waits longest, never to who just comes by: nobody waits for ever."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[Event] = deque()

    @contextmanager
    def one(self, timeout_s: float) -> Iterator[None]:
        """Have a place while the block runs. Raises Crowded after `timeout_s` seconds without one."""
        self._take(timeout_s)
        try:
            yield
        finally:
            self._pass_on()

    def _take(self, timeout_s: float) -> None:
        if self._free:
            self._free -= 1
            return
        mine = Event()
        self._waiting.append(mine)
        try:
            mine.wait(timeout_s)
        except BaseException:  # this greenlet is told to end while it waits: its place is the next one's
            self._give_up(mine)
            raise
        if not mine.is_set():
            self._give_up(mine)
            raise Crowded(f"no turn within {timeout_s:g} s")

    def _give_up(self, mine: Event) -> None:
        if mine.is_set():
            self._pass_on()
        else:
            self._waiting.remove(mine)

    def _pass_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._free += 1
