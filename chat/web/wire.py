"""The wire forms of what readers are told: JSON in server-sent events, the same in socket frames."""

from typing import Any

from chat.core import sse
from chat.core.frames import Close, End, Frame, Ping, Rewind, Slice
from chat.web.shapes import conversation_json, message_json
from chat.web.told import ConversationChanged, FeedFrame, MessageChanged, MessageDeleted, State, Streamed


def frame_id(frame: Frame) -> str | None:
    """Name the place after this frame; what does not move a reader has none."""
    match frame:
        case Slice():
            return f"{frame.epoch}.{frame.end}"
        case Rewind() | End():
            return f"{frame.epoch}.{frame.offset}"
    return None


def parse_frame_id(raw: str) -> tuple[int, int] | None:
    """Read (epoch, offset) from what `frame_id` made; None for anything else."""
    epoch, dot, offset = raw.partition(".")
    plain = dot and all(part.isascii() and part.isdigit() and len(part) < 16 for part in (epoch, offset))
    return (int(epoch), int(offset)) if plain else None


def frame_data(frame: Frame) -> dict[str, Any]:
    """Give the JSON object that a frame carries."""
    match frame:
        case Slice():
            return {"offset": frame.offset, "text": frame.text, "epoch": frame.epoch}
        case Rewind():
            return {"offset": frame.offset, "epoch": frame.epoch}
        case End():
            return {
                "status": frame.status,
                "offset": frame.offset,
                "epoch": frame.epoch,
                "usage": frame.usage,
                "error": frame.error,
                "finish_reason": frame.finish_reason,
                "timing": frame.timing,
            }
        case Ping() | Close():
            return {}


def frame_event(frame: Frame, slice_event: str) -> str:
    """Name the SSE event of a frame; a slice is a `delta` or a `chunk`, as its reader's pace is."""
    return slice_event if isinstance(frame, Slice) else type(frame).__name__.lower()


def encode(frame: Frame, slice_event: str) -> bytes:
    """Make the SSE bytes of one frame of one stream."""
    if isinstance(frame, Ping):
        return sse.PING
    return sse.encode_json(frame_event(frame, slice_event), frame_data(frame), frame_id(frame))


def told_event(frame: FeedFrame) -> tuple[str, dict[str, Any]]:
    """Name the event of a conversation's frame, and give the JSON object that it carries (WIRE §6)."""
    match frame:
        case State():
            return "state", {}
        case ConversationChanged():
            return "conversation", conversation_json(frame.conversation)
        case MessageChanged():
            return "message", message_json(frame.message)
        case MessageDeleted():
            return "message.deleted", {"id": frame.id}
        case Streamed():
            whose = {"stream_id": frame.stream_id, "message_id": frame.message_id}
            settled = {} if frame.citations is None else {"citations": list(frame.citations)}
            return frame_event(frame.frame, "chunk"), {**whose, **frame_data(frame.frame), **settled}
        case Close():
            return "close", {}
