"""The board of a conversation: who is here, put together from this process's census and the others' rows."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import gevent
import structlog
from gevent import Greenlet
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from chat.core.log import StoreAway
from chat.generation.clock import monotonic
from chat.live.bell import Bell
from chat.store import presence
from chat.store.presence import Cast, Elsewhere
from chat.store.transaction import Store
from chat.web.presence_census import Census
from chat.web.presence_shown import Shown, merge

log = structlog.get_logger()

AGAIN_S = 2.0  # after a look that failed
CALM_S = 0.25  # between two things shown, and so much more for each who has to be told
EACH_S = 0.002
MARGIN_S = 0.2  # beyond the end of a row: its clock and ours may differ a little


def topic_here(conversation_id: str) -> str:
    """Name the bell that rings, in this process, when what the board shows became different."""
    return f"here:{conversation_id}"


class Board:
    """One conversation's board in this process, read by all lines that show it.

    What others say is read once for each ring, by a greenlet of the board's own: a database that hangs holds
    up no line. Without other processes' rows a ring costs one small read.
    """

    def __init__(
        self, cid: str, census: Census, store: Store, bell: Bell, process: str, wall: Callable[[], float]
    ) -> None:
        self._cid = cid
        self._census = census
        self._store = store
        self._bell = bell
        self._process = process
        self._wall = wall
        self._others: list[Elsewhere] = []
        self._cast: Cast | None = None
        self._shown: Shown | None = None  # None: not known yet
        self._to_show: Greenlet | None = None
        self._calm_until = float("-inf")
        self._is_open = True
        self._ear = bell.listen(presence.topic_of(cid)).open()
        gevent.spawn(self._read_for_ever)

    def close(self) -> None:
        """Read no more."""
        self._is_open = False
        self._ear.ring("closed")

    @property
    def shown(self) -> Shown | None:
        """Say who is here; None until the first look at the database is done."""
        return self._shown

    def recount(self) -> None:
        """Take in what this process's own census says now."""
        if self._cast is not None:
            self._show_soon()

    def _read_for_ever(self) -> None:
        with self._ear:
            while self._is_open:
                wait_s = self._read()
                if not self._ear.tune(*self._topics()):
                    self._ear.wait(wait_s)

    def _read(self) -> float | None:
        """Read what others say; give for how long that may stand without a ring."""
        now = self._wall()
        try:
            self._others, self._cast = self._store.read(partial(self._look, now=now))
        except (StoreAway, SQLAlchemyError) as away:
            log.info("who is here cannot be read", conversation=self._cid, reason=type(away).__name__)
            return AGAIN_S
        self._show_soon()
        return min((one.until - now + MARGIN_S for one in self._others), default=None)

    def _look(self, conn: Connection, now: float) -> tuple[list[Elsewhere], Cast]:
        others = presence.elsewhere(conn, self._cid, self._process, now)
        if self._cast is not None and not others and self._is_alone():
            return others, replace(self._cast, asker_id=None)  # alone, who reads as a driver is one
        return others, presence.cast_of(conn, self._cid)

    def _show_soon(self) -> None:
        """Show what is different: at once, or, while much changes, at a pace that a crowd can be told at."""
        if self._to_show is not None:
            return
        rest_s = self._calm_until - monotonic()
        if rest_s <= 0:
            self._show()
        else:
            self._to_show = gevent.spawn_later(rest_s, self._show)

    def _show(self) -> None:
        self._to_show = None
        sources = [one.lines for one in self._others]
        shown = merge([*sources, self._census.lines_of(self._cid)], self._cast)
        if shown == self._shown:
            return
        self._shown = shown
        crowd = len(shown.people) + shown.links
        self._calm_until = monotonic() + CALM_S + crowd * EACH_S
        self._bell.ring_here((topic_here(self._cid),))
        if self._topics() != self._ear.topics:
            self._ear.ring("more")  # who is not alone hears of questions too

    def _is_alone(self) -> bool:
        return self._shown is None or self._shown.is_alone

    def _topics(self) -> tuple[str, ...]:
        ours = presence.topic_of(self._cid)
        return (ours,) if self._is_alone() else (ours, f"conversation:{self._cid}")
