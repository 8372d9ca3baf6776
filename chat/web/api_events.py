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
from chat.web.presence_asides import Notice, Noticed
from chat.web.told import Step

api = Blueprint("api_events", __name__, url_prefix="/api/conversations")


@api.get("/<conversation_id>/events")
def events(conversation_id: str) -> Response:
    """Send the present state, or what changed since the id that the client brings, then each change."""
    access.conversation_or_404(conversation_id, need="read")
    made, pace = house(), asked_pace()
    last = request.headers.get("Last-Event-ID") or request.args.get("after")
    notice = Notice(made.presence, conversation_id, names=access.person_or_none() is not None)

    def body(ear: Ear, line: Line) -> Iterator[bytes]:
        with made.feeds.open(conversation_id) as feed:
            position = feed.place(last, pace)
            for step in follow_feed(feed, ear, line, position, pace, made.settings.heartbeat_s, notice):
                yield sse.PING if step is PING else encoded(step)
                if isinstance(step, Step) and step.is_last:
                    return

    permit = access.conversation_permit(conversation_id, need="read")
    ear = made.bell.listen(topic_of(conversation_id), *notice.topics)
    return live_response(body, ear, permit, rotate=True)


def encoded(step: Step | Noticed) -> bytes:
    """Make the bytes of a step; worked out once for all who are told the same."""
    if isinstance(step, Noticed):
        return sse.encode_json("presence", step.data)
    if "sse" not in step.encoded:
        frames = (sse.encode_json(*wire.told_event(told.frame), told.id) for told in step.told)
        step.encoded["sse"] = b"".join(frames)
    made: bytes = step.encoded["sse"]
    return made
