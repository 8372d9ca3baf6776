"""The scene: a conversation's feed as HTML for htmx, worked out once for all pages at the same place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gevent.lock import RLock

from chat.core import sse
from chat.core.frames import End, Rewind
from chat.core.lifecycle import is_live
from chat.core.markdown import conclude, finished, picture, steps
from chat.core.markdown.chips import NO_NUMBERS
from chat.core.markdown.regions import Picture
from chat.store.conversations import Conversation
from chat.store.message_rows import Message
from chat.web.bodies import CLOSE
from chat.web.feed import Feed
from chat.web.off_hub import picture_off_hub
from chat.web.scene_html import Fragments, key_of, live_picture
from chat.web.scene_line import Lines, Shown
from chat.web.scene_place import Place
from chat.web.source_view import numbers_of
from chat.web.told import (
    ConversationChanged,
    FeedFrame,
    MessageChanged,
    MessageDeleted,
    Position,
    State,
    Step,
    Streamed,
    growing,
)

WORTH_BYTES = 80  # growth that is sent at once; less waits for more, or for the flush interval
REST = 10  # times the last render took: the share of a core that one answer's pictures may take is a tenth
KEPT = 8  # of the last few places; what is older is made again when somebody comes back to it


@dataclass(frozen=True, slots=True)
class Shot:
    """What a page is sent, and where it stands then; `hold_s` > 0: nothing yet, look again after that."""

    body: bytes
    place: Place
    hold_s: float = 0.0
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a step looks like to all who stood at its place."""

    step: Step
    shot: Shot


@dataclass(frozen=True, slots=True)
class Present:
    """What a page shows when it is opened, and its place."""

    conversation: Conversation
    shown: Shown
    place: Place


class Scene:
    """One conversation in this process, as pages see it.

    What is sent is a function of the place and of what is stored; only the moment is chosen here.
    """

    def __init__(
        self, feed: Feed, lines: Lines, fragments: Fragments, clock: Callable[[], float], flush_s: float
    ) -> None:
        self._feed = feed
        self._lines = lines
        self._fragments = fragments
        self._clock = clock
        self._flush_s = flush_s
        self._drawn: dict[tuple[Position | None, int, str | None], Drawn] = {}
        self._pictures: dict[tuple[str, int], Picture] = {}
        self._numbers: dict[str, frozenset[int]] = {}  # by message: the sources that its text may cite
        self._since: dict[Position, float] = {}  # since when a growth too small to send waits at a place
        self._rest_until = float("-inf")
        self._drawing = RLock()

    def present(self, branch: str | None = None) -> Present | None:
        """Give all that a page shows when it is opened; None when the conversation is gone.

        `branch`: of the line through this message, where there is one.
        """
        step = self._feed.step(None, "stored")
        frames = [told.frame for told in step.told]
        conversations = [frame.conversation for frame in frames if isinstance(frame, ConversationChanged)]
        if not conversations:
            return None
        found = [frame.message for frame in frames if isinstance(frame, MessageChanged)]
        start = max((self._keep(message) for message in found if is_live(message.status)), default=0)
        return Present(conversations[0], self._lines.shown(found, branch), Place(step.position, start))

    def step(self, place: Place | None, branch: str | None = None) -> Shot:
        """Give what a page at `place` (None: a new one, which shows this branch) is to be sent now."""
        step = self._feed.step(place.position if place else None, "stored")
        if any(_is_rewind(told.frame) for told in step.told):  # what is stored is not: a forged place
            place, step = None, self._feed.step(None, "stored")
        start = place.start if place else 0
        if not step.told:
            return Shot(b"", Place(step.position, start))
        branch = None if _is_change(step) else branch  # changes are the same for all
        at = (place.position if place else None, start, branch)
        with self._drawing:  # who comes while somebody draws the same has it drawn then
            drawn = self._drawn.get(at)
            if drawn is None or drawn.step is not step:
                if place is not None and (hold_s := self._hold(place.position, step)) > 0:
                    return Shot(b"", place, hold_s)
                drawn = self._drawn[at] = self._develop(place, step, branch)
                _drop_oldest(self._drawn)
        return drawn.shot

    def _hold(self, position: Position, step: Step) -> float:
        """Say how long growth alone has to wait; whatever else there is goes at once."""
        if not all(_is_growth(told.frame) for told in step.told):
            return 0.0
        now = self._clock()
        rest = self._rest_until - now
        if step.position.offset - position.offset >= WORTH_BYTES:
            return rest
        due = self._since.setdefault(position, now) + self._flush_s
        _drop_oldest(self._since)
        return max(rest, due - now)

    def _develop(self, place: Place | None, step: Step, branch: str | None) -> Drawn:
        """Draw a step for all who stand at this place, and note what that took."""
        began = self._clock()
        html, start = self._draw(place, [told.frame for told in step.told], step.position, branch)
        then = Place(step.position, start)
        event = sse.encode(None, html, str(then)) if html else b""
        now = self._clock()
        self._rest_until = now + REST * (now - began)
        return Drawn(step, Shot(event + (CLOSE if step.is_last else b""), then, is_last=step.is_last))

    def _draw(
        self, place: Place | None, frames: Sequence[FeedFrame], after: Position, branch: str | None
    ) -> tuple[str, int]:
        """Give one event's HTML (its targets exist before it), and where the open region begins then."""
        start = place.start if place else 0
        html: list[str] = []
        changed = [frame.message for frame in frames if isinstance(frame, MessageChanged)]
        if any(isinstance(frame, State) for frame in frames):
            html.append(self._fragments.everything(self._lines.shown(changed, branch)))
        else:
            html += [self._changed(place, message) for message in changed]
        whole = {message.id for message in changed}  # these bring their text and their end with them
        told = [frame for frame in frames if isinstance(frame, Streamed) and frame.message_id not in whole]
        if told and place is not None:
            grown, start = self._grow(place, told, after)
            html.append(grown)
        for message in changed:
            if is_live(message.status) and not _is_shown(place, message):
                start = self._keep(message)
        for frame in frames:
            match frame:
                case ConversationChanged(conversation):
                    html.append(self._fragments.conversation(conversation))
                case MessageDeleted(id):
                    html.append(self._fragments.deleted(id))
        return "".join(html), start

    def _changed(self, place: Place | None, message: Message) -> str:
        is_shown = _is_shown(place, message)
        return self._fragments.strip(message) if is_shown else self._fragments.message(message)

    def _grow(self, place: Place, told: Sequence[Streamed], after: Position) -> tuple[str, int]:
        stream_id, message_id, is_thought = told[0].stream_id, told[0].message_id, told[0].is_thought
        key = key_of(message_id, is_thought)
        end = told[-1].frame if isinstance(told[-1].frame, End) else None
        text = self._stored(stream_id, end.offset if end else after.offset)
        grown = len(text) - place.start
        numbers = NO_NUMBERS if is_thought else self._may_cite(message_id)
        before = self._pictures.get((stream_id, place.position.offset)) or picture_off_hub(
            grown, picture, text[: place.position.offset], key, place.start, numbers
        )
        start = before.open.start
        if end is None:
            now = picture_off_hub(grown, picture, text, key, start, numbers)
            self._remember(stream_id, after.offset, now)
            swaps = picture_off_hub(grown, steps, before, now, key)
            html = self._fragments.grown(key, before.offset, now.offset, swaps)
            return html + self._went_on(place, told[0], after), now.open.start
        swaps = conclude(before, picture_off_hub(grown, finished, text, start, numbers), key)
        concluded = self._fragments.grown(key, before.offset, end.offset, swaps)
        ended = self._lines.message(message_id)  # with what only the message knows: its cost, its siblings
        if ended is None:
            return concluded, 0
        show = self._fragments.thought_over if is_thought else self._fragments.ended
        return concluded + show(ended), 0

    def _went_on(self, place: Place, told: Streamed, after: Position) -> str:
        """Say that the answer is in a later epoch than the page may know of."""
        epoch = after.epoch or 0
        if epoch <= max(1, place.position.epoch or 0):
            return ""
        return self._fragments.went_on(self._feed.cid, told.message_id, told.stream_id, after.offset, epoch)

    def _keep(self, message: Message) -> int:
        grows = growing(message)
        if grows is None:
            return 0
        position, text = grows
        numbers = NO_NUMBERS if position.is_thought else numbers_of(message)
        shown = live_picture(text, key_of(message.id, position.is_thought), numbers)
        self._remember(position.stream_id or "", position.offset, shown)
        return shown.open.start

    def _may_cite(self, message_id: str) -> frozenset[int]:
        """Give the numbers of a text that has begun: they were stored before its first byte."""
        known = self._numbers.get(message_id)
        if known is None:
            message = self._lines.message(message_id)
            known = self._numbers[message_id] = numbers_of(message) if message else NO_NUMBERS
            _drop_oldest(self._numbers)
        return known

    def _remember(self, stream_id: str, offset: int, shown: Picture) -> None:
        self._pictures[(stream_id, offset)] = shown
        _drop_oldest(self._pictures)

    def _stored(self, stream_id: str, length: int) -> bytes:
        log = self._feed.reader(stream_id, "stored").look()
        return bytes(memoryview(log.data)[:length]) if log is not None else b""


def _is_change(step: Step) -> bool:
    return not any(isinstance(told.frame, State) for told in step.told)


def _is_shown(place: Place | None, message: Message) -> bool:
    """Say whether a page there shows this answer already, all but its strip: it was claimed, and no more."""
    grows = growing(message)
    if place is None or grows is None or message.citations or message.reasoning or len(message.siblings) > 1:
        return False
    there, now = place.position, grows[0]
    return (there.stream_id, there.offset) == (now.stream_id, now.offset)


def _is_growth(frame: FeedFrame) -> bool:
    return isinstance(frame, Streamed) and not isinstance(frame.frame, End)


def _is_rewind(frame: FeedFrame) -> bool:
    return isinstance(frame, Streamed) and isinstance(frame.frame, Rewind)


def _drop_oldest(kept: dict[Any, Any]) -> None:
    if len(kept) > KEPT:
        del kept[next(iter(kept))]
