"""The citations of an answer: what it may cite, stored before its first word, and what it did, at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, select, update

from chat.core.citing import settled
from chat.core.lifecycle import Status
from chat.core.markdown import chips_of
from chat.core.sources import Source
from chat.store import conversations
from chat.store.tables import messages, streams
from chat.store.transaction import Transaction

LONG = 20_000  # characters, of which pages take 60 ms: all others who write wait meanwhile


@dataclass(frozen=True, slots=True)
class Offered:
    """What an answer was offered: its sources, and what its model was not told.

    `left_out`: earlier messages; `unread_documents`: those that were still being read.
    """

    sources: Sequence[Source]
    left_out: int = 0
    unread_documents: int = 0


_OFFERED = (messages.c.citations, messages.c.left_out, messages.c.unread_documents)


def offered(conn: Connection, stream_id: str) -> Offered:
    """Give what the answer whose text this stream is was offered so far."""
    row = conn.execute(select(*_OFFERED).where(messages.c.stream_id == stream_id)).one_or_none()
    return Offered([]) if row is None else _from_row(row)


def offer(
    tx: Transaction,
    stream_id: str,
    epoch: int,
    sources: Sequence[Source],
    left_out: int,
    unread_documents: int = 0,
) -> Offered | None:
    """Note what an answer is about to be told, unless that is noted already; give what is stored.

    None, and nothing is changed, when the stream is not written under this epoch any more.
    """
    held = and_(streams.c.id == stream_id, streams.c.epoch == epoch, streams.c.status == Status.STREAMING)
    conversations.hold_of_answer(tx, stream_id)
    # Held until the commit: who takes the stream over reads afterwards what is stored here, or comes first.
    if tx.execute(select(streams.c.id).where(held).with_for_update(key_share=True)).one_or_none() is None:
        return None
    mine = messages.c.stream_id == stream_id
    row = tx.execute(select(messages.c.conversation_id, *_OFFERED).where(mine)).one_or_none()
    if row is None:
        return None
    if row.citations:
        return _from_row(row)
    revision = conversations.bump(tx, row.conversation_id)
    told = {"left_out": left_out, "unread_documents": unread_documents, "revision": revision}
    tx.execute(update(messages).where(mine).values(citations=[one.to_json() for one in sources], **told))
    return Offered(sources, left_out, unread_documents)


def _from_row(row: Any) -> Offered:
    sources = [Source.from_json(one) for one in row.citations]
    return Offered(sources, row.left_out or 0, row.unread_documents or 0)


def settle(conn: Connection, stream_id: str, citations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what remains of an answer's citations at its end: those that its text names, with their quotes."""
    text = conn.execute(select(streams.c.text).where(streams.c.id == stream_id)).scalar_one_or_none() or ""
    return settled_json(citations, text)


def settled_json(citations: Sequence[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Do the same for a text that is at hand."""
    sources = [Source.from_json(one) for one in citations]
    quoted = {source.number: source for source in settled(sources, text)}
    shown = set(quoted)
    if ("`" in text or "~~~" in text) and len(text) <= LONG:
        # Pages are the judges of what is code: no number that they show as a chip may lose its source.
        shown = chips_of(text, {source.number for source in sources})
    return [quoted.get(source.number, source).to_json() for source in sources if source.number in shown]
