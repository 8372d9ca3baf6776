"""Whose is it? The few columns that say who may see what, without reading any text."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from chat.store.tables import conversations, messages, streams


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom a stream or a conversation belongs to; a stream of a message belongs to its conversation."""

    owner_id: str | None
    conversation_id: str | None = None


def of_conversation(conn: Connection, conversation_id: str) -> Whose | None:
    """Say whose conversation it is; None when there is none."""
    query = select(conversations.c.owner_id).where(conversations.c.id == conversation_id)
    owner_id = conn.execute(query).scalar_one_or_none()
    return None if owner_id is None else Whose(owner_id, conversation_id)


def of_stream(conn: Connection, stream_id: str) -> Whose | None:
    """Say whose stream it is: its conversation's owner, else who made it; None when there is none."""
    with_message = streams.outerjoin(messages, messages.c.stream_id == streams.c.id)
    with_owner = with_message.outerjoin(conversations, conversations.c.id == messages.c.conversation_id)
    query = select(streams.c.created_by, messages.c.conversation_id, conversations.c.owner_id)
    row = conn.execute(query.select_from(with_owner).where(streams.c.id == stream_id)).one_or_none()
    if row is None:
        return None
    return Whose(row.created_by) if row.conversation_id is None else Whose(row.owner_id, row.conversation_id)
