"""Whose is it? The few columns that say who may see what, without reading any text."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, select

from chat.store.tables import conversations, members, messages, streams

Role = Literal["viewer", "co-driver"]


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom a stream or a conversation belongs to; a stream of a message belongs to its conversation.

    `role` is that of the person who was asked about, where they are a member.
    """

    owner_id: str | None
    conversation_id: str | None = None
    role: Role | None = None


def of_conversation(conn: Connection, conversation_id: str, person_id: str | None = None) -> Whose | None:
    """Say whose conversation it is, and what it is to this person; None when there is none."""
    joined = conversations.outerjoin(members, _is_member(person_id))
    query = select(conversations.c.owner_id, members.c.role).select_from(joined)
    here = and_(conversations.c.id == conversation_id, conversations.c.discarded_at.is_(None))
    row = conn.execute(query.where(here)).one_or_none()
    return None if row is None else Whose(row.owner_id, conversation_id, row.role)


def of_stream(conn: Connection, stream_id: str, person_id: str | None = None) -> Whose | None:
    """Say whose stream it is: its conversation's owner, else who made it; None when there is none."""
    of_message = (messages.c.stream_id == streams.c.id) | (messages.c.reasoning_stream_id == streams.c.id)
    joined = (
        streams.outerjoin(messages, of_message)
        .outerjoin(conversations, conversations.c.id == messages.c.conversation_id)
        .outerjoin(members, _is_member(person_id))
    )
    columns = (streams.c.created_by, messages.c.conversation_id, conversations.c.owner_id)
    query = select(*columns, conversations.c.discarded_at, members.c.role).select_from(joined)
    row = conn.execute(query.where(streams.c.id == stream_id)).one_or_none()
    if row is None or row.discarded_at is not None:
        return None
    if row.conversation_id is None:
        return Whose(row.created_by)
    return Whose(row.owner_id, row.conversation_id, row.role)


def _is_member(person_id: str | None) -> ColumnElement[bool]:
    mine = members.c.person_id == (person_id or "")
    return and_(members.c.conversation_id == conversations.c.id, mine)
