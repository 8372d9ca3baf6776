"""Following a conversation: the loop that every form of it shares, whatever the encoding."""

from collections.abc import Iterator

from chat.live.bell import Ear
from chat.live.logs import Pace
from chat.web.bodies import Line
from chat.web.feed import Feed, Position, Step

PING = None  # what the loop gives when nothing came for a while


class AccessGone(Exception):
    """Whoever listens may not do so any more."""


def topics(cid: str) -> tuple[str, str]:
    """Name the bells of a conversation: what changes in it, and who may see it."""
    return f"conversation:{cid}", f"access:{cid}"


def follow_feed(
    feed: Feed, ear: Ear, line: Line, position: Position | None, pace: Pace, heartbeat_s: float
) -> Iterator[Step | None]:
    """Yield each step that has something to tell, and PING when nothing came for `heartbeat_s`.

    Ends when the line is over; raises AccessGone when it has to be closed for good. `ear` listens to
    `topics` of the conversation already; those of the answer that is followed are added here.
    """
    access = topics(feed.cid)[1]
    ear.beat(heartbeat_s)
    while True:
        step = feed.step(position, pace)
        position = step.position
        if step.told:
            yield step
        if position.stream_id is not None:
            heard = ear.topics
            for topic in feed.reader(position.stream_id, pace).topics:
                ear.also(topic)
            if heard != ear.topics:
                continue  # it may have grown before we listened
        rung = ear.wait()
        if line.over():
            return
        if line.denied(now=access in rung):
            raise AccessGone(feed.cid)
        if not rung:
            yield PING
