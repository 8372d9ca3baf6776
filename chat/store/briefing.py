"""The briefing of an answer: all that a model is told when it is asked for it, in two small questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, String, Text, bindparam, cast, func, select

from chat.core.prompt import Turn
from chat.core.sources import Source
from chat.store.document_rights import searched, unread
from chat.store.document_tables import documents
from chat.store.message_rows import line_to
from chat.store.tables import conversations, messages, streams


@dataclass(frozen=True, slots=True)
class Briefing:
    """What was said up to the question, oldest first, and how the conversation wants it answered."""

    model: str | None
    system: str | None
    temperature: float | None
    turns: list[Turn]
    conversation_id: str
    asked_by: str  # "" where nobody knows: an answer that was brought in
    has_documents: bool  # whether there is anything to search for whoever asked
    has_unread: bool  # whether there will be more, once it is read
    sources: Sequence[Source]  # those that are noted already
    left_out: int


def count_unread(conn: Connection, asked_by: str, conversation_id: str) -> int:
    """Count what an answer to this person cannot look at yet, for it is still being read."""
    counted = select(func.count()).select_from(documents).where(unread(asked_by, conversation_id))
    return int(conn.execute(counted).scalar_one())


def _asked() -> Select[Any]:
    return (
        select(
            *(messages.c.parent_id, messages.c.model, messages.c.conversation_id, messages.c.asked_by),
            *(messages.c.citations, messages.c.left_out),
            *(conversations.c.system, conversations.c.temperature),
        )
        .select_from(messages.join(conversations, conversations.c.id == messages.c.conversation_id))
        .where(messages.c.stream_id == bindparam("stream"))
    )


def _said() -> Select[Any]:
    line = line_to(messages.c.id == bindparam("parent"))
    # An answer on the line rests, for there is one live at a time: all of its text is in its stream's row.
    text = func.coalesce(streams.c.text, messages.c.text, "")
    cites = func.length(cast(messages.c.citations, Text)) > len("[]")
    # In the same question, for most have no documents: it is answered once, whatever the number of rows.
    asker = bindparam("asked_by", type_=String), bindparam("here", type_=String)
    there = [select(documents.c.seq).where(rights(*asker)).exists() for rights in (searched, unread)]
    return (
        select(messages.c.role, text, cites, *there)
        .select_from(messages.outerjoin(streams, streams.c.id == messages.c.stream_id))
        .where(messages.c.seq.in_(select(line.c.seq)))
        .order_by(messages.c.seq)
    )


_ASKED, _SAID = _asked(), _said()  # written once: putting them together takes longer than to ask them


def briefing_of(conn: Connection, stream_id: str) -> Briefing | None:
    """Give what the answer whose text this stream is answers; None for a stream without a message.

    Only texts: what was thought before earlier answers is nothing that a model is told.
    """
    row = conn.execute(_ASKED, {"stream": stream_id}).one_or_none()
    if row is None:
        return None
    asked_by = row.asked_by or ""
    values = {"parent": row.parent_id, "asked_by": asked_by, "here": row.conversation_id}
    found = conn.execute(_SAID, values).all()
    return Briefing(
        model=row.model,
        system=row.system,
        temperature=row.temperature,
        turns=[Turn(role, words, bool(marked)) for role, words, marked, *_ in found],
        conversation_id=row.conversation_id,
        asked_by=asked_by,
        has_documents=bool(found and found[-1][3]),
        has_unread=bool(found and found[-1][4]),
        sources=[Source.from_json(one) for one in row.citations],
        left_out=row.left_out or 0,
    )
