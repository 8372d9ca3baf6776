"""When a page's aside looks anew: when its bell has rung, and not more often than it has to."""

from collections.abc import Callable, Set
from typing import TypeVar

import gevent
from sqlalchemy.exc import SQLAlchemyError

from chat.core.log import StoreAway
from chat.generation.clock import monotonic
from chat.live.bell import Bell
from chat.live.ring_message import ALL

REST_S = 0.3  # between two looks: of a program that asks a hundred questions a page shows the last state


T = TypeVar("T")


class Rested:
    """One aside's rest: it looks when that is due; who was rung while resting is woken afterwards."""

    def __init__(self, bell: Bell, topic: str) -> None:
        # Its own bell rings when it has rested: heard by all, it would make two pages keep each other awake.
        self._rested = f"rested:{id(self)}"
        self.topics: tuple[str, ...] = (topic, self._rested)
        self._bell = bell
        self._due = True  # something may have changed since the page was made
        self._rest_until = float("-inf")
        self._will_wake = False

    def look(self, rung: Set[str], read: Callable[[], T]) -> T | None:
        """Read, if it is time to; None if it is not, or the database is away: the next beat looks again."""
        if not self._is_due(rung):
            return None
        try:
            found = read()
        except (StoreAway, SQLAlchemyError):
            return None
        self._due = False
        return found

    def _is_due(self, rung: Set[str]) -> bool:
        self._due = self._due or ALL in rung or self.topics[0] in rung
        if not self._due:
            return False
        now = monotonic()
        if now < self._rest_until:
            if not self._will_wake:
                self._will_wake = True
                gevent.spawn_later(self._rest_until - now, self._wake)
            return False
        self._rest_until = now + REST_S
        return True

    def _wake(self) -> None:
        self._will_wake = False
        self._bell.ring_here((self._rested,))
