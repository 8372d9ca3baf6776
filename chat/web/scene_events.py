"""The page's own events: a scene followed for as long as the line holds, for pages and share links alike."""

from collections.abc import Iterator, Sequence, Set
from typing import Protocol, cast
from weakref import WeakKeyDictionary, proxy

from flask import Response, current_app, request

from chat.core import sse
from chat.generation.clock import monotonic
from chat.live.bell import Ear
from chat.web.bodies import CLOSE, SSE_HEADERS, Line, Permit, live_response
from chat.web.feed import Feed
from chat.web.follow_feed import topic_of
from chat.web.house import house
from chat.web.scene import Scene
from chat.web.scene_html import Fragments
from chat.web.scene_line import Lines
from chat.web.scene_place import Place, find_place

_SCENES: WeakKeyDictionary[Feed, Scene] = WeakKeyDictionary()  # each as long as somebody follows its feed


class Aside(Protocol):
    """What rides on a page's line beside its conversation: it has no id, and moves nobody."""

    topics: tuple[str, ...]

    def look(self, rung: Set[str]) -> bytes:
        """Give the SSE bytes of what is new since the last look; none when nothing is. Must not block.

        `rung`: the topics that woke the line, its conversation's too; none at the first look and at a beat.
        """
        ...


def scene_of(feed: Feed) -> Scene:
    """Share the scene of this feed with all who look at it. Needs an app context."""
    scene = _SCENES.get(feed)
    if scene is None:
        flush_s = house().settings.flush_ms / 1000
        seen = cast(Feed, proxy(feed))  # or the scene would keep its own key alive
        lines = Lines(feed.cid, house().store)
        scene = _SCENES[feed] = Scene(seen, lines, Fragments(current_app.jinja_env), monotonic, flush_s)
    return scene


def asked_branch() -> str | None:
    """Say which message's line the request wants to see; None: the newest."""
    return request.args.get("branch") or None


def scene_response(conversation_id: str, permit: Permit, asides: Sequence[Aside] = ()) -> Response:
    """Serve the events of a page that may see this conversation as long as the permit holds."""
    made = house()
    raw, branch = request.headers.get("Last-Event-ID") or request.args.get("after"), asked_branch()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the body outlives the context

    def body(ear: Ear, line: Line) -> Iterator[bytes]:
        with made.feeds.open(conversation_id) as feed:
            with app.app_context():
                scene = scene_of(feed)
            place = find_place(made.store, feed, raw)
            yield from follow_scene(feed, scene, ear, line, place, made.settings.heartbeat_s, asides, branch)

    beside = (topic for aside in asides for topic in aside.topics)
    return live_response(body, made.bell.listen(topic_of(conversation_id), *beside), permit, rotate=True)


def closed_response() -> Response:
    """Tell a page that comes back that all is gone; after any other answer it would ask for ever."""
    return Response(CLOSE, headers=SSE_HEADERS)


def follow_scene(
    feed: Feed,
    scene: Scene,
    ear: Ear,
    line: Line,
    place: Place | None,
    heartbeat_s: float,
    asides: Sequence[Aside] = (),
    branch: str | None = None,
) -> Iterator[bytes]:
    """Yield what a page is sent, and a ping when nothing came for `heartbeat_s`.

    Whoever has missed nothing gets a ping at once: a page that came back knows by it that it is connected.
    Ends when the line is over or the conversation is gone; raises AccessGone.
    """
    ear.beat(heartbeat_s)
    always = ear.topics
    lag, rung = line.made.tally.lag_s, set[str]()
    if not scene.step(place, branch).body:
        yield sse.PING
    while True:
        shot = scene.step(place, branch)
        place = shot.place
        if shot.body:
            known_at = feed.read_at
            yield shot.body
            if rung:  # neither what a newcomer catches up with, nor what was held back for more
                lag.add(monotonic() - known_at)
        if shot.is_last:
            return
        yield from filter(None, [aside.look(rung) for aside in asides])
        if ear.tune(*always, *feed.topics(place.position, "stored")):
            continue  # it may have grown before we listened
        rung = ear.wait(shot.hold_s or None)
        if line.over(rung):
            return
        if not rung and not shot.hold_s:
            yield sse.PING
