"""Bodies that last: first byte at once, pings, rotation, access asked again, an end when a side goes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Response, request

from chat.generation.clock import monotonic
from chat.live.bell import Ear
from chat.web.connection import Connection, watched
from chat.web.house import House, house

ACCESS_S = 30.0  # an open stream asks at least this often whether it may go on
FIRST_BYTE = b":\n\n"  # a comment: the headers go out with it, and no client takes it for an event

SSE_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(slots=True)
class Line:
    """One open response: when it has to end, and when to ask again whether it may go on."""

    made: House
    connection: Connection
    allowed: Callable[[], bool]
    rotate_at: float
    ask_at: float

    def over(self) -> bool:
        """Say whether the client has gone, or this process has to, or the line is due for rotation."""
        return self.connection.gone or self.made.engine.draining or monotonic() >= self.rotate_at

    def denied(self, *, now: bool = False) -> bool:
        """Say whether access is gone; asks at most every half minute, unless it must be `now`."""
        if not now and monotonic() < self.ask_at:
            return False
        self.ask_at = monotonic() + ACCESS_S
        return not self.allowed()


Body = Callable[[Ear, Line], Iterator[bytes]]


def live_response(body: Body, ear: Ear, allowed: Callable[[], bool], *, rotate: bool) -> Response:
    """Serve `body` as server-sent events for as long as the line holds. `ear` is opened and closed here."""
    rotate_s = house().settings.rotate_s if rotate else 0.0
    return _response(body, ear, allowed, rotate_s, FIRST_BYTE, SSE_HEADERS)


def plain_response(body: Body, ear: Ear, allowed: Callable[[], bool]) -> Response:
    """Serve `body` as raw text; the headers go out at once, with nothing."""
    headers = {**SSE_HEADERS, "Content-Type": "text/plain; charset=utf-8"}
    return _response(body, ear, allowed, 0.0, b"", headers)


def _response(
    body: Body,
    ear: Ear,
    allowed: Callable[[], bool],
    rotate_s: float,
    first: bytes,
    headers: dict[str, str],
) -> Response:
    made, environ = house(), request.environ

    def serve() -> Iterator[bytes]:
        with ear, watched(environ, ear, made.settings.stalled_client_s) as connection:
            now = monotonic()
            yield first
            line = Line(made, connection, allowed, now + (rotate_s or float("inf")), now + ACCESS_S)
            yield from body(ear, line)

    return Response(serve(), headers=headers)
