"""What a follower of a conversation is told, and where it stands then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.core.frames import Close, Frame
from chat.core.lifecycle import is_live, is_streaming
from chat.store.conversations import Conversation
from chat.store.message_rows import Message

THOUGHT = ".t"  # how a place ends that is in what was thought


@dataclass(frozen=True, slots=True)
class State:
    """Drop what you hold: all that counts follows."""


@dataclass(frozen=True, slots=True)
class ConversationChanged:
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message, whole: put it in the place of the one with its id, or at the end."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    id: str


@dataclass(frozen=True, slots=True)
class Streamed:
    """What the followed stream of a message has told: text, a rewind, or its end.

    `is_thought`: it is the reasoning before the answer. `citations`: at an answer's end, what it cites.
    """

    stream_id: str
    message_id: str
    frame: Frame
    is_thought: bool = False
    citations: Sequence[dict[str, Any]] | None = None


FeedFrame = State | ConversationChanged | MessageChanged | MessageDeleted | Streamed | Close


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader of a conversation stands: a revision, and a place in the answer that is live there.

    `epoch` is None when the text up to `offset` is known to be stored: true in every epoch. `is_thought`: the
    stream is the reasoning before that answer, of whose text nothing is stored then.
    """

    revision: int
    stream_id: str | None = None
    message_id: str | None = None
    epoch: int | None = None
    offset: int = 0
    is_thought: bool = False

    def __str__(self) -> str:
        if self.stream_id is None:
            return str(self.revision)
        epoch = "" if self.epoch is None else self.epoch
        thought = THOUGHT if self.is_thought else ""
        return f"{self.revision}.{self.stream_id}.{self.message_id}.{epoch}.{self.offset}{thought}"

    @classmethod
    def parse(cls, raw: str) -> "Position | None":
        """Read what `str` wrote; None for anything else."""
        if not (raw.isascii() and raw.isprintable()):
            return None  # nor could every database be asked for it
        place, thought = raw.removesuffix(THOUGHT), raw.endswith(THOUGHT)
        match place.split("."):
            case [revision] if not thought and _number(revision):
                return cls(int(revision))
            case [revision, stream_id, message_id, epoch, offset] if (
                _number(revision) and _number(offset) and (not epoch or _number(epoch))
            ):
                at = int(epoch) if epoch else None
                return cls(int(revision), stream_id, message_id, at, int(offset), thought)
        return None


def growing(message: Message) -> tuple[Position, str] | None:
    """Say which of a message's streams grows now, and what of it the message brings; None when none does.

    What is thought comes first: while it grows nothing of the answer's text is stored. The position is that
    of the message's own revision.
    """
    if message.stream_id is None or not is_live(message.status):
        return None
    stream_id, text, thought = message.stream_id, message.text, message.reasoning
    is_thought = thought is not None and is_streaming(thought.status) and not message.text
    if is_thought and thought is not None:
        stream_id, text = message.reasoning_stream_id or "", thought.text
    stored = len(text.encode())
    return Position(message.revision, stream_id, message.id, None, stored, is_thought), text


@dataclass(frozen=True, slots=True)
class Told:
    """A frame, and the id of the place after it (None: it moves nobody)."""

    frame: FeedFrame
    id: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """What a reader is told, and where it stands then; encodings are kept for the next at the same place."""

    told: list[Told]
    position: Position
    encoded: dict[str, Any] = field(default_factory=dict)

    @property
    def is_last(self) -> bool:
        """Whether nothing can follow: the conversation is gone."""
        return bool(self.told) and isinstance(self.told[-1].frame, Close)


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16
