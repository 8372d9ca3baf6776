"""Following a conversation: the loop that every form of it shares, whatever the encoding."""

from collections.abc import Iterator

from chat.generation.clock import monotonic
from chat.live.bell import Ear
from chat.live.logs import Pace
from chat.web.bodies import Line
from chat.web.feed import Feed
from chat.web.presence_asides import Notice, Noticed
from chat.web.told import Position, Step

PING = None  # what the loop gives when nothing came for a while


def topic_of(cid: str) -> str:
    """Name the bell of what changes in a conversation."""
    return f"conversation:{cid}"


def follow_feed(
    feed: Feed,
    ear: Ear,
    line: Line,
    position: Position | None,
    pace: Pace,
    heartbeat_s: float,
    notice: Notice,
) -> Iterator[Step | Noticed | None]:
    """Yield each step that has something to tell, who is here, and PING when nothing came for `heartbeat_s`.

    Ends when the line is over; raises AccessGone. `ear` listens to `topic_of` the conversation and to the
    notice's already; here it is tuned to the answer that is followed as well.
    """
    ear.beat(heartbeat_s)
    always, lag, rung = ear.topics, line.made.tally.lag_s, set[str]()
    while True:
        step = feed.step(position, pace)
        position = step.position
        if step.told:
            known_at = feed.read_at
            yield step
            if rung:  # not what a newcomer catches up with
                lag.add(monotonic() - known_at)
        if noticed := notice.news():
            yield noticed
        if ear.tune(*always, *feed.topics(position, pace)):
            continue  # it may have grown before we listened
        rung = ear.wait()
        if line.over(rung):
            return
        if not rung:
            yield PING
