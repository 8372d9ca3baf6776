"""`GET /api/conversations/<id>/events`: all that changes in a conversation, as server-sent events."""

from collections.abc import Iterator

from flask import Blueprint, Response, request

from chat.core import sse
from chat.live.bell import Ear
from chat.web import access, wire
from chat.web.api_streams import asked_pace
from chat.web.bodies import Line, live_response
from chat.web.follow_feed import PING, follow_feed, topic_of
from chat.web.house import house
from chat.web.told import Step

api = Blueprint("api_events", __name__, url_prefix="/api/conversations")


@api.get("/<conversation_id>/events")
def events(conversation_id: str) -> Response:
    """Send the present state, or what changed since the id that the client brings, then each change."""
    access.conversation_or_404(conversation_id, need="read")
    made, pace = house(), asked_pace()
    last = request.headers.get("Last-Event-ID") or request.args.get("after")

    def body(ear: Ear, line: Line) -> Iterator[bytes]:
        with made.feeds.open(conversation_id) as feed:
            position = feed.place(last, pace)
            for step in follow_feed(feed, ear, line, position, pace, made.settings.heartbeat_s):
                yield sse.PING if step is PING else encoded(step)
                if step is not None and step.is_last:
                    return

    permit = access.conversation_permit(conversation_id, need="read")
    return live_response(body, made.bell.listen(topic_of(conversation_id)), permit, rotate=True)


def encoded(step: Step) -> bytes:
    """Make the bytes of a step; worked out once for all who are told the same."""
    if "sse" not in step.encoded:
        frames = (sse.encode_json(*wire.told_event(told.frame), told.id) for told in step.told)
        step.encoded["sse"] = b"".join(frames)
    made: bytes = step.encoded["sse"]
    return made
