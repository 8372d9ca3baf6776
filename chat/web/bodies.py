"""Bodies that last: first byte at once, pings, rotation, access asked again, an end when a side goes."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import gevent
import structlog
from flask import Response, request
from gevent import Greenlet
from sqlalchemy.exc import SQLAlchemyError

from chat.core import sse
from chat.core.log import StoreAway
from chat.generation.clock import monotonic
from chat.live.bell import Ear
from chat.live.ring_message import ALL
from chat.web.connection import Connection, watched
from chat.web.house import House, house
from chat.web.presence_census import Seat

log = structlog.get_logger()

ACCESS_S = 30.0  # an open stream asks at least this often whether it may go on
PERHAPS_S = 1.0  # between two questions for rings that wake everybody
AGAIN_S = 1.0  # until it asks again, when the database could not say
SURE_S = 60.0  # for which an answer holds, whatever the database does
PATIENCE_S = 0.25  # for the answer; what takes longer wakes the line when it comes
CLOSE = sse.encode_json("close", {})
OVER = "over"  # what a line is rung with when its permit ends by itself
MARGIN_S = 0.05  # beyond that moment: two clocks may differ a little
FIRST_BYTE = b":\n\n"  # a comment: the headers go out with it, and no client takes it for an event

SSE_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


class AccessGone(Exception):
    """Whoever reads may not do so any more."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether a reader may go on, asked again while a line is open; at once when one of `topics` is rung.

    Lines with the same `question` share one look at it. `ends_at`: from when on, by this server's clock,
    it is certain to be over, and nobody has to be asked. `seat`: as whom, and in which conversation, an open
    line counts.
    """

    allowed: Callable[[], bool]
    topics: tuple[str, ...] = ()
    question: Hashable | None = None
    ends_at: float | None = None
    seat: Seat | None = None


@dataclass(slots=True)
class Line:
    """One open response: when it has to end, and when to ask again whether it may go on."""

    made: House
    connection: Connection
    permit: Permit
    ear: Ear
    rotate_at: float = float("inf")
    ask_at: float = 0.0
    asked_at: float = field(default_factory=monotonic)
    sure_until: float = field(default_factory=lambda: monotonic() + SURE_S)
    _asking: Greenlet | None = None

    def over(self, rung: set[str]) -> bool:
        """Say whether the client has gone, or this process has to, or the line is due for rotation.

        Raises AccessGone; that is looked at each half minute, and when the ring was about it, or may have
        been: nobody knows the topics of a ring for everybody.
        """
        now = monotonic()
        if ALL in rung:
            self.ask_at = min(self.ask_at, self.asked_at + PERHAPS_S)
        if OVER in rung and self._has_ended():
            raise AccessGone
        if now >= self.ask_at or not rung.isdisjoint((*self.permit.topics, OVER)):
            self._ask(now)
        self._hear(now)
        return self.connection.gone or self.made.engine.left or now >= self.rotate_at

    def ask_once_more(self) -> None:
        """Ask now that the ear is open: what changed since this reader was let in has rung for nobody."""
        self._hear_of(self._asked())

    def _has_ended(self) -> bool:
        """Look at the clock once more: it may have been set back since the alarm was."""
        return self.permit.ends_at is not None and self.made.now() >= self.permit.ends_at

    def _ask(self, now: float) -> None:
        """Ask beside this line: a database that hangs holds up neither a driver nor a viewer."""
        if self._asking is not None:
            self.ask_at = now  # what is asked already may not know of this ring yet
            return
        self.ask_at, self.asked_at = now + ACCESS_S, now
        asking = self._asked()
        asking.join(PATIENCE_S)
        if not asking.ready():
            self._hear_of(asking)

    def _asked(self) -> Greenlet:
        self._asking = self.made.looks.ask(self.permit.question or id(self), self._look)
        return self._asking

    def _hear_of(self, asking: Greenlet) -> None:
        asking.link(lambda _asked: self.ear.ring("answered"))

    def _hear(self, now: float) -> None:
        allowed = None
        if self._asking is not None and self._asking.ready():
            allowed, self._asking = self._asking.value, None
            if allowed is None:
                self.ask_at = now + AGAIN_S
        if allowed:
            self.sure_until = now + SURE_S
        elif allowed is False:
            raise AccessGone
        elif now > self.sure_until:
            raise StoreAway("nobody can say whether this reader may go on")

    def _look(self) -> bool | None:
        try:
            return self.permit.allowed()
        except (StoreAway, SQLAlchemyError):
            return None


@contextmanager
def rung_when_over(permit: Permit, ear: Ear, now: float) -> Iterator[None]:
    """Ring `ear` when the permit ends by itself, as that of a link does which was made for an hour."""
    if permit.ends_at is None:
        yield
        return
    alarm = gevent.get_hub().loop.timer(max(0.0, permit.ends_at - now) + MARGIN_S)
    alarm.start(ear.ring, OVER, update=True)  # from now on, and not from when the loop last looked
    try:
        yield
    finally:
        alarm.close()


Body = Callable[[Ear, Line], Iterator[bytes]]


def live_response(body: Body, ear: Ear, permit: Permit, *, rotate: bool) -> Response:
    """Serve `body` as server-sent events for as long as the line holds. `ear` is opened and closed here."""
    rotate_s = house().settings.rotate_s if rotate else 0.0
    kind = "viewer" if rotate else "driver"
    return _response(body, ear, permit, rotate_s, SSE_HEADERS, kind, first=FIRST_BYTE, refused=CLOSE)


def plain_response(body: Body, ear: Ear, permit: Permit) -> Response:
    """Serve `body` as raw text; the headers go out at once, with nothing."""
    headers = {**SSE_HEADERS, "Content-Type": "text/plain; charset=utf-8"}
    return _response(body, ear, permit, 0.0, headers, "driver", first=b"", refused=b"")


def _response(
    body: Body,
    ear: Ear,
    permit: Permit,
    rotate_s: float,
    headers: dict[str, str],
    kind: str,
    *,
    first: bytes,
    refused: bytes,
) -> Response:
    made, environ = house(), request.environ

    def serve() -> Iterator[bytes]:
        with ear, watched(environ, ear, made.settings.stalled_client_s) as connection:
            ear.tune(*ear.topics, *permit.topics)
            now = monotonic()
            yield first
            line = Line(made, connection, permit, ear, now + (rotate_s or float("inf")), now + ACCESS_S)
            made.tally.lines[kind] += 1
            line.ask_once_more()
            try:
                with (
                    rung_when_over(permit, ear, made.now()),
                    made.presence.seated(permit.seat, drives=kind == "driver"),
                ):
                    yield from body(ear, line)
            except AccessGone:
                yield refused
            except StoreAway as away:  # before there was anything to tell, or for too long: they come again
                log.info("a body ends early", reason=str(away))
            finally:
                made.tally.lines[kind] -= 1

    return Response(serve(), headers=headers)
