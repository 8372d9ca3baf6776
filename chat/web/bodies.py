"""Bodies that last: first byte at once, pings, rotation, access asked again, an end when a side goes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Response, request

from chat.core import sse
from chat.generation.clock import monotonic
from chat.live.bell import Ear
from chat.web.connection import Connection, watched
from chat.web.house import House, house

ACCESS_S = 30.0  # an open stream asks at least this often whether it may go on
CLOSE = sse.encode_json("close", {})
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
    """Whether a reader may go on, asked again while a line is open; at once when `topic` is rung."""

    allowed: Callable[[], bool]
    topic: str | None = None


@dataclass(slots=True)
class Line:
    """One open response: when it has to end, and when to ask again whether it may go on."""

    made: House
    connection: Connection
    permit: Permit
    rotate_at: float = float("inf")
    ask_at: float = 0.0

    def over(self, rung: set[str]) -> bool:
        """Say whether the client has gone, or this process has to, or the line is due for rotation.

        Raises AccessGone; that is looked at each half minute, and when the ring was about it.
        """
        now = monotonic()
        if now >= self.ask_at or self.permit.topic in rung:
            self.ask_at = now + ACCESS_S
            if not self.permit.allowed():
                raise AccessGone
        return self.connection.gone or self.made.engine.left or now >= self.rotate_at


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
            if permit.topic is not None:
                ear.tune(*ear.topics, permit.topic)
            now = monotonic()
            yield first
            line = Line(made, connection, permit, now + (rotate_s or float("inf")), now + ACCESS_S)
            made.tally.lines[kind] += 1
            try:
                yield from body(ear, line)
            except AccessGone:
                yield refused
            finally:
                made.tally.lines[kind] -= 1

    return Response(serve(), headers=headers)
