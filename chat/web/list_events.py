"""The list at the side, kept up to date over the page's one line, also where there is no conversation."""

from collections.abc import Iterator, Sequence, Set

from flask import Flask, Response, current_app, request

from chat.core import sse
from chat.live.bell import Ear
from chat.store.listing import topic_of
from chat.store.people import Person
from chat.web import access
from chat.web.bodies import Line, live_response
from chat.web.house import House, house
from chat.web.list_view import Drawn, draw, drawn_of, read_list, sign_of, swaps
from chat.web.rested import Rested
from chat.web.scene_events import Aside

UNKNOWN = "-"  # the sign of no list: static/js/line.js sends it too
FIRST = b"id: 0\n" + sse.PING  # with an id, so that who comes back says that they do


class ListAside:
    """One page's list. It reads when the person's bell is rung, and sends what differs from what is shown."""

    def __init__(self, app: Flask, made: House, person_id: str, current: str | None, shown: str) -> None:
        self._rest = Rested(made.bell, topic_of(person_id))
        self.topics = self._rest.topics
        self._app = app
        self._made = made
        self._person_id = person_id
        self._current = current
        self._shown = shown  # the sign of what the page shows
        self._drawn: Drawn | None = None  # the same in its parts, once we have drawn it

    def look(self, rung: Set[str]) -> bytes:
        """See `chat.web.scene_events.Aside`."""
        html = self._rest.look(rung, self._draw)
        if html is None:
            return b""
        before, self._drawn = self._drawn, drawn_of(html)
        if sign_of(html) == self._shown:
            return b""
        self._shown = sign_of(html)
        return sse.encode(None, swaps(html, before))

    def _draw(self) -> str:
        found = read_list(self._made, self._person_id)
        with self._app.app_context():
            return draw(found, self._current)


def list_asides(person: Person | None, current: str | None = None) -> tuple[ListAside, ...]:
    """Give the list of the page that asks for events: it says with which sign. None where it shows none.

    Who comes back was sent others since: the sign in its address is that of the day it was opened.
    """
    shown = request.args.get("list")
    if person is None or not shown:
        return ()
    if "Last-Event-ID" in request.headers:
        shown = UNKNOWN
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the body outlives the context
    return (ListAside(app, house(), person.id, current, shown),)


def list_response(person: Person, beside: Sequence[Aside] = ()) -> Response:
    """Serve the line of a page that shows a list and no conversation, and perhaps something beside it."""
    asides, made = (*list_asides(person), *beside), house()

    def body(ear: Ear, line: Line) -> Iterator[bytes]:
        ear.beat(made.settings.heartbeat_s)
        yield FIRST
        rung = set[str]()
        while True:
            news = [aside.look(rung) for aside in asides]
            yield from filter(None, news)
            rung = ear.wait()
            if line.over(rung):
                return
            if not rung:
                yield sse.PING

    ear = made.bell.listen(*(topic for aside in asides for topic in aside.topics))
    return live_response(body, ear, access.person_permit(), rotate=True)
