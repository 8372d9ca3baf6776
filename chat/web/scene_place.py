"""Where a page stands in a conversation: what its events carry as id, short because each of them does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from chat.core.log import is_boundary
from chat.store import messages
from chat.store.message_rows import Message
from chat.store.transaction import Store
from chat.web.feed import Feed
from chat.web.told import THOUGHT, Position


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the feed, and where the open region of the answer followed there begins (bytes)."""

    position: Position
    start: int = 0

    def __str__(self) -> str:
        place = self.position
        if place.stream_id is None:
            return str(place.revision)
        epoch = "" if place.epoch is None else place.epoch
        thought = THOUGHT if place.is_thought else ""
        return f"{place.revision}.{epoch}.{place.offset}.{self.start}{thought}"


def find_place(store: Store, feed: Feed, raw: str | None) -> Place | None:
    """Read what `str` wrote; None for anything from which a page cannot go on.

    The answer itself is not named: it is the one that is live, if it was already so at that revision.
    Otherwise it has changed since, and then the changes bring it whole.
    """
    place, is_thought = (raw or "").removesuffix(THOUGHT), (raw or "").endswith(THOUGHT)
    match place.split("."):
        case [revision] if not is_thought and _is_number(revision):
            return Place(Position(int(revision)))
        case [revision, epoch, offset, start] if all(map(_is_number, (revision, offset, start))) and (
            not epoch or _is_number(epoch)
        ):
            answer = store.read(partial(_live_answer, conversation_id=feed.cid))
            if answer is None or answer.revision > int(revision):
                return Place(Position(int(revision)))
            at = int(epoch) if epoch else None
            stream_id = answer.reasoning_stream_id if is_thought else answer.stream_id
            position = Position(int(revision), stream_id, answer.id, at, int(offset), is_thought)
            return _served(feed, position, int(start))
    return None


def _served(feed: Feed, position: Position, start: int) -> Place | None:
    served = feed.place(str(position), "stored")
    if served is None or served.stream_id is None:
        return None if served is None else Place(served)
    log = feed.reader(served.stream_id, "stored").look()
    if log is None or start > served.offset or not is_boundary(log.data, start):
        return None
    return Place(served, start)


def _live_answer(conn: Connection, conversation_id: str) -> Message | None:
    stream_id = messages.live_stream(conn, conversation_id)
    return messages.by_stream(conn, stream_id) if stream_id else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16
