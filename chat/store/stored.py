"""What is stored of a stream, as its readers see it: every function reads one snapshot."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from chat.core.frames import End
from chat.core.lifecycle import Status, is_final, is_interrupted, is_streaming
from chat.store.tables import chunks, streams


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream without its text. `length` counts the compacted bytes only; times are wall clock seconds."""

    id: str
    status: Status
    epoch: int
    bases: tuple[int, ...]
    length: int
    first_seq: int | None
    chunk_by: str
    request: dict[str, Any] | None
    created_by: str | None
    beside: str | None  # the stream whose generation writes this one too
    owner: str | None
    stop_requested: bool
    continuations: int  # how often it went on by itself since a person asked for it
    error: dict[str, str] | None
    usage: dict[str, Any] | None
    finish_reason: str | None
    timing: dict[str, int | None] | None  # {first_token_ms, total_ms} of the epoch that ended it
    created_at: float


@dataclass(frozen=True, slots=True)
class Stored:
    """A state, and what is stored beyond the place that the reader named."""

    state: StreamState
    data: bytes
    last_seq: int  # give it back with the next read of this epoch: older chunks are not looked at again


@dataclass(frozen=True, slots=True)
class Written:
    """All that is stored of a stream's text, the epoch it is in, and how it stands."""

    text: str
    epoch: int
    status: str = ""
    timing: dict[str, int | None] | None = None


_STATE = [streams.c[name] for name in StreamState.__dataclass_fields__]


def state_of(conn: Connection, stream_id: str) -> StreamState | None:
    """Look up one stream, without its text."""
    row = conn.execute(select(*_STATE).where(streams.c.id == stream_id)).one_or_none()
    return None if row is None else _state(row)


def stored_from(conn: Connection, stream_id: str, offset: int, last_seq: int) -> Stored | None:
    """Read state and bytes from `offset` on, skipping the chunks up to `last_seq`."""
    state = state_of(conn, stream_id)
    if state is None:
        return None
    data = b""
    if offset < state.length:
        text = conn.execute(select(streams.c.text).where(streams.c.id == stream_id)).scalar_one()
        data, last_seq = text.encode()[offset:], 0
    if is_streaming(state.status):
        first = max(last_seq + 1, state.first_seq or 0)
        rows = conn.execute(_chunks_since(stream_id, first)).all()
        data += b"".join(_from(row, offset) for row in rows)
        last_seq = rows[-1].seq if rows else last_seq
    return Stored(state, data, last_seq)


def written_of(conn: Connection, ids: Iterable[str]) -> dict[str, Written]:
    """Give what is stored of each of these streams, by id."""
    columns = [streams.c[name] for name in ("id", "text", "status", "epoch", "first_seq", "timing")]
    found = conn.execute(select(*columns).where(streams.c.id.in_(list(ids)))).all()
    return {
        row.id: Written(row.text + _live_part(conn, row), row.epoch, row.status, row.timing) for row in found
    }


def end_of(state: StreamState) -> End | None:
    """Give the end record, when nothing will follow by itself; all text is compacted then."""
    if not (is_final(state.status) or is_interrupted(state.status)):
        return None
    return End(
        state.status,
        state.length,
        state.epoch,
        state.usage,
        state.error,
        state.finish_reason,
        state.timing,
    )


def _live_part(conn: Connection, row: Row[Any]) -> str:
    """Join what was stored since the text was last compacted."""
    if not is_streaming(row.status):
        return ""
    return "".join(chunk.text for chunk in conn.execute(_chunks_since(row.id, row.first_seq or 0)))


def _chunks_since(stream_id: str, first_seq: int) -> Any:
    return (
        select(chunks.c.seq, chunks.c.start, chunks.c.text)
        .where(chunks.c.seq >= first_seq, chunks.c.stream_id == stream_id)
        .order_by(chunks.c.seq)
    )


def _from(row: Row[Any], offset: int) -> bytes:
    data: bytes = row.text.encode()
    return data[max(0, offset - row.start) :]


def _state(row: Row[Any]) -> StreamState:
    fields = dict(row._mapping)
    fields["status"] = Status(fields["status"])
    fields["bases"] = tuple(fields["bases"])
    fields["stop_requested"] = bool(fields["stop_requested"])
    return StreamState(**fields)
