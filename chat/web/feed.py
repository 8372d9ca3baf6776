"""The feed of a conversation: what changed since a place, worked out once for all who stand there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import gevent
from gevent.lock import RLock
from sqlalchemy import Connection

from chat.core.frames import Close, End
from chat.core.lifecycle import is_live
from chat.core.log import StoreAway, resume_place
from chat.live.bell import Bell
from chat.live.follow import catch_up, place_after, rewind_base
from chat.live.logs import Logs, Pace, Reader
from chat.live.mirror import AGAIN_S
from chat.store import conversations, messages
from chat.store.conversations import Conversation
from chat.store.message_rows import Message
from chat.store.messages import Changes
from chat.store.stored import end_of, state_of
from chat.store.transaction import Store
from chat.web.shapes import settled_citations
from chat.web.told import (
    ConversationChanged,
    FeedFrame,
    MessageChanged,
    MessageDeleted,
    Position,
    State,
    Step,
    Streamed,
    Told,
    growing,
)

NEWEST = 50  # messages that a reader without a place is given
Citations = list[dict[str, Any]]  # see chat.core.sources
FROM_THE_START = "new"  # the id of a reader who has part of the first state: it will get all of it again


class Feed:
    """One conversation in this process, shared by all who follow it.

    A step is a function of the place and of what is stored, so it is kept until the next ring: readers at the
    same place cost one read and one encoding, and a slow one just takes a bigger step.
    """

    def __init__(
        self, cid: str, store: Store, logs: Logs, bell: Bell, clock: Callable[[], float], doubt_s: float
    ):
        self.cid = cid
        self._store = store
        self._logs = logs
        self._clock = clock
        self._doubt_s = doubt_s
        self._topic = f"conversation:{cid}"
        self._wake = partial(bell.ring_here, (self._topic,))
        self._ear = bell.listen(self._topic).open()
        self._readers: dict[tuple[str, Pace], Reader] = {}
        self._away_until = float("-inf")
        self._asked: set[tuple[str, Pace]] = set()  # the readers in use since the last ring
        self._steps: dict[tuple[Position | None, Pace], Step] = {}
        self._working = RLock()  # one looks, and those who come meanwhile wait for what it finds
        self.read_at = float("-inf")  # when it last looked, after a ring: on the monotonic clock

    def close(self) -> None:
        self._ear.close()
        for reader in self._readers.values():
            reader.close()

    def place(self, raw: str | None, pace: Pace) -> Position | None:
        """Read the id that a client comes with; None when nothing can be served from there (or it is forged).

        The stream it names must be that of a message in this very conversation.
        """
        position = Position.parse(raw) if raw else None
        if position is None or position.stream_id is None or position.message_id is None:
            return position
        message = self._store.read(partial(messages.get, message_id=position.message_id))
        if message is None or message.conversation_id != self.cid:
            return None
        if position.stream_id != (message.reasoning_stream_id if position.is_thought else message.stream_id):
            return None
        log = self.reader(position.stream_id, pace).look()
        if log is None:
            return Position(position.revision)
        goes_on = resume_place(position.offset, position.epoch, bases=log.bases, text=bytes(log.data))
        base = None if position.epoch is None else rewind_base(log.bases, position.epoch)
        return position if goes_on in (position.offset, base) else None

    def step(self, position: Position | None, pace: Pace) -> Step:
        """Say what a reader at `position` (None: a new one) is to be told now; nothing if nothing is new.

        Nothing either while the store is away: who waits is woken to ask again. A new reader cannot wait so:
        StoreAway is raised then.
        """
        if self._ear.take() or self._clock() - self.read_at > self._doubt_s:
            self._begin_anew()
        key = (position, pace)
        step = self._steps.get(key)
        if step is None:
            with self._working:
                step = self._steps.get(key) or self._look(position, pace)
        return step

    def reader(self, stream_id: str, pace: Pace) -> Reader:
        """Share one reader of a stream among all who follow this conversation."""
        key = (stream_id, pace)
        self._asked.add(key)
        if key not in self._readers:
            self._readers[key] = self._logs.reader(stream_id, pace)
            self._tune()
        return self._readers[key]

    def topics(self, position: Position, pace: Pace) -> tuple[str, ...]:
        """Name the bells of the answer that is followed at this place."""
        return () if position.stream_id is None else self.reader(position.stream_id, pace).topics

    def _look(self, position: Position | None, pace: Pace) -> Step:
        steps = self._steps  # what is rung meanwhile makes it old: it is kept where nobody looks then
        try:
            if self._clock() < self._away_until:
                raise StoreAway("it was away a moment ago")
            step = steps[position, pace] = self._work_out(position, pace)
        except StoreAway:
            self._ask_again_later()
            if position is None:
                raise
            return Step([], position)
        return step

    def _ask_again_later(self) -> None:
        if self._clock() >= self._away_until:
            self._away_until = self._clock() + AGAIN_S
            gevent.spawn_later(AGAIN_S, self._wake)

    def _begin_anew(self) -> None:
        """Forget what was worked out before the last ring, and answers that nobody follows any more."""
        self._steps = {}
        self.read_at = self._clock()
        for key in self._readers.keys() - self._asked:
            self._readers.pop(key).close()
        self._asked.clear()
        self._tune()

    def _tune(self) -> None:
        followed = {topic for reader in self._readers.values() for topic in reader.topics}
        self._ear.tune(self._topic, *followed)

    def _work_out(self, position: Position | None, pace: Pace) -> Step:
        if position is None:
            return self._present()
        # The stream first: an end that it tells is then in the changes too, and is not told again later.
        began, (told, position) = position, self._streamed(position, pace)
        is_over = bool(told) and _is_end(told[-1].frame)
        try:
            found = self._store.read(partial(self._since, position, is_over))
        except StoreAway:
            if not told or is_over:
                raise
            return Step(told, position)  # a tape goes on while the store is away
        if found is None:
            return Step([Told(Close(), None)], position)
        changes, ends, onward, cited = found
        if is_over:
            told[-1] = _citing(told[-1], cited)
        if changes.revision < position.revision:  # a place of another life of this database
            return self._present()
        frames, after = _changed(changes, position, is_new=began.offset == 0)
        frames += ends
        if is_over and after.stream_id == position.stream_id:
            after = replace(onward, revision=after.revision)  # its end is told, and passed in the changes
        return Step([*told, *_at(frames, str(position), str(after))], after)

    def _since(
        self, position: Position, is_over: bool, conn: Connection
    ) -> tuple[Changes, list[FeedFrame], Position, Citations | None] | None:
        """Read what changed, and other ends; when the stream `is_over`, where to go, and what it cites."""
        changes = messages.changes(conn, self.cid, position.revision)
        if changes is None:
            return None
        ends = [end for message in changes.messages for end in _ends(conn, message, position, is_over)]
        if not is_over:
            return changes, ends, position, None
        ended = messages.get(conn, position.message_id or "")
        return changes, ends, _onward(ended, position), settled_citations(ended)

    def _present(self) -> Step:
        def look(conn: Connection) -> tuple[Conversation | None, list[Message]]:
            return conversations.get(conn, self.cid), messages.newest(conn, self.cid, NEWEST)

        conversation, newest = self._store.read(look)
        if conversation is None:
            return Step([Told(Close(), None)], Position(0))
        changes = Changes(conversation, conversation.revision, newest, [])
        frames, after = _changed(changes, Position(conversation.revision))
        return Step(_at([State(), *frames], FROM_THE_START, str(after)), after)

    def _streamed(self, position: Position, pace: Pace) -> tuple[list[Told], Position]:
        """Tell what the followed stream has beyond the place; follow it no more after its end."""
        stream_id, message_id = position.stream_id, position.message_id
        if stream_id is None or message_id is None:
            return [], position
        log = self.reader(stream_id, pace).look()
        if log is None:
            return [], Position(position.revision)
        offset, epoch = position.offset, log.epoch if position.epoch is None else position.epoch
        told: list[Told] = []
        for frame in catch_up(log, offset, epoch):
            offset, epoch = place_after(frame, offset, epoch)
            position = replace(position, epoch=epoch, offset=offset)
            told.append(Told(Streamed(stream_id, message_id, frame, position.is_thought), str(position)))
        return told, position


def _changed(
    changes: Changes, position: Position, *, is_new: bool = False
) -> tuple[list[FeedFrame], Position]:
    """Say what changed, and where to go on. `is_new`: the reader had nothing yet of what it follows."""
    frames: list[FeedFrame] = []
    position = replace(position, revision=changes.revision)
    if changes.conversation is not None:
        frames.append(ConversationChanged(changes.conversation))
    frames += [MessageDeleted(message_id) for message_id in changes.deleted]
    for message in changes.messages:
        followed = message.stream_id is not None and message.stream_id == position.stream_id
        if followed and not is_live(message.status) and not (is_new and message.reasoning):
            continue  # its end comes from the stream itself, after its last text, and what was thought before
        frames.append(MessageChanged(message))
        if grows := growing(message):
            position = replace(grows[0], revision=changes.revision)
    return frames, position


def _ends(conn: Connection, message: Message, position: Position, is_over: bool) -> Iterator[FeedFrame]:
    """Give the ends of a changed message's streams that were over before they could be followed."""
    followed = position.stream_id is not None and message.stream_id == position.stream_id
    if followed and not is_live(message.status):
        return  # told by the stream itself
    for stream_id, is_thought in ((message.reasoning_stream_id, True), (message.stream_id, False)):
        told = stream_id == position.stream_id and (is_over or not is_thought)
        state = state_of(conn, stream_id) if stream_id is not None and not told else None
        end = end_of(state) if state is not None else None
        if state is not None and end is not None:
            cited = None if is_thought else settled_citations(message)
            yield Streamed(state.id, message.id, end, is_thought, cited)


def _citing(told: Told, cited: Citations | None) -> Told:
    """Add to an answer's end what it cites."""
    frame = told.frame
    if not isinstance(frame, Streamed) or frame.is_thought:
        return told
    return replace(told, frame=replace(frame, citations=cited))


def _onward(message: Message | None, position: Position) -> Position:
    """Say what to follow once this stream is over: after what was thought comes the answer."""
    if not position.is_thought:
        return Position(position.revision)
    if message is None or message.stream_id is None or not is_live(message.status):
        return Position(position.revision)
    return Position(position.revision, message.stream_id, message.id)


class Feeds:
    """The feeds of this process: made for the first reader of a conversation, dropped with the last."""

    def __init__(
        self, store: Store, logs: Logs, bell: Bell, clock: Callable[[], float], doubt_s: float
    ) -> None:
        self._make = partial(Feed, store=store, logs=logs, bell=bell, clock=clock, doubt_s=doubt_s)
        self._open: dict[str, tuple[Feed, int]] = {}

    @contextmanager
    def open(self, cid: str) -> Iterator[Feed]:
        """Share the feed of this conversation with whoever else follows it."""
        feed, readers = self._open.get(cid) or (self._make(cid), 0)
        self._open[cid] = (feed, readers + 1)
        try:
            yield feed
        finally:
            feed, readers = self._open.pop(cid)
            if readers > 1:
                self._open[cid] = (feed, readers - 1)
            else:
                feed.close()


def _at(frames: list[FeedFrame], before: str, after: str) -> list[Told]:
    """Give each frame its id: only the last one moves the reader, so that a break in between repeats them."""
    return [Told(frame, before) for frame in frames[:-1]] + [Told(frame, after) for frame in frames[-1:]]


def _is_end(frame: FeedFrame) -> bool:
    return isinstance(frame, Streamed) and isinstance(frame.frame, End)
